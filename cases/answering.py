"""What a customer writes is a contact on its matter and has an owner: answered within one business hour."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cases.duties import close_duties_about, open_duty
from cases.interactions import note_interaction
from cases.matters import matter_for
from cases.models import Case, Duty, Interaction
from cases.supervising import business_hours_after
from customers.models import Equipment
from messaging.models import Message, Reply
from messaging.replies import answered_by
from tenancy.models import Role, Tenant

WITHIN = dt.timedelta(hours=1)


@dataclass(frozen=True)
class About:
    """What a message of ours was about: its case where it has one, and the machines."""

    case: Case | None = None
    equipment: Iterable[Equipment] = ()


Teller = Callable[[Message], About | None]
_tellers: list[Teller] = []


def told_by(teller: Teller) -> None:
    """Register who can say what a message was about (visits stand to our right)."""
    _tellers.append(teller)


class AnsweringDuty:
    """The dispatcher reads it, answers, and says what came of it."""

    def needed(self, reply: Reply, *, now: dt.datetime, follows: Reply | None = None) -> None:
        """Note the contact on its matter, and open a duty, due within one business hour."""
        case = _noted(reply, follows, now) if reply.customer is not None else None
        whom = reply.customer.name if reply.customer else reply.address
        open_duty(
            "answer reply",
            reply.public_id,
            kind=Duty.Kind.ANSWER_REPLY,
            title=f"{whom} wrote: {_first_words(reply.text)}",
            detail=reply.text,
            due_at=business_hours_after(Tenant.objects.get(pk=reply.tenant_id), WITHIN, now=now),
            now=now,
            owner_role=Role.DISPATCHER,
            customer=reply.customer,
            case=case,
            subject=reply.public_id,
        )

    def placed(self, reply: Reply, *, by, now: dt.datetime) -> None:
        """The contact is noted now, and the duty to answer knows whom it is for."""
        case = _noted(reply, None, now)
        about = Duty.objects.open().filter(subject=reply.public_id, kind=Duty.Kind.ANSWER_REPLY)
        title = f"{reply.customer.name} wrote: {_first_words(reply.text)}"[:200]
        about.update(customer=reply.customer, case=case, title=title)

    def done(self, reply: Reply, *, by, now: dt.datetime, outcome: str) -> None:
        """Close it with what the person did."""
        close_duties_about(reply.public_id, Duty.Kind.ANSWER_REPLY, by=by, now=now, outcome=outcome)


def _noted(reply, follows, now) -> Case | None:
    """One contact for one reply: on the case of what it answers, else on the open matter (R6.4)."""
    case = _case_of(reply, follows, now)
    by_text = reply.channel == Message.Channel.SMS
    interaction = note_interaction(
        customer=reply.customer,
        contact=reply.contact,
        case=case,
        channel=Interaction.Channel.MESSAGE if by_text else Interaction.Channel.MAIL,
        summary=reply.text.strip() or "(no words)",
        by=None,
        now=now,
        # The reply has its own line.
        tell_timeline=False,
    )
    # It counts on the matter now; it came when it came.
    interaction.reply, interaction.at = reply, reply.received_at
    interaction.save(update_fields=["reply", "at"])
    return interaction.case


def _case_of(reply, follows, now) -> Case | None:
    earlier = Interaction.objects.filter(reply=follows, case__isnull=False) if follows is not None else None
    found = earlier.select_related("case").first() if earlier is not None else None
    if found is not None:
        return found.case
    about = _about(reply.message) if reply.message is not None else About()
    if about.case is not None and about.case.customer_id == reply.customer_id:
        return about.case
    return matter_for(reply.customer, equipment=about.equipment, now=now)


def _about(message) -> About:
    if message.subject is not None:
        case = Case.objects.filter(public_id=message.subject).first()
        if case is not None:
            return About(case)
    return next((found for teller in _tellers if (found := teller(message)) is not None), About())


def _first_words(text):
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


answered_by(AnsweringDuty())
