"""The private address of a technician's calendar: made once, found by its hash, ended for good."""

import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from tenancy.desk_settings import ChangedMeanwhile
from tenancy.models import Membership
from tenancy.scope import tenant
from visits.calendar_feed import feed_address, find_feed, make_feed, revoke_feed
from visits.models import CalendarFeed, Technician
from visits.technicians import save_technician


@pytest.fixture
def make(north, now):
    """Make an address of Lou's as Dana, unless said otherwise."""

    def make_one(technician=None, **fields):
        said = {"attempt": uuid.uuid4(), "replaces": None, "by": north.dispatcher, "now": now, **fields}
        return make_feed(technician or north.lou, **said)

    return make_one


def is_open(token) -> bool:
    return find_feed(token).is_open


def test_the_token_finds_its_technician_and_only_its_hash_is_kept(make, cast, settings):
    settings.PUBLIC_URL = "https://desk.example/"
    feed, token = make()
    found = find_feed(token)
    assert (found.feed, found.feed.technician, found.feed.tenant_id, found.is_open) == (
        feed,
        cast.north.lou,
        cast.north.tenant.pk,
        True,
    )
    assert feed_address(token) == f"https://desk.example/calendar/{token}.ics"
    assert len(token) == 43
    assert token not in str(CalendarFeed.objects.values().get())
    with tenant(cast.south.tenant):
        assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize("spoilt", ["", "A" * 43, "{}A", "A{}", "é" * 43, "\x00" * 43])
def test_other_words_find_nothing(make, spoilt):
    _, token = make()
    assert find_feed(spoilt.format(token)) is None
    assert find_feed(token.swapcase()) is None


def test_another_in_its_place_ends_the_first_at_once(make, north, now):
    first, before = make()
    second, after = make(replaces=first)
    assert (is_open(before), is_open(after)) == (False, True)
    first.refresh_from_db()
    assert (first.revoked_at, first.revoked_by) == (now, north.dispatcher)
    with pytest.raises(ChangedMeanwhile, match="has ended meanwhile"):
        make(replaces=first)
    with pytest.raises(ChangedMeanwhile, match="an address already"):
        make()
    assert is_open(after)


def test_pressed_twice_it_is_one(make):
    attempt = uuid.uuid4()
    feed, token = make(attempt=attempt)
    with pytest.raises(ChangedMeanwhile, match="pressed before"):
        make(attempt=attempt, replaces=feed)
    assert (feed.public_id, CalendarFeed.objects.count(), is_open(token)) == (attempt, 1, True)


def test_ended_it_opens_nothing_and_is_ended_once(make, north, now):
    feed, token = make()
    revoke_feed(feed, by=north.technician, now=now)
    assert not is_open(token)
    with pytest.raises(ChangedMeanwhile, match="has ended meanwhile"):
        revoke_feed(feed, by=north.dispatcher, now=now)
    assert [line.pgh_label for line in feed.history.order_by("pgh_id")] == ["insert", "update"]


def test_a_technician_has_their_own_only_and_sales_none(make, north, now):
    of_marek, _ = make(north.marek, by=north.manager)
    own, _ = make(by=north.technician)
    for by, technician in ((north.technician, north.marek), (north.sales, north.lou)):
        with pytest.raises(PermissionDenied):
            make(technician, by=by)
    for by, feed in ((north.technician, of_marek), (north.sales, own)):
        with pytest.raises(PermissionDenied):
            revoke_feed(feed, by=by, now=now)


def save(technician, by, now, *, is_active):
    names = ("name", "phone", "skills", "home_address", "home_latitude", "home_longitude", "subdivision")
    return save_technician(
        technician, **{name: getattr(technician, name) for name in names}, is_active=is_active, by=by, now=now
    )


def test_it_ends_with_the_technician_and_does_not_come_back_with_them(make, north, now):
    _, token = make()
    save(north.lou, north.manager, now, is_active=False)
    assert not is_open(token)
    with pytest.raises(ChangedMeanwhile, match="works here no more"):
        make()
    save(Technician.objects.get(pk=north.lou.pk), north.manager, now, is_active=True)
    assert not is_open(token)
    assert CalendarFeed.objects.get().revoked_by == north.manager


def test_it_ends_with_the_membership_and_does_not_wake_when_that_end_is_taken_back(make, north, now):
    _, token = make()
    _, of_marek = make(north.marek)
    for ended_at in (now, None):
        Membership.objects.filter(pk=north.technician.pk).update(ended_at=ended_at)
        assert (is_open(token), is_open(of_marek)) == (False, True)
    feed = north.lou.calendar_feeds.get()
    assert (feed.revoked_at, feed.revoked_by) == (now, None)


def test_it_rests_while_the_technician_may_not_sign_in(make, north):
    _, token = make()
    for may in (False, True):
        north.technician.user.is_active = may
        north.technician.user.save()
        assert is_open(token) == may


def test_the_database_refuses_two_open_ones_and_an_end_without_a_time(make, north, now):
    feed, _ = make()
    with pytest.raises(IntegrityError, match="calendarfeed_one_open"), transaction.atomic():
        CalendarFeed.objects.create(
            technician=north.lou, token_hash="0" * 64, made_at=now, made_by=north.manager
        )
    with pytest.raises(IntegrityError, match="calendarfeed_revoked_has_time"), transaction.atomic():
        CalendarFeed.objects.filter(pk=feed.pk).update(revoked_by=north.manager)


def test_of_two_who_press_at_once_one_makes_it(committed_cast, now):
    north, start, said = committed_cast.north, threading.Barrier(2), []

    def press(by):
        start.wait()
        try:
            with tenant(north.tenant):
                said.append(make_feed(north.lou, attempt=uuid.uuid4(), replaces=None, by=by, now=now)[1])
        except ChangedMeanwhile as refused:
            said.append(str(refused))
        finally:
            connection.close()

    both = [threading.Thread(target=press, args=(by,)) for by in (north.dispatcher, north.technician)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    (token,) = [word for word in said if len(word) == 43]
    (refusal,) = [word for word in said if word != token]
    assert "There is an address already" in refusal
    assert is_open(token)
