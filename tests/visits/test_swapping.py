"""Two visits change technicians or places; both or none."""

import datetime as dt
from functools import partial

import pytest

from customers.models import TimelineEntry
from messaging.models import Message
from tenancy.scope import tenant
from tests.at_once import at_once, kinds
from tests.cast import make_visit
from visits.models import Assignment, Rearrangement, Visit
from visits.places import MoveRefused, NeedsAgreement, PlaceTaken, VisitChanged
from visits.rearranging import undo
from visits.swapping import swap_visits

START = dt.datetime(2026, 3, 6, 10, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def pair(north):
    """Lou at ten, Marek at half past ten: the times overlap."""
    return (
        make_visit(north, start=START, technician=north.lou),
        make_visit(north, start=START + HOUR / 2, technician=north.marek),
    )


def swapped(pair, north, now, **values):
    first, second = pair
    values = {"reason": "Nearer", "by": north.dispatcher, "now": now, **values}
    return swap_visits(first, second, versions=(first.version, second.version), **values)


def places():
    rows = Assignment.objects.order_by("visit").values_list("technician__name", "starts_at", "ends_at")
    return [(name.split()[0], starts, ends) for name, starts, ends in rows]


def test_the_technicians_change_and_the_times_stay(north, pair, now):
    made = swapped(pair, north, now)
    assert places() == [
        ("Marek", START, START + 75 * MINUTE),
        ("Lou", START + HOUR / 2, START + HOUR / 2 + 75 * MINUTE),
    ]
    assert (made.kind, [row.version for row in made.visits.all()]) == ("swap", [2, 2])
    assert set(Message.objects.values_list("kind", "state", "send_after")) == {
        ("moved", "planned", now + 2 * MINUTE)
    }
    titles = TimelineEntry.objects.filter(step="moved 2").order_by("pk").values_list("title", flat=True)
    assert list(titles) == [
        "Visit swapped to Fri 6 Mar, 10:00, Marek Novak",
        "Visit swapped to Fri 6 Mar, 10:30, Lou Baptiste",
    ]


def test_with_their_times_they_change_places_and_keep_their_lengths(north, now):
    pair = (
        make_visit(north, start=START, technician=north.lou),
        make_visit(north, start=START + 3 * HOUR, technician=north.lou, length_minutes=30),
    )
    swapped(pair, north, now, swap_times=True)
    assert places() == [
        ("Lou", START + 3 * HOUR, START + 3 * HOUR + 75 * MINUTE),
        ("Lou", START, START + 30 * MINUTE),
    ]
    first = Visit.objects.get(pk=pair[0].pk)
    assert (first.window_start, first.told_from) == (START + 3 * HOUR, dt.time(13))


def test_one_click_takes_both_back(north, pair, now):
    before = places()
    undo(swapped(pair, north, now, swap_times=True), by=north.dispatcher, now=now + MINUTE)
    assert places() == before
    assert {visit.version for visit in Visit.objects.all()} == {3}
    assert not Message.objects.filter(state="planned").exists()


def test_a_third_visit_in_the_way_refuses_both(north, pair, now):
    before = places()
    make_visit(north, start=START + 75 * MINUTE, technician=north.lou)
    with pytest.raises(PlaceTaken, match="Overlaps The Harbour Letter, 11:15 to 12:30"):
        swapped(pair, north, now)
    assert places()[:2] == before
    assert not Rearrangement.objects.exists()


def test_a_confirmed_visit_needs_its_customers_yes_or_a_managers_reason(north, pair, now):
    Visit.objects.filter(pk=pair[1].pk).update(state="confirmed", confirmed_at=now)
    with pytest.raises(NeedsAgreement, match="another technician needs the customer’s yes"):
        swapped(pair, north, now)
    # The other customer's yes is not theirs.
    with pytest.raises(NeedsAgreement):
        swapped(pair, north, now, agreed=[pair[0]])
    with pytest.raises(NeedsAgreement):
        swapped(pair, north, now, by=north.manager, reason=" ")
    assert swapped(pair, north, now, agreed=[pair[1]]).kind == "swap"


def test_a_managers_reason_is_enough(north, pair, now):
    Visit.objects.filter(pk=pair[1].pk).update(state="confirmed", confirmed_at=now)
    assert swapped(pair, north, now, by=north.manager, reason="Lou knows the machine").kind == "swap"


def test_what_cannot_be_swapped_says_why(north, pair, now):
    with pytest.raises(MoveRefused, match="Choose another visit"):
        swapped((pair[0], pair[0]), north, now)
    alone = make_visit(north, start=START + 4 * HOUR, technician=None)
    with pytest.raises(MoveRefused, match="with nobody yet"):
        swapped((pair[0], alone), north, now)
    third = make_visit(north, start=START + 5 * HOUR, technician=north.lou)
    with pytest.raises(MoveRefused, match="The same technician comes to both"):
        swapped((pair[0], third), north, now)
    Visit.objects.filter(pk=pair[1].pk).update(version=2)
    with pytest.raises(VisitChanged):
        swapped(pair, north, now)


def test_two_who_swap_the_same_two_at_once_swap_them_once(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        pair = (
            make_visit(north, start=START, technician=north.lou),
            make_visit(north, start=START + HOUR / 2, technician=north.marek),
        )
    # Each begins with the other one's second: without an order of locks they would wait in a circle.
    acts = [partial(swapped, order, north, now) for order in (pair, pair[::-1])]
    assert kinds(at_once(*acts, desk=north, told=VisitChanged)) == ["Rearrangement", "VisitChanged"]
    with tenant(north.tenant):
        assert [name for name, *_ in places()] == ["Marek", "Lou"]
