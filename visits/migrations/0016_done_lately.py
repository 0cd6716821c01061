"""What nobody raised again reads the machines of the last visits, and not those of all that were ever done."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("visits", "0015_done_when")]

    operations = [
        migrations.AddIndex(
            "visitequipment",
            models.Index(
                fields=["tenant", "done_at"],
                include=["equipment", "visit"],
                condition=models.Q(done_at__isnull=False, visit__gt=0),
                name="visitequipment_done_lately",
            ),
        ),
    ]
