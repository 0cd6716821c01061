"""The renewal check: safe to run twice, catches up, and queues what it cannot judge (R1.11, R1.12)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Duty
from contracts import renewal_check
from contracts.models import Contract, ContractTerm, Payment, RenewalCheck, RenewalEvidence
from contracts.renewal_check import check_all
from messaging.kinds import kind_of
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant

END = dt.date(2026, 3, 14)


@pytest.fixture
def north(cast):
    """Northgate, where the one contract ends on 14 March 2026; Southgate's does too."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=dt.date(2025, 3, 15), ends_on=END)
    return cast.north


def at(day, hour=9):
    return dt.datetime.combine(day, dt.time(hour), tzinfo=dt.UTC)


def notices(desk):
    with tenant(desk.tenant):
        return list(
            Message.objects.filter(kind="renewal notice").order_by("pk").values_list("send_after", flat=True)
        )


def test_it_looks_at_every_contract_of_every_desk_once_a_day(cast, north):
    assert check_all(now=at(dt.date(2026, 3, 5))) == 2
    assert check_all(now=at(dt.date(2026, 3, 5), 17)) == 2
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            check = RenewalCheck.objects.get()
            assert (check.day, check.looked_at, check.found["states"]) == (
                dt.date(2026, 3, 5),
                1,
                {"renewal due": 1},
            )


def test_a_day_of_its_own_begins_with_the_desks_midnight(cast, north):
    north.tenant.time_zone = "Pacific/Auckland"
    north.tenant.save()
    check_all(now=at(dt.date(2026, 3, 5), 12))
    with tenant(north.tenant):
        assert RenewalCheck.objects.get().day == dt.date(2026, 3, 6)


def test_daily_checks_send_each_notice_once(north):
    for days in (61, 60, 59, 31, 30, 29, 14, 13, 8, 7, 6, 2, 1, 0):
        check_all(now=at(END - dt.timedelta(days=days)))
    assert [(END - moment.date()).days for moment in notices(north)] == [60, 30, 14, 7, 1]


def test_after_a_standstill_only_the_last_due_notice_is_sent(north):
    check_all(now=at(END - dt.timedelta(days=61)))
    check_all(now=at(END - dt.timedelta(days=6)))
    assert [(END - moment.date()).days for moment in notices(north)] == [6]


def test_no_notice_while_in_review_or_renewed(north):
    with tenant(north.tenant):
        RenewalEvidence.objects.create(
            contract=north.contract, kind="cheque", dated_on=dt.date(2026, 3, 2), recorded_at=at(END)
        )
    check_all(now=at(dt.date(2026, 3, 5)))
    assert notices(north) == []


def test_unmatched_money_becomes_a_duty_of_accounts_once(north):
    with tenant(north.tenant):
        payment = Payment.objects.create(
            customer=north.customer, paid_on=END, amount=Decimal("612"), currency="GBP", recorded_at=at(END)
        )
    for day in (20, 21):
        check_all(now=at(dt.date(2026, 3, day)))
    with tenant(north.tenant):
        duty = Duty.objects.get(kind=Duty.Kind.MATCH_PAYMENT)
        assert (duty.subject, duty.owner_role) == (payment.public_id, Role.ACCOUNTS)
        # Friday's check: due at noon of the next working day, Monday 23 March.
        assert duty.due_at == at(dt.date(2026, 3, 23), 12)


def test_a_contract_that_cannot_be_judged_is_an_exception_never_silence(north):
    with tenant(north.tenant):
        Contract.objects.create(number="X-1", customer=north.customer, price=1, currency="GBP")
    check_all(now=at(dt.date(2026, 3, 5)))
    with tenant(north.tenant):
        assert Duty.objects.get(kind=Duty.Kind.JUDGE_CONTRACT).title == "Contract X-1 has no term"


def test_a_desk_whose_messages_are_off_is_checked_in_silence(north):
    north.tenant.messages_from = None
    north.tenant.save()
    with tenant(north.tenant):
        Contract.objects.create(number="X-1", customer=north.customer, price=1, currency="GBP")
    check_all(now=at(dt.date(2026, 3, 5)))
    with tenant(north.tenant):
        assert RenewalCheck.objects.get().looked_at == 2
        assert not Duty.objects.exists()
        assert not Message.objects.exists()


def test_the_notice_says_when_it_ends_and_what_is_left_of_the_visits(north):
    now = at(END - dt.timedelta(days=7))
    check_all(now=now)
    with tenant(north.tenant):
        message = Message.objects.get(kind="renewal notice")
        kind = kind_of(message)
        assert kind.why_not(message, now=now) == ""
        assert kind.write(message, now=now).text == (
            "Northgate: your contract N-20418 runs until 14 Mar 2026. 0 of its 2 visits are done, 2 are left "
            "and paid for. To renew it, or to use a visit, ring 01632 960 118."
        )
        RenewalEvidence.objects.create(
            contract=north.contract, kind="cheque", dated_on=dt.date(2026, 3, 2), recorded_at=now
        )
        assert kind.why_not(message, now=now) != ""


def test_one_desk_that_fails_does_not_keep_the_others_from_being_checked(cast, north, monkeypatch):
    whole = renewal_check.check_desk

    def check_desk(desk, *, now):
        if desk == cast.north.tenant:
            raise ZeroDivisionError
        return whole(desk, now=now)

    monkeypatch.setattr(renewal_check, "check_desk", check_desk)
    assert check_all(now=at(dt.date(2026, 3, 5))) == 1
    with tenant(cast.south.tenant):
        assert RenewalCheck.objects.count() == 1
