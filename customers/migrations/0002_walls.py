from django.db import migrations

from tenancy.walls import DefinerFunction, TenantWalls

LINK_LOOK_UP = """
CREATE OR REPLACE FUNCTION link_of_token(wanted text) RETURNS TABLE (tenant_id bigint, link_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l.tenant_id, l.id FROM customers_customerlink l WHERE l.token_hash = wanted
$$
"""


class Migration(migrations.Migration):
    """A link's token names its desk: the look-up is one of the few that cross desks."""

    dependencies = [("customers", "0001_model")]
    operations = [
        TenantWalls(),
        DefinerFunction("link_of_token(text)", LINK_LOOK_UP, reads=["customers_customerlink"]),
    ]
