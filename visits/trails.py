"""The raise trail of a recommendation: raised, then every visit since and whether it was mentioned."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import CharField, DateTimeField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from contracts.wording import day_nearby
from recommendations.models import Recommendation
from tenancy.calendars import day_bounds, local_day, zone_of
from tenancy.figures import ONE_DAY
from tenancy.prepared import Among, Instant, Keys, Prepared
from visits.models import Review, VisitEquipment

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


def never_raised_again(
    recommendations: QuerySet[Recommendation], *, first: dt.datetime, now: dt.datetime, zone: ZoneInfo
) -> QuerySet[Recommendation]:
    """Those past which visits went by and nobody said a word: what `Trail.is_never_mentioned` says of one.

    Of all of a desk at once, by the database: one query. `first` is when the first of them was raised.
    """
    raised = Review.objects.filter(recommendation=OuterRef("pk"), outcome=Review.Outcome.RAISED)
    since = VisitEquipment.objects.filter(
        ~Q(visit=OuterRef("raised_at_visit")),
        equipment=OuterRef("equipment"),
        done_at__gte=OuterRef("midnight"),
        # For all of them alike: it narrows by the index that is there for this alone, whose word is the key.
        visit__gt=0,
        done_at__gt=first,
        done_at__lte=now,
    )
    told = since.filter(
        Exists(
            Review.objects.filter(
                visit=OuterRef("visit"), recommendation=OuterRef(OuterRef("pk")), customer_told=True
            )
        )
    )
    found = recommendations.alias(
        midnight=_MidnightAfter(F("raised_at"), _midnights(first, now, zone)),
        raised_at_visit=Coalesce(Subquery(raised.order_by("at", "pk").values("visit")[:1]), Value(0)),
    )
    return found.filter(Exists(since), ~Exists(told))


class _MidnightAfter(Func):
    """The first midnight after an instant, of those that are told from here: days are the desk's."""

    output_field = DateTimeField()

    def as_sql(self, compiler, connection, **context):
        """Each instant's place among the midnights, in order, and then the next of them."""
        (at, values), (midnights, told) = map(compiler.compile, self.source_expressions)
        place = f"width_bucket({at}, {midnights}::timestamptz[])"
        return f"({midnights}::timestamptz[])[{place} + 1]", [*told, *values, *told]


def _midnights(since, now, zone) -> Value:
    first, last = local_day(since, zone), local_day(now, zone)
    days = range((last - first).days + 2)
    starts = (day_bounds(first + number * ONE_DAY, zone)[0].isoformat() for number in days)
    # Written out here: as so many instants each of them was adapted anew wherever they stand.
    return Value(f"{{{','.join(starts)}}}", CharField())


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
        VisitEquipment.objects.filter(Among("equipment", machines), done_at__gt=since, done_at__lte=now)
        .order_by("done_at", "visit")
        .values_list("equipment", "done_at", "visit")
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
