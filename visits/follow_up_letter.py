"""The letter that asks after a visit: still right when it leaves, and what it says (R7.4)."""

import datetime as dt
from functools import partial

from customers.links import link_address, make_link
from customers.models import CustomerLink
from messaging.kinds import Useless, register
from messaging.languages import day_words
from messaging.models import Message
from messaging.wordings import Filling, WordedKind, Wording, offer
from tenancy.calendars import local_day
from visits import follow_up_words as say
from visits.follow_up import KIND, complains
from visits.letters import filling_of, visit_of
from visits.models import FollowUp, Visit
from visits.told import told_zone
from visits.wordings import example_of_done, made_up

# So long the page takes an answer; then the desk's number still stands there.
LINK_LASTS = dt.timedelta(days=30)


class AfterVisit(WordedKind):
    """Answers for the message that asks how a visit was."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """The visit is not done, they answered, they complain, or the desk asks no more."""
        visit = visit_of(message)
        if visit.state != Visit.State.DONE:
            return f"The visit is: {visit.get_state_display().lower()}."
        if message.tenant.follow_up_days is None:
            return "The desk asks after its visits no more."
        if FollowUp.objects.filter(visit=visit).exists():
            return "They have said how it was."
        return "A complaint of theirs is open: a person is on it." if complains(visit.customer) else ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """Nobody remembers the visit any more: no fault that somebody had to see to."""
        return Useless("The visit lies too far back to ask.", is_fault=False)

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """One for every visit."""
        return KIND

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """Who was there and when, by the customer's clock."""
        visit = visit_of(message)
        zone = told_zone(visit.customer)
        done = local_day(visit.completed_at or now, zone)
        today, country = local_day(now, zone), visit.tenant.country
        day = day_words(done, today=today, language=language, country=country)
        return [{**filling_of(message, visit, language=language, now=now), "day": day}]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """To the page with the faces."""
        purpose, ends = CustomerLink.Purpose.FOLLOW_UP, now + LINK_LASTS
        return link_address(make_link(message.customer, purpose, message.subject, now=now, expires_at=ends))


example = partial(example_of_done, kind=KIND)


def _made_up(language: str, channel: str) -> Filling:
    return {"day": made_up(language, channel)["day"]}


register(KIND, AfterVisit())
offer(
    Wording(
        name=KIND,
        label="How was the visit?",
        sent="Days after a visit is done, as the desk has set it",
        kind=KIND,
        fields=say.FIELDS,
        ours=say.OURS,
        must_name=frozenset({"link"}),
        example=example,
        made_up=_made_up,
    )
)
