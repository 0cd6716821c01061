"""A supervisor's word is on what they read: changed since, it is not taken (R4.6)."""

import datetime as dt
from functools import partial

import pghistory
import pytest

from tenancy.models import Membership, Role, User
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_visit
from visits.approval import ApprovalRefused, approve_visit, decline_visit
from visits.models import Visit
from visits.moving import move_visit

START = dt.datetime(2026, 3, 12, 11, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def visit(north, now):
    return waiting(north, now)


def waiting(desk, now):
    """A third appointment that waits for a word."""
    return make_visit(desk, start=START, technician=desk.lou, approval_asked_at=now)


def other_manager():
    user = User.objects.create_user("sam@northgate.example", "a long password", name="Sam Pryce")
    return Membership.objects.create(user=user, role=Role.MANAGER)


def approved(visit, by, now, seen=None):
    return approve_visit(visit, by=by, now=now, version=visit.version if seen is None else seen)


def declined(visit, by, now, seen=None):
    seen = visit.version if seen is None else seen
    return decline_visit(visit, because="Send Marek", by=by, now=now, version=seen)


@pytest.mark.parametrize("decide", [approved, declined])
def test_moved_since_it_was_read_it_is_not_decided_and_says_who_moved_it(north, visit, now, decide):
    seen = visit.version
    with pghistory.context(user=north.dispatcher.user_id):
        move_visit(
            visit, technician=north.marek, start=START + DAY, reason="", by=north.dispatcher, now=now,
            version=seen, agreed_by_customer=True,
        )  # fmt: skip
    with pytest.raises(ApprovalRefused) as refused:
        decide(visit, north.manager, now, seen)
    assert str(refused.value) == (
        "Dana Whitlock changed this visit at 13:07. "
        "It stands with Marek Novak on Fri 13 Mar, 11:00. Look at it again."
    )
    visit.refresh_from_db()
    assert visit.awaits_approval
    assert decide(visit, north.manager, now).version == seen + 2


def test_approved_by_another_it_is_not_approved_again(north, visit, now):
    seen = visit.version
    approved(visit, other_manager(), now)
    for decide in (approved, declined):
        with pytest.raises(ApprovalRefused, match=r"^Sam Pryce approved this visit at 13:07\.$"):
            decide(visit, north.manager, now, seen)


def test_declined_by_another_it_says_who(north, visit, now):
    seen, sam = visit.version, other_manager()
    with pghistory.context(user=sam.user_id):
        declined(visit, sam, now)
    for decide in (approved, declined):
        with pytest.raises(ApprovalRefused, match=r"^This visit is cancelled by us already, by Sam Pryce\.$"):
            decide(visit, north.manager, now, seen)


def test_a_form_sent_twice_approves_once(north, visit, now):
    seen = visit.version
    version = approved(visit, north.manager, now).version
    assert approved(visit, north.manager, now + DAY, seen).version == version


@pytest.mark.parametrize("decide", [approved, declined])
def test_a_miss_found_by_whoever_decides_stays(north, visit, now, decide):
    with pytest.raises(ApprovalRefused, match="is missed already"):
        decide(visit, north.manager, START + DAY)
    visit.refresh_from_db()
    assert visit.state == Visit.State.MISSED


@pytest.mark.parametrize("words", [(approved, declined), (approved, approved)])
def test_of_two_supervisors_at_once_one_decides_and_one_hears_of_it(committed_cast, now, words):
    north = committed_cast.north
    with tenant(north.tenant):
        visit, managers = waiting(north, now), (north.manager, other_manager())

    def decide(word, by):
        with pghistory.context(user=by.user_id):
            word(visit, by, now)
        return word.__name__

    acts = [partial(decide, *pair) for pair in zip(words, managers, strict=True)]
    heard = [str(one) for one in at_once(*acts, desk=north, told=ApprovalRefused)]
    with tenant(north.tenant):
        visit.refresh_from_db()
        first = visit.approved_by or managers[1]
        said = (
            f"{first.name} approved this visit at 13:07."
            if visit.approved_by
            else f"This visit is cancelled by us already, by {first.name}."
        )
        word = "approved" if visit.approved_by else "declined"
    assert sorted(heard) == sorted([said, word])
    assert visit.version == 2
