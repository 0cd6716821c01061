from django.db import migrations

from tenancy.walls import DefinerFunction

# A third appointment that no supervisor has approved is told to nobody (R4.6): as 0004 plans
# reminders, and as 0005 finds the calls that are waited for, without these visits.
IS_APPROVED = "AND (v.approval_asked_at IS NULL OR v.approved_at IS NOT NULL)"
PLAN_REMINDERS = """
CREATE OR REPLACE FUNCTION plan_reminders(at timestamptz, ahead interval, channels text[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH steps AS (
        SELECT t.id AS tenant_id, t.messages_from, minutes, make_interval(mins => minutes) AS before,
               make_interval(mins => lead(minutes) OVER (PARTITION BY t.id ORDER BY minutes DESC)) AS next_before
        FROM tenancy_tenant t
        CROSS JOIN LATERAL (SELECT DISTINCT unnest(t.reminder_minutes) AS minutes) m
        WHERE t.messages_from <= at
    ), due AS (
        SELECT v.tenant_id, v.id, v.public_id, v.customer_id, v.contact_id, v.planned_start, s.minutes,
               v.window_start, v.window_end, v.tell_by_mail, v.tell_by_sms,
               greatest(v.planned_start - s.before, v.held_until) AS send_after,
               coalesce(v.planned_start - s.next_before, v.planned_start) AS useless_after
        FROM visits_visit v
        JOIN steps s ON s.tenant_id = v.tenant_id
        WHERE v.state IN ('booked', 'confirmed') AND NOT v.is_history
          AND (v.approval_asked_at IS NULL OR v.approved_at IS NOT NULL)
          AND v.planned_start > at
          AND v.planned_start <= at + ahead + (SELECT max(before) FROM steps)
          AND v.planned_start - s.before <= at + ahead
          AND v.planned_start - s.before >= s.messages_from
          AND v.planned_start - s.before > v.booked_at
          AND coalesce(v.planned_start - s.next_before, v.planned_start) > at
    ), told AS (
        SELECT d.*, c.id AS whom, wanted.channel
        FROM due d
        CROSS JOIN LATERAL (
            SELECT c.id, c.email, c.phone, c.by_mail, c.by_sms FROM customers_contact c
            WHERE c.tenant_id = d.tenant_id AND (c.id = d.contact_id
                OR d.contact_id IS NULL AND c.customer_id = d.customer_id)
            ORDER BY c.is_main DESC, c.id LIMIT 1
        ) c
        CROSS JOIN LATERAL unnest(channels) AS wanted (channel)
        WHERE CASE channel
            WHEN 'mail' THEN d.tell_by_mail AND c.by_mail AND c.email <> ''
            WHEN 'sms' THEN d.tell_by_sms AND c.by_sms AND c.phone <> ''
            ELSE false END
          AND NOT EXISTS (
            SELECT FROM messaging_message m
            WHERE m.tenant_id = d.tenant_id AND m.subject = d.public_id
              AND m.subject_start = d.planned_start AND m.kind IN ('booked', 'moved')
              AND m.state <> 'cancelled' AND m.planned_at >= d.send_after)
          AND NOT EXISTS (
            SELECT FROM messaging_message m
            WHERE m.tenant_id = d.tenant_id AND m.subject = d.public_id
              AND m.kind = 'reminder' AND m.channel = wanted.channel
              AND m.state IN ('sending', 'sent', 'delivered')
              AND m.subject_start <> d.planned_start
              AND m.subject_start BETWEEN d.window_start AND d.window_end
              AND m.subject_start - m.useless_after = d.planned_start - d.useless_after)
    ), keyed AS (
        SELECT t.*, message_key('visit', t.public_id::text, 'reminder', t.minutes::text,
                                (extract(epoch FROM t.planned_start) * 1000000)::bigint::text, t.channel) AS key
        FROM told t
    ), planned AS (
        INSERT INTO messaging_message AS m (tenant_id, key, kind, channel, customer_id, contact_id, subject,
            subject_start, fields, state, send_after, useless_after, address, title, text, reason, attempts,
            provider_id, planned_at)
        SELECT k.tenant_id, k.key, 'reminder', k.channel, k.customer_id, k.whom, k.public_id,
               k.planned_start, '{}', 'planned', k.send_after, k.useless_after, '', '', '', '', 0, '', at
        FROM keyed k
        WHERE NOT EXISTS (SELECT FROM messaging_message p WHERE p.tenant_id = k.tenant_id AND p.key = k.key
                            AND p.state <> 'cancelled')
        ON CONFLICT (tenant_id, key) DO UPDATE
            SET state = 'planned', send_after = EXCLUDED.send_after, useless_after = EXCLUDED.useless_after,
                contact_id = EXCLUDED.contact_id, planned_at = EXCLUDED.planned_at, fields = '{}', reason = '',
                title = '', text = '', attempts = 0, leased_until = NULL
            WHERE m.state = 'cancelled'
        RETURNING 1
    )
    SELECT count(*) FROM planned
$$
"""
CALLS_WAITED_FOR = """
CREATE OR REPLACE FUNCTION calls_waited_for(at timestamptz, most integer)
RETURNS TABLE (tenant_id bigint, visit_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT v.tenant_id, v.id FROM visits_visit v JOIN tenancy_tenant t ON t.id = v.tenant_id
    WHERE v.state IN ('booked', 'confirmed') AND v.called_ahead_at IS NULL AND t.call_ahead_minutes > 0
      AND (v.approval_asked_at IS NULL OR v.approved_at IS NOT NULL)
      AND v.planned_start > at AND v.planned_start <= at + make_interval(mins => 60 * 24)
      AND v.planned_start - make_interval(secs => t.call_ahead_minutes * 50) <= at
      AND t.messages_from IS NOT NULL AND v.planned_start >= t.messages_from
      AND NOT EXISTS (SELECT FROM visits_visitstep s WHERE s.tenant_id = v.tenant_id AND s.visit_id = v.id
                        AND s.step = 'call ahead' AND s.skipped_because <> '' AND s.undone_at IS NULL)
    ORDER BY v.planned_start, v.id LIMIT most
$$
"""
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
        # Replaced in place: owner, rights and callers stay.
        migrations.RunSQL(PLAN_REMINDERS, PLAN_REMINDERS.replace(IS_APPROVED, "")),
        migrations.RunSQL(CALLS_WAITED_FOR, CALLS_WAITED_FOR.replace(IS_APPROVED, "")),
        DefinerFunction(
            "approvals_over(timestamptz, integer)",
            APPROVALS_OVER,
            reads=["visits_visit", "cases_duty", "tenancy_tenant"],
        ),
        migrations.RunSQL(UNAPPROVED_WAITS, ANY_VISIT_GOES),
        migrations.RunSQL(APPROVAL_STANDS, APPROVAL_MAY_FALL),
    ]
