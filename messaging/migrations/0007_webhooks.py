import django.contrib.postgres.fields
import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import DefinerFunction, TenantWalls

NEW = ["Webhook", "WebhookTenantevent", "WebhookDelivery", "WebhookAttempt"]
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
    """Programs hear of what happens: one row for an event and a webhook, told in order for each object."""

    dependencies = [
        ("messaging", "0006_replies_stand"),
        ("tenancy", "0005_api_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("url", models.CharField(max_length=500)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("visit.booked", "A visit was booked"),
                                ("visit.moved", "A visit was moved or given to another"),
                                ("visit.late", "A visit is late"),
                                ("visit.missed", "A visit was missed"),
                                ("visit.done", "A visit is done"),
                                ("promise.broken", "A promise was broken"),
                                ("cover.changed", "A contract’s cover changed"),
                                ("recommendation.raised", "A recommendation was raised"),
                                ("recommendation.answered", "A recommendation was answered"),
                            ],
                            max_length=30,
                        ),
                        size=None,
                    ),
                ),
                ("secret", models.TextField()),
                ("both_until", models.DateTimeField(blank=True, null=True)),
                ("is_on", models.BooleanField(default=True)),
                ("off_at", models.DateTimeField(blank=True, null=True)),
                ("off_because", models.CharField(blank=True, max_length=300)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("event", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("visit.booked", "A visit was booked"),
                            ("visit.moved", "A visit was moved or given to another"),
                            ("visit.late", "A visit is late"),
                            ("visit.missed", "A visit was missed"),
                            ("visit.done", "A visit is done"),
                            ("promise.broken", "A promise was broken"),
                            ("cover.changed", "A contract’s cover changed"),
                            ("recommendation.raised", "A recommendation was raised"),
                            ("recommendation.answered", "A recommendation was answered"),
                        ],
                        max_length=30,
                    ),
                ),
                ("subject", models.UUIDField()),
                ("happened_at", models.DateTimeField()),
                ("data", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("delivered", "Delivered"), ("failed", "Not taken")],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("send_after", models.DateTimeField()),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "webhook",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="messaging.webhook",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("at", models.DateTimeField()),
                ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "said",
                    models.CharField(
                        blank=True, help_text="how the answer began, or why none came", max_length=500
                    ),
                ),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.tenant",
                    ),
                ),
                (
                    "delivery",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="messaging.webhookdelivery",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                ("url", models.CharField(max_length=500)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("visit.booked", "A visit was booked"),
                                ("visit.moved", "A visit was moved or given to another"),
                                ("visit.late", "A visit is late"),
                                ("visit.missed", "A visit was missed"),
                                ("visit.done", "A visit is done"),
                                ("promise.broken", "A promise was broken"),
                                ("cover.changed", "A contract’s cover changed"),
                                ("recommendation.raised", "A recommendation was raised"),
                                ("recommendation.answered", "A recommendation was answered"),
                            ],
                            max_length=30,
                        ),
                        size=None,
                    ),
                ),
                ("both_until", models.DateTimeField(blank=True, null=True)),
                ("is_on", models.BooleanField(default=True)),
                ("off_at", models.DateTimeField(blank=True, null=True)),
                ("off_because", models.CharField(blank=True, max_length=300)),
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="history",
                        to="messaging.webhook",
                    ),
                ),
                (
                    "tenant",
                    tenancy.fields.OwnTenantField(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.UniqueConstraint(fields=("tenant", "url"), name="webhook_url_once"),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(("kinds__len__gt", 0)), name="webhook_wants_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_on", True), ("off_at__isnull", True), ("off_because", "")),
                    models.Q(
                        ("is_on", False),
                        ("off_at__isnull", False),
                        models.Q(("off_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="webhook_off_has_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["tenant", "send_after", "id"],
                name="webhookdelivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["tenant", "webhook", "subject", "id"],
                name="webhookdelivery_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["tenant", "webhook", "-id"], name="webhookdelivery_log"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("tenant", "webhook", "event"), name="webhookdelivery_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "delivered"), _negated=True),
                    ("delivered_at__isnull", False),
                    _connector="OR",
                ),
                name="webhookdelivery_delivered_has_time",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookattempt",
            index=models.Index(fields=["tenant", "delivery", "id"], name="webhookattempt_by_delivery"),
        ),
        TenantWalls(NEW),
        DefinerFunction(
            "claim_webhooks(timestamptz, timestamptz, int, int)",
            CLAIM_WEBHOOKS,
            reads=["tenancy_tenant", "messaging_webhook"],
            writes=["messaging_webhookdelivery"],
        ),
    ]
