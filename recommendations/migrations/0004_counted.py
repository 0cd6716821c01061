"""Open recommendations of all of a desk are counted from the register's index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0003_trail_stands")]

    operations = [
        migrations.RemoveIndex("recommendation", "recommendation_register"),
        migrations.AddIndex(
            "recommendation",
            models.Index(
                fields=["tenant", "state", "-severity", "raised_at", "id"],
                include=["equipment", "deferred_until"],
                name="recommendation_register",
            ),
        ),
    ]
