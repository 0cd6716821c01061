from django.db import migrations

from tenancy.walls import DefinerFunction

# A provider reports at an address with a token. Whose it is, nobody knows before: over all desks,
# ids only, found by the hash that alone is kept.
PROVIDER_OF_HOOK = """
CREATE OR REPLACE FUNCTION provider_of_hook(hash text)
RETURNS TABLE (tenant_id bigint, provider_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.tenant_id, p.id FROM messaging_provider p
    WHERE p.hook_hash = hash AND p.hook_hash <> '' LIMIT 1
$$
"""


class Migration(migrations.Migration):
    """Providers report what became of messages, and hand answers over."""

    dependencies = [("messaging", "0003_claiming"), ("tenancy", "0002_walls")]
    operations = [
        DefinerFunction("provider_of_hook(text)", PROVIDER_OF_HOOK, reads=["messaging_provider"]),
    ]
