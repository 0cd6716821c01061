"""The overview counts promises and answers to cases from indexes alone."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_troubles")]

    operations = [
        migrations.AddIndex(
            "promise",
            models.Index(
                fields=["tenant", "due_at"],
                include=["id", "kind", "state", "is_imported"],
                name="promise_figures",
            ),
        ),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["tenant", "response_due_at"],
                include=["id", "responded_at"],
                condition=Q(response_due_at__isnull=False, joined_into__isnull=True),
                name="case_to_answer",
            ),
        ),
    ]
