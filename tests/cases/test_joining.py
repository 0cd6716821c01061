"""Two cases are one matter, or one contact was about another (R6.4)."""

import datetime as dt

import pytest

from cases.duties import open_duty
from cases.interactions import note_interaction
from cases.joining import join_cases, split_off
from cases.life import CaseRefused, close_case, seen_of
from cases.models import Case, Duty, Interaction
from recommendations.faults import link_warnings
from tenancy.desk_settings import ChangedMeanwhile
from tests.cast import a_case, a_promise, make_plain_visit

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def bands(north, now):
    """Grey bands at the copier, two days old."""
    return a_case(north, "Grey bands", now - 2 * DAY, equipment=north.copier, words="Bands on every page")


@pytest.fixture
def noise(north, now):
    """A complaint of yesterday about the noise of what turns out to be the same."""
    return a_case(north, "It squeals", now - DAY, kind="complaint", severity=3)


def call(desk, case, at, **fields):
    said = {"summary": "Again", "channel": "call", "by": desk.dispatcher} | fields
    return note_interaction(customer=desk.customer, case=case, now=at, **said)


def join(kept, gone, desk, now, **fields):
    return join_cases(
        **{"kept": kept, "gone": gone, "by": desk.dispatcher, "now": now, "seen": seen_of(kept)} | fields
    )


def test_all_that_hangs_on_one_hangs_on_the_other(north, bands, noise, now):
    contact = call(north, noise, now - HOUR)
    promise = a_promise(north, now=now, case=noise)
    duty = open_duty(
        "ring", noise.public_id, kind=Duty.Kind.CALL_CUSTOMER, title="Ring", due_at=now, now=now,
        owner_role="dispatcher", case=noise,
    )  # fmt: skip
    visit = make_plain_visit(north, now=now, case=noise)
    link_warnings(bands, [north.copier], now=now)
    link_warnings(noise, [north.copier], now=now)
    kept = join(bands, noise, north, now)
    for row in (contact, promise, duty, visit):
        row.refresh_from_db()
        assert row.case == kept
    # What both had been warned of stands once on the one that stays.
    assert kept.warnings.count() == 1
    noise.refresh_from_db()
    assert (noise.state, noise.joined_into, noise.outcome) == (
        "closed",
        kept,
        "The same matter as “Grey bands”",
    )


def test_the_one_is_never_less_than_either_was(north, bands, noise, now):
    kept = join(noise, bands, north, now)
    assert (kept.kind, kept.severity, kept.equipment) == ("complaint", 3, north.copier)
    assert kept.opened_at == bands.opened_at
    assert kept.resolution_due_at == bands.resolution_due_at
    assert kept.words == "Bands on every page"


def test_what_either_missed_stays_missed(north, bands, noise, now):
    Case.objects.filter(pk=bands.pk).update(response_due_at=now - DAY, responded_at=now - HOUR)
    Case.objects.filter(pk=noise.pk).update(response_due_at=now - 23 * HOUR, responded_at=now - DAY)
    kept = join(noise, bands, north, now)
    assert (kept.response_due_at, kept.responded_at) == (now - DAY, now - HOUR)


def test_a_joined_case_is_spoken_of_as_the_one_it_became(north, bands, noise, now):
    kept = join(bands, noise, north, now)
    assert call(north, noise, now).case == kept


def test_three_contacts_on_both_bring_a_supervisor(north, bands, noise, now):
    call(north, bands, now - 3 * HOUR)
    call(north, noise, now - 2 * HOUR)
    call(north, noise, now - HOUR)
    assert Case.objects.filter(supervisor__isnull=False).count() == 0
    bands.refresh_from_db()
    assert join(bands, noise, north, now).supervisor == north.manager


def test_what_cannot_be_joined(cast, north, bands, noise, now):
    with pytest.raises(CaseRefused, match="the same one"):
        join(bands, bands, north, now)
    with pytest.raises(ChangedMeanwhile):
        join(bands, noise, north, now, seen="old")
    done = a_case(north, "Toner", now, kind="question")
    close_case(done, on="ours", outcome="Told", by=north.dispatcher, now=now, seen=seen_of(done))
    with pytest.raises(CaseRefused, match="A closed case"):
        join(bands, done, north, now)
    Case.objects.filter(pk=noise.pk).update(customer=other_customer(north))
    with pytest.raises(CaseRefused, match="two customers"):
        join(bands, noise, north, now)


def other_customer(desk):
    customer = type(desk.customer).objects.get(pk=desk.customer.pk)
    customer.pk, customer.public_id, customer.number = None, None, "C2"
    return type(desk.customer).objects.create(name="Ann Other", number="C2")


def test_a_contact_about_another_matter_goes_to_a_case_of_its_own(north, bands, now):
    call(north, bands, now - DAY)
    contact = call(north, bands, now - HOUR, summary="Where is the invoice?")
    new = split_off(contact, kind="question", title="Invoice", by=north.sales, now=now)
    contact.refresh_from_db()
    assert contact.case == new
    assert (new.title, new.words, new.opened_at, new.owner) == (
        "Invoice", "Where is the invoice?", now - HOUR, north.sales,
    )  # fmt: skip
    assert Interaction.objects.filter(case=bands).count() == 1


def test_what_cannot_be_split_off(north, bands, noise, now):
    contact = call(north, bands, now)
    with pytest.raises(CaseRefused, match="Say what it was about"):
        split_off(contact, kind="question", title=" ", by=north.sales, now=now)
    Interaction.objects.filter(pk=contact.pk).update(case=noise)
    with pytest.raises(CaseRefused, match="no longer on this case"):
        split_off(contact, kind="question", title="x", by=north.sales, now=now)
    contact.refresh_from_db()
    Case.objects.filter(pk=noise.pk).update(state="closed", closed_on="word", closed_at=now, outcome="Done")
    with pytest.raises(CaseRefused, match="closed"):
        split_off(contact, kind="question", title="x", by=north.sales, now=now)
