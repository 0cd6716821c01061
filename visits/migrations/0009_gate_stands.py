from django.db import migrations

from tenancy.walls import DefinerFunction

# Judges a visit that becomes done, and a machine that comes to a done one by what was open when it was
# completed. A deferred recommendation is back by the desk's day of the completion and of the arrival,
# whatever day was written beside it.
GATE = """
CREATE OR REPLACE FUNCTION gate_of_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE visit visits_visit; day date; forgotten bigint;
BEGIN
    IF TG_TABLE_NAME = 'visits_visit' THEN
        IF TG_OP = 'UPDATE' AND OLD.state = 'done' THEN
            RETURN NULL;
        END IF;
        visit := NEW;
    ELSE
        SELECT * INTO visit FROM visits_visit v WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id;
        IF visit.state <> 'done' OR visit.is_history THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT GREATEST(visit.completed_on, (visit.completed_at AT TIME ZONE t.time_zone)::date,
                    (visit.arrived_at AT TIME ZONE t.time_zone)::date)
        INTO day FROM tenancy_tenant t WHERE t.id = visit.tenant_id;
    SELECT count(*) INTO forgotten
    FROM visits_visitequipment ve
    JOIN recommendations_recommendation r ON r.tenant_id = ve.tenant_id AND r.equipment_id = ve.equipment_id
    WHERE ve.tenant_id = visit.tenant_id AND ve.visit_id = visit.id
      AND (TG_TABLE_NAME = 'visits_visit' OR ve.id = NEW.id AND r.raised_at < visit.completed_at)
      AND (r.state IN ('open', 'quoted', 'accepted', 'scheduled')
           OR (r.state = 'deferred' AND r.deferred_until <= day))
      AND NOT EXISTS (SELECT FROM visits_review w WHERE w.tenant_id = visit.tenant_id
                        AND w.visit_id = visit.id AND w.recommendation_id = r.id);
    IF forgotten > 0 THEN
        RAISE EXCEPTION '% open recommendation(s) on its equipment lack a review at this visit.', forgotten
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_gate';
    END IF;
    RETURN NULL;
END $$
"""
GATE_TRIGGERS = """
DROP TRIGGER visit_gate ON visits_visit;
CREATE CONSTRAINT TRIGGER visit_gate AFTER INSERT OR UPDATE OF state ON visits_visit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'done' AND NOT NEW.is_history) EXECUTE FUNCTION gate_of_visit();
CREATE CONSTRAINT TRIGGER visit_gate_of_machine AFTER INSERT ON visits_visitequipment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gate_of_visit();
"""
EARLIER_TRIGGER = """
DROP TRIGGER visit_gate_of_machine ON visits_visitequipment;
DROP TRIGGER visit_gate ON visits_visit;
CREATE CONSTRAINT TRIGGER visit_gate AFTER INSERT OR UPDATE OF state ON visits_visit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'done' AND NOT NEW.is_history) EXECUTE FUNCTION visit_gate();
"""

REVIEWS_STAND = """
CREATE OR REPLACE FUNCTION review_stands() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'A review stands as it was made.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'review_stands';
    END IF;
    IF EXISTS (SELECT FROM visits_visit v WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.visit_id
                 AND NOT v.is_history AND v.state NOT IN ('on site', 'done')) THEN
        RAISE EXCEPTION 'A review is made at the visit, not before it.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'review_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_stands BEFORE INSERT OR UPDATE OR DELETE ON visits_review
    FOR EACH ROW EXECUTE FUNCTION review_stands();
"""
REVIEWS_MAY_CHANGE = "DROP TRIGGER review_stands ON visits_review; DROP FUNCTION review_stands();"

ENDS_STAND = """
CREATE OR REPLACE FUNCTION visit_end_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_history THEN
        RAISE EXCEPTION 'What came in as over stays as it was.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_end_stands';
    END IF;
    RAISE EXCEPTION 'A completed visit stays completed.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_end_stands';
END $$;
CREATE TRIGGER visit_end_stands BEFORE UPDATE OF is_history, state, completed_at, completed_on ON visits_visit
    FOR EACH ROW
    WHEN (OLD.is_history AND (NEW.state <> OLD.state OR NOT NEW.is_history)
          OR OLD.state = 'done' AND (NEW.completed_at IS DISTINCT FROM OLD.completed_at
                                     OR NEW.completed_on IS DISTINCT FROM OLD.completed_on))
    EXECUTE FUNCTION visit_end_stands();
"""
ENDS_MAY_CHANGE = """
DROP TRIGGER visit_end_stands ON visits_visit;
DROP FUNCTION visit_end_stands();
"""

# They look the visit up as whoever writes: an empty table of its name must not come first.
LOOK_AT_OURS = "\n".join(
    f"ALTER FUNCTION {name}() SET search_path = public, pg_temp;"
    for name in ("assignment_state_of_visit", "visit_state_to_assignments", "visit_machines_stand")
)
LOOK_ANYWHERE = LOOK_AT_OURS.replace("SET search_path = public, pg_temp", "RESET search_path")


class Migration(migrations.Migration):
    """Nothing said to the database before, beside or after a completion gets round the gate (R5.4)."""

    dependencies = [
        ("visits", "0008_what_stands"),
        ("recommendations", "0003_trail_stands"),
    ]
    operations = [
        DefinerFunction(
            "gate_of_visit()",
            GATE,
            reads=[
                "visits_visit",
                "visits_visitequipment",
                "recommendations_recommendation",
                "visits_review",
                "tenancy_tenant",
            ],
            to=None,
        ),
        migrations.RunSQL(GATE_TRIGGERS, EARLIER_TRIGGER),
        migrations.RunSQL(REVIEWS_STAND, REVIEWS_MAY_CHANGE),
        migrations.RunSQL(ENDS_STAND, ENDS_MAY_CHANGE),
        migrations.RunSQL(LOOK_AT_OURS, LOOK_ANYWHERE),
    ]
