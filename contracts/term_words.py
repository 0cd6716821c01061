"""How a term came about, and what became of one that stands no more, in a line."""

from zoneinfo import ZoneInfo

from contracts.models import Contract, ContractTerm
from contracts.wording import day_in_full, days_word
from tenancy.calendars import local_day


def terms_in_words(contract: Contract, zone: ZoneInfo) -> list[tuple[ContractTerm, str]]:
    """All terms of a contract, the latest first, each with its line: at most five queries."""
    rows = contract.terms.select_related("created_by__user", "extends")
    rows = rows.prefetch_related("renewal__renewed_by__user", "extended_by")
    return [(term, _how_it_came(term, zone)) for term in rows.order_by("-starts_on", "-created_at", "-pk")]


def _how_it_came(term, zone) -> str:
    if term.taken_back_at is None:
        return _made(term, zone)
    because = term.taken_back_because
    if term.extended_by.all():
        # Not void: it goes on in a longer one.
        return f"{_made(term, zone)}; {because[:1].lower()}{because[1:]}"
    return f"Taken back: {because}"


def _made(term, zone) -> str:
    renewal = getattr(term, "renewal", None)
    if renewal is not None:
        back = ", taken back since" if renewal.taken_back_at else ""
        how = f"Renewal by {renewal.get_channel_display().lower()}"
        return _by(how, renewal.renewed_by, renewal.renewed_at, zone) + back
    if not term.given_days:
        return "Entered"
    if term.extends is None:
        return f"Entered, {days_word(term.given_days)} of it given as goodwill"
    return _by(term.extends.taken_back_because, term.created_by, term.created_at, zone)


def _by(what, person, at, zone) -> str:
    who = f", by {person.name}" if person else ""
    return f"{what}{who}, {day_in_full(local_day(at, zone))}"
