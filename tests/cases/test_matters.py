"""To which case a contact belongs (R6.4): at the edges of the days, and every way in."""

import datetime as dt

import pytest

from cases.interactions import note_interaction
from cases.matters import Known, matter_for, matter_of, take_in
from cases.models import Case, Interaction
from customers.models import TimelineEntry
from tests.cast import a_case

TODAY = dt.date(2026, 3, 31)
COPIER, SORTER = 1, 2


def days_ago(days):
    return TODAY - dt.timedelta(days=days)


def known(key, *, equipment=COPIER, category="", heard=0, closed=None):
    return Known(key, equipment, category, days_ago(heard), None if closed is None else days_ago(closed))


@pytest.mark.parametrize(("days", "attaches"), [(0, True), (29, True), (30, True), (31, False)])
def test_the_same_machine_within_thirty_days_is_the_same_matter(days, attaches):
    case = known(7, heard=days)
    found = matter_of([case], equipment=[COPIER], today=TODAY)
    assert found == (case if attaches else None)


@pytest.mark.parametrize(("days", "opens"), [(0, True), (14, True), (15, False)])
def test_a_case_closed_of_late_is_gone_on_with(days, opens):
    case = known(7, heard=20, closed=days)
    assert matter_of([case], equipment=[COPIER], today=TODAY) == (case if opens else None)


def test_an_open_case_goes_before_a_closed_one_and_the_latest_word_before_an_older():
    closed, older, later = known(9, closed=0), known(1, heard=8), known(2, heard=3)
    assert matter_of([closed, older, later], equipment=[COPIER], today=TODAY) == later
    assert matter_of([closed], equipment=[COPIER], today=TODAY) == closed


def test_the_machine_counts_before_the_category():
    by_machine, by_category = known(1, heard=9), known(2, equipment=None, category="Billing")
    both = [by_machine, by_category]
    assert matter_of(both, equipment=[COPIER], category="billing", today=TODAY) == by_machine
    assert matter_of(both, equipment=[SORTER], category=" BILLING", today=TODAY) == by_category


def test_another_machine_is_another_matter():
    assert matter_of([known(1)], equipment=[SORTER], today=TODAY) is None


def test_no_category_is_not_the_same_category():
    assert matter_of([known(1, equipment=None)], equipment=[SORTER], today=TODAY) is None


def test_words_about_nothing_named_belong_to_the_only_open_matter():
    case, closed = known(1, heard=30), known(2, closed=1)
    assert matter_of([case, closed], today=TODAY) == case
    assert matter_of([case, known(3)], today=TODAY) is None
    assert matter_of([closed], today=TODAY) is None
    assert matter_of([], today=TODAY) is None


@pytest.fixture
def case(north, now):
    """Grey bands at the copier, reported ten days ago."""
    return a_case(north, "Grey bands", now - dt.timedelta(days=10), equipment=north.copier)


def call(north, case, now, **fields):
    said = {"summary": "It does it again", "by": north.dispatcher, "channel": "call"} | fields
    return note_interaction(customer=north.customer, case=case, now=now, **said)


def test_the_days_are_the_desks(north, case, now):
    """Late on a summer evening in London it is the next day by UTC, not by the desk."""
    heard = dt.datetime(2026, 6, 1, 22, 30, tzinfo=dt.UTC)
    call(north, case, heard)
    late = dt.datetime(2026, 7, 1, 22, 59, tzinfo=dt.UTC)
    assert matter_for(north.customer, equipment=north.copier, now=late) == case
    after_midnight = late + dt.timedelta(minutes=2)
    assert matter_for(north.customer, equipment=north.copier, now=after_midnight) is None


def test_what_we_said_does_not_keep_a_matter_alive(north, case, now):
    call(north, case, now, direction="out")
    in_a_month = case.opened_at + dt.timedelta(days=31)
    assert matter_for(north.customer, equipment=north.copier, now=in_a_month) is None


def test_a_second_word_about_the_machine_goes_to_the_open_case(north, case, now):
    found = take_in(
        customer=north.customer,
        kind=Case.Kind.FAULT,
        title="Bands again",
        words="Worse than before",
        equipment=north.copier,
        severity=Case.Severity.STANDS,
        by=north.sales,
        now=now,
    )
    assert found == case
    assert Case.objects.count() == 1
    assert (found.title, found.severity, found.owner) == (
        "Grey bands",
        Case.Severity.STANDS,
        north.dispatcher,
    )
    contact = Interaction.objects.get()
    assert (contact.case, contact.summary, contact.by) == (
        case,
        "Bands again\nWorse than before",
        north.sales,
    )


def test_a_complaint_about_an_open_fault_makes_it_a_complaint(north, case, now):
    take_in(
        customer=north.customer,
        kind=Case.Kind.COMPLAINT,
        title="Third time",
        words="",
        equipment=north.copier,
        by=north.dispatcher,
        now=now,
    )
    assert Case.objects.get().kind == Case.Kind.COMPLAINT


def test_a_person_may_say_that_it_is_another_matter(north, case, now):
    other = take_in(
        customer=north.customer,
        kind=Case.Kind.QUESTION,
        title="Which toner?",
        words="",
        equipment=north.copier,
        by=north.dispatcher,
        now=now,
        is_new=True,
    )
    assert other != case
    assert Case.objects.count() == 2
    lines = TimelineEntry.objects.filter(subject=other.public_id)
    assert [line.title for line in lines] == ["Question: Which toner?"]
    assert list(other.interactions.values_list("summary", flat=True)) == ["Which toner?"]


def test_nothing_is_taken_in_without_a_word_on_it(north, now):
    with pytest.raises(ValueError, match="Say what it is about"):
        take_in(customer=north.customer, kind="fault", title=" ", words="x", by=north.dispatcher, now=now)


def test_one_call_is_one_contact_however_often_something_is_written_down(north, case, now):
    first = call(north, case, now)
    again = call(north, case, now + dt.timedelta(minutes=29), summary="And it smells")
    assert again == first
    assert Interaction.objects.get().summary == "It does it again\nAnd it smells"
    titles = (
        TimelineEntry.objects.filter(subject=first.public_id).order_by("pk").values_list("title", "detail")
    )
    assert list(titles) == [
        ("Call from Margaret Ellison", "It does it again"),
        ("Call from Margaret Ellison", "And it smells"),
    ]
    later = call(north, case, now + dt.timedelta(minutes=30))
    assert later != first
    assert call(north, case, now + dt.timedelta(minutes=31), by=north.sales) not in (first, later)


def test_the_customers_word_opens_what_was_closed_of_late(north, case, now):
    Case.objects.update(state="closed", closed_on="ours", outcome="Mended", closed_at=now)
    call(north, case, now + dt.timedelta(days=14))
    case.refresh_from_db()
    assert (case.state, case.outcome, case.closed_on, case.closed_at) == ("open", "", "", None)


def test_the_customers_word_long_after_opens_nothing(north, case, now):
    Case.objects.update(state="closed", closed_on="ours", outcome="Mended", closed_at=now)
    kept = call(north, case, now + dt.timedelta(days=15))
    case.refresh_from_db()
    assert (case.state, kept.case) == ("closed", case)


def test_the_customers_word_ends_our_waiting(north, case, now):
    Case.objects.update(state="waiting", waiting_since=now, waiting_for="the serial number")
    call(north, case, now + dt.timedelta(hours=1))
    case.refresh_from_db()
    assert (case.state, case.waiting_since, case.waiting_for) == ("open", None, "")


def test_our_answer_ends_the_clock_of_a_question_and_a_try_does_not(north, now):
    case = a_case(north, "Which toner?", now, kind="question")
    call(north, case, now + dt.timedelta(hours=1), direction="out", is_try=True)
    case.refresh_from_db()
    assert case.responded_at is None
    call(north, case, now + dt.timedelta(hours=2), direction="out")
    case.refresh_from_db()
    assert case.responded_at == now + dt.timedelta(hours=2)


def test_three_contacts_bring_a_supervisor(north, case, now):
    for days in range(3):
        call(north, case, now + dt.timedelta(days=days))
    case.refresh_from_db()
    assert case.supervisor == north.manager


def test_another_desk_has_no_matter_of_ours(cast, north, case, now):
    assert matter_for(cast.south.customer, equipment=north.copier, now=now) is None
