"""What a visit leaves: on its case, owed to be booked, told to the next technician, never forgotten."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case, Duty
from tenancy.calendars import calendar_of
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.visits.gate_scene import DAY, answer, finish, on_site_visit, visit
from visits.booking import book_visit, undo_booking
from visits.gate import Report
from visits.models import Visit, WorkLeft
from visits.outcomes import Whose, cancel_visit
from visits.work_left import LeftAnswer, WorkRefused, call_for_returns, give_up, left_at, left_for

__all__ = ["visit"]

NOT_FIXED = Report(
    work_done="Opened it.",
    fixed_first_time=False,
    not_fixed_because="The drum is worn",
    next_step="Fit the drum",
    parts_needed="Drum DR-9",
    signing="typed",
    signed_by="M. Ellison",
    recommendations_signing="typed",
    recommendations_signed_by="M. Ellison",
)
TUESDAY_AT_TWO = dt.datetime(2026, 3, 10, 14, 0, tzinfo=dt.UTC)


@pytest.fixture
def case(north, visit, now):
    """The fault that the visit was booked for."""
    made = Case.objects.create(
        customer=north.customer, kind=Case.Kind.FAULT, title="Streaks", opened_at=now - DAY
    )
    Visit.objects.filter(pk=visit.pk).update(case=made)
    visit.case = made
    return made


@pytest.fixture
def left(north, visit, case, lou, now):
    """Finished without the drum."""
    finish(visit, now, lou, answer(north.recommendation), report=NOT_FIXED)
    return WorkLeft.objects.get()


def owed():
    return list(Duty.objects.open().filter(kind="book return").values_list("title", "detail"))


def booked(north, now, machine=None, **fields):
    """Really booked, for Tuesday."""
    return book_visit(
        customer=north.customer,
        site=north.site,
        contact=north.contact,
        machines=[machine or north.copier],
        problem="The drum",
        technician=north.lou,
        start=TUESDAY_AT_TWO,
        end=TUESDAY_AT_TWO + dt.timedelta(hours=1),
        window_end=TUESDAY_AT_TWO + dt.timedelta(hours=1),
        by=north.dispatcher,
        now=now,
        **fields,
    )


def test_not_fixed_leaves_what_is_to_do_with_its_parts_and_a_duty(north, visit, left, lou, now):
    assert (left.words, left.parts, left.state, left.left_by) == ("Fit the drum", "Drum DR-9", "open", lou)
    assert owed() == [
        ("Book what is left at Margaret Ellison: Fit the drum", "Left at visit V-1. Parts: Drum DR-9.")
    ]
    duty = Duty.objects.get(kind="book return")
    assert (duty.owner_role, duty.customer, duty.case, duty.due_at) == (
        "dispatcher",
        north.customer,
        visit.case,
        now.replace(hour=17, minute=7),
    )


def test_without_a_next_step_the_reason_is_what_is_left(north, visit, lou, now):
    report = Report(work_done="x", fixed_first_time=False, not_fixed_because="No drum", signing="")
    finish(visit, now, lou, answer(north.recommendation), report=report)
    assert WorkLeft.objects.get().words == "No drum"


def test_fixed_leaves_nothing(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    assert not WorkLeft.objects.exists()
    assert owed() == []


def test_a_closed_case_is_open_again(north, visit, case, lou, now):
    Case.objects.update(state="closed", closed_at=now, outcome="Mended")
    finish(visit, now, lou, answer(north.recommendation), report=NOT_FIXED)
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("open", "")


def test_where_a_return_visit_stands_nobody_owes_one(north, visit, case, lou, now):
    booked(north, now, kind="return visit", case=case)
    finish(visit, now, lou, answer(north.recommendation), report=NOT_FIXED)
    assert owed() == []
    assert left_at(north.customer).get().has_visit


@pytest.mark.parametrize(
    ("kind", "same_case", "is_owed"),
    [("return visit", False, False), ("tune-up", True, False), ("tune-up", False, True)],
)
def test_booking_a_visit_for_it_closes_the_duty(north, visit, left, now, kind, same_case, is_owed):
    later = booked(north, now, kind=kind, case=visit.case if same_case else None)
    assert bool(owed()) == is_owed
    if not is_owed:
        assert Duty.objects.get(kind="book return").outcome == f"Visit {later.number} is booked"


def test_a_return_visit_for_another_machine_is_not_for_it(north, left, now):
    booked(north, now, kind="return visit", machine=north.sorter)
    assert len(owed()) == 1


def test_a_return_visit_that_comes_to_nothing_is_owed_again_once(north, visit, left, now):
    later = booked(north, now, kind="return visit", case=visit.case)
    cancel_visit(
        later, whose=Whose.CUSTOMER, because="Ill", by=north.dispatcher, now=now, version=later.version
    )
    calendar = calendar_of(north.tenant)
    assert [call_for_returns(now=now, calendar=calendar) for _ in range(2)] == [1, 0]
    assert len(owed()) == 1
    undone = booked(north, now, kind="return visit", case=visit.case)
    assert owed() == []
    undo_booking(undone, by=north.dispatcher, now=now)
    assert call_for_returns(now=now + DAY, calendar=calendar) == 1
    assert Duty.objects.filter(kind="book return").count() == 3


def test_the_next_visit_of_the_case_or_the_machine_is_told(north, visit, left, now):
    by_case = make_plain_visit(
        north, now=now, start=TUESDAY_AT_TWO, number="V-2", machines=[], case=visit.case
    )
    by_machine = make_plain_visit(north, now=now, start=TUESDAY_AT_TWO + DAY, number="V-3")
    neither = make_plain_visit(
        north, now=now, start=TUESDAY_AT_TWO + 2 * DAY, number="V-4", machines=[north.sorter]
    )
    assert [list(left_for(one)) for one in (by_case, by_machine, neither, visit)] == [[left], [left], [], []]


def test_done_at_the_next_finish_settles_it(north, left, lou, now):
    later = on_site_visit(north, now + DAY, number="V-2")
    said = (LeftAnswer(left, is_done=True),)
    finish(later, now + DAY, lou, answer(north.recommendation), left=said)
    left.refresh_from_db()
    assert (left.state, left.settled_at, left.settled_by, left.settled_at_visit) == (
        "done",
        now + DAY,
        lou,
        later,
    )
    assert Duty.objects.get(kind="book return").outcome == "Done at visit V-2"


def test_still_left_stays_open_in_the_new_words_and_is_owed_again(north, visit, left, lou, now):
    later = on_site_visit(north, now + DAY, number="V-2", kind="return visit", case=visit.case)
    Duty.objects.filter(kind="book return").update(closed_at=now, outcome="Visit V-2 is booked")
    said = (LeftAnswer(left, is_done=False, words="Fit the drum and the blade"),)
    finish(later, now + DAY, lou, answer(north.recommendation), left=said)
    left.refresh_from_db()
    assert (left.state, left.words) == ("open", "Fit the drum and the blade")
    assert [title for title, _ in owed()] == [
        "Book what is left at Margaret Ellison: Fit the drum and the blade"
    ]
    assert list(left.history.values_list("words", flat=True).order_by("pgh_id")) == [
        "Fit the drum",
        "Fit the drum and the blade",
    ]


def test_what_nobody_speaks_of_stays(north, left, lou, now):
    later = on_site_visit(north, now + DAY, number="V-2")
    finish(later, now + DAY, lou, answer(north.recommendation))
    left.refresh_from_db()
    assert left.state == "open"


def test_a_person_gives_it_up_and_says_why(north, left, now):
    with pytest.raises(WorkRefused, match="Say why"):
        give_up(left, reason=" ", by=north.dispatcher, now=now)
    give_up(left, reason="They bought another", by=north.dispatcher, now=now)
    left.refresh_from_db()
    assert (left.state, left.reason, left.settled_by) == ("given up", "They bought another", north.dispatcher)
    assert Duty.objects.get(kind="book return").outcome == "Given up: They bought another"
    line = north.customer.timeline.get(step="left given up")
    assert (line.title, line.detail) == (
        "Left work given up by Dana Whitlock",
        "Fit the drum. They bought another",
    )
    with pytest.raises(WorkRefused, match="settled already: given up"):
        give_up(left, reason="Twice", by=north.dispatcher, now=now)


@pytest.mark.parametrize(
    "values",
    [{"words": ""}, {"state": "done"}, {"state": "given up", "reason": "x"}, {"state": "given up"}],
)
def test_the_database_lets_nothing_end_without_who_and_why(left, now, values):
    if values.get("state"):
        values = {**values, "settled_at": now}
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkLeft.objects.filter(pk=left.pk).update(**values)


def test_the_database_forgets_nothing(north, left, now):
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkLeft.objects.all().delete()
    give_up(left, reason="They bought another", by=north.dispatcher, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkLeft.objects.update(state="open", settled_at=None, settled_by=None, reason="")


def test_another_desk_sees_nothing_of_it(cast, left):
    with tenant(cast.south.tenant):
        assert not WorkLeft.objects.exists()
