"""The letters that ask again about a recommendation: still true when they leave, and what they say (R5.6)."""

import datetime as dt
from collections.abc import Iterable

from contracts.cover import Cover, covers_of_equipment
from contracts.wording import money
from customers.links import link_address, make_link
from customers.models import CustomerLink
from messaging.kinds import LINK, Useless, register
from messaging.languages import date_words
from messaging.models import Message
from messaging.wordings import Filling, WordedKind
from recommendations.answers import waits_for_us
from recommendations.follow_ups import KIND, OWNER_KIND, unanswered_since
from recommendations.letter_words import COSTS, COVERED, FREE, SEVERITIES
from recommendations.models import Recommendation
from tenancy.calendars import local_day, zone_of

# Longer than the last of its messages is of use; then the desk's number still stands there.
LINK_LASTS = dt.timedelta(days=90)
ANSWERED = "It was answered, or is not open any more"
PRICE_OWED = "They asked for the price first, and have not been told"
OVERTAKEN = "It was put off, or found to be worse: another message says so"


class FollowUpLetter(WordedKind):
    """Answers for messages about recommendations, to customers and colleagues."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Why it is no longer due: answered, asked for its price, put off anew, or worse than it says."""
        recommendation = _recommendation(message)
        zone = zone_of(message.tenant)
        since = unanswered_since(recommendation, local_day(now, zone), zone)
        if since is None:
            return ANSWERED
        if waits_for_us(recommendation):
            return PRICE_OWED
        is_urgent = recommendation.severity >= Recommendation.Severity.LIKELY_TO_FAIL
        said = message.fields["since"], message.fields["is_urgent"]
        is_same = said == (since.isoformat(), is_urgent) or message.kind == OWNER_KIND
        return "" if is_same and since.isoformat() == said[0] else OVERTAKEN

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The next one says the same; after the last a person sees that it never went."""
        return Useless("The day of the next message came before this could be sent.")

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """One for customers, one for colleagues."""
        return message.kind

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """What was found and when, what may happen, what it costs; where a text is too long, less."""
        recommendation, desk = _recommendation(message), message.tenant
        equipment, today = recommendation.equipment, local_day(now, zone_of(message.tenant))
        customer = equipment.site.customer
        raised = local_day(recommendation.raised_at, zone_of(desk))
        contact = message.contact
        filling = {
            "desk": desk.name,
            "name": (contact.name if contact else "") or customer.name,
            "customer": customer.called,
            "day": date_words(raised, language=language, country=desk.country, today=today),
            "finding": recommendation.finding.rstrip("."),
            "machine": equipment.name,
            "risk": recommendation.risk.rstrip("."),
            "severity": SEVERITIES[language][recommendation.severity],
            "costs": costs_words(recommendation, today, language=language),
            "phone": desk.phone,
            "link": LINK,
        }
        return [filling, {**filling, "costs": ""}, {**filling, "costs": "", "risk": ""}]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """To its own page, to accept, decline or ask; a colleague has none."""
        if message.customer is None:
            return ""
        purpose = CustomerLink.Purpose.RECOMMENDATION
        ends = now + LINK_LASTS
        return link_address(make_link(message.customer, purpose, message.subject, now=now, expires_at=ends))


def costs_words(
    recommendation: Recommendation,
    day: dt.date,
    *,
    language: str = "en",
    covers: Iterable[Cover] | None = None,
) -> str:
    """What the customer would pay, as far as it is known on a day of the desk's; else an empty text.

    `covers` are those of that day among which the machine's are, best first, where they are known.
    """
    estimate = recommendation.estimate
    if estimate is not None:
        price = money(estimate, recommendation.tenant.currency)
        return COSTS[language].format(price=price) if estimate else FREE[language]
    machine = recommendation.equipment
    if covers is None:
        its = covers_of_equipment(machine, day)
    else:
        its = (one for one in covers if one.covers(machine))
    best = next((one for one in its if one.is_covered), None)
    if best is None or not best.contract.kind:
        return ""
    return COVERED[language].format(covered=_within(best.contract.kind))


def _within(words: str) -> str:
    """As it stands in the middle of a sentence."""
    return words[:1].lower() + words[1:].rstrip(".")


def _recommendation(message: Message) -> Recommendation:
    rows = Recommendation.objects.select_related("equipment__site__customer", "tenant")
    return rows.get(public_id=message.subject)


def example(channel: str, now: dt.datetime) -> Message | None:
    """A message about the desk's latest open recommendation, not saved; None where there is none."""
    found = (
        Recommendation.objects.filter(state__in=["open", "quoted"])
        .select_related("equipment__site__customer", "tenant")
        .order_by("-raised_at", "-pk")
        .first()
    )
    if found is None:
        return None
    since = local_day(found.raised_at, zone_of(found.tenant)).isoformat()
    customer = found.equipment.site.customer
    return Message(
        tenant=found.tenant,
        kind=KIND,
        channel=channel,
        customer=customer,
        contact=customer.contacts.order_by("-is_main", "pk").first(),
        subject=found.public_id,
        fields={"since": since, "step": 7, "is_urgent": False},
    )


register(KIND, FollowUpLetter())
register(OWNER_KIND, FollowUpLetter())
