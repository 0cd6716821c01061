"""Nudges: a paid visit that nobody uses is offered to the customer, and to the dispatcher (R3.2).

At 50 % and 75 % of the term's days if less than that share is done, and 60 days before the end. Planned
by a round that asks what is due now: run twice it plans nothing more, after a standstill only the last
nudge that fell due. Whether it is still true is asked again when it leaves.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from cases.duties import open_duties
from cases.models import Duty
from contracts.allowance import with_left
from contracts.contract_link import contract_address
from contracts.cover import COVERED_STATES
from contracts.models import Contract, ContractTerm, Entitlement
from contracts.sql_parts import filled, joined
from contracts.wording import day_in_full
from messaging import outbox
from messaging.channels import ready_channels
from messaging.keys import key_of
from messaging.kinds import LINK, Letter, Useless, register
from messaging.models import Message
from messaging.recipients import main_contacts, wanted_channels
from messaging.wordings import Filling, WordedKind
from tenancy.calendars import Calendar, instant_at, local_day, local_time, zone_of
from tenancy.models import Role, Tenant
from tenancy.prepared import DAY as PREPARED_DAY
from tenancy.prepared import Composed, Day
from visits.use_or_lose import grants_of_running_terms, open_grants, propose, row_of
from visits.wording import clock_words, date_words, day_words

KIND = "unused visit"
# Shares of the term, in per cent, at which as large a share should be done.
SHARES = (50, 75)
DAYS_BEFORE_END = 60
# When on its day a nudge may leave, and by when its duty is to be done, in the desk's wall time.
LEAVES_AT = dt.time(9, 0)
DUE_BY = dt.time(12, 0)
NOT_OPEN = "The visit is booked, done or given up, or the contract does not cover it any more."
DONE_ENOUGH = "Enough of the visits are done by now."


@dataclass(frozen=True)
class Nudge:
    """One that is due: on which day, and at which share of the term; `share` 0: 60 days before its end."""

    day: dt.date
    share: int

    def is_due_for(self, granted: Entitlement) -> bool:
        """Whether it says something true of what is done (read `with_left`)."""
        return granted.left > 0 and (not self.share or granted.done * 100 < granted.quantity * self.share)


def nudges_of(term: ContractTerm) -> list[Nudge]:
    """The days of a term's nudges, the earliest first.

    Half of the term has come on the first day up to which, itself included, half of its days lie.
    """
    length = (term.ends_on - term.starts_on).days + 1
    by_share = [
        Nudge(term.starts_on + dt.timedelta(days=-(-length * share // 100) - 1), share) for share in SHARES
    ]
    last = Nudge(term.ends_on - dt.timedelta(days=DAYS_BEFORE_END), 0)
    # Of two on one day the one that asks for more counts.
    found = [*by_share, last] if last.day >= term.starts_on else by_share
    return sorted(found, key=lambda nudge: (nudge.day, not nudge.share))


def due_nudge(granted: Entitlement, day: dt.date) -> Nudge | None:
    """The last nudge that fell due by `day`, if it is true of what is done."""
    fallen = [nudge for nudge in nudges_of(granted.term) if nudge.day <= day]
    return fallen[-1] if fallen and fallen[-1].is_due_for(granted) else None


@transaction.atomic
def plan_nudges(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> int:
    """Plan what is due for the desk's running terms on `day`, in its zone; how many nudges are new.

    Nothing whose day lay before the desk switched its messages on. Statements do not grow with terms.
    """
    if desk.messages_from is None or desk.messages_from > now:
        return 0
    due = _due(desk, day, calendar)
    if not due:
        return 0
    earlier = Duty.objects.open().filter(
        kind=Duty.Kind.OFFER_VISIT, subject__in=[granted.public_id for granted, _ in due]
    )
    earlier.update(closed_at=now, outcome="Nobody booked it: nudged again")
    open_duties(_duty(granted, nudge, day, calendar, now) for granted, nudge in due)
    contacts = main_contacts({granted.term.contract.customer_id for granted, _ in due})
    outbox.plan(_messages(due, contacts, calendar, now), now=now)
    return len(due)


# The nudge of `due_nudge`, and that nobody was given it (`_duty_key`): a round in which there is nothing
# new reads none of them. The key is made first: row level security lets no function be looked up by an index.
_NEW = """
    WITH nudged AS MATERIALIZED (
    SELECT granted.id, message_key('duty', {kind}, granted.public_id::text, fallen.share::text,
            to_char(fallen.day, 'YYYY-MM-DD')) AS key
    FROM ({granted}) AS granted (id, public_id, quantity, done, starts_on, ends_on)
    CROSS JOIN LATERAL (
        SELECT share, day
        FROM (VALUES {shares}, (0, granted.ends_on - {before})) AS nudge (share, day)
        WHERE day BETWEEN granted.starts_on AND {day}
        ORDER BY day DESC, share = 0 DESC, share DESC
        LIMIT 1
    ) AS fallen
    WHERE fallen.day >= {first}
      AND (fallen.share = 0 OR granted.done * 100 < granted.quantity * fallen.share)
    )
    SELECT id FROM nudged WHERE NOT EXISTS (SELECT FROM cases_duty duty WHERE duty.key = nudged.key)
"""
_SHARE = "({share}, granted.starts_on + ((granted.ends_on - granted.starts_on + 1) * {share} + 99) / 100 - 1)"


def _new(day, first):
    granted = with_left(grants_of_running_terms(day)).filter(left__gt=0).order_by()
    listed = ("pk", "public_id", "quantity", "done", "starts_on", "ends_on")
    return filled(
        _NEW,
        granted=granted.values_list(*listed),
        shares=joined(*(filled(_SHARE, share=share) for share in SHARES), by=", "),
        before=DAYS_BEFORE_END,
        day=day,
        first=first,
        kind=KIND,
    )


_NEW_ONES = Composed(_new, day=PREPARED_DAY, first=Day())


def _due(desk, day, calendar) -> list[tuple[Entitlement, Nudge]]:
    """Those whose duty was not opened before: each nudge is given once."""
    new = [pk for (pk,) in _NEW_ONES.rows_planned_afresh(day=day, first=_first_day(desk, calendar))]
    if not new:
        return []
    running = Entitlement.objects.filter(pk__in=new)
    open_ones = (
        with_left(running).filter(left__gt=0).select_related("term__contract__customer").order_by("pk")
    )
    due = [(granted, nudge) for granted in open_ones if (nudge := due_nudge(granted, day))]
    covering = Contract.objects.with_cover(day).filter(
        pk__in={granted.term.contract_id for granted, _ in due}, cover_state__in=COVERED_STATES
    )
    covered = set(covering.values_list("pk", flat=True))
    return [(granted, nudge) for granted, nudge in due if granted.term.contract_id in covered]


def _first_day(desk, calendar) -> dt.date:
    """The first day whose nudges leave when the desk's messages had been switched on."""
    day = local_day(desk.messages_from, calendar.zone)
    early = instant_at(day, LEAVES_AT, calendar.zone) < desk.messages_from
    return day + dt.timedelta(days=1) if early else day


def _duty_key(granted, nudge):
    return key_of("duty", KIND, *_about(granted, nudge))


def _about(granted, nudge):
    """An extended term has its nudges anew; the same day of the same entitlement is the same cause."""
    return granted.public_id, nudge.share, nudge.day.isoformat()


def _duty(granted, nudge, day, calendar, now) -> Duty:
    contract = granted.term.contract
    left = int(granted.left)
    visits = "1 paid visit" if left == 1 else f"{left} paid visits"
    until = day_in_full(granted.term.ends_on)
    when = f"{nudge.share} % of the term is over" if nudge.share else f"The term ends on {until}"
    done = f"{int(granted.done)} of {int(granted.quantity)} visits"
    return Duty(
        key=_duty_key(granted, nudge),
        kind=Duty.Kind.OFFER_VISIT,
        title=f"Offer {contract.customer} {visits}, to be used by {until}"[:200],
        detail=f"{when}, {done} of {contract.number} are done.",
        customer=contract.customer,
        subject=granted.public_id,
        owner_role=Role.DISPATCHER,
        opened_at=now,
        due_at=instant_at(calendar.next_working_day(day), DUE_BY, calendar.zone),
    )


def _messages(due, contacts, calendar, now):
    """To each customer over every channel that reaches them and that they want."""
    ready = ready_channels()
    for granted, nudge in due:
        contract = granted.term.contract
        contact = contacts.get(contract.customer_id)
        for channel in wanted_channels(contact, ready):
            yield Message(
                key=key_of(KIND, *_about(granted, nudge), channel),
                kind=KIND,
                channel=channel,
                customer_id=contract.customer_id,
                contact=contact,
                subject=granted.public_id,
                fields={"share": nudge.share, "ends_on": granted.term.ends_on.isoformat()},
                send_after=max(now, instant_at(nudge.day, LEAVES_AT, calendar.zone)),
                useless_after=instant_at(
                    granted.term.ends_on + dt.timedelta(days=1), dt.time(0), calendar.zone
                ),
            )


class UnusedVisit(WordedKind):
    """Answers for nudges to customers."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Booked, done or given up meanwhile, or the contract lapsed, was cancelled or has another end."""
        granted = _open_grant(message, now)
        if granted is None or granted.term.ends_on.isoformat() != message.fields["ends_on"]:
            return NOT_OPEN
        share = message.fields["share"]
        return "" if Nudge(granted.term.ends_on, share).is_due_for(granted) else DONE_ENOUGH

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The dispatcher has the duty to offer it: nothing is lost that nobody sees."""
        return Useless("The term ended before this could be sent.", is_fault=False)

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """One for every nudge."""
        return KIND

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """What is paid for, until when, and the preferred technician's time as it is at this moment."""
        desk, today = message.tenant, local_day(now, zone_of(message.tenant))
        granted = _open_grant(message, now)
        if granted is None:
            return []
        row = row_of(granted, today)
        propose([row], desk=desk, now=now)
        left = int(granted.left)
        filling = {
            "desk": desk.name,
            "paid": "one tune-up is" if left == 1 else f"{left} tune-ups are",
            "until": date_words(granted.until, country=desk.country, today=today),
            "offer": _offer(row, desk, today),
            "phone": desk.phone or "us",
            "link": LINK,
        }
        return [filling, {**filling, "offer": ""}]

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """As every message; looked at by a person when nothing is open, it says that: it does not leave."""
        if _open_grant(message, now) is None:
            return Letter("Your paid visit", f"{message.tenant.name}: no paid visit is open any more.")
        return super().write(message, now=now)

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """The contract's own page, where it is booked in three steps; none where nothing is open."""
        granted = _open_grant(message, now)
        if granted is None:
            return ""
        return contract_address(granted.term.contract, ends_on=granted.term.ends_on, now=now)


def _open_grant(message, now) -> Entitlement | None:
    day = local_day(now, zone_of(message.tenant))
    return open_grants(day).filter(public_id=message.subject).first()


def _offer(row, desk, today) -> str:
    """ "Lou has Monday 10 am.", a week ahead "Lou has Thu 19 March, 10 am."; empty: nobody is free."""
    if not row.slots:
        return ""
    slot = row.slots[0]
    start = local_time(slot.start, zone_of(desk))
    clock, who = clock_words(start.time(), country=desk.country), slot.technician.first_name
    if start.date() - today < dt.timedelta(days=7):
        return f"{who} has {start:%A} {clock}."
    return f"{who} has {day_words(start.date(), country=desk.country, today=today)}, {clock}."


register(KIND, UnusedVisit())
