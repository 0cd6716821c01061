"""One function books for every way in, with all that belongs to a booking, or nothing."""

import datetime as dt

import pytest
from django.db import connection

from cases.models import Case, Promise
from contracts.cover import covers_of_customer
from contracts.models import AllowanceEntry, Entitlement
from customers.finding import find
from customers.models import TimelineEntry
from messaging.models import Message
from recommendations.models import Recommendation, WarnedFault
from tenancy.scope import tenant
from tests.at_once import at_once
from visits.booking import SlotTaken, TooLateToUndo, book_visit, undo_booking
from visits.entitled import unused_visit
from visits.models import Assignment, Visit
from visits.outcomes import Whose, cancel_visit
from visits.standing import standing_of

MINUTE = dt.timedelta(minutes=1)
TWO_O_CLOCK = dt.datetime(2026, 3, 5, 14, 0, tzinfo=dt.UTC)


@pytest.fixture
def desk(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def book(desk, now, start=TWO_O_CLOCK, **changes):
    details = {
        "customer": desk.customer,
        "site": desk.site,
        "contact": desk.contact,
        "machines": [desk.copier],
        "kind": Visit.Kind.FAULT,
        "problem": "Grey bands down the right edge",
        "technician": desk.lou,
        "start": start,
        "end": start + 75 * MINUTE,
        "window_end": start + 60 * MINUTE,
        "by": desk.dispatcher,
        "now": now,
    }
    return book_visit(**{**details, **changes})


def test_a_booking_brings_everything_that_belongs_to_it(desk, now):
    visit = book(desk, now, response_due_at=now + 4 * 60 * MINUTE)
    visit.refresh_from_db()
    assert (visit.number, visit.state, visit.held_until) == ("V-1000001", "booked", now + 2 * MINUTE)
    assert (visit.told_day, visit.told_from, visit.told_until) == (
        dt.date(2026, 3, 5),
        dt.time(14),
        dt.time(15),
    )
    assignment = visit.assignments.get()
    assert (assignment.technician, assignment.starts_at, assignment.ends_at) == (
        desk.lou,
        TWO_O_CLOCK,
        TWO_O_CLOCK + 75 * MINUTE,
    )
    assert [m.equipment for m in visit.machines.all()] == [desk.copier]
    assert (visit.case.kind, visit.case.title, visit.case.response_due_at) == (
        "fault",
        "Grey bands down the right edge",
        now + 4 * 60 * MINUTE,
    )
    # The day before has passed: nobody was promised a confirmation then.
    assert set(Promise.objects.values_list("kind", flat=True)) == {"window", "call ahead"}
    line = TimelineEntry.objects.get(subject=visit.public_id)
    assert line.title == "Visit booked: Thu 5 Mar, 14:00 to 15:00, Lou Baptiste"
    assert [hit.subject for hit in find("1000001", country="GB").visits] == [visit.public_id]


def test_the_confirmation_waits_until_the_booking_cannot_be_undone(desk, now):
    visit = book(desk, now)
    told = Message.objects.filter(subject=visit.public_id)
    assert set(told.values_list("kind", "state", "send_after")) == {("booked", "planned", now + 2 * MINUTE)}
    assert set(told.values_list("channel", flat=True)) == {"sms", "mail"}


def test_a_fault_is_linked_to_what_we_had_recommended_on_the_machine(desk, now):
    visit = book(desk, now)
    assert [w.recommendation for w in WarnedFault.objects.filter(case=visit.case)] == [desk.recommendation]
    other = book(desk, now, machines=[desk.sorter], technician=desk.marek)
    assert not WarnedFault.objects.filter(case=other.case).exists()
    undo_booking(visit, by=desk.dispatcher, now=now)
    assert not WarnedFault.objects.exists()


def test_a_fault_that_joins_a_case_is_linked_as_well(desk, now):
    case = Case.objects.create(
        customer=desk.customer, kind=Case.Kind.FAULT, title="Streaks", opened_at=now - 60 * MINUTE
    )
    Recommendation.objects.update(raised_at=now - 61 * MINUTE)
    book(desk, now, case=case, kind=Visit.Kind.RETURN)
    assert not WarnedFault.objects.exists()
    book(desk, now, case=case, technician=desk.marek)
    assert WarnedFault.objects.get().case == case


def test_what_was_found_after_the_fault_had_not_warned_of_it(desk, now):
    case = Case.objects.create(
        customer=desk.customer, kind=Case.Kind.FAULT, title="Streaks", opened_at=now - 60 * MINUTE
    )
    Recommendation.objects.update(raised_at=now - 60 * MINUTE)
    book(desk, now, case=case)
    assert not WarnedFault.objects.exists()


def test_a_fault_in_a_case_of_another_kind_is_as_old_as_its_first_visit(desk, now):
    case = Case.objects.create(
        customer=desk.customer, kind=Case.Kind.COMPLAINT, title="Move it", opened_at=now - 60 * MINUTE
    )
    Recommendation.objects.update(raised_at=now - MINUTE)
    first = book(desk, now, case=case)
    assert WarnedFault.objects.get().case == case
    undo_booking(first, by=desk.dispatcher, now=now)
    assert not WarnedFault.objects.exists()
    Recommendation.objects.update(raised_at=now + MINUTE)
    book(desk, now + 2 * MINUTE, case=case)
    assert not WarnedFault.objects.exists()


def test_only_a_fault_opens_a_case_and_a_return_visit_joins_the_one_it_is_given(desk, now):
    assert book(desk, now, kind=Visit.Kind.TUNE_UP).case is None
    fault = book(desk, now, technician=desk.marek).case
    later = TWO_O_CLOCK + dt.timedelta(days=1)
    again = book(desk, now, kind=Visit.Kind.RETURN, case=fault, start=later)
    assert again.case == fault
    assert Case.objects.count() == 1


def test_a_taken_slot_is_refused_with_the_time_at_which_it_went_and_nothing_is_left_behind(desk, now):
    first = book(desk, now)
    before = Visit.objects.count(), Case.objects.count(), Promise.objects.count(), Message.objects.count()
    with pytest.raises(SlotTaken) as refused:
        book(desk, now + MINUTE, start=TWO_O_CLOCK + 30 * MINUTE)
    assert (refused.value.technician, refused.value.taken_at) == (desk.lou, first.booked_at)
    assert before == (
        Visit.objects.count(),
        Case.objects.count(),
        Promise.objects.count(),
        Message.objects.count(),
    )


def test_another_technician_is_free_at_the_same_time(desk, now):
    book(desk, now)
    assert book(desk, now, technician=desk.marek).number == "V-1000002"


def test_a_time_that_has_passed_cannot_be_booked(desk, now):
    with pytest.raises(ValueError, match="has passed"):
        book(desk, TWO_O_CLOCK + MINUTE)


def test_a_booked_entitled_visit_is_in_the_ledger_and_not_offered_again(desk, now):
    covers = covers_of_customer(desk.customer, now.date())
    entitlement, cover = unused_visit(covers)
    assert (entitlement, cover.contract) == (Entitlement.objects.get(), desk.contract)
    visit = book(desk, now, kind=Visit.Kind.TUNE_UP, entitlement=entitlement)
    assert [(e.kind, e.quantity, e.subject) for e in AllowanceEntry.objects.all()] == [
        ("booked", 1, visit.public_id)
    ]
    book(desk, now, technician=desk.marek, entitlement=entitlement)
    # Two are granted, none is done, both are booked.
    assert unused_visit(covers_of_customer(desk.customer, now.date())) is None


def test_undoing_takes_everything_back_and_frees_the_time(desk, now):
    entitlement = Entitlement.objects.get()
    visit = book(desk, now, entitlement=entitlement)
    undone = undo_booking(visit, by=desk.dispatcher, now=now + MINUTE)
    assert (undone.state, undone.ended_because) == ("cancelled by us", Visit.BOOKING_UNDONE)
    assert set(Promise.objects.values_list("state", flat=True)) == {"released"}
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    assert set(AllowanceEntry.objects.values_list("kind", flat=True)) == {"booked", "released"}
    assert Case.objects.get().state == "closed"
    assert unused_visit(covers_of_customer(desk.customer, now.date()))[0] == entitlement
    assert undo_booking(visit, by=desk.dispatcher, now=now + MINUTE).version == undone.version
    assert book(desk, now + MINUTE).state == "booked"


def test_an_undone_booking_reads_so_and_breaks_no_promise(desk, now):
    # The call ahead was due a minute after the booking.
    visit = book(desk, now, start=now + 31 * MINUTE)
    undone = undo_booking(visit, by=desk.dispatcher, now=now + 1.5 * MINUTE)
    assert (undone.was_undone, undone.get_state_display()) == (True, "Booking undone")
    assert standing_of(undone, now=now, desk=desk.tenant).word == "Booking undone"
    assert set(Promise.objects.values_list("state", flat=True)) == {"released"}
    other = book(desk, now, start=now + 31 * MINUTE)
    cancelled = cancel_visit(
        other, whose=Whose.US, because="No part", by=desk.dispatcher, now=now, version=other.version
    )
    assert (cancelled.was_undone, cancelled.get_state_display()) == (False, "Cancelled by us")
    with pytest.raises(TooLateToUndo):
        undo_booking(cancelled, by=desk.dispatcher, now=now)


def test_a_second_visit_keeps_a_case_open_and_undoing_it_does_not_close_the_case(desk, now):
    first = book(desk, now)
    case = first.case
    Case.objects.filter(pk=case.pk).update(state="closed", closed_at=now, outcome="Mended")
    tomorrow = TWO_O_CLOCK + dt.timedelta(days=1)
    second = book(desk, now, case=case, start=tomorrow, kind=Visit.Kind.RETURN)
    assert Case.objects.get().state == "open"
    undo_booking(second, by=desk.dispatcher, now=now + MINUTE)
    assert Case.objects.get().state == "open"


def test_a_case_with_another_visit_outlives_the_booking_that_opened_it(desk, now):
    first = book(desk, now)
    second = book(desk, now, case=first.case, start=TWO_O_CLOCK + dt.timedelta(days=1))
    undo_booking(first, by=desk.dispatcher, now=now + MINUTE)
    assert Case.objects.get().state == "open"
    undo_booking(second, by=desk.dispatcher, now=now + MINUTE)
    # It was opened in the same moment, and nobody comes for it any more.
    assert Case.objects.get().state == "closed"


def test_a_crew_is_booked_together_and_the_first_is_named(desk, now):
    visit = book(desk, now, others=[desk.marek])
    crew = visit.assignments.order_by("pk").values_list("technician__name", "starts_at", "ends_at")
    assert list(crew) == [
        (name, TWO_O_CLOCK, TWO_O_CLOCK + 75 * MINUTE) for name in ("Lou Baptiste", "Marek Novak")
    ]
    assert visit.crew == 2
    line = TimelineEntry.objects.get(subject=visit.public_id)
    assert line.title == "Visit booked: Thu 5 Mar, 14:00 to 15:00, Lou Baptiste and Marek Novak"
    window = Promise.objects.get(kind="window")
    assert window.text == "Lou will be there on 5 March, 14:00 to 15:00"


def test_of_a_crew_all_are_free_or_nobody_is_booked(desk, now):
    book(desk, now, technician=desk.marek, start=TWO_O_CLOCK + 30 * MINUTE)
    with pytest.raises(SlotTaken) as refused:
        book(desk, now, others=[desk.marek])
    assert refused.value.technician == desk.marek
    assert Assignment.objects.count() == Visit.objects.count() == 1


def test_undoing_ends_after_two_minutes(desk, now):
    visit = book(desk, now)
    with pytest.raises(TooLateToUndo):
        undo_booking(visit, by=desk.dispatcher, now=now + 2 * MINUTE)
    assert Visit.objects.get(pk=visit.pk).state == "booked"


def test_numbers_go_on_after_those_that_an_older_system_gave(desk, now):
    for number in ("V-1000041", "V-12", "VISIT-99", "X1"):
        Visit.objects.filter(pk=book(desk, now).pk).update(
            number=number,
            number_key=number.replace("-", ""),
            state="cancelled by us",
        )
    assert book(desk, now).number == "V-1000042"


def test_two_bookers_at_once_get_one_visit_and_one_refusal(committed_cast, now):
    desk = committed_cast.north
    results = at_once(*[lambda: book(desk, now)] * 2, desk=desk, told=SlotTaken)
    with tenant(desk.tenant):
        assert Assignment.objects.count() == Visit.objects.count() == 1
    answers = {one.taken_at if isinstance(one, SlotTaken) else one.number for one in results}
    assert answers == {"V-1000001", now}


def test_the_other_desk_counts_for_itself(cast, desk, now):
    book(desk, now)
    with tenant(cast.south.tenant):
        assert book(cast.south, now).number == "V-1000001"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM visits_visit")
        assert cursor.fetchone() == (1,)
