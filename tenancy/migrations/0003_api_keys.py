from django.db import migrations

from tenancy.walls import DefinerFunction

API_KEY_OF = """
CREATE OR REPLACE FUNCTION api_key_of(wanted text) RETURNS TABLE (tenant_id bigint, key_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.tenant_id, k.id FROM tenancy_apikey k WHERE k.key_hash = wanted
$$
"""


class Migration(migrations.Migration):
    """A program's key names its desk: found by its hash alone."""

    dependencies = [("tenancy", "0002_walls")]
    operations = [DefinerFunction("api_key_of(text)", API_KEY_OF, reads=["tenancy_apikey"])]
