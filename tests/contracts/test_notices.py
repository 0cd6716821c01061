"""Who hears of a renewal, when, and what the letter says when it leaves (R1.12)."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    RenewalEvidence,
)
from contracts.notices import due_notices, notice_ahead, plan_notices
from messaging.judging import judge
from messaging.models import Message
from tenancy.calendars import instant_at
from tenancy.models import Tenant
from tenancy.scope import tenant

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
ONE_DAY = dt.timedelta(days=1)
MAIL, SMS = Message.Channel.MAIL, Message.Channel.SMS


@pytest.fixture
def north(cast):
    """Northgate, where the one contract ends on 14 March 2026; Southgate's does too."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=START, ends_on=END)
    with tenant(cast.north.tenant):
        yield cast.north


def at(day, hour=9):
    return dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC)


def before(days, hour=9):
    return at(END - days * ONE_DAY, hour)


def plan_at(desk, moment):
    """How many customers and owners the notices of a moment are new to."""
    return plan_notices(due_notices(desk.tenant, moment.date()), now=moment)


def change(desk, **fields):
    Contract.objects.filter(pk=desk.contract.pk).update(**fields)


def days_told(kind="renewal notice"):
    return [(END - m.send_after.date()).days for m in Message.objects.filter(kind=kind).order_by("pk")]


def letter(moment):
    """What the only waiting message says if it leaves at that moment, or why it does not."""
    message = Message.objects.select_related("tenant", "customer", "contact", "colleague__user").get(
        state=Message.State.PLANNED
    )
    decision = judge(message, now=moment)
    if decision.outgoing is None:
        return decision.state, decision.reason
    said = re.sub(r"\S+/v/[\w-]{22}/", "(their contract)", decision.outgoing.text)
    return decision.outgoing.address, decision.title, said


def test_each_step_is_told_once_on_its_day(north):
    told = [plan_at(north, before(days))[0] for days in range(62, -2, -1)]
    assert sum(told) == 5
    assert days_told() == [60, 30, 14, 7, 1]


def test_the_desks_own_steps_count(north):
    north.tenant.notice_days = [3, 45]
    for days in range(62, -2, -1):
        plan_at(north, before(days))
    assert days_told() == [45, 3]
    north.tenant.notice_days = []
    assert due_notices(north.tenant, END) == []


def test_the_owner_hears_too(north):
    change(north, owner=north.sales)
    assert [plan_at(north, before(days)) for days in (60, 60, 59, 30)] == [(1, 1), (0, 0), (0, 0), (1, 1)]
    to_owner = Message.objects.filter(kind="renewal notice to its owner").order_by("pk")
    assert [(m.colleague, m.customer, m.contact, m.channel) for m in to_owner] == [
        (north.sales, None, None, MAIL)
    ] * 2
    assert days_told("renewal notice to its owner") == [60, 30]


def test_an_owner_who_has_left_hears_nothing(north):
    change(north, owner=north.sales)
    north.sales.ended_at = before(90)
    north.sales.save()
    assert plan_at(north, before(60)) == (1, 0)


def test_the_owner_hears_also_where_the_customer_cannot_be_told(north):
    change(north, owner=north.sales)
    north.customer.contacts.update(email="", phone="")
    assert plan_at(north, before(60)) == (0, 1)
    assert letter(before(60)) == (
        "jamie@northgate.example",
        "Margaret Ellison, The Harbour Letter: contract N-20418 runs until 14 Mar 2026",
        "The contract N-20418 of Margaret Ellison, The Harbour Letter runs until 14 Mar 2026. 0 of its 2 "
        "visits are done, 2 are left and paid for. No address is known.",
    )


def test_the_letter_says_what_was_used_and_what_is_left(north, now):
    AllowanceEntry.objects.create(
        entitlement=Entitlement.objects.get(term=north.term),
        kind=AllowanceEntry.Kind.DONE,
        quantity=1,
        at=now,
        subject=north.copier.public_id,
    )
    plan_at(north, before(7))
    assert letter(before(7)) == (
        "margaret@harbourletter.example",
        "Your contract N-20418 runs until 14 Mar 2026",
        "Northgate: your contract N-20418 runs until 14 Mar 2026. 1 of its 2 visits are done, 1 is left and "
        "paid for. To renew it, or to use a visit: (their contract) or ring 01632 960 118.",
    )


@pytest.mark.parametrize(
    ("contact", "channel"),
    [
        ({}, MAIL),
        ({"email": ""}, SMS),
        ({"by_mail": False}, SMS),
        ({"by_mail": False, "by_sms": False}, MAIL),
        ({"email": "", "by_sms": False}, SMS),
        ({"email": "", "phone": ""}, ""),
    ],
)
def test_they_are_written_to_over_the_way_that_they_want(north, settings, contact, channel):
    settings.SMS_URL = "https://texts.example/send"
    north.customer.contacts.update(**contact)
    (due,) = due_notices(north.tenant, END)
    assert due.channel == channel


def test_without_a_provider_of_texts_a_phone_is_no_address(north, settings):
    settings.SMS_URL = ""
    north.customer.contacts.update(email="")
    (due,) = due_notices(north.tenant, END)
    assert due.channel == ""


def test_none_while_a_renewal_is_in_review(north, now):
    RenewalEvidence.objects.create(contract=north.contract, kind="cheque", dated_on=START, recorded_at=now)
    assert due_notices(north.tenant, END) == []


def test_one_in_review_meanwhile_does_not_leave(north, now):
    plan_at(north, before(7))
    RenewalEvidence.objects.create(contract=north.contract, kind="cheque", dated_on=START, recorded_at=now)
    assert letter(before(7)) == (
        Message.State.CANCELLED,
        "The contract is not about to end, or its renewal is in review",
    )


def test_none_for_a_contract_cancelled_for_its_end(north, now):
    plan_at(north, before(7))
    Cancellation.objects.create(
        contract=north.contract, effective_on=END + ONE_DAY, reason="Moves", recorded_at=now
    )
    assert due_notices(north.tenant, END) == []
    assert letter(before(7))[0] == Message.State.CANCELLED


def test_one_that_a_later_one_overtook_does_not_leave(north):
    plan_at(north, before(14))
    assert letter(before(8))[0] == "margaret@harbourletter.example"
    assert letter(before(7)) == (Message.State.CANCELLED, "A later notice says the same")


def test_what_lay_before_the_desks_messages_were_switched_on_is_not_told(north):
    north.tenant.messages_from = before(30, 10)
    assert plan_at(north, before(30, 11)) == (0, 0)
    assert plan_at(north, before(15)) == (0, 0)
    assert plan_at(north, before(14)) == (1, 0)


def test_it_is_of_no_use_after_the_end(north):
    plan_at(north, before(1))
    assert Message.objects.get().useless_after == at(END + ONE_DAY, 0)


def test_it_leaves_at_nine_on_the_desks_clock(north):
    Tenant.objects.filter(pk=north.tenant.pk).update(time_zone="Pacific/Auckland")
    north.tenant.refresh_from_db()
    plan_notices(due_notices(north.tenant, END - 7 * ONE_DAY), now=before(9))
    # 9:00 on 7 March in Auckland, which is thirteen hours ahead.
    assert Message.objects.get().send_after == dt.datetime(2026, 3, 6, 20, tzinfo=dt.UTC)


def test_what_renews_by_itself_is_told_once_while_notice_can_be_given(north):
    change(north, is_auto_renewing=True, owner=north.sales)
    told = [plan_at(north, before(days)) for days in range(62, -2, -1)]
    assert (told.count((1, 1)), told.count((0, 0))) == (1, 63)
    assert days_told() == [60]
    Message.objects.filter(colleague__isnull=False).delete()
    assert letter(before(60)) == (
        "margaret@harbourletter.example",
        "Your contract N-20418 renews by itself on 15 Mar 2026",
        "Northgate: your contract N-20418 runs until 14 Mar 2026 and then renews by itself, until "
        "14 Mar 2027, for £612.00, unless notice is given by 12 Feb 2026. 0 of its 2 visits are done, 2 are "
        "left and paid for. To give notice, or to ask: (their contract) or ring 01632 960 118.",
    )
    # Held until the last day for notice is over, it is a fault that a person sees.
    assert letter(before(29)) == (
        Message.State.MISSED,
        "The last day for notice was over before this could be sent",
    )


def test_what_renews_by_itself_is_told_after_a_standstill_until_the_last_day_for_notice(north):
    change(north, is_auto_renewing=True)
    assert plan_at(north, before(29)) == (0, 0)
    assert plan_at(north, before(30)) == (1, 0)


def test_a_notice_for_what_did_not_renew_by_itself_does_not_leave_once_it_does(north):
    plan_at(north, before(60))
    change(north, is_auto_renewing=True)
    assert letter(before(60))[0] == Message.State.CANCELLED


@pytest.mark.parametrize(("notice_days", "ahead"), [(0, 60), (30, 60), (59, 60), (60, 120), (90, 150)])
def test_the_one_notice_lies_before_the_last_day_for_notice(north, notice_days, ahead):
    change(north, is_auto_renewing=True, notice_days=notice_days)
    assert notice_ahead([1, 7, 14, 30, 60], notice_days) == ahead
    assert due_notices(north.tenant, END - (ahead + 1) * ONE_DAY) == []
    (due,) = due_notices(north.tenant, END - ahead * ONE_DAY)
    assert due.due_at == instant_at(END - ahead * ONE_DAY, dt.time(9), ZoneInfo("Europe/London"))
    assert due.useless_after == at(END - (notice_days - 1) * ONE_DAY, 0)


def test_statements_do_not_grow_with_the_contracts(north, settings):
    settings.SMS_URL = ""  # Whether texts can leave has to be asked.

    def statements():
        with CaptureQueriesContext(connection) as queries:
            told = plan_at(north, before(60))
        return told, len(queries)

    change(north, owner=north.sales)
    assert statements() == ((1, 1), 4)
    for number in range(10):
        contract = Contract.objects.create(
            number=f"M-{number}", customer=north.customer, price=1, currency="GBP", owner=north.sales
        )
        ContractTerm.objects.create(
            contract=contract, starts_on=START, ends_on=END, price=1, created_at=at(START)
        )
    assert statements() == ((10, 10), 4)
