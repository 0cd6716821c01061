from django.db import migrations

from tenancy.walls import DefinerFunction

# Never more than is granted. The entitlement's row is locked first: of two who take the last visit at
# once the second waits here, and then sees what the first wrote. A visit that is done late, after
# another one was booked in its place, is a fact: only what was disposed of counts against *done*.
WITHIN = """
CREATE OR REPLACE FUNCTION allowance_within_grant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE granted contracts_entitlement; disposed numeric; booked numeric := 0;
BEGIN
    SELECT * INTO granted FROM contracts_entitlement e
        WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.entitlement_id FOR NO KEY UPDATE;
    IF granted.kind IS DISTINCT FROM 'visits' THEN
        RETURN NULL;
    END IF;
    SELECT COALESCE(sum(a.quantity), 0) INTO disposed FROM contracts_allowanceentry a
        WHERE a.tenant_id = NEW.tenant_id AND a.entitlement_id = NEW.entitlement_id
          AND a.kind IN ('done', 'declined', 'carried over', 'forfeited');
    IF NEW.kind <> 'done' THEN
        SELECT COALESCE(sum(a.quantity), 0) INTO booked FROM contracts_allowanceentry a
            WHERE a.tenant_id = NEW.tenant_id AND a.entitlement_id = NEW.entitlement_id AND a.kind = 'booked'
              AND NOT EXISTS (SELECT FROM contracts_allowanceentry b
                    WHERE b.tenant_id = a.tenant_id AND b.entitlement_id = a.entitlement_id
                      AND b.subject = a.subject
                      AND b.kind IN ('released', 'done', 'missed by us', 'no access'));
    END IF;
    IF disposed + booked > granted.quantity THEN
        RAISE EXCEPTION 'Of % granted visits % are used or given up and % booked.',
                granted.quantity, disposed, booked
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allowance_within_grant';
    END IF;
    RETURN NULL;
END $$
"""
WITHIN_TRIGGER = """
CREATE TRIGGER allowance_within_grant AFTER INSERT ON contracts_allowanceentry FOR EACH ROW
    WHEN (NEW.kind IN ('booked', 'done', 'declined', 'carried over', 'forfeited'))
    EXECUTE FUNCTION allowance_within_grant();
"""
# A grant is taken back but for what was used of it.
COVERS = """
CREATE OR REPLACE FUNCTION allowance_covers_what_was_used() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE disposed numeric;
BEGIN
    SELECT COALESCE(sum(a.quantity), 0) INTO disposed FROM contracts_allowanceentry a
        WHERE a.tenant_id = NEW.tenant_id AND a.entitlement_id = NEW.id
          AND a.kind IN ('done', 'declined', 'carried over', 'forfeited');
    IF disposed > NEW.quantity THEN
        RAISE EXCEPTION '% of these visits are used or given up.', disposed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allowance_covers_what_was_used';
    END IF;
    RETURN NULL;
END $$
"""
COVERS_TRIGGER = """
CREATE TRIGGER allowance_covers_what_was_used AFTER UPDATE OF quantity ON contracts_entitlement FOR EACH ROW
    WHEN (NEW.kind = 'visits' AND NEW.quantity < OLD.quantity)
    EXECUTE FUNCTION allowance_covers_what_was_used();
"""


class Migration(migrations.Migration):
    """Of a granted visit no more is used, booked or given up than was granted (R3.1)."""

    dependencies = [("contracts", "0002_walls")]
    operations = [
        DefinerFunction(
            "allowance_within_grant()",
            WITHIN,
            reads=("contracts_allowanceentry",),
            writes=("contracts_entitlement",),
            to=None,
        ),
        migrations.RunSQL(WITHIN_TRIGGER, "DROP TRIGGER allowance_within_grant ON contracts_allowanceentry"),
        DefinerFunction(
            "allowance_covers_what_was_used()", COVERS, reads=("contracts_allowanceentry",), to=None
        ),
        migrations.RunSQL(
            COVERS_TRIGGER, "DROP TRIGGER allowance_covers_what_was_used ON contracts_entitlement"
        ),
    ]
