"""Contracts that renew by themselves: the clock adds the next term once nobody can give notice (R1.9).

The notice date counts back from the end of the running term. A contract for which a next term
stands, by whatever act, is left alone; so is one whose renewal waits for somebody's verdict.
"""

import datetime as dt

from django.db import transaction

from contracts.agreed import as_before
from contracts.models import Cancellation, Contract, ContractTerm, Renewal
from contracts.notice_date import last_day_for_notice, notice_is_over
from contracts.renewals import Act, enter_renewals, tell_renewals
from contracts.terms import ONE_DAY
from tenancy.prepared import DAY, Among, Keys, Prepared


def past_notice(day: dt.date):
    """Contracts that renew by themselves and whose last day for notice lies before `day` without notice.

    Some may have a next term already. Not those of which a person has to judge what was claimed or
    accepted.
    """
    return Contract.objects.with_cover(day).filter(
        notice_is_over(day),
        is_auto_renewing=True,
        noticed=False,
        waiting_evidence__isnull=True,
        accepted_offer__isnull=True,
    )


_WITHOUT_PRICE = Prepared(
    lambda day: past_notice(day).filter(price=0, last_start__lte=day).order_by("pk"), day=DAY
)
_DUE = Prepared(
    lambda day: past_notice(day).exclude(price=0).order_by("pk").values_list("pk", flat=True), day=DAY
)
_STILL_DUE = Prepared(
    lambda day, keys: (
        past_notice(day).exclude(price=0).filter(Among("pk", keys)).values_list("pk", flat=True)
    ),
    day=DAY,
    keys=Keys(),
)


def without_price(day: dt.date) -> list[Contract]:
    """Contracts past their notice date that cannot renew by themselves: nobody entered a price."""
    return _WITHOUT_PRICE.rows(day=day)


@transaction.atomic
def renew_by_themselves(day: dt.date, *, now: dt.datetime) -> list[Renewal]:
    """Add the terms that are due on a day of the desk, at the contracts' prices; the renewals made.

    After a standstill as many terms follow each other as it takes until one runs on the day. Running
    it twice adds nothing. Statements grow with the terms that a contract is behind, not with contracts.
    """
    ids = _DUE.rows(day=day)
    if not ids:
        return []
    # Who renews, judges or cancels takes the contract first: what is read from here on stands.
    locked = Contract.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    contracts = {contract.pk: contract for contract in locked.select_related("customer")}
    still = set(_STILL_DUE.rows(day=day, keys=ids))
    last = _last_terms(still)
    ends = dict(
        Cancellation.objects.filter(contract__in=still, undone_at__isnull=True).values_list(
            "contract", "effective_on"
        )
    )
    made = []
    while due := [pk for pk, term in last.items() if _is_due(contracts[pk], term, ends.get(pk), day)]:
        acts = [_act(contracts[pk], last[pk]) for pk in due]
        renewals = enter_renewals(acts, by=None, now=now)
        last = {renewal.contract_id: renewal.term for renewal in renewals}
        made += renewals
    tell_renewals(made, by=None, now=now)
    return made


def _last_terms(contracts) -> dict[int, ContractTerm]:
    standing = ContractTerm.objects.filter(contract__in=contracts, taken_back_at__isnull=True)
    return {term.contract_id: term for term in standing.order_by("contract", "ends_on")}


def _is_due(contract: Contract, last: ContractTerm, ends: dt.date | None, day: dt.date) -> bool:
    """Whether the next term is to be added: the last one has begun, and notice was possible until before.

    An extended term has begun with its last extension. `ends` is the day from which a cancellation
    takes effect: no term begins on it or later.
    """
    has_begun = max(last.starts_on, last.counts_from or last.starts_on) <= day
    goes_on = ends is None or ends > last.ends_on + ONE_DAY
    return has_begun and goes_on and last_day_for_notice(contract, last.ends_on) < day


def _act(contract: Contract, last: ContractTerm) -> Act:
    return Act(contract, last, as_before(contract, last), Renewal.Channel.CLOCK, contract.price)
