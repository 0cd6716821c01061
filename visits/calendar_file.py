"""A visit as an entry in the customer's calendar, which follows it when it moves (RFC 5545, 5546).

Made when a mail leaves, or the customer takes it from their page, from the visit as it is then. It
bears no link: a link is made for its mail and kept nowhere.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress

from messaging.attachments import Attachment, make_for
from messaging.kinds import read_together
from messaging.languages import ENGLISH, NAMES, people_words
from messaging.models import Message
from messaging.providers import provider_of
from messaging.wordings import languages_for
from tenancy.calendars import UTC, clock_changes, local_time, zone_named, zone_of
from visits.letter_words import SOMEBODY_COMES
from visits.letters import crew_of, visit_of
from visits.models import Visit
from visits.told import told_zone

NAME = "visit.ics"
ENDING = b"END:VCALENDAR\r\n"
# In what was read ahead for a message: the address that mail leaves from.
SENDER = "sender"
PRODUCT = "-//Service desk//Visits//EN"
KINDS = frozenset({"booked", "moved", "reminder", "cancelled"})
CANCELLED = (Visit.State.CANCELLED_BY_US, Visit.State.CANCELLED_BY_CUSTOMER)
# Entries speak the language of their mail: its first, of those that we write.
_VISIT_BY = {
    "en": "Visit by {desk}",
    "nl": "Bezoek van {desk}",
    "de": "Besuch von {desk}",
    "fr": "Visite de {desk}",
}
_ANSWERING = {
    "en": "{who} comes. To confirm, move or cancel, use the link in our mail{phone}. Answering this "
    "calendar entry changes nothing.",
    "nl": "{who} komt langs. Bevestigen, verzetten of afzeggen doet u met de link in onze mail{phone}. "
    "Antwoorden op deze agenda-afspraak verandert niets.",
    "de": "{who} kommt. Bestätigen, verschieben oder absagen können Sie über den Link in unserer "
    "Mail{phone}. Auf diesen Kalendereintrag zu antworten ändert nichts.",
    "fr": "{who} viendra. Pour confirmer, déplacer ou annuler, suivez le lien de notre courriel{phone}. "
    "Répondre à cette invitation ne change rien.",
}
_OR_RING = {"en": " or ring {}", "nl": " of bel {}", "de": " oder rufen Sie {} an", "fr": " ou appelez le {}"}


def calendar_file(message: Message, *, now: dt.datetime) -> Attachment:
    """The entry for whom a message is written to. Raises Visit.DoesNotExist."""
    visit = visit_of(message)
    method = "CANCEL" if visit.state in CANCELLED else "REQUEST"
    language = next(one for one in languages_for(message) if one in NAMES)
    sender = message.ahead.get(SENDER) if message.ahead else None
    event = _event(visit, language, now, sender or _sender())
    if message.contact is not None and message.contact.email:
        event.add("attendee", _attendee(message.contact, visit))
    return Attachment(NAME, f"text/calendar; method={method}", _calendar(visit, event, method))


def entry_of(visit: Visit, *, now: dt.datetime) -> bytes:
    """The entry as somebody takes it from the page of the visit: nobody is invited or answers."""
    return _calendar(visit, _event(visit, ENGLISH, now, _sender()), "PUBLISH")


def told_in(visit: Visit) -> ZoneInfo:
    """The zone by whose clock the visit's window was told: the customer's, or the desk's by then."""
    for zone in (told_zone(visit.customer), zone_of(visit.tenant)):
        first = local_time(visit.window_start, zone)
        if (first.date(), first.time()) == (visit.told_day, visit.told_from):
            return zone
    return told_zone(visit.customer)


def span_told(visit: Visit) -> tuple[dt.datetime, dt.datetime]:
    """The window as the entry has it: the wall times that were told, in their zone.

    The second run of a doubled hour is given in UTC, for in a zone its wall time means the first.
    """
    zone = told_in(visit)
    start = _as_told(visit.window_start, visit.told_day, visit.told_from, zone)
    last_day = local_time(visit.window_end, zone).date()
    return start, _as_told(visit.window_end, last_day, visit.told_until, zone)


def _as_told(instant, day, clock, zone) -> dt.datetime:
    local = local_time(instant, zone)
    if (local.date(), local.time()) != (day, clock):
        # The zone's rules changed after we told the time: what we told holds.
        return dt.datetime.combine(day, clock, tzinfo=zone)
    return local_time(instant, UTC) if local.fold else local


def _calendar(visit, event, method) -> bytes:
    opening, closing = _around(told_in(visit).key, visit.window_start.year, method)
    return opening + event.to_ical() + closing


@lru_cache(maxsize=256)
def _around(zone: str, year: int, method: str) -> tuple[bytes, bytes]:
    """What stands before and after an entry: the same for all of a zone's year."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(zone_rules(zone, year))
    written = calendar.to_ical()
    return written.removesuffix(ENDING), ENDING


def _event(visit, language, now, sender) -> Event:
    desk = visit.tenant
    who = people_words(crew_of(visit), language=language)
    start, end = span_told(visit)
    event = Event()
    event.add("uid", f"visit-{visit.public_id}")
    event.add("sequence", visit.version)
    event.add("dtstamp", now)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", _VISIT_BY[language].format(desk=desk.name))
    event.add("status", "CANCELLED" if visit.state in CANCELLED else "CONFIRMED")
    if visit.site.address:
        event.add("location", visit.site.address)
    event.add(
        "description",
        _ANSWERING[language].format(
            who=who or SOMEBODY_COMES[language],
            phone=_OR_RING[language].format(desk.phone) if desk.phone else "",
        ),
    )
    event.add("organizer", _organizer(desk, sender))
    return event


def _organizer(desk, sender) -> vCalAddress:
    """The desk's own address, so that an answer reaches a person; our mail leaves on its behalf."""
    address = vCalAddress(f"mailto:{desk.email or sender}")
    address.params["CN"] = desk.name
    if desk.email and desk.email != sender:
        address.params["SENT-BY"] = f"mailto:{sender}"
    return address


def _sender() -> str:
    """The address that mail leaves from: the desk's own provider's, else the installation's."""
    provider = provider_of(Message.Channel.MAIL)
    own = provider.settings.get("from_address", "") if provider is not None else ""
    return own or settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip("> ")


def _attendee(contact, visit) -> vCalAddress:
    address = vCalAddress(f"mailto:{contact.email}")
    if contact.name:
        address.params["CN"] = contact.name
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["PARTSTAT"] = "ACCEPTED" if visit.confirmed_at else "NEEDS-ACTION"
    address.params["RSVP"] = "FALSE"
    return address


@lru_cache(maxsize=256)
def zone_rules(name: str, year: int) -> Timezone:
    """A zone's rules from a year before to a year after, each change of the clock spelled out.

    Written here: icalendar 7.3 dates a change to summer time by the clock of after it, an hour late.
    """
    zone = zone_named(name)
    start, end = dt.datetime(year - 1, 1, 1, tzinfo=UTC), dt.datetime(year + 2, 1, 1, tzinfo=UTC)
    offset = local_time(start, zone).utcoffset()
    found = Timezone()
    found.add("tzid", name)
    found.add_component(_observance(zone, start, offset, offset))
    for change in clock_changes(zone, start, end):
        found.add_component(_observance(zone, change.at, change.before, change.after))
    return found


def _observance(zone, at, before, after):
    local = local_time(at, zone)
    rule = TimezoneDaylight() if local.dst() else TimezoneStandard()
    rule.add("dtstart", (at + before).replace(tzinfo=None))
    rule.add("tzoffsetfrom", before)
    rule.add("tzoffsetto", after)
    rule.add("tzname", local.tzname())
    return rule


def read_sender(messages: list[Message], *, now: dt.datetime) -> None:
    """Read once for several messages from where the desk's mail leaves."""
    sender = _sender()
    for message in messages:
        message.ahead[SENDER] = sender


make_for(KINDS, NAME, calendar_file)
read_together(KINDS, read_sender)
