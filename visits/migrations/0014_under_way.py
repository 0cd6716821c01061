"""The index by which a technician's day finds where they are, whenever that began."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("visits", "0013_figures")]

    operations = [
        migrations.AddIndex(
            "assignment",
            models.Index(
                fields=["tenant", "technician"],
                condition=models.Q(state__in=["on the way", "on site"]),
                name="assignment_under_way",
            ),
        ),
    ]
