"""Handing recommendations over: signed for, or a mail is due the same day (R5.5)."""

import datetime as dt

from cases.models import Duty
from recommendations.models import Recommendation
from tenancy.calendars import calendar_of, day_bounds, local_day, zone_of
from visits.models import Review, Visit
from visits.visit_duties import open_visit_duty

Outcome = Review.Outcome


def hand_over(visit: Visit, *, signed_by: str, now: dt.datetime) -> None:
    """Note who signed for what was recommended; what nobody signed for makes a mail duty due today.

    What the customer accepted for another visit makes a duty to book it. The caller holds the
    transaction that completes the visit.
    """
    reviews = list(visit.reviews.select_related("recommendation").order_by("pk"))
    if signed_by:
        handed = [review.recommendation_id for review in reviews if review.customer_told]
        Recommendation.objects.filter(pk__in=handed).update(signed_by=signed_by)
    _owe_mail(visit, reviews, signed_by, now)
    wanted = [review.recommendation.finding for review in reviews if review.outcome == Outcome.ACCEPTED]
    if wanted:
        due_at = calendar_of(visit.tenant).due_after(now, dt.timedelta(hours=4))
        _duty(visit, Duty.Kind.CALL_CUSTOMER, "Book a visit for", wanted, due_at, now)


def owe_mail_again(visit: Visit, *, now: dt.datetime) -> None:
    """A mail with the report came back: what nobody signed for is owed once more, while it is not owed."""
    owed = Duty.objects.filter(kind=Duty.Kind.MAIL_RECOMMENDATION, subject=visit.public_id)
    if owed.filter(closed_at__isnull=True).exists():
        return
    reviews = list(visit.reviews.select_related("recommendation").order_by("pk"))
    _owe_mail(visit, reviews, visit.report.recommendations_signed_by, now, owed.count())


def is_handed_over(review: Review, *, signed_by: str) -> bool:
    """Whether somebody has signed for what was recommended; what is done needs no signature."""
    return review.outcome == Outcome.DONE or bool(signed_by and review.customer_told)


def _owe_mail(visit, reviews, signed_by, now, *more):
    missing = [r.recommendation.finding for r in reviews if not is_handed_over(r, signed_by=signed_by)]
    if missing:
        _duty(visit, Duty.Kind.MAIL_RECOMMENDATION, "Mail", missing, _end_of_day(visit, now), now, *more)


def _duty(visit, kind, verb, findings, due_at, now, *more):
    is_mail = kind == Duty.Kind.MAIL_RECOMMENDATION
    open_visit_duty(
        visit,
        "after visit",
        kind,
        *more,
        kind=kind,
        title=f"{verb} {', '.join(findings)}: {visit.customer}",
        detail=f"Visit {visit.number}, not handed over" if is_mail else f"Visit {visit.number}, accepted",
        due_at=due_at,
        now=now,
    )


def _end_of_day(visit, now) -> dt.datetime:
    """The end of the desk's working day; when that is over, of the day."""
    zone = zone_of(visit.tenant)
    today = local_day(now, zone)
    spans = calendar_of(visit.tenant).spans(today)
    if spans and spans[-1][1] > now:
        return spans[-1][1]
    return day_bounds(today, zone)[1] - dt.timedelta(seconds=1)
