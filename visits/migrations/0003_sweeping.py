from django.db import migrations

from tenancy.walls import DefinerFunction

VISITS_OVER = """
CREATE OR REPLACE FUNCTION visits_over(at timestamptz, most integer)
RETURNS TABLE (tenant_id bigint, visit_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT v.tenant_id, v.id FROM visits_visit v JOIN tenancy_tenant t ON t.id = v.tenant_id
    WHERE v.state IN ('booked', 'confirmed', 'on the way') AND v.window_end <= at
      AND (v.late_at IS NULL OR v.window_end + make_interval(mins => t.missed_after_minutes::int) <= at)
    ORDER BY v.window_end, v.id LIMIT most
$$
"""
# Promises of a desk whose alarms are on, due after it switched them on: history alarms nobody.
PROMISES_OVER = """
CREATE OR REPLACE FUNCTION promises_over(at timestamptz, most integer)
RETURNS TABLE (tenant_id bigint, promise_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.tenant_id, p.id FROM cases_promise p JOIN tenancy_tenant t ON t.id = p.tenant_id
    WHERE p.state = 'open' AND p.due_at < at AND t.messages_from IS NOT NULL AND p.due_at >= t.messages_from
    ORDER BY p.due_at, p.id LIMIT most
$$
"""


class Migration(migrations.Migration):
    """What the sweeper asks over all desks: ids only."""

    dependencies = [("visits", "0002_walls")]
    operations = [
        DefinerFunction(
            "visits_over(timestamptz, integer)", VISITS_OVER, reads=["visits_visit", "tenancy_tenant"]
        ),
        DefinerFunction(
            "promises_over(timestamptz, integer)", PROMISES_OVER, reads=["cases_promise", "tenancy_tenant"]
        ),
    ]
