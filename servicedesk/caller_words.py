"""The caller screen in words: evidence, promises, history, what to nod to. Reads nothing."""

import datetime as dt

from django.utils.text import capfirst

from cases.models import Case
from contracts.cover import Cover, given_words
from contracts.covered import State
from contracts.wording import day_in_full, day_nearby, money
from customers.models import Site, TimelineEntry
from servicedesk.caller_facts import SOON, Caller, Standing, is_old
from servicedesk.case_words import chip_state
from servicedesk.moments import date_word, due_word, moment_word, span_word, window_word
from tenancy.calendars import local_day
from visits.models import Visit

Kind = TimelineEntry.Kind
ICONS = {
    Kind.CALL: "phone",
    Kind.MAIL: "mail",
    Kind.MESSAGE: "message-square",
    Kind.VISIT: "wrench",
    Kind.MISSED: "user-x",
    Kind.PROMISE: "handshake",
    Kind.PAYMENT: "banknote",
    Kind.RENEWAL: "file-check",
    Kind.RECOMMENDATION: "flag",
    Kind.CASE: "message-square-warning",
    Kind.GOODWILL: "gift",
    Kind.MERGE: "merge",
    Kind.NOTE: "notebook-pen",
}
TONES = {Kind.MISSED: "bad", Kind.RECOMMENDATION: "rec", Kind.PAYMENT: "good", Kind.RENEWAL: "good"}
# The step of a promise's line that tells of its break.
BROKEN = "broken"
# A dispatcher reads these while the customer waits.
MOST_COMING = 3
# Letters of a mail or a text; the time line has it whole.
MOST_OF_A_LINE = 160


def facts(caller: Caller, standing: Standing) -> list[tuple[str, str]]:
    """Icon and words of the line under the name: how long, how often, how we did (R6.5)."""
    found = [("award", capfirst(standing.tenure or "new customer"))]
    if standing.terms_renewed:
        found.append(("file-check", _count(standing.terms_renewed, "term renewed", "terms renewed")))
    if standing.misses:
        found.append(("user-x", _count(standing.misses, "visit missed by us", "visits missed by us")))
    if standing.broken:
        found.append(("handshake", _count(standing.broken, "broken promise", "broken promises")))
    return found


def prefers(standing: Standing) -> str:
    """ "11 of 13 visits": how often the preferred technician came."""
    if not standing.preferred or not standing.done:
        return ""
    return f"{standing.done_by_preferred} of {_count(standing.done, 'visit', 'visits')}"


def advice(caller: Caller) -> str:
    """What to do about the verdict: ask where records disagree, say the price where nothing is covered."""
    if caller.cover and caller.cover.state == State.IN_REVIEW:
        return "Unclear, ask accounts."
    return "" if caller.cover and caller.cover.is_covered else charge(caller)


def charge(caller: Caller) -> str:
    """What a visit without a contract costs: "Visits are charged: £95."; pence only where there are any."""
    price = caller.desk.callout_price
    if price is None:
        return "Visits are charged."
    return f"Visits are charged: {money(price, caller.desk.currency).removesuffix('.00')}."


def evidence(cover: Cover, today: dt.date) -> list[dict]:
    """What the verdict rests on: money and act of the last renewal, then what is not certain yet."""
    contract, lines = cover.contract, []
    if renewal := contract.last_renewal:
        if renewal["paid_on"]:
            how = " ".join(filter(None, (renewal["method"] or "Payment", renewal["reference"])))
            paid = f"{how}, {money(renewal['amount'], contract.currency)}"
            lines.append(_line("proof", "banknote", paid, f"received {_day(renewal['paid_on'], today)}"))
        first, last = (dt.date.fromisoformat(renewal[edge]) for edge in ("starts_on", "ends_on"))
        term = f"term {day_in_full(first)} to {day_in_full(last)}"
        person = f", recorded by {renewal['renewed_by']}" if renewal["renewed_by"] else ""
        lines.append(_line("proof", "file-check", f"Renewed by {renewal['channel']}", term + person))
    if given := given_words(contract):
        lines.append(_line("proof", "gift", given, f"to {day_in_full(contract.last_end)}, at no price"))
    if waiting := contract.waiting_evidence:
        detail = f"{waiting['kind']} of {_day(waiting['dated_on'], today)} is being looked at"
        lines.append(_line("waiting", "clock", "Not yet certain:", detail))
    if unmatched := contract.unmatched_payment:
        detail = (
            f"{money(unmatched['amount'], contract.currency)} of {_day(unmatched['paid_on'], today)} "
            "may be meant for this contract"
        )
        lines.append(_line("waiting", "clock", "Not matched yet:", detail))
    return lines


def response(caller: Caller) -> dict | None:
    """The promised response and when a call now is due."""
    if caller.response_due_at is None:
        return None
    due = due_word(caller.response_due_at, zone=caller.calendar.zone, today=caller.today)
    return {"hours": _count(caller.response_hours, "working hour", "working hours"), "due": due}


def matters(caller: Caller) -> list[dict]:
    """Coming visits, open promises, open cases: what is owed, in that order."""
    return [
        *(_visit(caller, visit) for visit in caller.visits),
        *(_promise(caller, promise) for promise in caller.promises),
        *(_case(caller, case) for case in caller.cases),
    ]


def coming(caller: Caller, site: Site | None) -> list[dict]:
    """Who comes to a site already, so that nobody is sent twice: "Lou comes today 14:00 to 15:00 already"."""
    found = []
    for visit in caller.visits:
        if site is None or visit.site_id != site.pk:
            continue
        names = " and ".join(assignment.technician.first_name for assignment in visit.assignments.all())
        told = window_word(
            visit.window_start, visit.window_end, zone=caller.calendar.zone, today=caller.today
        )
        comes = f"{names} {'come' if ' and ' in names else 'comes'}" if names else "Somebody comes"
        is_there = visit.state == Visit.State.ON_SITE
        words = f"{names or 'Somebody'} is there now." if is_there else f"{comes} {told} already."
        found.append({"words": words, "visit": visit})
    more = found[MOST_COMING:] or caller.later_visits
    return [*found[:MOST_COMING], *([{"words": "More visits are booked after these."}] if more else [])]


def tone_of(entry: TimelineEntry) -> str:
    """Red where we let them down, plum for recommendations, green for money and renewals that came."""
    return "bad" if entry.kind == Kind.PROMISE and entry.step == BROKEN else TONES.get(entry.kind, "")


def name_of(member) -> str:
    """Who it was; "" for nobody."""
    return member.name if member else ""


def shortened(words: str, most: int) -> str:
    """The beginning of long words, whole words where there are any; short ones as they are."""
    words = words.strip()
    return words if len(words) <= most else f"{words[:most].rsplit(maxsplit=1)[0]} …"


def history(entries, *, zone, today) -> list[dict]:
    """Time line rows as the component takes them."""
    return [
        {
            "entry": entry,
            "when": date_word(local_day(entry.at, zone), today=today),
            "icon": ICONS[entry.kind],
            "tone": tone_of(entry),
            "outcome": ", ".join(
                filter(None, (shortened(entry.detail, MOST_OF_A_LINE), name_of(entry.actor)))
            ),
        }
        for entry in entries
    ]


def to_nod(caller: Caller) -> list[dict]:
    """What was last known to be right over 12 months ago: addresses and phone numbers."""
    known = caller.customer.created_at
    old = [
        (s.verified_on, f"{s}{': ' + s.access_notes if s.access_notes else ''}")
        for s in caller.sites
        if is_old(s.verified_on, known, caller.today)
    ]
    if (contact := caller.main_contact) and is_old(contact.verified_on, known, caller.today):
        ways = ", ".join(filter(None, (contact.phone, contact.email)))
        old.append((contact.verified_on, ways or contact.name))
    return [
        {"what": what, "since": f"{day:%B %Y}" if day else f"before {known:%B %Y}"}
        for day, what in old
        if what
    ]


def _visit(caller, visit):
    who = ", ".join(a.technician.name for a in visit.assignments.all()) or "nobody assigned yet"
    told = window_word(visit.window_start, visit.window_end, zone=caller.calendar.zone, today=caller.today)
    return {
        "state": "late" if visit.window_end < caller.now else "open",
        "icon": "calendar",
        "what": f"{visit.get_kind_display()} {told}",
        "detail": f"{who}, {visit.get_state_display().lower()}",
        "visit": visit,
    }


def _promise(caller, promise):
    late = caller.now - promise.due_at
    if late > dt.timedelta():
        state, by = "late", f"{span_word(late)} late"
    else:
        state = "due" if -late <= SOON else "open"
        by = moment_word(promise.due_at, zone=caller.calendar.zone, today=caller.today)
    owner = promise.owner.name if promise.owner else "Nobody"
    made = _date(local_day(promise.made_at, caller.calendar.zone), caller)
    return {
        "state": state,
        "icon": "",
        "what": promise.text,
        "detail": f"{owner}, promised {made}",
        "by": by,
        "by_iso": promise.due_at.isoformat(),
    }


def _case(caller, case):
    opened = local_day(case.opened_at, caller.calendar.zone)
    days = (caller.today - opened).days
    owner = f"Owner {case.owner.name}, " if case.owner else ""
    return {
        "case": case,
        "state": chip_state(case, now=caller.now, zone=caller.calendar.zone),
        "icon": "message-square-warning" if case.kind == Case.Kind.COMPLAINT else "circle-alert",
        "what": f"{case.get_kind_display()}: {case.title}",
        "detail": f"{owner}opened {_date(opened, caller)}",
        "by": _count(days, "day", "days") if days else "today",
    }


def _date(day, caller):
    """Within a sentence: "today", "2 Mar"."""
    return "today" if day == caller.today else date_word(day, today=caller.today)


def _line(kind, icon, what, detail):
    return {"kind": kind, "icon": icon, "what": what, "detail": detail}


def _day(text, today):
    return day_nearby(dt.date.fromisoformat(text), today=today)


def _count(number, one, many):
    return f"1 {one}" if number == 1 else f"{number} {many}"
