from django.db import migrations

from tenancy.walls import DefinerFunction, TenantWalls

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
# Checked at the end of the transaction: a payment is replaced and its parts are made one after
# the other. Runs as app_sweep and compares the row's own tenant, whatever the desk's setting is by then.
PARTS = """
CREATE OR REPLACE FUNCTION payment_parts_make_the_whole() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE whole contracts_payment; parts numeric;
BEGIN
    -- The row itself, and the one that it is a part of: a part may be cut again.
    FOR whole IN SELECT * FROM contracts_payment p
        WHERE p.tenant_id = NEW.tenant_id AND p.id IN (NEW.id, NEW.part_of_id)
    LOOP
        SELECT COALESCE(sum(p.amount), 0) INTO parts FROM contracts_payment p
            WHERE p.tenant_id = NEW.tenant_id AND p.part_of_id = whole.id AND p.currency = whole.currency;
        IF (parts <> CASE WHEN whole.replaced_at IS NULL THEN 0 ELSE whole.amount END) THEN
            RAISE EXCEPTION 'The parts of a payment make % of %.', parts, whole.amount
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_parts_make_the_whole';
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""
PARTS_TRIGGER = """
CREATE CONSTRAINT TRIGGER payment_parts_make_the_whole
    AFTER INSERT OR UPDATE OF amount, currency, part_of_id, replaced_at ON contracts_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.part_of_id IS NOT NULL OR NEW.replaced_at IS NOT NULL)
    EXECUTE FUNCTION payment_parts_make_the_whole();
"""


class Migration(migrations.Migration):
    """Terms never overlap, the ledger is only added to, and the parts of a payment make its sum."""

    dependencies = [("contracts", "0001_model"), ("cases", "0002_walls")]
    operations = [
        TenantWalls(),
        migrations.RunSQL(
            TERMS,
            "ALTER TABLE contracts_contractterm DROP CONSTRAINT term_never_overlaps",
        ),
        migrations.RunSQL(LEDGER, NO_LEDGER),
        DefinerFunction("payment_parts_make_the_whole()", PARTS, reads=("contracts_payment",), to=None),
        migrations.RunSQL(PARTS_TRIGGER, "DROP TRIGGER payment_parts_make_the_whole ON contracts_payment"),
    ]
