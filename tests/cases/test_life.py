"""Waiting, handing over, closing and opening a case again (R6.7); two at once."""

import datetime as dt
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from cases.interactions import note_interaction
from cases.life import (
    CaseRefused,
    close_case,
    end_waiting,
    hand_over,
    note_try,
    reopen,
    seen_of,
    tried_in_vain,
    wait_for_customer,
)
from cases.models import Case, Duty
from customers.models import TimelineEntry
from tenancy.desk_settings import ChangedMeanwhile
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import a_case

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ON = Case.ClosedOn


@pytest.fixture
def complaint(north, now):
    """Nobody came, says Margaret; Dana took it."""
    return a_case(north, "Nobody came", now, kind="complaint")


def close(
    case, desk, now, *, on=ON.WORD, outcome="A new date, and she is content", word="Thank you", **fields
):
    said = {"by": desk.dispatcher, "now": now, "seen": seen_of(case), **fields}
    return close_case(case, on=on, outcome=outcome, word=word, **said)


def acts(case, desk, now):
    return {"by": desk.dispatcher, "now": now, "seen": seen_of(case)}


def test_waiting_stops_the_clock_of_settling_only(north, complaint, now):
    due_at = complaint.resolution_due_at
    case = wait_for_customer(complaint, what="The serial number", **acts(complaint, north, now))
    assert (case.state, case.waiting_for, case.waiting_since) == ("waiting", "The serial number", now)
    back = end_waiting(case, **acts(case, north, now + DAY))
    # From one working day's noon to the next: a day of open hours is given back.
    assert (back.state, back.waiting_since) == ("open", None)
    assert back.resolution_due_at == due_at + DAY


def test_what_cannot_be_waited_for(north, complaint, now):
    with pytest.raises(CaseRefused, match="Say what we wait for"):
        wait_for_customer(complaint, what=" ", **acts(complaint, north, now))
    with pytest.raises(CaseRefused, match="Nobody waits"):
        end_waiting(complaint, **acts(complaint, north, now))
    case = wait_for_customer(complaint, what="A photo", **acts(complaint, north, now))
    with pytest.raises(CaseRefused, match="waiting for the customer already"):
        wait_for_customer(case, what="A photo", **acts(case, north, now))


def test_who_is_handed_a_case_hears_of_it_within_an_open_hour(north, complaint, now):
    Duty.objects.create(
        key="00000000-0000-0000-0000-000000000001",
        kind="call customer",
        title="Ring",
        due_at=now,
        opened_at=now,
        case=complaint,
        owner=north.dispatcher,
        owner_role="dispatcher",
    )
    case = hand_over(complaint, to=north.sales, note="She knows you", **acts(complaint, north, now))
    assert case.owner == north.sales
    duty = Duty.objects.open().get(kind=Duty.Kind.TAKE_CASE)
    assert (duty.owner, duty.due_at, duty.detail) == (
        north.sales,
        now + HOUR,
        "From Dana Whitlock: She knows you",
    )
    assert Duty.objects.get(kind="call customer").owner == north.sales
    again = hand_over(case, to=north.accounts, note="", **acts(case, north, now + HOUR))
    assert Duty.objects.open().get(kind=Duty.Kind.TAKE_CASE).owner == north.accounts
    with pytest.raises(CaseRefused, match="owns it already"):
        hand_over(again, to=north.accounts, note="", **acts(again, north, now))


def test_a_case_is_handed_to_nobody_who_has_left(north, complaint, now):
    north.sales.ended_at = now
    north.sales.save(update_fields=["ended_at"])
    with pytest.raises(CaseRefused, match="works here no more"):
        hand_over(complaint, to=north.sales, note="", **acts(complaint, north, now))


def test_a_complaint_closes_on_the_customers_word_which_is_kept(north, complaint, now):
    case = close(complaint, north, now)
    assert (case.state, case.closed_on, case.closed_by) == ("closed", "word", north.dispatcher)
    said = case.interactions.get()
    assert (said.direction, said.summary) == ("out", "Thank you")
    lines = (
        TimelineEntry.objects.filter(subject=case.public_id).order_by("pk").values_list("title", flat=True)
    )
    assert list(lines) == ["Complaint: Nobody came", "Closed: Nobody came"]


def test_seven_days_later_somebody_asks_whether_all_is_well(north, complaint, now):
    close(complaint, north, now)
    duty = Duty.objects.open().get(kind=Duty.Kind.CHECK_CALL)
    assert duty.due_at == dt.datetime(2026, 3, 12, 10, tzinfo=dt.UTC)
    assert duty.owner == north.dispatcher


def test_a_day_off_seven_days_later_is_asked_about_on_the_next(north, complaint):
    # Seven days after 27 March is Good Friday.
    close(complaint, north, dt.datetime(2026, 3, 27, 10, tzinfo=dt.UTC))
    assert Duty.objects.get(kind=Duty.Kind.CHECK_CALL).due_at == dt.datetime(2026, 4, 6, 9, tzinfo=dt.UTC)


def test_a_complaint_does_not_close_on_our_word(north, complaint, now):
    with pytest.raises(CaseRefused, match="closes on the customer’s word"):
        close(complaint, north, now, on=ON.OURS)
    with pytest.raises(CaseRefused, match="Write what the customer said"):
        close(complaint, north, now, word=" ")
    with pytest.raises(CaseRefused, match="only with an outcome"):
        close(complaint, north, now, outcome=" ")


def test_a_fault_closes_on_our_word_and_nobody_asks(north, now):
    case = close(a_case(north, "Nobody came", now), north, now, on=ON.OURS, word="")
    assert (case.closed_on, case.interactions.count()) == ("ours", 0)
    assert not Duty.objects.filter(kind=Duty.Kind.CHECK_CALL).exists()
    with pytest.raises(CaseRefused, match="closed already"):
        close(case, north, now)


def try_on(case, desk, *days):
    for day in days:
        note_try(
            case,
            channel="call",
            words="",
            by=desk.dispatcher,
            now=dt.datetime(2026, 3, day, 15, tzinfo=dt.UTC),
        )


@pytest.mark.parametrize(
    ("days", "tried"),
    [
        ((5,), (1, 1)),
        ((5, 5, 5), (1, 1)),
        ((5, 6, 9), (3, 3)),
        ((5, 6, 10), (3, 4)),
        ((5, 9, 11), (3, 5)),
        ((5, 6, 9, 10, 11), (5, 5)),
        ((5, 11), (2, 5)),
    ],
)
def test_tries_count_by_days_over_business_days(north, complaint, now, days, tried):
    """Thursday 5 March to Wednesday 11 is five business days."""
    try_on(complaint, north, *days)
    end = dt.datetime(2026, 3, 11, 16, tzinfo=dt.UTC)
    assert tried_in_vain(complaint, now=end) == tried
    if tried[0] >= 3 and tried[1] >= 5:
        case = close(complaint, north, end, on=ON.TRIES, outcome="Nobody ever answered", word="")
        assert (case.closed_on, case.tried_days) == ("tries", 5)
    else:
        with pytest.raises(CaseRefused, match="of 3 days with a try"):
            close(complaint, north, end, on=ON.TRIES, word="")


def test_tries_begin_anew_once_the_customer_was_heard(north, complaint, now):
    try_on(complaint, north, 5, 6)
    heard = dt.datetime(2026, 3, 9, 9, tzinfo=dt.UTC)
    note_interaction(
        customer=north.customer,
        channel="call",
        summary="I was away",
        by=north.dispatcher,
        now=heard,
        case=complaint,
    )
    try_on(complaint, north, 10, 11)
    assert tried_in_vain(complaint, now=dt.datetime(2026, 3, 11, 16, tzinfo=dt.UTC)) == (2, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"closed_on": "ours"},
        {"closed_on": ""},
        {"closed_on": "tries", "tried_days": 4},
        {"closed_on": "tries", "tried_days": None},
        {"closed_on": "tries", "tried_days": 5},
    ],
)
def test_the_database_refuses_to_close_a_complaint_on_less(north, complaint, now, fields):
    """Whatever the path: two tries, or three within a day, are not three over five days."""
    try_on(complaint, north, 5, 5, 5)
    closed = {"state": "closed", "closed_at": now + 9 * DAY, "outcome": "Enough", **fields}
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=complaint.pk).update(**closed)
    assert Case.objects.get().state == "open"


def test_the_database_lets_an_open_case_be_closed_on_nothing(north, complaint):
    with pytest.raises(IntegrityError, match="case_closed_on_when_closed"), transaction.atomic():
        Case.objects.update(closed_on="word")


def test_opened_again_it_goes_on_where_it_stopped(north, complaint, now):
    case = close(complaint, north, now + HOUR)
    due_at = case.resolution_due_at
    with pytest.raises(CaseRefused, match="Say why"):
        reopen(case, because="", **acts(case, north, now))
    case = reopen(case, because="It happened again", **acts(case, north, now + 8 * DAY))
    assert (case.state, case.closed_on, case.outcome) == ("open", "", "")
    assert case.resolution_due_at > due_at + 7 * DAY
    assert not Duty.objects.open().filter(kind=Duty.Kind.CHECK_CALL).exists()
    with pytest.raises(CaseRefused, match="not closed"):
        reopen(case, because="Again", **acts(case, north, now))


def test_whoever_acts_on_what_is_no_more_as_seen_is_told(north, complaint, now):
    seen = seen_of(complaint)
    note_interaction(
        customer=north.customer, channel="mail", summary="Still nobody", by=None, now=now, case=complaint
    )
    with pytest.raises(ChangedMeanwhile):
        close(complaint, north, now, seen=seen)
    assert Case.objects.get().state == "open"


def test_of_two_who_close_at_once_one_is_told(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        case = a_case(desk, "Nobody came", now, kind="complaint")
        seen = seen_of(case)

    outcomes = ("A new date", "Money back")
    acts = (partial(close, case, desk, now, outcome=outcome, seen=seen) for outcome in outcomes)
    results = at_once(*acts, desk=desk, told=ChangedMeanwhile)
    assert [isinstance(one, ChangedMeanwhile) for one in results].count(True) == 1
    with tenant(desk.tenant):
        assert Duty.objects.filter(kind=Duty.Kind.CHECK_CALL).count() == 1
        assert case.interactions.count() == 1
