from django.db import migrations

from tenancy.walls import DefinerFunction

# What is due (or will be within `ahead`) and not yet planned, over all desks, in one statement.
# The key holds the planned start: a moved visit has reminders of its own. A reminder whose time
# lay before the booking, or before the customer was told the present start, says nothing new.
# Moved a little without a word, its window kept, a visit is not reminded of twice: a reminder of the
# same step (as far before the start) that has left for another start in the window said it all.
# One that was cancelled by a move is planned again when the visit is moved back. What tells of a booking
# or a move waits while that can be undone, and no reminder overtakes it. A third appointment that no
# supervisor has approved is told to nobody (R4.6). `channels` are the installation's ways out; a desk's
# own provider is another.
PLAN_REMINDERS = """
CREATE OR REPLACE FUNCTION plan_reminders(at timestamptz, ahead interval, channels text[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH steps AS (
        SELECT t.id AS tenant_id, t.messages_from, minutes, make_interval(mins => minutes) AS before,
               make_interval(mins => lead(minutes) OVER (PARTITION BY t.id ORDER BY minutes DESC)) AS next_before
        FROM tenancy_tenant t
        CROSS JOIN LATERAL (SELECT DISTINCT unnest(t.reminder_minutes) AS minutes) m
        WHERE t.messages_from <= at
    ), ways AS MATERIALIZED (
        SELECT t.id AS tenant_id, unnest(channels) AS channel FROM tenancy_tenant t
        UNION SELECT p.tenant_id, p.channel FROM messaging_provider p
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
        JOIN customers_contact c ON c.tenant_id = d.tenant_id AND c.id = coalesce(d.contact_id, (
            SELECT o.id FROM customers_contact o
            WHERE o.tenant_id = d.tenant_id AND o.customer_id = d.customer_id
            ORDER BY o.is_main DESC, o.id LIMIT 1))
        JOIN ways wanted ON wanted.tenant_id = d.tenant_id
        WHERE CASE wanted.channel
            WHEN 'mail' THEN d.tell_by_mail AND c.by_mail AND c.email <> ''
            WHEN 'sms' THEN d.tell_by_sms AND c.by_sms AND c.phone <> ''
            ELSE false END
          AND NOT EXISTS (
            SELECT FROM messaging_message m
            WHERE m.tenant_id = d.tenant_id AND m.subject = d.public_id
              AND (m.kind IN ('booked', 'moved') AND m.state <> 'cancelled'
                    AND m.subject_start = d.planned_start
                    AND greatest(m.planned_at, m.send_after) >= d.send_after
                OR m.kind = 'reminder' AND m.state IN ('sending', 'sent', 'delivered')
                    AND m.channel = wanted.channel AND m.subject_start <> d.planned_start
                    AND m.subject_start BETWEEN d.window_start AND d.window_end
                    AND m.subject_start - m.useless_after = d.planned_start - d.useless_after))
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


class Migration(migrations.Migration):
    """Reminders are planned by one statement over all desks; it tells only how many."""

    dependencies = [("visits", "0003_sweeping"), ("messaging", "0003_claiming")]
    operations = [
        DefinerFunction(
            "plan_reminders(timestamptz, interval, text[])",
            PLAN_REMINDERS,
            reads=["visits_visit", "tenancy_tenant", "customers_contact", "messaging_provider"],
            writes=["messaging_message"],
        ),
    ]
