"""The letters about a renewal that comes up: still true when they leave, and what they say (R1.12)."""

import datetime as dt

from contracts.cover import Cover, State, cover_of
from contracts.models import Contract
from contracts.renewals import last_term
from contracts.renewing_by_itself import last_day_for_notice
from contracts.terms import following
from contracts.wording import day_in_full, money
from messaging.kinds import Letter, Useless, register
from messaging.models import Message
from tenancy.calendars import local_day, zone_of

KIND = "renewal notice"
OWNER_KIND = "renewal notice to its owner"
NO_NOTICE = "The contract is not about to end, or its renewal is in review"
OVERTAKEN = "A later notice says the same"


class RenewalNotice:
    """Answers for renewal notices: true while the same end stands and nothing is in review."""

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

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """When it ends, and what was used and left of the visits (R1.12)."""
        cover = _cover(message, now)
        contract = cover.contract
        title, runs, then = _told(cover)
        text = (
            f"{contract.tenant.name}: your contract {contract.number} {runs}. {_visits(cover)}{then}, "
            f"ring {contract.tenant.phone or 'us'}."
        )
        return Letter(
            title="" if message.channel == Message.Channel.SMS else f"Your contract {title}", text=text
        )

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """It has none: a person answers the telephone."""
        return ""


class OwnersNotice(RenewalNotice):
    """The same for the colleague who looks after the contract."""

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """Whose it is, when it ends, what is left, and how the customer is reached."""
        cover = _cover(message, now)
        contract, customer = cover.contract, cover.contract.customer
        title, runs, _ = _told(cover)
        contact = customer.contacts.filter(is_main=True).order_by("pk").first()
        ways = [way for way in (contact.phone, contact.email) if way] if contact else []
        reached = f"{contact.name or customer.name}: {', '.join(ways)}" if ways else "No address is known"
        return Letter(
            title=f"{customer.called}: contract {title}"[:200],
            text=f"The contract {contract.number} of {customer.called} {runs}. {_visits(cover)}{reached}.",
        )


def _told(cover: Cover) -> tuple[str, str, str]:
    """What the title says of the contract, what it does, and what for one would ring."""
    contract = cover.contract
    ends = day_in_full(contract.last_end)
    if not contract.is_auto_renewing:
        return (
            f"{contract.number} runs until {ends}",
            f"runs until {ends}",
            "To renew it, or to use a visit" if cover.visits_granted else "To renew it",
        )
    begins, until = following(last_term(contract))
    notice_by = day_in_full(last_day_for_notice(contract, contract.last_end))
    return (
        f"{contract.number} renews by itself on {day_in_full(begins)}",
        f"runs until {ends} and then renews by itself, until {day_in_full(until)}, for "
        f"{money(contract.price, contract.currency)}, unless notice is given by {notice_by}",
        "To give notice, or to ask",
    )


def _visits(cover: Cover) -> str:
    if not cover.visits_granted:
        return ""
    verb = "is" if cover.visits_left == 1 else "are"
    return (
        f"{cover.visits_done} of its {cover.visits_granted} visits are done, {cover.visits_left} {verb} left "
        "and paid for. "
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
register(OWNER_KIND, OwnersNotice())
