"""Indexes by which a call begins: a customer's broken promises and open complaints, however many there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_extensions")]

    operations = [
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["tenant", "customer", "opened_at"],
                condition=models.Q(kind="complaint") & ~models.Q(state="closed"),
                name="case_open_complaints",
            ),
        ),
        migrations.AddIndex(
            "promise",
            models.Index(
                fields=["tenant", "customer", "settled_at"],
                condition=models.Q(state="broken"),
                name="promise_broken",
            ),
        ),
    ]
