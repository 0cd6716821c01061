"""What the renewal check cannot settle by itself, and whose it is: an exception, never silence (R1.11).

Each is a duty with an owner: the contract's, where it has one, else a role. It is opened once while
its reason stands, closed by the check when the reason is gone, and opened anew on a later day when
somebody closed it and the reason is still there.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, OuterRef

from cases.duties import open_duties
from cases.models import Duty
from contracts.covered import State
from contracts.models import Contract, Payment
from contracts.models.payment import UNMATCHED
from contracts.money_duties import due_next_noon, match_duty
from contracts.notices import Due, untold
from contracts.renewing_by_itself import without_price
from contracts.wording import day_in_full, money
from messaging.keys import key_of
from tenancy.calendars import Calendar, instant_at, local_day
from tenancy.models import Membership, Role
from tenancy.prepared import DAY, Instant, Prepared

NO_TERM, NO_PRICE, NOBODY_TO_TELL, OFFER_WAITS = "no term", "no price", "nobody to tell", "offer not settled"
CAUSES = (NO_TERM, NO_PRICE, NOBODY_TO_TELL, OFFER_WAITS)
KINDS = (Duty.Kind.JUDGE_CONTRACT, Duty.Kind.RENEWAL_ENDS)
UNMATCHED_MONEY = "unmatched money"
# So many working days an accepted offer may wait for accounts.
OFFER_MAY_WAIT = 3
GONE = "The renewal check does not find it any more"


@dataclass(frozen=True)
class Exceptional:
    """A contract that needs a person: why, what to do, and the role whose it is without an owner."""

    cause: str
    kind: str
    contract: Contract
    title: str
    detail: str
    role: str


@dataclass(frozen=True)
class Queued:
    """How many duties were opened, and how many closed because their reason is gone."""

    opened: int
    closed: int


def exceptions_of(calendar: Calendar, day: dt.date, due: list[Due]) -> list[Exceptional]:
    """What stands on a day of the desk: three queries. `due` are the notices of that day."""
    return [
        *(_no_term(contract) for contract in _WITHOUT_TERM.rows(day=day)),
        *(_no_price(contract) for contract in without_price(day)),
        *(_nobody_to_tell(contract) for contract in untold(due)),
        *(_offer_waits(contract) for contract in _with_waiting_offer(calendar, day)),
    ]


def unmatched_in_review(day: dt.date) -> list[Payment]:
    """Money that keeps a contract in review: one query."""
    return _UNMATCHED_IN_REVIEW.rows(day=day)


def queue(
    exceptions: list[Exceptional], money_waiting: list[Payment], *, calendar: Calendar, now: dt.datetime
) -> Queued:
    """Open what is missing of the duties, and close those whose reason is gone.

    Statements do not grow with the exceptions.
    """
    due_at = due_next_noon(calendar, now)
    standing = _standing(calendar)
    wanted = {(one.cause, one.contract.public_id): one for one in exceptions}
    # Who has left the desk owns nothing.
    people = set(Membership.objects.filter(ended_at__isnull=True).values_list("pk", flat=True))
    missing = [_duty(one, people, due_at, now, calendar) for at, one in wanted.items() if at not in standing]
    opened = open_duties([*missing, *(match_duty(payment, due_at, now) for payment in money_waiting)])
    gone = [duty for at, duty in standing.items() if at not in wanted]
    closed = _close(Duty.objects.filter(pk__in=gone), now) + _close(_about_finished_money(), now)
    return Queued(opened, closed)


def counts_of(exceptions: Iterable[Exceptional]) -> dict[str, int]:
    """How many there are of each cause, those without any left out."""
    return dict(sorted(Counter(one.cause for one in exceptions).items()))


_WITHOUT_TERM = Prepared(
    lambda day: (
        Contract.objects.with_cover(day)
        .filter(last_end__isnull=True, cancelled=False, waiting_evidence__isnull=True)
        .order_by("pk")
    ),
    day=DAY,
)


def _unmatched_in_review(day):
    in_review = Contract.objects.with_cover(day).filter(
        unmatched_payment__isnull=False, cover_state=State.IN_REVIEW
    )
    found = Payment.objects.unmatched().filter(customer__in=in_review.values("customer"))
    return found.select_related("customer", "perhaps_again__statement").order_by("paid_on", "pk")


_UNMATCHED_IN_REVIEW = Prepared(_unmatched_in_review, day=DAY)


def _offers_waiting(day, before):
    waiting = Contract.objects.filter(offers__accepted_at__lt=before, offers__settled_at__isnull=True)
    return waiting.with_cover(day).filter(cancelled=False).order_by("pk")


_OFFERS_WAITING = Prepared(_offers_waiting, day=DAY, before=Instant())


def _with_waiting_offer(calendar: Calendar, day: dt.date):
    """Accepted before the third last whole working day began, and not settled since."""
    before_today = (day - dt.timedelta(days=back) for back in range(1, 367))
    working = list(islice((since for since in before_today if not calendar.is_closed(since)), OFFER_MAY_WAIT))
    return _OFFERS_WAITING.rows(day=day, before=instant_at(working[-1], dt.time(0), calendar.zone))


def _no_term(contract) -> Exceptional:
    return Exceptional(
        NO_TERM,
        Duty.Kind.JUDGE_CONTRACT,
        contract,
        f"Contract {contract.number} has no term",
        "Enter its first day and its last, or cancel it.",
        Role.ACCOUNTS,
    )


def _no_price(contract) -> Exceptional:
    return Exceptional(
        NO_PRICE,
        Duty.Kind.JUDGE_CONTRACT,
        contract,
        f"Contract {contract.number} cannot renew by itself: it has no price",
        f"Its term ends {day_in_full(contract.last_end)} and nobody gave notice. Enter its price, or renew "
        "it by hand.",
        Role.ACCOUNTS,
    )


def _nobody_to_tell(contract) -> Exceptional:
    goes_on = " and then renews by itself" if contract.is_auto_renewing else ""
    return Exceptional(
        NOBODY_TO_TELL,
        Duty.Kind.RENEWAL_ENDS,
        contract,
        f"Tell {contract.customer} that {contract.number} ends {day_in_full(contract.last_end)}{goes_on}",
        "Their main contact has no address that we can write to. Ring them, and enter one.",
        Role.SALES,
    )


def _offer_waits(contract) -> Exceptional:
    offer = contract.accepted_offer or {}
    asked = f" of {money(offer['amount'], contract.currency)}" if offer else ""
    return Exceptional(
        OFFER_WAITS,
        Duty.Kind.JUDGE_CONTRACT,
        contract,
        f"{contract.customer} accepted our offer for {contract.number}, and it is not renewed",
        f"The offer{asked} has waited for {OFFER_MAY_WAIT} working days. Renew the contract, or say why not.",
        Role.MANAGER,
    )


def _duty(one: Exceptional, people: set[int], due_at, now, calendar: Calendar) -> Duty:
    return Duty(
        key=_key(one.cause, one.contract.public_id, local_day(now, calendar.zone)),
        kind=one.kind,
        title=one.title[:200],
        detail=one.detail,
        customer_id=one.contract.customer_id,
        subject=one.contract.public_id,
        owner_role=one.role,
        owner_id=one.contract.owner_id if one.contract.owner_id in people else None,
        opened_at=now,
        due_at=due_at,
    )


def _standing(calendar: Calendar) -> dict[tuple[str, object], int]:
    """The open duties that the check itself opened, by cause and contract."""
    rows = Duty.objects.open().filter(kind__in=KINDS).values_list("pk", "key", "subject", "opened_at")
    return {
        (cause, subject): pk
        for pk, key, subject, opened_at in rows
        for cause in CAUSES
        if key == _key(cause, subject, local_day(opened_at, calendar.zone))
    }


def _key(cause, subject, opened_on: dt.date):
    # With the desk's day: closed by a person and still true, it is opened again tomorrow.
    return key_of("duty", cause, subject, opened_on.isoformat())


def _about_finished_money():
    finished = Payment.objects.exclude(UNMATCHED).filter(public_id=OuterRef("subject"))
    return Duty.objects.filter(Exists(finished), kind=Duty.Kind.MATCH_PAYMENT)


def _close(duties, now) -> int:
    return duties.filter(closed_at__isnull=True).update(closed_at=now, closed_by=None, outcome=GONE)
