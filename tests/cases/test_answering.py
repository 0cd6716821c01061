"""What a customer writes is one contact on the matter that it is about."""

import datetime as dt

import pytest

from cases.matters import open_case
from cases.models import Case, Duty, Interaction
from messaging.mail_in import take_mail
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.messaging.conftest import make_message

DAY = dt.timedelta(days=1)


@pytest.fixture
def north(cast, now):
    with tenant(cast.north.tenant):
        yield cast.north


def case_of(desk, now, **values):
    what = {"kind": Case.Kind.FAULT, "title": "It stands still", "by": desk.dispatcher, "now": now - DAY}
    return open_case(customer=desk.customer, **{**what, **values})


def mail(*lines, number=1, sender="margaret@harbourletter.example"):
    head = (f"From: {sender}", f"Message-ID: <m{number}@h.example>", *lines)
    return ("\n".join(head) + f"\n\nIt is loud, {number}").encode()


def noted(reply):
    return Interaction.objects.get(reply=reply).case


def test_an_answer_is_on_the_case_that_our_message_was_about(north, now):
    first, second = case_of(north, now, equipment=north.copier), case_of(north, now, equipment=north.sorter)
    for number, case in enumerate((first, second)):
        message = make_message(
            north, now=now, number=number, sent_at=now, state="sent", subject=case.public_id
        )
        answer = mail(f"In-Reply-To: <{message.key}@northgate>", number=number)
        reply = take_mail(answer, now=now)
        assert (noted(reply), Duty.objects.get(subject=reply.public_id).case) == (case, case)


def test_an_answer_about_a_visit_is_on_its_case_else_on_that_of_its_machine(north, now):
    of_visit, of_machine = case_of(north, now), case_of(north, now, equipment=north.copier)
    start = now + DAY
    with_case = make_visit(north, start=start, technician=north.lou, case=of_visit)
    without = make_visit(north, start=start + DAY, technician=north.lou, machines=(north.copier,))
    for number, (visit, case) in enumerate(((with_case, of_visit), (without, of_machine))):
        message = make_message(north, now=now, number=number, subject=visit.public_id)
        assert (
            noted(take_mail(mail(f"References: <{message.key}@northgate>", number=number), now=now)) == case
        )


def test_who_goes_on_from_an_earlier_mail_is_on_its_case(north, now):
    case_of(north, now, equipment=north.copier)
    case = case_of(north, now, equipment=north.sorter)
    message = make_message(north, now=now, subject=case.public_id)
    take_mail(mail(f"In-Reply-To: <{message.key}@northgate>"), now=now)
    again = take_mail(mail("In-Reply-To: <m1@h.example>", number=2, sender="son@else.example"), now=now)
    assert (again.customer, noted(again)) == (north.customer, case)


def test_a_new_mail_is_on_the_only_open_matter_and_on_none_of_two(north, now):
    only = case_of(north, now)
    assert noted(take_mail(mail(), now=now)) == only
    case_of(north, now, category="invoice")
    assert noted(take_mail(mail(number=2), now=now)) is None


def test_a_mail_that_lay_for_days_came_when_it_came_and_is_answered_from_now(north, now):
    case_of(north, now)
    reply = take_mail(mail(), now=now, came_at=now - 3 * DAY)
    assert Interaction.objects.get(reply=reply).at == now - 3 * DAY
    assert Duty.objects.get(subject=reply.public_id).due_at == now + dt.timedelta(hours=1)


def test_a_third_contact_in_writing_brings_a_supervisor(north, now):
    case = case_of(north, now)
    for number in range(1, 4):
        take_mail(mail(number=number), now=now)
    case.refresh_from_db()
    assert case.supervisor == north.people["manager"]
