"""A customer's page of one visit: opening it changes nothing, every answer counts once."""

import datetime as dt
from functools import partial

import pytest
from django.test import Client

from cases.models import Duty, Promise
from customers.links import make_link, revoke_links
from customers.models import CustomerLink
from portal.times import free_times, take_time, told_said
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_visit
from tests.reading import text as text_of
from visits.models import Visit
from visits.places import MoveRefused
from visits.sweeper import sweep

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def link(cast, now):
    """A token for a visit of Northgate two days ahead, and the visit."""
    with tenant(cast.north.tenant):
        visit = make_visit(
            cast.north, start=now.replace(minute=0) + dt.timedelta(hours=49), technician=cast.north.lou
        )
        token = make_link(
            cast.north.customer,
            CustomerLink.Purpose.VISIT,
            visit.public_id,
            now=now,
            expires_at=now + dt.timedelta(days=9),
        )
    return token, visit


def now_is(cast, visit):
    with tenant(cast.north.tenant):
        visit.refresh_from_db()
    return visit


def test_the_page_says_who_comes_when_and_changes_nothing(client, cast, link):
    token, visit = link
    changed_at = visit.changed_at
    for _ in range(3):
        page = client.get(f"/v/{token}/")
        assert page.status_code == 200
    assert "Lou is coming on Sat 7 March between 2 and 3 pm" in page.content.decode()
    assert (now_is(cast, visit).state, visit.changed_at) == (Visit.State.BOOKED, changed_at)
    assert page["Referrer-Policy"] == "same-origin"
    assert 'name="robots" content="noindex"' in page.content.decode()


def test_yes_counts_once_and_keeps_the_confirmation(client, cast, link, now):
    token, visit = link
    for _ in range(2):
        assert client.post(f"/v/{token}/confirm/").status_code == 302
    assert (now_is(cast, visit).state, visit.version) == (Visit.State.CONFIRMED, 2)
    with tenant(cast.north.tenant):
        kept = Promise.objects.get(of_visit__visit=visit, kind=Promise.Kind.CONFIRMATION)
        assert (kept.state, kept.settled_at) == (Promise.State.KEPT, now)
        assert cast.north.customer.timeline.filter(step="confirmed 2").count() == 1


def test_another_time_is_chosen_and_the_old_promises_are_released(client, cast, link):
    token, visit = link
    page = client.get(f"/v/{token}/change/")
    offers = page.context["offers"]
    assert offers
    assert client.post(f"/v/{token}/change/", {"slot": offers[0]["key"]}).status_code == 302
    before = visit.planned_start
    assert now_is(cast, visit).planned_start != before
    with tenant(cast.north.tenant):
        states = Promise.objects.filter(of_visit__visit=visit).values_list("state", flat=True)
        assert set(states) == {Promise.State.RELEASED, Promise.State.OPEN}


def test_a_time_that_is_gone_is_a_conflict_with_other_times(client, cast, link):
    token, visit = link
    answer = client.post(f"/v/{token}/change/", {"slot": "gone"})
    assert answer.status_code == 409
    assert "Somebody has just taken that time." in answer.content.decode()
    assert answer.context["offers"]


def test_cancelling_asks_first_and_is_the_customers(client, cast, link):
    token, visit = link
    assert client.get(f"/v/{token}/cancel/").status_code == 200
    assert now_is(cast, visit).state == Visit.State.BOOKED
    assert client.post(f"/v/{token}/cancel/").status_code == 302
    assert now_is(cast, visit).state == Visit.State.CANCELLED_BY_CUSTOMER
    assert client.post(f"/v/{token}/cancel/").status_code == 409
    assert client.post(f"/v/{token}/confirm/").status_code == 409


def test_ring_me_opens_one_duty_due_within_a_working_hour(client, cast, link, now):
    token, visit = link
    for _ in range(2):
        assert client.post(f"/v/{token}/call-me/").status_code == 302
    with tenant(cast.north.tenant):
        duty = Duty.objects.get(subject=visit.public_id, kind=Duty.Kind.CALL_CUSTOMER)
        assert duty.due_at == now + dt.timedelta(hours=1)
    assert "We will ring you today by 2:07 pm." in client.get(f"/v/{token}/").content.decode()


@pytest.mark.parametrize("path", ["", "confirm/", "change/", "cancel/", "call-me/"])
def test_a_revoked_link_shows_the_number_and_nothing_else(client, cast, link, now, path):
    token, visit = link
    with tenant(cast.north.tenant):
        revoke_links(visit.public_id, now=now)
    answer = client.post(f"/v/{token}/{path}") if path else client.get(f"/v/{token}/")
    assert answer.status_code == 410
    text = answer.content.decode()
    assert "01632 960 118" in text
    assert "Margaret" not in text


@pytest.mark.parametrize("token", ["x", "A" * 22, "é" * 22, "../etc/passwd"])
def test_a_token_that_never_was_is_not_found(client, db, token):
    assert client.get(f"/v/{token}/").status_code == 404


def test_the_page_needs_no_script_and_weighs_little(client, cast, link):
    page = client.get(f"/v/{link[0]}/").content
    assert b"<script" not in page
    assert len(page) < 20_000


def test_after_a_miss_a_new_time_is_booked_once_and_the_miss_stays(client, cast, link, time_machine):
    token, visit = link
    later = visit.window_end + dt.timedelta(hours=1)
    sweep(now=later)
    time_machine.move_to(later, tick=False)
    assert "We missed your visit. We are sorry." in client.get(f"/v/{token}/").content.decode()
    offers = client.get(f"/v/{token}/change/").context["offers"]
    answer = client.post(f"/v/{token}/change/", {"slot": offers[0]["key"]})
    assert answer.status_code == 302
    assert answer["Location"] != f"/v/{token}/"
    assert client.get(answer["Location"]).status_code == 200
    assert now_is(cast, visit).state == Visit.State.MISSED
    with tenant(cast.north.tenant):
        links = CustomerLink.objects.count()
        told = told_said(Visit.objects.waiting().get(), now=later)
    # Pressed twice: the time that was taken, and no other link.
    again = client.post(f"/v/{token}/change/", {"slot": offers[0]["key"]}, follow=True)
    assert again.redirect_chain == [(f"/v/{token}/change/", 302)]
    assert f"Your new time is booked We come {told}." in text_of(again)
    other = client.post(f"/v/{token}/change/", {"slot": offers[1]["key"]})
    assert (other.status_code, other.context["offers"], told in text_of(other)) == (409, [], True)
    with tenant(cast.north.tenant):
        assert (Visit.objects.waiting().count(), CustomerLink.objects.count()) == (1, links)


def test_two_tabs_after_a_miss_book_one_visit(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        missed = make_visit(north, start=now - dt.timedelta(hours=4), technician=north.lou)
    sweep(now=now)
    with tenant(north.tenant):
        missed.refresh_from_db()
        slots = free_times(missed, now=now)[:2]
    assert len(slots) == 2

    def book(slot):
        take_time(Visit.objects.get(pk=missed.pk), slot, now=now)
        return "booked"

    results = at_once(*(partial(book, slot) for slot in slots), desk=north, told=MoveRefused)
    assert sorted(map(str, results)) == ["A new time is booked already. Ring us to change it.", "booked"]
    with tenant(north.tenant):
        assert Visit.objects.waiting().count() == 1


def test_two_presses_at_once_after_a_miss_are_one_and_neither_is_refused(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        missed = make_visit(north, start=now - dt.timedelta(hours=4), technician=north.lou)
        asked = {"purpose": CustomerLink.Purpose.VISIT, "subject": missed.public_id}
        token = make_link(north.customer, **asked, now=now, expires_at=now + dt.timedelta(days=9))
    sweep(now=now)
    with tenant(north.tenant):
        missed.refresh_from_db()
        slot = free_times(missed, now=now)[0].key

    def press():
        return Client().post(f"/v/{token}/change/", {"slot": slot}).status_code

    assert at_once(press, press) == [302, 302]
    with tenant(north.tenant):
        assert Visit.objects.waiting().count() == 1


def test_who_waited_in_vain_says_so_and_it_is_a_miss_at_once(client, cast, link, time_machine):
    token, visit = link
    assert client.post(f"/v/{token}/nobody-came/").status_code == 409
    assert "Nobody came" not in client.get(f"/v/{token}/").text
    time_machine.move_to(visit.window_end, tick=False)
    assert "Nobody came" in client.get(f"/v/{token}/").text
    for _ in range(2):
        assert client.post(f"/v/{token}/nobody-came/").status_code == 302
    assert (now_is(cast, visit).state, visit.missed_at) == (Visit.State.MISSED, visit.window_end)
    with tenant(cast.north.tenant):
        assert Duty.objects.filter(kind=Duty.Kind.REBOOK, subject=visit.public_id).count() == 1
    page = client.get(f"/v/{token}/").text
    assert "We missed your visit. We are sorry." in page


def test_a_third_appointment_reads_as_kept_for_them_until_it_is_approved(client, cast, link, now):
    token, visit = link
    with tenant(cast.north.tenant):
        Visit.objects.filter(pk=visit.pk).update(approval_asked_at=now)
    page = client.get(f"/v/{token}/").text
    assert "We are keeping a time for you on Sat 7 March between 2 and 3 pm" in page
    assert "Yes, that suits me" not in page
    refused = client.post(f"/v/{token}/confirm/")
    assert (refused.status_code, "A supervisor has not approved this visit yet." in refused.text) == (
        409,
        True,
    )


def test_a_sign_that_cannot_be_kept_does_not_keep_them_from_cancelling(client, cast, link):
    token, visit = link
    assert client.post(f"/v/{token}/cancel/", {"because": "Away\x00 then"}).status_code == 302
    assert now_is(cast, visit).state == Visit.State.CANCELLED_BY_CUSTOMER
