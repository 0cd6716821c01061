from django.db import migrations

from tenancy.walls import DefinerFunction, TenantWalls

ASSIGNMENT_STATE = """
CREATE OR REPLACE FUNCTION assignment_state_of_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT CASE WHEN v.missed_at IS NOT NULL AND v.state = 'on site' THEN 'on site after a miss' ELSE v.state END
        INTO NEW.state FROM visits_visit v WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id;
    RETURN NEW;
END $$;
CREATE TRIGGER assignment_state_of_visit BEFORE INSERT OR UPDATE ON visits_assignment
    FOR EACH ROW EXECUTE FUNCTION assignment_state_of_visit();
CREATE OR REPLACE FUNCTION visit_state_to_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE visits_assignment SET state = NEW.state WHERE tenant_id = NEW.tenant_id AND visit_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER visit_state_to_assignments AFTER UPDATE OF state, missed_at ON visits_visit
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.missed_at IS DISTINCT FROM NEW.missed_at)
    EXECUTE FUNCTION visit_state_to_assignments();
"""
NO_ASSIGNMENT_STATE = """
DROP TRIGGER assignment_state_of_visit ON visits_assignment;
DROP FUNCTION assignment_state_of_visit();
DROP TRIGGER visit_state_to_assignments ON visits_visit;
DROP FUNCTION visit_state_to_assignments();
"""
PAST_STANDS = """
CREATE OR REPLACE FUNCTION visit_past_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A visit is never deleted.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_past_stands';
    END IF;
    IF OLD.missed_at IS NOT NULL AND NEW.missed_at IS DISTINCT FROM OLD.missed_at THEN
        RAISE EXCEPTION 'A miss stays a miss.' USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_past_stands';
    END IF;
    IF OLD.missed_at IS NOT NULL AND NEW.state IN ('booked', 'confirmed', 'on the way',
            'cancelled by us', 'cancelled by the customer') THEN
        RAISE EXCEPTION 'A missed visit is not rescheduled or cancelled; book a new one.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_past_stands';
    END IF;
    IF OLD.late_at IS NOT NULL AND NEW.late_at IS DISTINCT FROM OLD.late_at
            AND NOT (NEW.late_at IS NULL AND NEW.window_end > OLD.window_end) THEN
        RAISE EXCEPTION 'Late stays late.' USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_past_stands';
    END IF;
    IF NEW.is_history AND NOT OLD.is_history THEN
        RAISE EXCEPTION 'No visit becomes history later.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_past_stands';
    END IF;
    IF OLD.state = 'done' AND NEW.state <> 'done' THEN
        RAISE EXCEPTION 'A completed visit stays completed.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_past_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER visit_past_stands BEFORE UPDATE OR DELETE ON visits_visit
    FOR EACH ROW EXECUTE FUNCTION visit_past_stands();
"""
NO_PAST = "DROP TRIGGER visit_past_stands ON visits_visit; DROP FUNCTION visit_past_stands();"

# Runs as app_sweep: as app_web it let a visit through when the desk's setting had been reset
# before the commit. It compares the visit's own tenant instead.
GATE = """
CREATE OR REPLACE FUNCTION visit_gate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE forgotten bigint;
BEGIN
    SELECT count(*) INTO forgotten
    FROM visits_visitequipment ve
    JOIN recommendations_recommendation r ON r.tenant_id = ve.tenant_id AND r.equipment_id = ve.equipment_id
    WHERE ve.tenant_id = NEW.tenant_id AND ve.visit_id = NEW.id
      AND (r.state IN ('open', 'quoted', 'accepted', 'scheduled')
           OR (r.state = 'deferred' AND r.deferred_until <= NEW.completed_on))
      AND NOT EXISTS (SELECT FROM visits_review w WHERE w.tenant_id = NEW.tenant_id
                        AND w.visit_id = NEW.id AND w.recommendation_id = r.id);
    IF forgotten > 0 THEN
        RAISE EXCEPTION '% open recommendation(s) on its equipment lack a review at this visit.', forgotten
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_gate';
    END IF;
    RETURN NULL;
END $$
"""
GATE_TRIGGER = """
CREATE CONSTRAINT TRIGGER visit_gate AFTER INSERT OR UPDATE OF state ON visits_visit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'done' AND NOT NEW.is_history) EXECUTE FUNCTION visit_gate();
"""


# Taking a machine off a visit would be a way round the gate.
MACHINES_STAND = """
CREATE OR REPLACE FUNCTION visit_machines_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM visits_visit v WHERE v.tenant_id = OLD.tenant_id AND v.id = OLD.visit_id
                 AND v.state IN ('on site', 'done')) THEN
        RAISE EXCEPTION 'The machines of a visit stand once the technician is there.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_machines_stand';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER visit_machines_stand BEFORE DELETE OR UPDATE OF visit_id, equipment_id ON visits_visitequipment
    FOR EACH ROW EXECUTE FUNCTION visit_machines_stand();
"""
NO_MACHINES_STAND = """
DROP TRIGGER visit_machines_stand ON visits_visitequipment;
DROP FUNCTION visit_machines_stand();
"""


class Migration(migrations.Migration):
    """What must never be false of a visit: two places at once, a forgotten recommendation, a vanished miss."""

    dependencies = [
        ("visits", "0001_model"),
        ("recommendations", "0002_walls"),
        ("cases", "0002_walls"),
        ("contracts", "0002_walls"),
        ("tenancy", "0002_walls"),
    ]
    operations = [
        TenantWalls(),
        migrations.RunSQL(ASSIGNMENT_STATE, NO_ASSIGNMENT_STATE),
        migrations.RunSQL(PAST_STANDS, NO_PAST),
        DefinerFunction(
            "visit_gate()",
            GATE,
            reads=[
                "visits_visitequipment",
                "recommendations_recommendation",
                "visits_review",
            ],
            to=None,
        ),
        migrations.RunSQL(GATE_TRIGGER, "DROP TRIGGER visit_gate ON visits_visit"),
        migrations.RunSQL(MACHINES_STAND, NO_MACHINES_STAND),
    ]
