"""The overview's figures and the round are read from indexes: what happened when, and how it ended."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("visits", "0012_exclusion_unread")]

    operations = [
        migrations.RemoveIndex("visit", "visit_by_start"),
        migrations.AddIndex(
            "visit",
            models.Index(
                fields=["tenant", "planned_start"],
                include=["id", "state", "missed_at"],
                name="visit_by_start",
            ),
        ),
        migrations.AddIndex(
            "visit",
            models.Index(
                fields=["tenant", "-planned_start", "-id"],
                condition=Q(missed_at__isnull=False),
                name="visit_missed",
            ),
        ),
        migrations.AddIndex(
            "visit",
            models.Index(
                fields=["tenant", "completed_at"],
                include=["id"],
                condition=Q(state="done"),
                name="visit_done",
            ),
        ),
        migrations.AddIndex(
            "visit",
            models.Index(
                fields=["tenant", "planned_start", "id"],
                condition=Q(approval_asked_at__isnull=False, approved_at__isnull=True),
                name="visit_waits_for_approval",
            ),
        ),
        migrations.AddIndex(
            "servicereport",
            models.Index(
                fields=["tenant", "visit"],
                include=["id", "fixed_first_time"],
                condition=Q(fixed_first_time__isnull=False),
                name="report_says_whether_fixed",
            ),
        ),
    ]
