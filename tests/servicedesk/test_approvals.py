"""The supervisor's pages after a second miss: the third appointment, and taking the customer over."""

import datetime as dt
from decimal import Decimal

import pghistory
import pytest

from cases.models import Duty, Goodwill, GoodwillItem
from tenancy.models import Membership, User
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.booking import book_visit
from visits.models import Visit
from visits.moving import move_visit
from visits.sweeper import sweep

pytestmark = pytest.mark.usefixtures("moment")

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def north(cast, now):
    """Both desks missed their customer twice by now; a third appointment stands in a week."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            GoodwillItem.objects.create(name="A free visit", kind="free visit", limit=Decimal(95))
            for days in (9, 0):
                start = now - days * DAY - 2 * HOUR
                make_visit(desk, start=start, technician=desk.lou, number=f"M-{days}")
    sweep(now=now - 9 * DAY)
    sweep(now=now)
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            book_third(desk, now)
    with tenant(cast.north.tenant):
        yield cast.north


def book_third(desk, now):
    start = now.replace(minute=0) + 7 * DAY
    return book_visit(
        customer=desk.customer, site=desk.site, contact=desk.contact, machines=[desk.copier],
        kind=Visit.Kind.FAULT, problem="Bands", technician=desk.lou, start=start, end=start + 1.25 * HOUR,
        window_end=start + HOUR, by=desk.dispatcher, now=now,
    )  # fmt: skip


@pytest.fixture
def visit(north):
    return Visit.objects.get(approval_asked_at__isnull=False)


@pytest.fixture
def owned(north):
    return Duty.objects.get(kind=Duty.Kind.OWN_CASE)


def asked(visit):
    return f"/d/northgate/visits/{visit.public_id}/approval/"


def word(visit) -> str:
    """Where a supervisor's word goes."""
    return asked(visit) + "word/"


def done(owned) -> str:
    """Where goes what was done."""
    return taken(owned) + "done/"


def taken(duty):
    return f"/d/northgate/duties/{duty.public_id}/take-over/"


def test_the_page_says_why_it_is_asked_and_who_stands_by(manager, visit):
    page = manager.get(asked(visit))
    assert [miss.number for miss in page.context["misses"]] == ["M-0", "M-9"]
    assert "Marek Novak</b> stands by." in page.text
    assert (page.context["is_open"], page.context["may_decide"]) == (True, True)


def test_approved_the_customer_is_told(manager, visit, north, now):
    answer = manager.post(word(visit), {"word": "approve", "version": visit.version})
    assert answer["Location"] == f"/d/northgate/visits/{visit.public_id}/"
    visit.refresh_from_db()
    assert (visit.approved_at, visit.approved_by) == (now, north.manager)
    assert "Approved 5 Mar 13:07 by Robin Vale." in manager.get(asked(visit)).text


def test_declined_with_a_reason_it_is_off(manager, visit):
    without = manager.post(word(visit), {"word": "decline", "version": visit.version})
    assert (without.status_code, "has to explain it" in without.text) == (422, True)
    assert manager.post(word(visit), {"version": visit.version}).status_code == 422
    said = {"word": "decline", "because": "Marek goes", "version": visit.version}
    assert manager.post(word(visit), said).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.ended_because) == (Visit.State.CANCELLED_BY_US, "Not approved: Marek goes")
    late = manager.post(word(visit), {"word": "approve", "version": visit.version})
    assert (late.status_code, "cancelled by us already" in late.text) == (409, True)


@pytest.mark.parametrize("word_given", ["approve", "decline"])
def test_changed_meanwhile_it_is_not_decided(manager, visit, north, now, word_given):
    said = {"word": word_given, "because": "Marek goes", "version": visit.version}
    with pghistory.context(user=north.dispatcher.user_id):
        move_visit(
            visit, technician=north.marek, start=visit.planned_start, reason="", by=north.dispatcher, now=now,
            version=visit.version,
        )  # fmt: skip
    answer = manager.post(word(visit), said)
    assert answer.status_code == 409
    assert "Dana Whitlock changed this visit at 13:07. It stands with Marek Novak on" in answer.text
    visit.refresh_from_db()
    # What they typed is kept, beside what the visit is now.
    assert f'name="version" value="{visit.version}"' in answer.text
    assert 'value="Marek goes"' in answer.text
    assert visit.awaits_approval
    assert manager.post(word(visit), said | {"version": visit.version}).status_code == 302


def test_without_what_was_read_nothing_is_decided(manager, visit):
    assert manager.post(word(visit), {"word": "approve"}).status_code == 422
    visit.refresh_from_db()
    assert visit.awaits_approval


def test_a_dispatcher_looks_and_does_not_decide(client, north, visit, owned):
    client.force_login(north.dispatcher.user)
    assert "A manager decides." in client.get(asked(visit)).text
    assert client.post(word(visit), {"word": "approve", "version": visit.version}).status_code == 403
    assert "A manager takes them over." in client.get(taken(owned)).text
    assert client.post(done(owned), {"outcome": "Rang them", "goodwill": "give"}).status_code == 403
    visit.refresh_from_db()
    assert visit.awaits_approval


@pytest.mark.parametrize("role", ["technician", "sales", "accounts"])
def test_it_is_nobody_elses(client, north, visit, owned, role):
    client.force_login(north.people[role].user)
    assert [client.get(url).status_code for url in (asked(visit), taken(owned))] == [403, 403]


def test_another_desks_are_not_there(client, cast, north, visit, owned):
    user = User.objects.get(email="robin@southgate.example")
    client.force_login(user)
    with tenant(cast.south.tenant):
        assert Membership.objects.filter(user=user).exists()
    for url in (asked(visit), taken(owned)):
        assert client.get(url.replace("northgate", "southgate")).status_code == 404


def test_the_visits_page_leads_there(manager, visit):
    page = manager.get(f"/d/northgate/visits/{visit.public_id}/").text
    assert f'href="{asked(visit)}">Approve or decline</a>' in page
    assert "Marek Novak stands by" in page
    assert "Not approved" in page


def test_the_brief_says_who_stands_by(manager, visit):
    page = manager.get(f"/d/northgate/today/{visit.public_id}/").text
    assert "Marek Novak stands by: we missed them twice." in page


def test_the_receipt_says_that_nobody_is_told_yet(manager, visit):
    page = manager.get(f"/d/northgate/visits/{visit.public_id}/booked/").text
    assert "A manager looks at it first." in page
    assert "is told by" not in page


def test_a_visit_that_needs_no_approval_says_so(manager, north, now):
    plain = make_visit(north, start=now + 2 * DAY, technician=north.marek, number="V-1")
    assert "This visit needs no approval." in manager.get(asked(plain)).text


def test_taken_over_with_what_is_done_and_given(manager, north, owned, now):
    page = manager.get(taken(owned))
    assert [miss.number for miss in page.context["misses"]] == ["M-0", "M-9"]
    assert "Proposed: A free visit, up to £95.00" in page.text
    half = manager.post(done(owned), {"outcome": "Rang them"})
    assert (half.status_code, "Give it or do not" in half.text) == (422, True)
    assert manager.post(done(owned), {"goodwill": "give"}).status_code == 422
    answer = manager.post(done(owned), {"outcome": "Rang them, and I come along", "goodwill": "give"})
    assert answer["Location"] == f"/d/northgate/customers/{north.customer.public_id}/"
    owned.refresh_from_db()
    assert (owned.closed_by, owned.outcome) == (north.manager, "Rang them, and I come along")
    goodwill = Goodwill.objects.get()
    assert (goodwill.state, goodwill.decided_by, goodwill.decided_at) == ("approved", north.manager, now)
    assert "approved 5 Mar 13:07 by Robin Vale" in manager.get(taken(owned)).text


def test_without_a_catalogue_only_the_outcome_is_asked(manager, north, owned):
    Goodwill.objects.all().delete()
    assert manager.post(done(owned), {"outcome": "Rang them"}).status_code == 302
    owned.refresh_from_db()
    assert owned.closed_at is not None
