"""The index by which a tray finds visits that nobody is booked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("visits", "0010_calendar_feeds")]

    operations = [
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                fields=["tenant", "planned_start"],
                include=["id"],
                condition=models.Q(state__in=["booked", "confirmed", "on the way"]),
                name="visit_to_come",
            ),
        ),
    ]
