from django.db import migrations

from tenancy.walls import DefinerFunction

# Unapproved, and the supervisor's time to decide is over; each is alarmed about once.
APPROVALS_OVER = """
CREATE OR REPLACE FUNCTION approvals_over(at timestamptz, most integer)
RETURNS TABLE (tenant_id bigint, visit_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT v.tenant_id, v.id FROM visits_visit v JOIN tenancy_tenant t ON t.id = v.tenant_id
    WHERE v.state = 'booked' AND v.approval_asked_at IS NOT NULL AND v.approved_at IS NULL
      AND t.messages_from <= at
      AND EXISTS (SELECT FROM cases_duty d WHERE d.tenant_id = v.tenant_id AND d.subject = v.public_id
                    AND d.kind = 'approve visit' AND d.closed_at IS NULL AND d.due_at <= at)
      AND NOT EXISTS (SELECT FROM cases_duty d WHERE d.tenant_id = v.tenant_id AND d.subject = v.public_id
                        AND d.kind = 'approve visit' AND d.owner_role = 'dispatcher')
    ORDER BY v.planned_start, v.id LIMIT most
$$
"""

# Whoever books, moves, confirms or sets out: an unapproved visit is neither confirmed nor under way.
# After a miss a technician may still come (R4.3).
UNAPPROVED_WAITS = """
ALTER TABLE visits_visit ADD CONSTRAINT visit_unapproved_waits CHECK (
    approval_asked_at IS NULL OR approved_at IS NOT NULL
    OR NOT (state IN ('confirmed', 'on the way')
            OR missed_at IS NULL AND state IN ('on site', 'done', 'no access')));
COMMENT ON CONSTRAINT visit_unapproved_waits ON visits_visit IS 'R4.6: a third appointment needs approval';
"""
ANY_VISIT_GOES = "ALTER TABLE visits_visit DROP CONSTRAINT visit_unapproved_waits"

# That approval was asked for, and given, is never unsaid.
APPROVAL_STANDS = """
CREATE OR REPLACE FUNCTION visit_approval_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'That a visit needs approval, and who gave it, stands.'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'visit_approval_stands';
END $$;
CREATE TRIGGER visit_approval_stands
    BEFORE UPDATE OF approval_asked_at, approved_at, approved_by_id ON visits_visit FOR EACH ROW
    WHEN (OLD.approval_asked_at IS NOT NULL AND NEW.approval_asked_at IS DISTINCT FROM OLD.approval_asked_at
          OR OLD.approved_at IS NOT NULL AND (NEW.approved_at IS DISTINCT FROM OLD.approved_at
                                              OR NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id))
    EXECUTE FUNCTION visit_approval_stands();
-- The sweeper's question about them, over all desks.
CREATE INDEX visit_unapproved ON visits_visit (planned_start)
    WHERE state = 'booked' AND approval_asked_at IS NOT NULL AND approved_at IS NULL;
"""
APPROVAL_MAY_FALL = """
DROP INDEX visit_unapproved;
DROP TRIGGER visit_approval_stands ON visits_visit;
DROP FUNCTION visit_approval_stands();
"""


class Migration(migrations.Migration):
    """A third appointment waits for a supervisor, whatever the path, and nobody is told before."""

    dependencies = [("visits", "0005_calls_ahead")]
    operations = [
        DefinerFunction(
            "approvals_over(timestamptz, integer)",
            APPROVALS_OVER,
            reads=["visits_visit", "cases_duty", "tenancy_tenant"],
        ),
        migrations.RunSQL(UNAPPROVED_WAITS, ANY_VISIT_GOES),
        migrations.RunSQL(APPROVAL_STANDS, APPROVAL_MAY_FALL),
    ]
