"""The raise trail of a recommendation: raised, then every visit since and whether it was mentioned."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from contracts.wording import day_nearby
from recommendations.models import Recommendation
from tenancy.calendars import day_bounds, local_day, zone_of
from tenancy.prepared import Among, Instant, Keys, Prepared
from visits.models import Review, Visit, VisitEquipment

RAISED, SILENT, NEXT = "raised", "silent", "next"
# Older dots fall away; the sentence still counts every visit.
MOST_DOTS = 6


@dataclass(frozen=True)
class Trail:
    """Dots in order of time, a sentence that says the same, and what must be said loudly."""

    marks: tuple[str, ...]
    sentence: str
    loud: str = ""

    @property
    def is_never_mentioned(self) -> bool:
        """Visits went by and nobody said a word."""
        return bool(self.loud)


def trails_of(
    recommendations: Iterable[Recommendation], *, now: dt.datetime, viewer=None, coming: bool = True
) -> dict[int, Trail]:
    """The trails of many recommendations by primary key, in two queries.

    `viewer` is the Membership that reads ("You raised it"); `coming`: a visit is to come, or
    under way, in which it can be raised.
    """
    recommendations = list(recommendations)
    if not recommendations:
        return {}
    zone = zone_of(recommendations[0].tenant)
    today = local_day(now, zone)
    visits, reviews = _visits_since(recommendations, now), _reviews(recommendations)
    return {
        rec.pk: _trail(rec, visits[rec.equipment_id], reviews[rec.pk], viewer, zone, today, coming)
        for rec in recommendations
    }


def never_raised_again(recommendations: Iterable[Recommendation], *, now: dt.datetime) -> set[int]:
    """The primary keys of those past which visits went by and nobody said a word; two queries.

    Of each only machine, instant and desk are read.
    """
    recommendations = list(recommendations)
    if not recommendations:
        return set()
    zone = zone_of(recommendations[0].tenant)
    visits, reviews = _visits_since(recommendations, now), _reviews(recommendations)
    return {
        rec.pk
        for rec in recommendations
        if _loud(_told(rec, visits[rec.equipment_id], reviews[rec.pk], zone)[1])
    }


def _visits_since(recommendations, now):
    """Per machine: the visits that were done, in order of time."""
    done = _DONE.rows(
        machines=list({rec.equipment_id for rec in recommendations}),
        since=min(rec.raised_at for rec in recommendations),
        now=now,
    )
    visits = defaultdict(list)
    for machine, at, visit in done:
        visits[machine].append((at, visit))
    return visits


_DONE = Prepared(
    lambda machines, since, now: (
        VisitEquipment.objects.filter(
            Among("equipment", machines),
            visit__state=Visit.State.DONE,
            visit__completed_at__gt=since,
            visit__completed_at__lte=now,
        )
        .order_by("visit__completed_at", "visit")
        .values_list("equipment", "visit__completed_at", "visit")
    ),
    machines=Keys(),
    since=Instant(),
    now=Instant(),
)
_OF_THESE = Prepared(
    lambda recommendations: Review.objects.filter(Among("recommendation", recommendations)).order_by(
        "at", "pk"
    ),
    recommendations=Keys(),
)


def _reviews(recommendations):
    """Per recommendation: what was said at which visit, in order of time."""
    reviews = defaultdict(dict)
    for review in _OF_THESE.rows(recommendations=[rec.pk for rec in recommendations]):
        reviews[review.recommendation_id][review.visit_id] = review
    return reviews


def _told(rec, visits, reviews, zone) -> tuple[list[int], list[bool]]:
    """The visits since it was raised, in order, and whether the customer was told at each."""
    raised_at_visit = next(
        (visit for visit, review in reviews.items() if review.outcome == Review.Outcome.RAISED), None
    )
    # An export tells the day only: a visit of the same day is the one that raised it.
    midnight = day_bounds(local_day(rec.raised_at, zone), zone)[1]
    since = [visit for at, visit in visits if at >= midnight and visit != raised_at_visit]
    return since, [visit in reviews and reviews[visit].customer_told for visit in since]


def _trail(rec, visits, reviews, viewer, zone, today, coming) -> Trail:
    day = local_day(rec.raised_at, zone)
    since, told = _told(rec, visits, reviews, zone)
    marks = [RAISED, *(RAISED if was_told else SILENT for was_told in told)]
    marks = [marks[0], *marks[1:][-(MOST_DOTS - 2) :], *([NEXT] if coming else [])]
    sentence = _raised(rec, viewer, day, today)
    last = next((reviews[v] for v in reversed(since) if v in reviews and reviews[v].customer_told), None)
    return Trail(tuple(marks), _joined(sentence, _answer(last, zone, today), _count(told)), _loud(told))


def _raised(rec, viewer, day, today) -> str:
    day = day_nearby(day, today=today)
    if viewer is not None and rec.raised_by_id == viewer.pk:
        return f"You raised it on {day}."
    name = rec.raised_by.name.split()[0] if rec.raised_by else rec.raised_by_name
    return f"Raised {day} by {name}." if name else f"Raised {day}."


def _answer(review, zone, today) -> str:
    if review is None:
        return ""
    if review.outcome == Review.Outcome.DEFERRED:
        return f"Put off until {day_nearby(review.deferred_until, today=today)}: {review.reason}."
    if review.outcome == Review.Outcome.DECLINED:
        return f"Declined on {day_nearby(local_day(review.at, zone), today=today)}: {review.reason}."
    return ""


def _count(told) -> str:
    if not told or not any(told):
        return ""
    if all(told):
        visits = "the visit" if len(told) == 1 else f"all {len(told)} visits"
        return f"Mentioned on {visits} since."
    return f"Mentioned on {sum(told)} of the {len(told)} visits since."


def _loud(told) -> str:
    if told and not any(told):
        visits = "visit" if len(told) == 1 else f"{len(told)} visits"
        return f"Nobody mentioned it on the {visits} since."
    return ""


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
