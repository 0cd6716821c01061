"""An extension given as goodwill: so many days more on a contract's running term, and no renewal (R6.6)."""

import datetime as dt

from django.db import transaction

from cases.duties import close_duties_about
from cases.goodwill import GoodwillRefused, books_on
from cases.models import Duty, Goodwill, GoodwillItem
from contracts.cancelling import standing_cancellation
from contracts.cover_events import tell_of_cover
from contracts.covered import State
from contracts.given_days import lengthen
from contracts.models import Contract, ContractTerm
from contracts.offer_ends import end_offers
from contracts.renewals import lock_contract
from contracts.wording import day_in_full, days_word
from customers.models import Customer
from tenancy.calendars import local_day, zone_of

GIVEN_IN = (State.ACTIVE, State.RENEWAL_DUE, State.IN_GRACE)


def contracts_to_extend(customer: Customer, day: dt.date) -> list[Contract]:
    """The customer's contracts whose last term runs, or is in grace, on a day of the desk's: one query."""
    rows = Contract.objects.filter(customer=customer).with_cover(day)
    return list(rows.filter(cover_state__in=GIVEN_IN, last_start__lte=day).order_by("number", "pk"))


@transaction.atomic
def extend(contract: Contract, *, days: int, because: str, by, now: dt.datetime) -> ContractTerm:
    """Let the last term run so many days longer, at no price; the term that stands then.

    What was offered to follow it and is not answered is withdrawn. Raises GoodwillRefused where no term
    runs or is in grace, a next one stands, the contract is cancelled, or its renewal is in review.
    """
    contract = lock_contract(contract.pk)
    day = local_day(now, zone_of(contract.tenant))
    last = contract.terms.filter(taken_back_at__isnull=True).order_by("-ends_on").first()
    if why_not := _why_not(contract, last, day):
        raise GoodwillRefused(why_not, "place")
    told = f"Extended {days_word(days)} as goodwill"
    term = lengthen(last, days, because=f"{told}: {because}", by=by, now=now)
    unanswered = contract.offers.filter(accepted_at__isnull=True, declined_at__isnull=True)
    end_offers(unanswered, because=f"Withdrawn: {told[0].lower()}{told[1:]}", by=by, now=now)
    outcome = f"{told}, to {day_in_full(term.ends_on)}"
    close_duties_about(contract.public_id, Duty.Kind.RENEWAL_ENDS, by=by, now=now, outcome=outcome)
    tell_of_cover([contract], because=told, now=now)
    return term


def book_extension(goodwill: Goodwill, *, by, now: dt.datetime) -> None:
    """Give the days on the contract that was named. Raises GoodwillRefused."""
    named = Contract.objects.filter(public_id=goodwill.place, customer=goodwill.customer_id).first()
    if named is None:
        raise GoodwillRefused("This contract is not one of theirs. Choose another.", "place")
    extend(named, days=goodwill.days, because=goodwill.reason, by=by, now=now)


def _why_not(contract: Contract, last: ContractTerm | None, day: dt.date) -> str:
    cover = Contract.objects.with_cover(day).get(pk=contract.pk)
    if standing_cancellation(contract) is not None:
        return f"{contract.number} is cancelled. Undo that first."
    if last is None:
        return f"{contract.number} has no term that stands."
    if cover.waiting_evidence or cover.accepted_offer or cover.unmatched_payment:
        return f"A renewal of {contract.number} is in review. Accounts have to decide on it first."
    if max(last.starts_on, last.counts_from or last.starts_on) > day:
        runs = f"{day_in_full(last.counts_from or last.starts_on)} to {day_in_full(last.ends_on)}"
        return f"The term {runs} stands already. Days can be given on it once it has begun."
    if cover.cover_state not in GIVEN_IN:
        return f"No term of {contract.number} runs today, nor is one in grace."
    return ""


books_on(GoodwillItem.Kind.EXTENSION, Goodwill.Place.CONTRACT, book_extension)
