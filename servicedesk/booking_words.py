"""The booking panel in words: slots, what will be raised, what it costs, what to read back."""

import datetime as dt
from collections import Counter

from django.utils.html import format_html

from servicedesk.booking_choices import Choices
from servicedesk.caller_words import charge
from servicedesk.moments import day_word, due_word, span_word, window_word
from tenancy.calendars import local_time
from tenancy.prepared import Key, Prepared
from visits.booking import SlotTaken
from visits.models import Visit
from visits.slot_reasons import left_out, looked_for, why_this
from visits.slots import Slot
from visits.told import told_zone
from visits.wording import minutes_words, window_words


def slot_rows(choices: Choices, visits_by_technician: dict[int, int]) -> list[dict]:
    """Slots as the component takes them, the chosen one ticked."""
    first = min((slot.start for slot in choices.offered), default=None)
    return [
        {
            "slot": slot,
            "who": slot.technician.name,
            "when": f"{names(slot)}, {_window(choices, slot)}",
            "digit": number if number <= 5 else "",
            "is_chosen": slot == choices.slot,
            "meets": {True: "yes", False: "no", None: ""}[slot.meets_promise],
            "verdict": verdict(choices, slot),
            "why": why(
                slot,
                visits_by_technician,
                why_this(
                    slot,
                    choices.offers.wanted,
                    is_soonest=slot.start == first and not choices.is_free_choice,
                ),
            ),
        }
        for number, slot in enumerate(choices.offered, start=1)
    ]


def verdict(choices: Choices, slot: Slot) -> str:
    """ "Meets the 16:41 promise." or "Breaks the 16:41 promise by 1 h 49 of working time."."""
    if slot.meets_promise is None:
        return ""
    due = due_word(slot.due_at, zone=choices.caller.calendar.zone, today=choices.caller.today)
    if slot.meets_promise:
        return f"Meets the {due} promise."
    return f"Breaks the {due} promise by {span_word(slot.late_by)} of working time."


def why(slot: Slot, visits_by_technician: dict[int, int], besides: tuple[str, ...] = ()) -> str:
    """Why this one: "Preferred, 11 visits here. Soonest, 12 min from Quay Press."; empty for nothing."""
    times = visits_by_technician.get(slot.technician.pk, 0)
    known = {0: "", 1: "1 visit here"}.get(times, f"{times} visits here")
    who = [said for said in ("preferred" if slot.is_preferred else "", known) if said]
    return " ".join(f"{', '.join(said)[0].upper()}{', '.join(said)[1:]}." for said in (who, besides) if said)


def names(slot: Slot) -> str:
    """ "Lou", or "Lou and Marek" who come together."""
    *first, last = [technician.first_name for technician in slot.crew]
    return f"{', '.join(first)} and {last}" if first else last


def searched(choices: Choices) -> str:
    """What everybody was measured by; empty while nobody knows where."""
    return looked_for(choices.offers.wanted) if choices.offers else ""


def left_out_rows(choices: Choices) -> list[tuple[str, str]]:
    """Who is not offered, and why; those for whom the same is true together: one query.

    Where somebody was asked for, of that one only.
    """
    if choices.offers is None:
        return []
    grouped: dict[str, list[str]] = {}
    for reason in left_out(choices.offers, choices.offered):
        if choices.technician is None or reason.technician == choices.technician:
            grouped.setdefault(reason.words, []).append(reason.technician.first_name)
    return [(", ".join(people), words) for words, people in grouped.items()]


_CAME = Prepared(
    lambda customer: Visit.objects.filter(
        customer=customer, state=Visit.State.DONE, assignments__isnull=False
    ).values_list("assignments__technician_id", flat=True),
    customer=Key(),
)


def visits_by_technician(choices: Choices) -> dict[int, int]:
    """How often each technician finished a visit for this customer, by primary key: one query."""
    return dict(Counter(_CAME.rows(customer=choices.caller.customer.pk)))


def raising(choices: Choices) -> tuple[str, str] | None:
    """Who will raise what, as a loud and a quiet half; None where nothing is open."""
    if not choices.to_raise or choices.slot is None:
        return None
    count = len(choices.to_raise)
    what = {1: "the recommendation", 2: "both recommendations"}.get(count, f"all {count} recommendations")
    findings = "; ".join(r.finding for r in choices.to_raise[:3])
    return f"{choices.slot.technician.first_name} will raise {what}.", f"{findings}."


def cost(choices: Choices) -> tuple[str, str]:
    """What the customer pays, as a loud and a quiet half."""
    best, cover = choices.caller.cover, choices.cover
    if best is None:
        return "No contract.", charge(choices.caller)
    if not best.is_covered:
        return f"{best.sentence}.", charge(choices.caller)
    if choices.uncovered:
        named = ", ".join(str(machine) for machine in choices.uncovered)
        return f"No contract for {named}.", charge(choices.caller)
    covered = f"{(cover or best).covered or 'The visit'}: in the contract."
    excepted = (cover or best).not_covered
    return "Nothing to pay.", f"{covered} Not {excepted}." if excepted else covered


def read_back(choices: Choices) -> str:
    """The sentence to read to the customer, as HTML with the times made bold."""
    slot, caller = choices.slot, choices.caller
    zone, country = told_zone(caller.customer), caller.desk.country
    start, end = local_time(slot.start, zone), local_time(slot.window_end, zone)
    day = day_word(start.date(), today=caller.today)
    window = window_words(start.time(), end.time(), country=country, joined_by="and")
    name = slot.technician.first_name
    said = format_html("{} will be with you <b>{} between {}</b>.", names(slot), day, window)
    ahead = caller.desk.call_ahead_minutes
    if not ahead:
        return said
    phone = choices.contact.phone if choices.contact else ""
    number = f", on {phone}" if phone else ""
    return format_html("{} {} will phone you <b>{} before</b>{}.", said, name, minutes_words(ahead), number)


def button(choices: Choices) -> str:
    """ "Book Lou, today 14:00 to 15:00"."""
    return f"Book {names(choices.slot)}, {_window(choices, choices.slot)}"


def taken(choices: Choices, refused: SlotTaken) -> str:
    """ "Lou's 14:00 was taken 20 seconds ago."."""
    start = local_time(refused.start, choices.caller.calendar.zone)
    what = f"{refused.technician.first_name}’s {start:%H:%M}"
    if refused.taken_at is None:
        return f"{what} is not free any more."
    ago = choices.caller.now - refused.taken_at
    return f"{what} was taken {_ago(ago)}."


def _ago(span: dt.timedelta) -> str:
    seconds = max(1, round(span.total_seconds()))
    if seconds < 60:
        return "1 second ago" if seconds == 1 else f"{seconds} seconds ago"
    return f"{span_word(span)} ago" if span < dt.timedelta(days=1) else "before"


def _window(choices, slot):
    caller = choices.caller
    return window_word(slot.start, slot.window_end, zone=caller.calendar.zone, today=caller.today)
