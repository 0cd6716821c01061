"""A free visit given as goodwill on a contract: one more in the ledger of the term that runs."""

import datetime as dt

from cases.goodwill import GoodwillRefused, books_on
from cases.models import Goodwill, GoodwillItem
from contracts.models import AllowanceEntry, Contract, ContractTerm, Entitlement
from contracts.renewals import lock_contract
from customers.models import Customer
from tenancy.calendars import local_day, zone_of


def contracts_for_goodwill(customer: Customer, day: dt.date) -> list[Contract]:
    """The customer's contracts whose term runs on a day of the desk's, by number: one query."""
    running = ContractTerm.objects.filter(starts_on__lte=day, ends_on__gte=day, taken_back_at__isnull=True)
    found = Contract.objects.filter(customer=customer, terms__in=running)
    return list(found.order_by("number", "pk").distinct())


def grant_goodwill(goodwill: Goodwill, *, by, now: dt.datetime) -> None:
    """Grant one visit more. Raises GoodwillRefused where no term of that contract runs today."""
    named = Contract.objects.filter(public_id=goodwill.place, customer=goodwill.customer_id).first()
    if named is None:
        raise GoodwillRefused("This contract is not one of theirs. Choose another.", "place")
    contract = lock_contract(named.pk)
    day = local_day(now, zone_of(contract.tenant))
    term = contract.terms.filter(starts_on__lte=day, ends_on__gte=day, taken_back_at__isnull=True).first()
    if term is None:
        raise GoodwillRefused(f"No term of {contract.number} runs today. Choose another contract.", "place")
    granted = Entitlement.objects.select_for_update(of=("self",), no_key=True)
    entitlement = granted.filter(term=term, kind=Entitlement.Kind.VISITS).first()
    if entitlement is None:
        entitlement = Entitlement.objects.create(term=term, kind=Entitlement.Kind.VISITS, quantity=1)
    else:
        entitlement.quantity += 1
        entitlement.save(update_fields=["quantity"])
    AllowanceEntry.objects.create(
        entitlement=entitlement,
        kind=AllowanceEntry.Kind.GRANTED,
        quantity=1,
        at=now,
        by=by,
        reason=f"Goodwill: {goodwill.reason}"[:200],
        subject=goodwill.public_id,
    )


books_on(GoodwillItem.Kind.FREE_VISIT, Goodwill.Place.CONTRACT, grant_goodwill)
