"""No reader takes the exclusion's index for the shortest way to a technician's visits."""

import django.contrib.postgres.constraints
from django.contrib.postgres.fields import RangeOperators
from django.db import migrations, models

BLOCKING = models.Q(state__in=["booked", "confirmed", "on the way", "on site"])


def in_two_places(condition):
    return django.contrib.postgres.constraints.ExclusionConstraint(
        name="assignment_never_in_two_places",
        expressions=[
            ("tenant", RangeOperators.EQUAL),
            ("technician", RangeOperators.EQUAL),
            ("during", RangeOperators.OVERLAPS),
        ],
        condition=condition,
    )


class Migration(migrations.Migration):
    dependencies = [("visits", "0011_unassigned")]

    operations = [
        migrations.RemoveConstraint("assignment", "assignment_never_in_two_places"),
        migrations.AddConstraint(
            "assignment", in_two_places(BLOCKING & models.Q(starts_at__lt=models.F("ends_at")))
        ),
    ]
