from django.db import migrations

# A settled promise stays settled, but for one case: the visit that it belongs to was cancelled and stands
# again within two minutes, before anybody was told. Who reads the time is the visit's own last change.
SETTLED = """
CREATE OR REPLACE FUNCTION promise_settled_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('released', 'broken') AND OLD.due_at >= OLD.settled_at
            AND NEW.state = 'open' AND NEW.settled_at IS NULL AND NEW.evidence = ''
            AND NEW.due_at = OLD.due_at AND NEW.made_at = OLD.made_at
            AND EXISTS (SELECT FROM visits_visitpromise o
                JOIN visits_visit v ON v.tenant_id = o.tenant_id AND v.id = o.visit_id
                WHERE o.tenant_id = OLD.tenant_id AND o.promise_id = OLD.id
                  AND v.state IN ('booked', 'confirmed', 'on the way')
                  AND v.changed_at >= OLD.settled_at
                  AND v.changed_at < OLD.settled_at + interval '2 minutes') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'A settled promise never changes: % stays %.', OLD.id, OLD.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'promise_settled_for_good';
END $$;
"""
WITHOUT_EXCEPTION = """
CREATE OR REPLACE FUNCTION promise_settled_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A settled promise never changes: % stays %.', OLD.id, OLD.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'promise_settled_for_good';
END $$;
"""


class Migration(migrations.Migration):
    """What a cancelling settled is open again when it is undone before anybody was told."""

    dependencies = [("visits", "0006_approvals"), ("cases", "0002_walls")]
    operations = [migrations.RunSQL(SETTLED, WITHOUT_EXCEPTION)]
