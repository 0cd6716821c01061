from django.db import migrations

from tenancy.walls import TenantWalls

TERMS = """
ALTER TABLE contracts_contractterm ADD CONSTRAINT term_never_overlaps
    UNIQUE (tenant_id, contract_id, period WITHOUT OVERLAPS)
"""
LEDGER = """
CREATE OR REPLACE FUNCTION allowance_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The allowance ledger is only added to.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'allowance_ledger_append_only';
END $$;
CREATE TRIGGER allowance_ledger_append_only BEFORE UPDATE OR DELETE ON contracts_allowanceentry
    FOR EACH ROW EXECUTE FUNCTION allowance_ledger_append_only();
"""
NO_LEDGER = """
DROP TRIGGER allowance_ledger_append_only ON contracts_allowanceentry;
DROP FUNCTION allowance_ledger_append_only();
"""


class Migration(migrations.Migration):
    """Terms of one contract never overlap; a term taken back has no period and is in nobody's way."""

    dependencies = [("contracts", "0001_model"), ("cases", "0002_walls")]
    operations = [
        TenantWalls(),
        migrations.RunSQL(
            TERMS,
            "ALTER TABLE contracts_contractterm DROP CONSTRAINT term_never_overlaps",
        ),
        migrations.RunSQL(LEDGER, NO_LEDGER),
    ]
