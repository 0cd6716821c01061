"""The report goes to the customer once the visit is done: by mail with its PDF, else its link by text.

One message for a visit. Who cannot be written to is told by a person; what nobody signed for is owed
until a mail that carried it has left (R5.5, R7.2).
"""

import datetime as dt
from functools import partial

from cases.duties import close_duties_about
from cases.models import Duty
from customers.links import link_address, make_link
from customers.models import CustomerLink
from messaging import outbox
from messaging.attachments import Attachment, make_for
from messaging.channels import ready_channels
from messaging.keys import key_of
from messaging.kinds import Useless, once_sent, register
from messaging.languages import today_or_day_words
from messaging.models import Message
from messaging.wordings import Filling, WordedKind, Wording, offer
from tenancy.calendars import calendar_of, local_day
from tenancy.papers import kept_paper
from visits import report_letter_words as say
from visits.announcements import contact_of, one_channel_for
from visits.handover import owe_mail_again
from visits.letters import LINK_LASTS, filling_of, listed, open_recommendations, visit_of
from visits.models import ServiceReport, Visit
from visits.report_document import document_of
from visits.told import told_zone
from visits.visit_duties import open_visit_duty
from visits.wordings import example_of_done, made_up
from visits.work_left import first_left

KIND = "visit report"
NAME = "The report.pdf"
MAIL = Message.Channel.MAIL
# So long a report is worth bringing; after that a person sees that it never went.
OF_USE = dt.timedelta(days=14)
TELL_WITHIN = dt.timedelta(hours=4)


def plan_report(visit: Visit, *, now: dt.datetime) -> int:
    """Plan bringing the report of a visit that is done; how many messages are new.

    The caller holds the transaction that completes the visit. A desk whose messages are switched off
    plans none.
    """
    starts = visit.tenant.messages_from
    leaves = max(now, visit.held_until or now)
    if starts is None or leaves < starts:
        return 0
    contact = contact_of(visit)
    channel = one_channel_for(visit, contact, ready=ready_channels())
    if not channel:
        _let_somebody_tell(visit, contact, now=now)
        return 0
    message = Message(
        key=key_of(KIND, visit.public_id),
        kind=KIND,
        channel=channel,
        customer_id=visit.customer_id,
        contact=contact,
        subject=visit.public_id,
        fields={},
        send_after=leaves,
        useless_after=leaves + OF_USE,
    )
    return outbox.plan([message], now=now)


class ReportLetter(WordedKind):
    """Answers for the message that brings a report."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """There is no report, or the visit is not done."""
        visit = Visit.objects.filter(public_id=message.subject, report__isnull=False).first()
        if visit is None:
            return "There is no report of the visit."
        return (
            "" if visit.state == Visit.State.DONE else f"The visit is: {visit.get_state_display().lower()}."
        )

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """A person sees that the customer never had it."""
        return Useless("The report could not leave within 14 days.")

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """One for every report."""
        return KIND

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """What was done and is left, and what waits for an answer; where a text is too long, less."""
        visit = visit_of(message)
        zone = told_zone(visit.customer)
        reading = {"language": language, "country": visit.tenant.country}
        report = ServiceReport.objects.filter(visit=visit).first()
        left = first_left(report)[0] if report else ""
        found = open_recommendations(visit, now)
        done = " ".join(report.work_done.split()) if report else ""
        whole = {
            **filling_of(message, visit, language=language, now=now),
            "that_day": today_or_day_words(
                local_day(visit.completed_at or now, zone), today=local_day(now, zone), **reading
            ),
            "done": done if done.endswith((".", "!", "?")) or not done else f"{done}.",
            "left": left.rstrip("."),
            "decide": _count(len(found), language),
            "recommendations": listed(found, language),
        }
        if message.channel == MAIL:
            return [whole]
        return [whole, {**whole, "phone": ""}, {**whole, "done": ""}, {**whole, "done": "", "phone": ""}]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """The customer's page of the visit, open for seven days from now."""
        purpose, ends = CustomerLink.Purpose.VISIT, now + LINK_LASTS
        return link_address(make_link(message.customer, purpose, message.subject, now=now, expires_at=ends))


def note_mailed(message: Message, *, now: dt.datetime) -> None:
    """A mail with the report has left: what nobody signed for is handed over by it, and owed no more.

    A text brings a link only: whoever owes the mail still owes it.
    """
    if message.channel == MAIL:
        said = f"Mailed to {message.address} with the report"
        kind = Duty.Kind.MAIL_RECOMMENDATION
        close_duties_about(message.subject, kind, by=None, now=now, outcome=said)


def note_returned(message: Message, *, now: dt.datetime) -> None:
    """The mail came back: what nobody signed for is owed once more."""
    if message.channel == MAIL:
        owe_mail_again(visit_of(message), now=now)


def attach(message: Message, *, now: dt.datetime) -> Attachment:
    """The report as it is kept: the same bytes for everybody."""
    kept = document_of(visit_of(message), now=now)
    return Attachment(kept.name, kept.content_type, kept_paper(kept))


example = partial(example_of_done, kind=KIND, report__isnull=False)


def _made_up(language: str, channel: str) -> Filling:
    return {"that_day": made_up(language, channel)["that_day"], "decide": _count(1, language)}


def _let_somebody_tell(visit, contact, *, now) -> None:
    """Never a silent gap; who chose to hear nothing is left in peace, and a mail that is owed says it."""
    owed = Duty.objects.open().filter(kind=Duty.Kind.MAIL_RECOMMENDATION, subject=visit.public_id)
    if not (visit.tell_by_mail or visit.tell_by_sms) or owed.exists():
        return
    open_visit_duty(
        visit,
        KIND,
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Bring {visit.customer.name} the report of visit {visit.number}",
        detail="No message reaches them: no address that may be written to."
        + (f" Phone: {contact.phone}" if contact and contact.phone else ""),
        due_at=calendar_of(visit.tenant).due_after(now, TELL_WITHIN),
        now=now,
    )


def _count(count: int, language: str) -> str:
    one, more = say.DECISIONS[language]
    return "" if not count else one if count == 1 else more.format(count)


register(KIND, ReportLetter())
once_sent(KIND, note_mailed, returned=note_returned)
make_for([KIND], NAME, attach)
offer(
    Wording(
        name=KIND,
        label="The report of a visit",
        sent="When a visit is done: by mail with the report, else its link by text",
        kind=KIND,
        fields=say.FIELDS,
        ours=say.OURS,
        must_name=frozenset({"link"}),
        example=example,
        made_up=_made_up,
    )
)
