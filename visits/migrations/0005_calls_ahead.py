from django.db import migrations

from tenancy.walls import DefinerFunction

# Visits whose customer waits for the promised call: not rung and not skipped when five sixths of the
# promised time are left, until the planned arrival. Few at any moment; the index on planned_start
# serves it. Where alarms are off, or the visit is from before, nobody is alarmed.
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


class Migration(migrations.Migration):
    """Whose promised call has not come: ids only, over all desks."""

    dependencies = [("visits", "0004_reminders")]
    operations = [
        DefinerFunction(
            "calls_waited_for(timestamptz, integer)",
            CALLS_WAITED_FOR,
            reads=["visits_visit", "visits_visitstep", "tenancy_tenant"],
        ),
    ]
