"""The page behind a machine's label: three steps to a visit, once, for one machine, without a name."""

import datetime as dt
import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cases.models import Duty
from customers.labels import end_labels, print_labels
from customers.models import Contact, Equipment, LabelBooking, TimelineEntry
from messaging.models import Message
from portal.label_booking import LATELY, book_from_label, times_for
from recommendations.models import WarnedFault
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.reading import text
from visits.models import Assignment, Visit

pytestmark = pytest.mark.usefixtures("moment")
WORDS = "Grey bands\non every page"


def label_of(desk, machine, now):
    """The path of a new label's page."""
    label = print_labels([machine], by=desk.dispatcher, now=now)[0]
    return f"/v/{label.address.rstrip('/').rpartition('/')[2]}/"


@pytest.fixture
def label(cast, now):
    """The path of a label on Northgate's copier; Southgate's has one as well."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            path = label_of(desk, desk.copier, now)
    return path


def offered(client, label):
    """The keys of the times that the second step offers."""
    return [offer["key"] for offer in client.get(f"{label}book/", {"problem": WORDS}).context["offers"]]


def confirmable(client, label, place=0):
    """What the third step would send for one of the times."""
    slot = offered(client, label)[place]
    page = client.get(f"{label}book/", {"problem": WORDS, "slot": slot})
    return {"problem": WORDS, "slot": slot, "attempt": str(page.context["attempt"])}


def visits_of(cast):
    with tenant(cast.north.tenant):
        return list(Visit.objects.order_by("pk"))


def test_three_steps_book_a_visit_and_end_with_the_time_that_was_told(client, cast, label, now):
    first = client.get(label)
    assert "Corvane TC-240 copier" in text(first)
    assert client.get(f"{label}book/", {"problem": WORDS}).context["offers"]
    sent = confirmable(client, label)
    third = text(client.get(f"{label}book/", sent))
    assert "Grey bands on every page" in " ".join(third.split())
    assert visits_of(cast) == []
    answer = client.post(f"{label}book/", sent)
    [visit] = visits_of(cast)
    assert (answer.status_code, answer["Location"]) == (302, f"{label}booked/{visit.public_id}/")
    assert "We are coming today between 1:30 and 2:30 pm" in text(client.get(answer["Location"]))
    with tenant(cast.north.tenant):
        assert (visit.kind, visit.problem, visit.state) == (Visit.Kind.FAULT, WORDS, Visit.State.BOOKED)
        assert (visit.booked_by, visit.contact, visit.site) == (None, cast.north.contact, cast.north.site)
        assert [each.equipment for each in visit.machines.all()] == [cast.north.copier]
        # As with every fault: what was advised is linked, the contract's response counts, they hear of it.
        assert WarnedFault.objects.get(case=visit.case).recommendation == cast.north.recommendation
        assert visit.case.response_due_at == now + dt.timedelta(hours=4)
        assert Message.objects.filter(kind="booked").exists()
        assert TimelineEntry.objects.filter(title="Booked from the label on Corvane TC-240 copier").exists()


def test_no_page_of_a_label_says_a_name_a_number_or_what_was(client, cast, label, now):
    with tenant(cast.north.tenant):
        make_visit(cast.north, start=now - dt.timedelta(days=20), technician=cast.north.lou)
    sent = confirmable(client, label)
    receipt = client.post(f"{label}book/", sent)["Location"]
    pages = [
        client.get(label),
        client.get(f"{label}book/", {"problem": "Noise"}),
        client.get(f"{label}book/", {"problem": "Noise", "slot": offered(client, label)[0]}),
        client.get(receipt),
    ]
    for page in pages:
        assert page.status_code == 200
        assert not re.search("Margaret|Ellison|Harbour|Lou|Marek|412|Quay|fuser|N-20418", page.text, re.I)
        assert 'name="robots" content="noindex"' in page.text
        assert page["Referrer-Policy"] == "same-origin"
        assert "no-store" in page["Cache-Control"]
        assert len(page.content) < 20_000


def test_opening_changes_nothing(client, cast, label):
    sent = confirmable(client, label)
    for path, data in ((label, {}), (f"{label}book/", {"problem": WORDS}), (f"{label}book/", sent)):
        assert client.get(path, data).status_code == 200
    assert visits_of(cast) == []
    with tenant(cast.north.tenant):
        assert not LabelBooking.objects.exists()


def test_pressed_twice_it_books_once(client, cast, label):
    sent = confirmable(client, label)
    first, second = (client.post(f"{label}book/", sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert len(visits_of(cast)) == 1


def test_what_is_wrong_is_asked_for(client, label):
    for problem in ("", " ", "x" * 501, "a\x00b"):
        answer = client.get(f"{label}book/", {"problem": problem})
        assert answer.status_code == 422
        assert "<title>Error:" in answer.text
    assert client.post(f"{label}book/", {}).status_code == 422


def test_a_time_that_is_gone_or_was_never_offered_is_a_conflict_with_others(client, cast, label):
    sent = confirmable(client, label)
    technician, _, start = sent["slot"].partition("@")
    with tenant(cast.north.tenant):
        slot = next(s for s in times_for(_machine(cast), now=_now()) if s.key == sent["slot"])
        taken = make_visit(cast.north, start=slot.start, technician=slot.technician)
    with tenant(cast.south.tenant):
        stranger = cast.south.lou.public_id
    for slot in (
        sent["slot"],
        f"{stranger}@{start}",
        f"{technician}@20260305T030000Z",
        f"{technician}@29990305T090000Z",
        "",
        "gone",
    ):
        answer = client.post(f"{label}book/", {**sent, "slot": slot})
        assert answer.status_code == 409, slot
        assert "Somebody has just taken that time." in text(answer)
        assert answer.context["offers"]
        assert sent["slot"] not in [offer["key"] for offer in answer.context["offers"]]
    assert visits_of(cast) == [taken]


def test_the_times_reach_over_days_and_any_of_them_may_be_had_while_it_is_free(client, cast, label, now):
    words = [offer["words"] for offer in client.get(f"{label}book/", {"problem": "x"}).context["offers"]]
    assert words == [
        "today between 1:30 and 2:30 pm",
        "today between 2:30 and 3:30 pm",
        "tomorrow between 8 and 9 am",
        "Mon 9 March between 8 and 9 am",
        "Tue 10 March between 8 and 9 am",
    ]
    sent = confirmable(client, label, 4)
    assert client.post(f"{label}book/", sent).status_code == 302
    [visit] = visits_of(cast)
    assert visit.planned_start == dt.datetime(2026, 3, 10, 8, tzinfo=dt.UTC)


def test_nobody_free_is_said_and_ring_me_comes_first(client, cast, label):
    with tenant(cast.north.tenant):
        type(cast.north.lou).objects.update(is_active=False)
    page = client.get(f"{label}book/", {"problem": "Noise"})
    assert page.status_code == 200
    assert "We have no free time to offer here." in text(page)
    assert "Please ring me" in text(page)


def test_without_a_press_of_the_button_nothing_is_booked(client, cast, label):
    sent = confirmable(client, label)
    for attempt in ("", "not-an-id"):
        answer = client.post(f"{label}book/", {**sent, "attempt": attempt})
        assert answer.status_code == 422
        assert "<title>Error: Is this right?" in answer.text
        assert "Nothing is booked yet. Press the button below." in text(answer)
        assert str(answer.context["attempt"]) == sent["attempt"]
    assert visits_of(cast) == []


def test_the_last_step_opened_twice_or_again_books_once(client, cast, label):
    sent = confirmable(client, label)
    asked = {"problem": WORDS, "slot": sent["slot"]}
    again = client.get(f"{label}book/", asked)
    assert str(again.context["attempt"]) == sent["attempt"]
    first = client.post(f"{label}book/", sent)["Location"]
    assert client.post(f"{label}book/", sent)["Location"] == first
    reloaded = client.get(f"{label}book/", asked)
    assert (reloaded.status_code, reloaded["Location"]) == (302, first)
    assert len(visits_of(cast)) == 1
    # Another wish, and the same once the visit is over, are others.
    assert confirmable(client, label)["attempt"] != sent["attempt"]
    with tenant(cast.north.tenant):
        Visit.objects.update(state=Visit.State.CANCELLED_BY_CUSTOMER)
    assert client.get(f"{label}book/", asked).status_code == 200
    assert str(client.get(f"{label}book/", asked).context["attempt"]) != sent["attempt"]


def test_who_has_left_is_not_the_contact_and_nobody_is_promised_a_message(client, cast, label):
    told = "gets a message with a link to change or cancel it"
    with tenant(cast.north.tenant):
        gone = {"phone": "", "phone2": "", "email": "", "by_sms": False, "by_mail": False}
        Contact.objects.filter(pk=cast.north.contact.pk).update(**gone)
        Contact.objects.exclude(pk=cast.north.contact.pk).delete()
    receipt = client.post(f"{label}book/", confirmable(client, label))["Location"]
    [alone] = visits_of(cast)
    assert alone.contact is None
    page = text(client.get(receipt))
    assert told not in page
    assert "To change or cancel it, please ring us." in page
    with tenant(cast.north.tenant):
        there = Contact.objects.create(
            customer=cast.north.customer, name="New", email="new@example.com", by_mail=True
        )
    receipt = client.post(f"{label}book/", confirmable(client, label))["Location"]
    assert visits_of(cast)[1].contact_id == there.pk
    assert told in text(client.get(receipt))


def test_a_machine_takes_two_open_bookings_then_we_ring(client, cast, label, now):
    for _ in range(2):
        assert client.post(f"{label}book/", confirmable(client, label)).status_code == 302
    with tenant(cast.north.tenant):
        slot = times_for(_machine(cast), now=now)[0]
    sent = {"problem": WORDS, "slot": slot.key, "attempt": str(uuid.uuid4())}
    answer = client.post(f"{label}book/", sent)
    assert (answer.status_code, len(visits_of(cast))) == (409, 2)
    assert "For one more, please let us ring you." in text(answer)
    page = client.get(label)
    assert "What is wrong" not in text(page)
    assert client.post(f"{label}call-me/").status_code == 302
    assert "We will ring today by 2:07 pm" in text(client.get(label))
    # Another machine's label has its own count.
    with tenant(cast.north.tenant):
        other = label_of(cast.north, cast.north.sorter, now)
    assert client.post(f"{other}book/", confirmable(client, other)).status_code == 302


def test_cancelled_ones_count_for_a_day(client, cast, label, moment, now):
    for _ in range(3):
        assert client.post(f"{label}book/", confirmable(client, label)).status_code == 302
        with tenant(cast.north.tenant):
            Visit.objects.update(state=Visit.State.CANCELLED_BY_CUSTOMER)
    assert client.get(f"{label}book/", {"problem": WORDS}).status_code == 409
    moment.move_to(now + LATELY)
    assert client.get(f"{label}book/", {"problem": WORDS}).status_code == 200


def test_ring_me_is_one_duty_a_day(client, cast, label, now):
    for _ in range(2):
        assert client.post(f"{label}call-me/").status_code == 302
    with tenant(cast.north.tenant):
        duty = Duty.objects.get(subject=cast.north.copier.public_id)
        assert (duty.customer, duty.due_at) == (cast.north.customer, now + dt.timedelta(hours=1))
        assert duty.detail == "About Corvane TC-240 copier, from its label"


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales", "accounts", "manager"])
def test_staff_of_the_desk_come_to_the_machine(client, cast, label, role):
    client.force_login(cast.north.people[role].user)
    answer = client.get(label)
    address = cast.north.url(f"equipment/{cast.north.copier.public_id}/")
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert client.get(address).status_code == 200


def test_who_left_the_desk_or_works_at_another_is_a_customer(client, cast, label, now):
    client.force_login(cast.south.dispatcher.user)
    assert client.get(label).status_code == 200
    with tenant(cast.north.tenant):
        type(cast.north.sales).objects.filter(pk=cast.north.sales.pk).update(ended_at=now)
    client.force_login(cast.north.sales.user)
    assert client.get(label).status_code == 200


@pytest.mark.parametrize("ended", ["revoked", "retired"])
@pytest.mark.parametrize("rest", ["", "book/", "call-me/", f"booked/{uuid.UUID(int=7)}/"])
def test_an_ended_label_and_a_retired_machine_show_the_number_only(client, cast, label, now, ended, rest):
    with tenant(cast.north.tenant):
        if ended == "revoked":
            end_labels(cast.north.copier, because="Torn off", by=cast.north.dispatcher, now=now)
        else:
            Equipment.objects.filter(pk=cast.north.copier.pk).update(retired_on=now.date())
    answer = client.post(label + rest) if rest == "call-me/" else client.get(label + rest)
    assert answer.status_code == 410
    assert "01632 960 118" in text(answer)
    assert "TC-240" not in answer.text


def test_a_receipt_is_of_this_machine_only(client, cast, label, now):
    receipt = client.post(f"{label}book/", confirmable(client, label))["Location"]
    [visit] = visits_of(cast)
    with tenant(cast.north.tenant):
        other = label_of(cast.north, cast.north.sorter, now)
        by_hand = make_visit(cast.north, start=now + dt.timedelta(days=9), technician=cast.north.lou)
    for path in (
        f"{other}booked/{visit.public_id}/",
        f"{label}booked/{by_hand.public_id}/",
        f"{label}booked/{uuid.uuid4()}/",
    ):
        assert client.get(path).status_code == 404
    with tenant(cast.north.tenant):
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CANCELLED_BY_US)
    assert "This visit has begun, or is over" in text(client.get(receipt))


@pytest.mark.parametrize("path", ["confirm/", "change/", "cancel/", "nobody-came/", "accept/", "offer.pdf"])
def test_a_label_opens_no_page_of_another_purpose(client, label, path):
    assert {client.get(label + path).status_code, client.post(label + path).status_code} <= {404, 405}


def test_as_many_queries_for_three_visits_as_for_one(client, cast, label, now, django_assert_max_num_queries):
    def asked():
        with django_assert_max_num_queries(100) as counted:
            client.get(f"{label}book/", {"problem": WORDS})
        return len(counted)

    with tenant(cast.north.tenant):
        make_visit(cast.north, start=now + dt.timedelta(days=2), technician=cast.north.lou)
    one = asked()
    with tenant(cast.north.tenant):
        for days in (3, 4):
            make_visit(cast.north, start=now + dt.timedelta(days=days), technician=cast.north.marek)
    assert asked() == one


def test_two_presses_at_the_same_moment_book_once(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        slot = times_for(_machine(committed_cast), now=now)[0]
    attempt, together = uuid.uuid4(), threading.Barrier(2)

    def press(_):
        try:
            with tenant(north.tenant):
                machine = _machine(committed_cast)
                together.wait()
                return book_from_label(machine, slot, attempt=attempt, problem="Noise", now=now).public_id
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(press, range(2))
    with tenant(north.tenant):
        assert first == second == Visit.objects.get().public_id
        assert Assignment.objects.count() == 1


def _machine(cast):
    return Equipment.objects.select_related("site__customer", "tenant").get(pk=cast.north.copier.pk)


def _now():
    return dt.datetime.now(dt.UTC)
