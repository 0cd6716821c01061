from django.db import migrations

from tenancy.walls import DefinerFunction

# As `claim_messages`: the desks take turns, and rows that another worker is claiming are passed over. Of
# one object's events for one webhook only the first that waits is offered: the next follows when that one
# has arrived, or was given up.
CLAIM_WEBHOOKS = """
CREATE OR REPLACE FUNCTION claim_webhooks(at timestamptz, leased timestamptz, share int, most int)
RETURNS TABLE (tenant_id bigint, delivery_id bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH offered AS (
        SELECT mine.tenant_id, mine.id, mine.send_after,
               row_number() OVER (PARTITION BY mine.tenant_id ORDER BY mine.send_after, mine.id) AS turn
        FROM tenancy_tenant t
        CROSS JOIN LATERAL (
            SELECT d.tenant_id, d.id, d.send_after FROM messaging_webhookdelivery d
            JOIN messaging_webhook w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
            WHERE d.tenant_id = t.id AND d.state = 'waiting' AND d.send_after <= at AND w.is_on
              AND (d.leased_until IS NULL OR d.leased_until <= at)
              AND NOT EXISTS (
                  SELECT FROM messaging_webhookdelivery before
                  WHERE before.tenant_id = d.tenant_id AND before.webhook_id = d.webhook_id
                    AND before.subject = d.subject AND before.state = 'waiting' AND before.id < d.id
              )
            ORDER BY d.send_after, d.id LIMIT share
            FOR UPDATE OF d SKIP LOCKED
        ) mine
    ), chosen AS (
        SELECT o.tenant_id, o.id, o.turn FROM offered o ORDER BY o.turn, o.send_after, o.id LIMIT most
    ), taken AS (
        UPDATE messaging_webhookdelivery d SET leased_until = leased FROM chosen c
        WHERE d.tenant_id = c.tenant_id AND d.id = c.id
        RETURNING d.tenant_id, d.id, c.turn
    )
    SELECT t.tenant_id, t.id FROM taken t ORDER BY t.turn, t.tenant_id
$$
"""


class Migration(migrations.Migration):
    """Whose turn it is to be delivered, over all desks."""

    dependencies = [("messaging", "0006_replies_stand")]
    operations = [
        DefinerFunction(
            "claim_webhooks(timestamptz, timestamptz, int, int)",
            CLAIM_WEBHOOKS,
            reads=["tenancy_tenant", "messaging_webhook"],
            writes=["messaging_webhookdelivery"],
        ),
    ]
