"""What of a case, a promise and goodwill must never be false, and which desks have promises to mind."""

from django.db import migrations

from tenancy.walls import DefinerFunction

TRIED = """
CREATE OR REPLACE FUNCTION case_tried_three_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Five business days are at least three times 24 hours from the first try to the last, in any zone.
    IF (SELECT count(*) < 3 OR max(at) - min(at) < interval '72 hours'
          FROM cases_interaction WHERE case_id = NEW.id AND is_try AND at <= NEW.closed_at) THEN
        RAISE EXCEPTION 'A case closes unheard only after three documented tries over five business days.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_tried_three_times';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER case_tried_three_times BEFORE INSERT OR UPDATE OF closed_on, state ON cases_case
    FOR EACH ROW WHEN (NEW.closed_on = 'tries') EXECUTE FUNCTION case_tried_three_times();
"""
UNTRIED = """
DROP TRIGGER case_tried_three_times ON cases_case;
DROP FUNCTION case_tried_three_times();
"""
HANDOVER_STANDS = """
CREATE OR REPLACE FUNCTION promisehandover_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Who had a promise and who took it is never changed and never deleted.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'promisehandover_stands';
END $$;
CREATE TRIGGER promisehandover_stands BEFORE UPDATE OR DELETE ON cases_promisehandover FOR EACH ROW
    EXECUTE FUNCTION promisehandover_stands();
"""
HANDOVER_FALLS = """
DROP TRIGGER promisehandover_stands ON cases_promisehandover;
DROP FUNCTION promisehandover_stands();
"""
# Nobody gives more than the catalogue says; what is decided stays decided.
GOODWILL_STANDS = """
CREATE OR REPLACE FUNCTION goodwill_within_limit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE most numeric;
BEGIN
    SELECT i."limit" INTO most FROM cases_goodwillitem i WHERE i.tenant_id = NEW.tenant_id AND i.id = NEW.item_id;
    IF NEW.amount > most THEN
        RAISE EXCEPTION 'The catalogue gives % at most.', most
            USING ERRCODE = 'check_violation', CONSTRAINT = 'goodwill_within_limit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER goodwill_within_limit BEFORE INSERT OR UPDATE OF amount, item_id ON cases_goodwill FOR EACH ROW
    EXECUTE FUNCTION goodwill_within_limit();
CREATE OR REPLACE FUNCTION goodwill_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was decided of goodwill stands.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'goodwill_stands';
END $$;
CREATE TRIGGER goodwill_stands
    BEFORE UPDATE OF state, amount, item_id, decided_at, decided_by_id, decision_reason, place_kind, place
    ON cases_goodwill FOR EACH ROW
    WHEN (OLD.state <> 'proposed'
          AND (NEW.state, NEW.amount, NEW.item_id, NEW.decided_at, NEW.decided_by_id, NEW.decision_reason,
               NEW.place_kind, NEW.place)
              IS DISTINCT FROM (OLD.state, OLD.amount, OLD.item_id, OLD.decided_at, OLD.decided_by_id,
                                OLD.decision_reason, OLD.place_kind, OLD.place))
    EXECUTE FUNCTION goodwill_stands();
"""
GOODWILL_FALLS = """
DROP TRIGGER goodwill_stands ON cases_goodwill;
DROP FUNCTION goodwill_stands();
DROP TRIGGER goodwill_within_limit ON cases_goodwill;
DROP FUNCTION goodwill_within_limit();
"""
# Desks with a promise that falls due within a day, or whose owner is gone: history alarms nobody.
TO_MIND = """
CREATE OR REPLACE FUNCTION desks_with_promises_to_mind(at timestamptz)
RETURNS TABLE (tenant_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT p.tenant_id FROM cases_promise p JOIN tenancy_tenant t ON t.id = p.tenant_id
    LEFT JOIN tenancy_membership m ON m.id = p.owner_id AND m.tenant_id = p.tenant_id
    WHERE p.state = 'open' AND NOT p.is_imported AND t.messages_from <= at
      AND p.kind NOT IN ('window', 'confirmation', 'call ahead')
      AND p.due_at >= at AND (p.due_at <= at + interval '1 day' OR m.id IS NULL OR m.ended_at IS NOT NULL)
$$
"""


class Migration(migrations.Migration):
    """A complaint closes on its customer's word, a handover stays written, goodwill stays within its limit."""

    dependencies = [("cases", "0002_walls")]
    operations = [
        migrations.RunSQL(TRIED, UNTRIED),
        migrations.RunSQL(HANDOVER_STANDS, HANDOVER_FALLS),
        migrations.RunSQL(GOODWILL_STANDS, GOODWILL_FALLS),
        DefinerFunction(
            "desks_with_promises_to_mind(timestamptz)",
            TO_MIND,
            reads=["cases_promise", "tenancy_tenant", "tenancy_membership"],
        ),
    ]
