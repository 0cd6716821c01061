"""Does to the product what the written contract histories say, through its own functions."""

import uuid

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from contracts.amending import enter_first_term
from contracts.cancelling import cancel, standing_cancellation, undo_cancellation
from contracts.co_terminating import end_together
from contracts.evidence import confirm_evidence, log_evidence, reject_evidence, return_evidence
from contracts.goodwill_extension import extend
from contracts.matching import match_payments
from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    Entitlement,
    Payment,
    RenewalEvidence,
    RenewalOffer,
)
from contracts.next_term import renew_by_hand
from contracts.offer_answers import accept_offer, decline_offer
from contracts.offers import Offered, draft_offer
from contracts.renewals import last_term
from contracts.renewing_by_itself import renew_by_themselves
from contracts.taking_back import return_payment
from customers.models import Customer
from tests.contracts.oracle_calendar import fold


class Player:
    """Does to the product what the histories say."""

    def __init__(self, batch, desk):
        self.batch, self.desk = batch, desk
        self.contracts: dict[str, Contract] = {}
        self.proofs: dict[str, int] = {}
        self.payments: dict[int, int] = {}
        self.customers: dict[str, Customer] = {}
        self.refused: dict[str, str] = {}

    def open(self):
        """The contracts, before anything is entered."""
        for name, numbers in self.batch.customers.items():
            self.customers[name] = Customer.objects.create(name=name)
            for number in numbers:
                price, visits = self.batch.opened[fold(number)]
                told = self.batch.desk.agreements[fold(number)]
                self.contracts[fold(number)] = Contract.objects.create(
                    number=number,
                    customer=self.customers[name],
                    price=price,
                    visits_per_term=visits,
                    is_auto_renewing=told.notice_days is not None,
                    notice_days=told.notice_days or 0,
                    currency="GBP",
                )

    def play(self, act, now):
        """One act, by accounts. What the product refuses, though the rules allow it, ends that history."""
        if act.number in self.refused:
            return
        if act.what == "clock":
            renew_by_themselves(self.batch.desk.today(now), now=now)
            return
        contract = Contract.objects.get(pk=self.contracts[act.number].pk)
        try:
            with transaction.atomic():
                do = getattr(self, f"_{act.what.replace(' ', '_')}")
                do(contract, by=self.desk.accounts, now=now, **act.given)
        except (ValueError, KeyError, ObjectDoesNotExist, IntegrityError) as refused:
            self.refused[act.number] = f"{now} {act.what} {act.given}: {refused!r}"

    def _enter(self, contract, *, first, last, by, now):
        enter_first_term(contract, starts_on=first, ends_on=last, by=by, now=now)

    def _log(self, contract, *, name, by, now, **fields):
        self.proofs[name] = log_evidence(contract=contract, reference=name, by=by, now=now, **fields).pk

    def _confirm(self, contract, *, name, by, now):
        confirm_evidence(self._proof(contract, name), by=by, now=now)

    def _reject(self, contract, *, name, by, now):
        reject_evidence(self._proof(contract, name), by=by, now=now, reason="It proves nothing")

    def _bounce(self, contract, *, name, by, now):
        before = set(contract.evidence.values_list("pk", flat=True))
        return_evidence(self._proof(contract, name), by=by, now=now, reason="Refer to drawer")
        self._remember_new(contract, before, f"{name} again")

    def _pay(self, contract, *, rows, by, now):
        payments = []
        for money, written in rows:
            payment = Payment.objects.create(
                customer=self.customers.get(money.customer),
                paid_on=money.paid_on,
                amount=money.amount,
                currency="GBP",
                contract_written=written,
                payer=money.customer or "Somebody",
                recorded_at=now,
                recorded_by=by,
            )
            self.payments[id(money)] = payment.pk
            payments.append(payment)
        match_payments(payments, by=by, now=now)

    def _give_back(self, contract, *, money, day, name, by, now):
        payment = Payment.objects.get(pk=self.payments[id(money)])
        about = payment.contract or contract
        before = set(about.evidence.values_list("pk", flat=True))
        return_payment(payment, returned_on=day, by=by, now=now)
        self._remember_new(about, before, name)

    def _cancel(self, contract, *, day, by, now):
        today = self.batch.desk.today(now)
        cancel(contract, effective_on=day, given_on=today, reason="They move away", by=by, now=now)

    def _told_cancelled(self, contract, *, day, by, now):
        Cancellation.objects.create(
            contract=contract, effective_on=day, reason="Cancelled in the old program", recorded_at=now
        )

    def _offer(self, contract, *, last, amount, visits, valid_until, by, now):
        offered = Offered(
            ends_on=last, amount=amount, visits=visits, response_hours=None, valid_until=valid_until
        )
        offer = draft_offer(contract, by=by, now=now, offered=offered)
        # Its mail and its document are other tests' matter.
        RenewalOffer.objects.filter(pk=offer.pk).update(sent_at=now)

    def _accept(self, contract, *, name, by, now):
        self.proofs[name] = accept_offer(
            self._open_offer(contract), name="Margaret Ellison", now=now
        ).evidence.pk

    def _decline(self, contract, *, by, now):
        decline_offer(self._open_offer(contract), now=now)

    def _open_offer(self, contract):
        return contract.offers.get(settled_at=None, declined_at=None)

    def _undo(self, contract, *, by, now):
        undo_cancellation(standing_cancellation(contract), because="They stay", by=by, now=now)

    def _give_days(self, contract, *, days, by, now):
        extend(contract, days=days, because="They waited in vain", by=by, now=now)

    def _renew(self, contract, *, last, price, visits, by, now):
        renew_by_hand(
            contract,
            after=last_term(contract),
            ends_on=last,
            price=price,
            visits=visits,
            response_hours=contract.response_hours,
            machines=frozenset(),
            channel="call",
            amount=None,
            by=by,
            now=now,
        )

    def _cut(self, contract, *, last, numbers, by, now):
        both = [self.contracts[fold(number)] for number in numbers]
        after = {one.pk: last_term(one) for one in both}
        end_together(both, ends_on=last, channel="call", after=after, by=by, now=now)

    def _use(self, contract, *, kind, by, now):
        entitlements = Entitlement.objects.filter(
            term__contract=contract, term__taken_back_at=None, quantity__gt=0
        )
        AllowanceEntry.objects.create(
            entitlement=entitlements.order_by("-term__ends_on").first(),
            kind=kind,
            quantity=1,
            at=now,
            by=by,
            subject=uuid.uuid4(),
        )

    def _proof(self, contract, name):
        return RenewalEvidence.objects.select_related("contract__tenant").get(pk=self.proofs[name])

    def _remember_new(self, contract, before, name):
        for pk in set(contract.evidence.values_list("pk", flat=True)) - before:
            self.proofs[name] = pk
