"""Each event of the desk is written for its webhooks where it happens, in its transaction."""

import datetime as dt

import pytest
from django.db import transaction

from contracts.cancelling import cancel, ending_of
from contracts.renewal_check import check_desk
from messaging.models import Webhook, WebhookDelivery
from messaging.webhook_events import Kind
from messaging.webhooks import add_webhook
from recommendations.lifecycle import decline, quote, raise_recommendation
from tenancy.scope import tenant
from tests.cast import a_promise, make_plain_visit
from tests.visits.gate_scene import answer, finish
from visits.booking import book_visit
from visits.models import Visit
from visits.moving import move_visit
from visits.sweeper import sweep

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def north(cast, moment, now):
    """Northgate with one webhook for everything; its scope is open."""
    with tenant(cast.north.tenant):
        add_webhook("http://127.0.0.1:9/", Kind.values, by=cast.north.manager, now=now)
        yield cast.north


def told():
    """Kind and object of what was written, in order."""
    return [(one.kind, one.data) for one in WebhookDelivery.objects.order_by("pk")]


def kinds():
    return [kind for kind, _ in told()]


def booked(desk, now):
    start = now + DAY
    return book_visit(
        customer=desk.customer, site=desk.site, contact=desk.contact, machines=[desk.copier],
        kind=Visit.Kind.FAULT, problem="Grey bands", technician=desk.lou, start=start,
        end=start + HOUR, window_end=start + HOUR, by=desk.dispatcher, now=now,
    )  # fmt: skip


def test_a_visit_from_its_booking_to_its_miss(north, now):
    visit = booked(north, now)
    assert told() == [
        (
            "visit.booked",
            {
                "visit": str(visit.public_id),
                "number": visit.number,
                "customer": str(north.customer.public_id),
                "state": "booked",
                "window_start": (now + DAY).isoformat(),
                "window_end": (now + DAY + HOUR).isoformat(),
                "planned_start": (now + DAY).isoformat(),
                "planned_end": (now + DAY + HOUR).isoformat(),
            },
        )
    ]
    visit = move_visit(
        visit, technician=north.marek, start=now + DAY + HOUR, reason="Lou is ill", by=north.dispatcher,
        now=now + HOUR, version=visit.version, agreed_by_customer=True,
    )  # fmt: skip
    assert kinds()[1:] == ["visit.moved"]
    assert told()[1][1]["planned_start"] == (now + DAY + HOUR).isoformat()
    later = visit.window_end + 3 * HOUR
    sweep(now=later)
    sweep(now=later + HOUR)
    of_visit = WebhookDelivery.objects.filter(subject=visit.public_id).order_by("pk")
    assert [one.kind for one in of_visit] == ["visit.booked", "visit.moved", "visit.late", "visit.missed"]
    assert Kind.PROMISE_BROKEN in kinds()


def test_a_visit_that_is_done(north, now):
    visit = make_plain_visit(north, now=now, start=now - HOUR, state="on site", arrived_at=now - HOUR)
    finish(
        visit, now, north.technician, answer(north.recommendation, "declined by customer", reason="Too dear")
    )
    assert kinds() == ["recommendation.answered", "visit.done"]


def test_a_promise_that_is_broken(north, now):
    promise = a_promise(north, now=now)
    sweep(now=now + 2 * HOUR)
    (kind, data) = told()[0]
    assert (kind, data["promise"], data["text"]) == (
        "promise.broken",
        str(promise.public_id),
        "Ring with the price",
    )


def test_a_recommendation_is_raised_and_answered(north, now):
    raised = raise_recommendation(
        equipment=north.copier, finding="Rollers are worn", severity=2, by=north.technician, now=now
    )
    quote(raised, estimate=100, by=north.sales, now=now)
    decline(raised, by=None, now=now, reason="Too dear", by_customer=True)
    assert kinds() == ["recommendation.raised", "recommendation.answered"]
    assert told()[1][1] == {
        "recommendation": str(raised.public_id),
        "equipment": str(north.copier.public_id),
        "customer": str(north.customer.public_id),
        "finding": "Rollers are worn",
        "severity": 2,
        "state": "declined",
    }


def test_cover_that_changes_by_an_act_and_by_a_day(north, now):
    end = ending_of(north.contract, now.date())
    day = end.first if end.first is not None else now.date()
    cancel(
        north.contract, effective_on=day, given_on=now.date(), reason="Moves away", by=north.manager, now=now
    )
    (kind, data) = told()[0]
    assert (kind, data["number"], data["cover"]) == ("cover.changed", north.contract.number, "active")
    check_desk(north.tenant, now=now)
    assert len(told()) == 1
    later = now + (day - now.date()) + DAY
    check_desk(north.tenant, now=later)
    (kind, data) = told()[-1]
    assert (kind, data["cover"]) == ("cover.changed", "cancelled")


def test_what_is_undone_with_its_event_is_told_to_nobody(north, now):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        booked(north, now)
        raise ZeroDivisionError
    assert told() == []
    Webhook.objects.update(is_on=False, off_at=now, off_because="A rest")
    booked(north, now)
    assert told() == []
