"""The letters about a renewal that comes up: still true when they leave, and what they say (R1.12)."""

import datetime as dt

from contracts.contract_link import contract_address
from contracts.cover import Cover, State, cover_of
from contracts.models import Contract
from contracts.notice_date import last_day_for_notice
from contracts.renewals import last_term
from contracts.terms import following
from contracts.wording import day_in_full, money
from messaging.kinds import LINK, Useless, register
from messaging.models import Message
from messaging.wordings import Filling, WordedKind
from tenancy.calendars import local_day, zone_of

KIND = "renewal notice"
OWNER_KIND = "renewal notice to its owner"
NO_NOTICE = "The contract is not about to end, or its renewal is in review"
# By kind: the words where somebody has to renew it, and where it renews by itself.
WORDINGS = {
    KIND: ("renewal notice", "notice of renewing by itself"),
    OWNER_KIND: ("renewal notice to its owner", "notice of renewing to its owner"),
}
OVERTAKEN = "A later notice says the same"


class RenewalNotice(WordedKind):
    """Answers for renewal notices, to customers and colleagues: true while the same end stands and
    nothing is in review.
    """

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Why it is no longer due: cancelled, renewed meanwhile, in review, or overtaken."""
        cover = _cover(message, now)
        contract = cover.contract
        is_due = cover.state in (State.ACTIVE, State.RENEWAL_DUE) and not contract.noticed
        has_same_end = is_due and contract.last_end.isoformat() == message.fields["ends_on"]
        in_review = contract.waiting_evidence or contract.unmatched_payment or contract.accepted_offer
        says_so = contract.is_auto_renewing == _is_by_itself(message)
        if not has_same_end or in_review or not says_so:
            return NO_NOTICE
        return OVERTAKEN if _is_overtaken(message, cover) else ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The term, or the time for notice, was over before it could leave."""
        over = "The last day for notice was over" if _is_by_itself(message) else "The contract ended"
        return Useless(f"{over} before this could be sent")

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Never: it can wait until morning."""
        return False

    def overrules_stop(self, message: Message) -> bool:
        """Never: who wants no messages gets none about renewals."""
        return False

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """What it says depends on how the contract renews."""
        contract = Contract.objects.get(public_id=message.subject)
        return WORDINGS[message.kind][contract.is_auto_renewing]

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """When it ends, and what was used and left of the visits (R1.12); how to reach the customer."""
        cover = _cover(message, now)
        contract, customer = cover.contract, cover.contract.customer
        filling = {
            "desk": contract.tenant.name,
            "phone": contract.tenant.phone or "us",
            "number": contract.number,
            "customer": customer.called,
            "ends": day_in_full(contract.last_end),
            "visits": _visits(cover),
            "ring_to": _ring_to(cover),
            "link": LINK,
        }
        if message.kind == OWNER_KIND:
            filling["reached"] = _reached(customer)
        return [{**filling, **_next_term(contract)} if contract.is_auto_renewing else filling]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """The contract's own page: its state in a sentence, its visits to book, and being rung."""
        contract = _cover(message, now).contract
        return contract_address(contract, ends_on=contract.last_end, now=now)


def _ring_to(cover: Cover) -> str:
    if cover.contract.is_auto_renewing:
        return "To give notice, or to ask"
    return "To renew it, or to use a visit" if cover.visits_granted else "To renew it"


def _next_term(contract: Contract) -> dict[str, str]:
    begins, until = following(last_term(contract))
    return {
        "begins": day_in_full(begins),
        "until": day_in_full(until),
        "price": money(contract.price, contract.currency),
        "notice_by": day_in_full(last_day_for_notice(contract, contract.last_end)),
    }


def _reached(customer) -> str:
    contact = customer.contacts.filter(is_main=True).order_by("pk").first()
    ways = [way for way in (contact.phone, contact.email) if way] if contact else []
    return f"{contact.name or customer.name}: {', '.join(ways)}" if ways else "No address is known"


def _visits(cover: Cover) -> str:
    if not cover.visits_granted:
        return ""
    verb = "is" if cover.visits_left == 1 else "are"
    return (
        f"{cover.visits_done} of its {cover.visits_granted} visits are done, {cover.visits_left} {verb} left "
        "and paid for."
    )


def _is_by_itself(message: Message) -> bool:
    return not isinstance(message.fields["step"], int)


def _is_overtaken(message: Message, cover: Cover) -> bool:
    """After a standstill of the post a later one waits beside it."""
    left = (cover.contract.last_end - cover.day).days
    later = [step for step in cover.contract.tenant.notice_days if left <= step]
    return not _is_by_itself(message) and bool(later) and min(later) < message.fields["step"]


def _cover(message: Message, now) -> Cover:
    contract = Contract.objects.select_related("tenant").get(public_id=message.subject)
    return cover_of(contract, local_day(now, zone_of(contract.tenant)))


register(KIND, RenewalNotice())
register(OWNER_KIND, RenewalNotice())
