"""What customers said of visits, counted by face, with the answers behind each figure (R7.4)."""

import datetime as dt

from django.db.models import Count, QuerySet

from tenancy.calendars import day_bounds, zone_of
from tenancy.models import Tenant
from visits.models import FollowUp


def answers_in(desk: Tenant, first: dt.date, last: dt.date, *, face: int | None = None) -> QuerySet[FollowUp]:
    """The active desk's answers of some days (its own, both included), the newest first.

    With a `face` those only. Each brings its visit, its customer and its case.
    """
    zone = zone_of(desk)
    rows = FollowUp.objects.filter(
        answered_at__gte=day_bounds(first, zone)[0], answered_at__lt=day_bounds(last, zone)[1]
    )
    rows = rows if face is None else rows.filter(face=face)
    return rows.select_related("visit__customer", "case").order_by("-answered_at", "-pk")


def answers_by_face(desk: Tenant, first: dt.date, last: dt.date) -> dict[int, int]:
    """How many answers of some days have each face, the best first; words without a face count in none."""
    rows = answers_in(desk, first, last).filter(face__isnull=False)
    counted = dict(rows.order_by().values_list("face").annotate(count=Count("pk")))
    return {face: counted.get(face, 0) for face in sorted(FollowUp.Face.values, reverse=True)}
