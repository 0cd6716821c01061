"""The renewal check: safe to run twice, catches up, and queues what it cannot judge (R1.11, R1.12)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.duties import close_duty
from cases.models import Duty
from contracts import renewal_check
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    Payment,
    Renewal,
    RenewalCheck,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.renewal_check import check_all, check_now, latest_check
from contracts.renewals import renew
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


def test_an_exception_has_the_contracts_owner_else_a_role(north):
    with tenant(north.tenant):
        left = north.people[Role.MANAGER]
        left.ended_at = at(END)
        left.save()
        for number, owner in (("X-1", north.sales), ("X-2", None), ("X-3", left)):
            Contract.objects.create(
                number=number, customer=north.customer, price=1, currency="GBP", owner=owner
            )
    check_all(now=at(dt.date(2026, 3, 5)))
    with tenant(north.tenant):
        assert list(Duty.objects.order_by("title").values_list("title", "owner", "owner_role")) == [
            ("Contract X-1 has no term", north.sales.pk, Role.ACCOUNTS),
            ("Contract X-2 has no term", None, Role.ACCOUNTS),
            ("Contract X-3 has no term", None, Role.ACCOUNTS),
        ]


def test_an_exception_is_opened_once_and_closed_by_the_check_when_it_is_gone(north):
    with tenant(north.tenant):
        contract = Contract.objects.create(
            number="X-1", customer=north.customer, price=1, currency="GBP", owner=north.sales
        )
    for day in (5, 6, 9):
        check_all(now=at(dt.date(2026, 3, day)))
    with tenant(north.tenant):
        assert Duty.objects.get().closed_at is None
        assert latest_check().found["exceptions"] == {"no term": 1}
        ContractTerm.objects.create(
            contract=contract, starts_on=END, ends_on=dt.date(2027, 3, 13), price=1, created_at=at(END)
        )
    check_all(now=at(dt.date(2026, 3, 10)))
    with tenant(north.tenant):
        duty = Duty.objects.get()
        assert (duty.closed_at, duty.closed_by) == (at(dt.date(2026, 3, 10)), None)
        assert duty.outcome == "The renewal check does not find it any more"
        found = latest_check().found
        assert (found["exceptions"], found["duties opened"], found["duties closed"]) == ({}, 0, 1)


def test_an_exception_closed_by_a_person_is_opened_again_the_next_day_while_it_stands(north):
    with tenant(north.tenant):
        Contract.objects.create(number="X-1", customer=north.customer, price=1, currency="GBP")
    now = at(dt.date(2026, 3, 5))
    check_all(now=now)
    with tenant(north.tenant):
        close_duty(Duty.objects.get(), by=north.accounts, now=now, outcome="They send the dates")
        check_now(north.tenant, by=north.accounts, now=at(dt.date(2026, 3, 5), 17))
        assert not Duty.objects.open().exists()
    for day in (6, 7):
        check_all(now=at(dt.date(2026, 3, day)))
    with tenant(north.tenant):
        assert Duty.objects.open().count() == 1
        assert Duty.objects.count() == 2


def test_an_exception_closed_by_a_person_stays_closed_for_the_desks_own_day(north):
    north.tenant.time_zone = "Pacific/Auckland"
    north.tenant.save()
    with tenant(north.tenant):
        Contract.objects.create(number="X-1", customer=north.customer, price=1, currency="GBP")
    # Auckland's 6 March is 5 March 11:00 to 6 March 11:00 in UTC.
    check_all(now=at(dt.date(2026, 3, 5), 12))
    with tenant(north.tenant):
        closed_at = at(dt.date(2026, 3, 5), 13)
        close_duty(Duty.objects.get(), by=north.accounts, now=closed_at, outcome="They send the dates")
        check_now(north.tenant, by=north.accounts, now=at(dt.date(2026, 3, 6), 10))
        assert not Duty.objects.open().exists()
        check_now(north.tenant, by=north.accounts, now=at(dt.date(2026, 3, 6), 11))
        assert Duty.objects.open().count() == 1


def test_a_term_taken_back_into_review_has_its_verification_and_no_second_duty(north):
    with tenant(north.tenant):
        ContractTerm.objects.update(taken_back_at=at(END), taken_back_because="Bounced")
        RenewalEvidence.objects.create(
            contract=north.contract, kind="bank line", dated_on=dt.date(2026, 3, 2), recorded_at=at(END)
        )
    check_all(now=at(dt.date(2026, 3, 5)))
    with tenant(north.tenant):
        assert not Duty.objects.exists()


def test_a_customer_without_an_address_is_rung_instead(north):
    with tenant(north.tenant):
        north.customer.contacts.update(email="", phone="")
    for days in (60, 59, 30):
        check_all(now=at(END - dt.timedelta(days=days)))
    assert notices(north) == []
    with tenant(north.tenant):
        duty = Duty.objects.get()
        assert (duty.kind, duty.owner_role, duty.subject) == (
            Duty.Kind.RENEWAL_ENDS,
            Role.SALES,
            north.contract.public_id,
        )
        assert duty.title == "Tell Margaret Ellison that N-20418 ends 14 Mar 2026"
        north.customer.contacts.update(email="m@harbourletter.example")
    check_all(now=at(END - dt.timedelta(days=29)))
    assert len(notices(north)) == 1
    with tenant(north.tenant):
        assert not Duty.objects.open().exists()


def test_without_a_main_contact_there_is_nobody_to_tell(north):
    with tenant(north.tenant):
        north.customer.contacts.update(is_main=False)
    check_all(now=at(END - dt.timedelta(days=60)))
    with tenant(north.tenant):
        assert latest_check().found["exceptions"] == {"nobody to tell": 1}


def test_what_renews_by_itself_has_its_next_term_once_notice_is_too_late(north):
    with tenant(north.tenant):
        Contract.objects.filter(pk=north.contract.pk).update(is_auto_renewing=True)
    check_all(now=at(dt.date(2026, 2, 12)))
    with tenant(north.tenant):
        assert latest_check().found["renewed by itself"] == 0
    check_all(now=at(dt.date(2026, 2, 13)))
    with tenant(north.tenant):
        assert latest_check().found["renewed by itself"] == 1
        assert latest_check().found["states"] == {"active": 1}
        assert Renewal.objects.get().channel == Renewal.Channel.CLOCK


def test_what_cannot_renew_by_itself_is_an_exception(north):
    with tenant(north.tenant):
        Contract.objects.filter(pk=north.contract.pk).update(is_auto_renewing=True, price=0)
    check_all(now=at(dt.date(2026, 2, 13)))
    with tenant(north.tenant):
        duty = Duty.objects.get(kind=Duty.Kind.JUDGE_CONTRACT)
        assert duty.title == "Contract N-20418 cannot renew by itself: it has no price"
        Contract.objects.filter(pk=north.contract.pk).update(price=612)
    check_all(now=at(dt.date(2026, 2, 14)))
    with tenant(north.tenant):
        assert not Duty.objects.open().exists()
        assert Renewal.objects.count() == 1


@pytest.mark.parametrize(("day", "waits"), [(dt.date(2026, 3, 5), False), (dt.date(2026, 3, 6), True)])
def test_an_accepted_offer_may_wait_three_whole_working_days(north, day, waits):
    with tenant(north.tenant):
        # Monday 2 March: Tuesday, Wednesday and Thursday are whole.
        RenewalOffer.objects.create(
            number="O-1",
            contract=north.contract,
            starts_on=END + dt.timedelta(days=1),
            ends_on=dt.date(2027, 3, 14),
            amount=700,
            valid_until=END,
            made_at=at(dt.date(2026, 2, 27)),
            sent_at=at(dt.date(2026, 2, 27)),
            accepted_at=at(dt.date(2026, 3, 2), 0),
        )
    check_all(now=at(day))
    with tenant(north.tenant):
        titles = list(Duty.objects.values_list("title", "owner_role"))
        said = "Margaret Ellison accepted our offer for N-20418, and it is not renewed"
        assert titles == ([(said, Role.MANAGER)] if waits else [])


def test_a_match_that_was_made_elsewhere_closes_its_duty(north):
    with tenant(north.tenant):
        payment = Payment.objects.create(
            customer=north.customer, paid_on=END, amount=Decimal("612"), currency="GBP", recorded_at=at(END)
        )
    check_all(now=at(dt.date(2026, 3, 20)))
    with tenant(north.tenant):
        assert latest_check().found["exceptions"] == {"unmatched money": 1}
        renew(
            north.contract,
            channel=Renewal.Channel.PAYMENT,
            amount=None,
            by=north.accounts,
            now=at(END),
            payments=[payment],
        )
    check_all(now=at(dt.date(2026, 3, 23)))
    with tenant(north.tenant):
        assert latest_check().found["exceptions"] == {}
        assert not Duty.objects.filter(kind=Duty.Kind.MATCH_PAYMENT).open().exists()


def test_a_person_may_ask_at_any_time_and_each_run_is_kept(cast, north):
    day = dt.date(2026, 3, 5)
    with tenant(north.tenant):
        first = check_now(north.tenant, by=north.sales, now=at(day, 8))
    check_all(now=at(day, 9))
    with tenant(north.tenant):
        second = check_now(north.tenant, by=north.accounts, now=at(day, 10))
        assert first.found["notices"] == 1
        assert second.found["notices"] == 0
        assert [check.asked_by for check in RenewalCheck.objects.order_by("started_at")] == [
            north.sales,
            None,
            north.accounts,
        ]
        assert latest_check() == second
    with tenant(cast.south.tenant):
        assert RenewalCheck.objects.get().asked_by is None
    assert len(notices(north)) == 1


def test_a_cancelled_contract_is_looked_at_and_left_in_peace(north):
    with tenant(north.tenant):
        Cancellation.objects.create(contract=north.contract, reason="Moves", recorded_at=at(END))
        ContractTerm.objects.update(taken_back_at=at(END))
    check_all(now=at(dt.date(2026, 3, 5)))
    with tenant(north.tenant):
        assert latest_check().found["states"] == {"cancelled": 1}
        assert latest_check().found["exceptions"] == {}
    assert notices(north) == []


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
