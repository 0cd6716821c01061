"""Telling customers of a renewal 60, 30, 14, 7 and 1 days before the end (R1.12)."""

import datetime as dt

from django.db.models import OuterRef, Subquery

from contracts.cover import State, cover_of
from contracts.models import Contract
from contracts.wording import day_in_full
from customers.models import Contact
from messaging.keys import key_of
from messaging.kinds import Letter, Useless, register
from messaging.models import Message
from messaging.outbox import plan
from tenancy.calendars import instant_at, local_day, zone_of
from tenancy.models import Tenant

KIND = "renewal notice"
NO_NOTICE = "The contract is not about to end, or its renewal is in review"
# When on its day a notice may leave, in the desk's wall time.
LEAVES_AT = dt.time(9, 0)


def plan_notices(desk: Tenant, day: dt.date, *, now: dt.datetime) -> int:
    """Plan the notice that is due for each contract ending soon; how many are new.

    Of several that fell due during a standstill only the last is planned: it says all. Nothing
    whose day lay before the desk switched its messages on.
    """
    steps = sorted(desk.notice_days)
    if not steps:
        return 0
    return plan(_notices(desk, day, steps, now), now=now)


def _notices(desk, day, steps, now):
    zone = zone_of(desk)
    main = Contact.objects.filter(customer=OuterRef("customer"), is_main=True)
    ending = (
        Contract.objects.with_cover(day)
        .filter(
            cover_state__in=[State.ACTIVE, State.RENEWAL_DUE],
            waiting_evidence__isnull=True,
            unmatched_payment__isnull=True,
            last_end__lte=day + dt.timedelta(days=steps[-1]),
            last_end__gte=day,
        )
        .annotate(contact_id=Subquery(main.values("pk")[:1]))
        .filter(contact_id__isnull=False)
    )
    for contract in ending:
        days = next(step for step in steps if (contract.last_end - day).days <= step)
        due_at = instant_at(contract.last_end - dt.timedelta(days=days), LEAVES_AT, zone)
        if due_at < desk.messages_from:
            continue
        yield Message(
            key=key_of(KIND, contract.public_id, contract.last_end.isoformat(), days),
            kind=KIND,
            channel=Message.Channel.MAIL,
            customer_id=contract.customer_id,
            contact_id=contract.contact_id,
            subject=contract.public_id,
            fields={"ends_on": contract.last_end.isoformat()},
            send_after=max(now, due_at),
            useless_after=instant_at(contract.last_end + dt.timedelta(days=1), dt.time(0), zone),
        )


class RenewalNotice:
    """Answers for renewal notices: still due while the same end stands and nothing is in review."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Why it is no longer due: cancelled, renewed meanwhile, or in review."""
        cover = self._cover(message, now)
        is_due = cover.state in (State.ACTIVE, State.RENEWAL_DUE)
        has_same_end = cover.contract.last_end.isoformat() == message.fields["ends_on"]
        in_review = cover.contract.waiting_evidence or cover.contract.unmatched_payment
        return "" if is_due and has_same_end and not in_review else NO_NOTICE

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The term has ended before the notice could leave."""
        return Useless("The contract ended before this could be sent")

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Never: it can wait until morning."""
        return False

    def overrules_stop(self, message: Message) -> bool:
        """Never: who wants no messages gets none about renewals."""
        return False

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """When it ends, and what was used and left of the visits (R1.12)."""
        cover = self._cover(message, now)
        contract = cover.contract
        visits = ""
        if cover.visits_granted:
            visits = (
                f"{cover.visits_done} of its {cover.visits_granted} visits are done, "
                f"{cover.visits_left} are left and paid for. "
            )
        return Letter(
            title=f"Your contract {contract.number} runs until {day_in_full(contract.last_end)}",
            text=(
                f"{contract.tenant.name}: your contract {contract.number} runs until "
                f"{day_in_full(contract.last_end)}. {visits}To renew it, or to use a visit, "
                f"ring {contract.tenant.phone or 'us'}."
            ),
        )

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """It has none: a person answers the telephone."""
        return ""

    def _cover(self, message, now):
        contract = Contract.objects.select_related("tenant").get(public_id=message.subject)
        return cover_of(contract, local_day(now, zone_of(contract.tenant)))


register(KIND, RenewalNotice())
