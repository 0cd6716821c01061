"""Terms that run are counted from an index that only their count reads: one that every reader of terms could
read was gone through whole for the terms of a few contracts.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contracts", "0006_by_end")]

    operations = [
        migrations.RemoveIndex("contractterm", "term_by_end"),
        migrations.AddIndex("contractterm", models.Index(fields=["tenant", "ends_on"], name="term_by_end")),
        migrations.AddIndex(
            "contractterm",
            models.Index(
                fields=["tenant", "ends_on"],
                include=["id", "contract", "starts_on"],
                condition=models.Q(taken_back_at__isnull=True, starts_on__lte=models.F("ends_on")),
                name="term_to_count",
            ),
        ),
    ]
