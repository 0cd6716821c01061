import django.db.models.deletion
import pghistory.utils
from django.db import migrations, models

import tenancy.fields
from tenancy.walls import DefinerFunction, TenantWalls

NEW = ["CalendarFeed", "CalendarFeedTenantevent"]

CALENDAR_FEED_OF = """
CREATE OR REPLACE FUNCTION calendar_feed_of(wanted text) RETURNS TABLE (tenant_id bigint, feed_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.tenant_id, f.id FROM visits_calendarfeed f WHERE f.token_hash = wanted
$$
"""

# Whoever ends a membership, by whatever way: taking that back opens no old address.
FEEDS_END = """
CREATE FUNCTION calendar_feeds_end() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE visits_calendarfeed f SET revoked_at = GREATEST(NEW.ended_at, f.made_at)
    FROM visits_technician t
    WHERE t.tenant_id = NEW.tenant_id AND t.membership_id = NEW.id
      AND f.tenant_id = t.tenant_id AND f.technician_id = t.id AND f.revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER calendar_feeds_end AFTER UPDATE OF ended_at ON tenancy_membership
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION calendar_feeds_end();
"""
FEEDS_STAY = "DROP TRIGGER calendar_feeds_end ON tenancy_membership; DROP FUNCTION calendar_feeds_end();"


class Migration(migrations.Migration):
    """A technician's visits in their own calendar: the addresses, found by their hash alone."""

    dependencies = [
        ("tenancy", "0003_api_keys"),
        ("visits", "0009_gate_stands"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "token_hash",
                    models.CharField(help_text="SHA-256 of the token, hexadecimal", max_length=64),
                ),
                ("made_at", models.DateTimeField()),
                ("last_fetched_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
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
                    "revoked_by",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "technician",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendar_feeds",
                        to="visits.technician",
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
            name="CalendarFeedTenantevent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("pgh_context_id", models.UUIDField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(db_default=tenancy.fields.UUIDv7(), editable=False)),
                (
                    "token_hash",
                    models.CharField(help_text="SHA-256 of the token, hexadecimal", max_length=64),
                ),
                ("made_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
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
                        to="visits.calendarfeed",
                    ),
                ),
                (
                    "revoked_by",
                    tenancy.fields.TenantForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tenancy.membership",
                    ),
                ),
                (
                    "technician",
                    tenancy.fields.TenantForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="visits.technician",
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
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(fields=("token_hash", "tenant"), name="calendarfeed_once"),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("tenant", "technician"),
                name="calendarfeed_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("revoked_by__isnull", True), ("revoked_at__isnull", False), _connector="OR"
                ),
                name="calendarfeed_revoked_has_time",
            ),
        ),
        TenantWalls(NEW),
        DefinerFunction("calendar_feed_of(text)", CALENDAR_FEED_OF, reads=["visits_calendarfeed"]),
        migrations.RunSQL(FEEDS_END, FEEDS_STAY),
    ]
