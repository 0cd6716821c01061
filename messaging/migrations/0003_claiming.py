from django.db import migrations

from tenancy.walls import DefinerFunction

# messaging.keys.key_of in SQL; a test holds the two together.
MESSAGE_KEY = """
CREATE OR REPLACE FUNCTION message_key(VARIADIC parts text[]) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT substring(encode(sha256(convert_to(array_to_string(parts, E'\\x1f'), 'UTF8')), 'hex') FOR 32)::uuid
$$
"""

# Each desk offers its own oldest `share`; of these the first of every desk come before the second
# of any. A noisy desk therefore fills what the others leave, and no more. Rows another worker is
# claiming are passed over; a row whose lease ran out is offered again, begun or not.
CLAIM_MESSAGES = """
CREATE OR REPLACE FUNCTION claim_messages(at timestamptz, leased timestamptz, share int, most int)
RETURNS TABLE (tenant_id bigint, message_id bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH offered AS (
        SELECT mine.tenant_id, mine.id, mine.send_after,
               row_number() OVER (PARTITION BY mine.tenant_id ORDER BY mine.send_after, mine.id) AS turn
        FROM tenancy_tenant t
        CROSS JOIN LATERAL (
            SELECT m.tenant_id, m.id, m.send_after FROM messaging_message m
            WHERE m.tenant_id = t.id AND m.state IN ('planned', 'sending') AND m.send_after <= at
              AND (m.leased_until IS NULL OR m.leased_until <= at)
            ORDER BY m.send_after, m.id LIMIT share
            FOR UPDATE SKIP LOCKED
        ) mine
        WHERE t.messages_from <= at
    ), chosen AS (
        SELECT o.tenant_id, o.id, o.turn FROM offered o ORDER BY o.turn, o.send_after, o.id LIMIT most
    ), taken AS (
        UPDATE messaging_message m SET leased_until = leased FROM chosen c
        WHERE m.tenant_id = c.tenant_id AND m.id = c.id
        RETURNING m.tenant_id, m.id, c.turn
    )
    SELECT t.tenant_id, t.id FROM taken t ORDER BY t.turn, t.tenant_id
$$
"""


class Migration(migrations.Migration):
    """Workers claim messages over all desks; they learn ids only and read each under its desk."""

    dependencies = [("messaging", "0002_walls")]
    operations = [
        migrations.RunSQL(MESSAGE_KEY, "DROP FUNCTION message_key(text[])"),
        DefinerFunction(
            "claim_messages(timestamptz, timestamptz, int, int)",
            CLAIM_MESSAGES,
            reads=["tenancy_tenant"],
            writes=["messaging_message"],
        ),
    ]
