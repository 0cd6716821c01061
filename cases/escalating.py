"""A matter walks upstairs by itself (R6.3): a supervisor owns it, and the customer hears a name and a time.

Two broken promises on one matter, three contacts on it in 30 days, or the customer's wish. What one
visit promised counts once: who came too late broke one promise, however it was divided.
"""

import datetime as dt
from enum import StrEnum

from django.db import transaction

from cases.case_lines import add_case_line
from cases.duties import about_case, open_duty
from cases.models import Case, Duty, Interaction, Promise
from cases.promise_ways import messages_on, way_to
from cases.supervising import business_hours_after, supervisor_of
from messaging import outbox
from messaging.keys import key_of, moment
from messaging.models import Message
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.models import Membership, Role

# The kind of message in which the customer hears who is in charge now, and by when they ring.
SUPERVISOR_NAMED = "supervisor named"
BREAKS, CONTACTS = 2, 3
WITHIN = dt.timedelta(days=30)
OWN_WITHIN = dt.timedelta(hours=1)
# Where the customer can only be rung: by then somebody has told them the name and the time.
TELL_WITHIN = dt.timedelta(minutes=30)


class Reason(StrEnum):
    """Why a matter goes upstairs."""

    BREAKS = "two broken promises"
    CONTACTS = "three contacts in 30 days"
    WISH = "the customer's wish"


def escalate_if_due(case: Case, *, now: dt.datetime) -> bool:
    """Hand the matter to a supervisor where the record says so; whether it went just now.

    Once for each reason, and not while a supervisor's duty to take it over is open. Two at the same
    moment do it once: the case is held until the commit.
    """
    with transaction.atomic():
        held = _hold(case)
        if held.state == Case.State.CLOSED:
            return False
        reasons = [reason for reason in _reasons(held, now) if not _has_gone_up(held, reason)]
        if not reasons or _waits_for_supervisor(held):
            return False
        _hand_over(held, reasons, now, wants="")
        case.refresh_from_db(fields=["owner", "supervisor"])
        return True


def wish_for_supervisor(case: Case, *, by: Membership | None, now: dt.datetime, wants: str = "") -> Duty:
    """The customer asks for a supervisor: one owns the case. `wants` is what they ask for, in their words.

    Asked for again while the duty is open, it is the same duty. Raises ValueError for a closed case.
    """
    with transaction.atomic():
        held = _hold(case)
        if held.state == Case.State.CLOSED:
            raise ValueError("This matter is closed. Reopen it first.")
        duty = _waits_for_supervisor(held) or _hand_over(held, [Reason.WISH], now, wants=wants, by=by)
        case.refresh_from_db(fields=["owner", "supervisor"])
        return duty


def broken_on(case: Case) -> list[Promise]:
    """The promises on a matter that were broken since the desk's alarms began, of one visit the first."""
    broken = case.promises.filter(state=Promise.State.BROKEN, is_imported=False)
    begin = case.tenant.messages_from
    seen: dict = {}
    for promise in broken.select_related("owner__user").order_by("due_at", "pk"):
        if begin is not None and promise.due_at >= begin:
            seen.setdefault(promise.subject if promise.kind in Promise.OF_VISITS else promise.pk, promise)
    return list(seen.values())


def summary_of(case: Case, *, now: dt.datetime, wants: str = "") -> str:
    """What a supervisor reads in ten seconds before ringing: four or five short lines of the record."""
    zone = zone_of(case.tenant)
    since = case.customer.customer_since
    who = str(case.customer.called) + (f", customer since {since:%Y}" if since else "")
    contacts = _contacts(case, now).count()
    heard = f", {contacts} {'contact' if contacts == 1 else 'contacts'} in 30 days" if contacts else ""
    opened = local_day(case.opened_at, zone)
    lines = [f"{who}.", f"{case.title}: open since {opened.day} {opened:%B}{heard}."]
    lines += [_broken_words(promise, zone) for promise in broken_on(case)[-3:]]
    asked = wants.strip() or case.words.strip()
    if asked:
        lines.append(f"They want: {_shortened(asked, 140)}")
    return "\n".join(lines)


def _hold(case) -> Case:
    rows = Case.objects.select_for_update(of=("self",))
    return rows.select_related("tenant", "customer", "owner__user", "supervisor__user").get(pk=case.pk)


def _reasons(case, now) -> list[Reason]:
    found = []
    if len(broken_on(case)) >= BREAKS:
        found.append(Reason.BREAKS)
    if _contacts(case, now).count() >= CONTACTS:
        found.append(Reason.CONTACTS)
    return found


def _contacts(case, now):
    """What the customer said on the matter in 30 days, since the desk's alarms began."""
    begin = case.tenant.messages_from or now
    heard = case.interactions.filter(direction=Interaction.Direction.IN, at__gt=now - WITHIN, at__lte=now)
    return heard.filter(at__gte=begin, external_number="")


def _has_gone_up(case, reason) -> bool:
    return Duty.objects.filter(key=key_of("duty", *_cause(case, reason))).exists()


def _waits_for_supervisor(case) -> Duty | None:
    return Duty.objects.open().filter(case=case, kind=Duty.Kind.OWN_CASE).order_by("pk").first()


def _cause(case, reason) -> tuple:
    return ("supervisor", case.public_id, str(reason))


def _hand_over(case, reasons, now, *, wants, by=None) -> Duty:
    supervisor = _standing_supervisor(case) or supervisor_of(case.owner, now=now)
    told_by = case.owner
    due_at = business_hours_after(case.tenant, OWN_WITHIN, now=now)
    detail = summary_of(case, now=now, wants=wants)
    # A wish is one each time it is uttered; the other reasons are given once.
    wish = (moment(now),) if Reason.WISH in reasons else ()
    # Several reasons at one moment are one duty, by the first of them.
    duty = open_duty(
        *_cause(case, reasons[0]),
        *wish,
        kind=Duty.Kind.OWN_CASE,
        title=f"Take {case.customer} over: {', '.join(reasons)}",
        detail=detail,
        due_at=due_at,
        now=now,
        owner=supervisor,
        owner_role=Role.MANAGER,
        **about_case(case),
    )
    Case.objects.filter(pk=case.pk).update(
        owner=supervisor or case.owner, supervisor=supervisor or case.supervisor
    )
    tell_supervisor(case, supervisor, because=f"Because of {', '.join(reasons)}.", now=now, by=by)
    _tell_customer(case, duty, supervisor, told_by, now)
    return duty


def _standing_supervisor(case) -> Membership | None:
    """Who took it over before and is still here."""
    known = case.supervisor
    is_here = known is not None and known.ended_at is None and known.role == Role.MANAGER
    return known if is_here else None


def tell_supervisor(
    case: Case, supervisor: Membership | None, *, because: str, now: dt.datetime, by: Membership | None = None
) -> None:
    """Its line on the time line: who takes the matter over, and why."""
    add_case_line(
        case,
        f"{supervisor.name if supervisor else 'A manager'} takes over: {case.title}",
        step=f"upstairs {now.isoformat()}",
        now=now,
        by=by,
        detail=because,
    )


def _tell_customer(case, duty, supervisor, told_by, now):
    """By message where one reaches them; else a colleague rings and says the name and the time."""
    way = way_to(case.customer, now=now)
    if way is not None:
        message = Message(
            key=key_of(SUPERVISOR_NAMED, duty.public_id, way.channel),
            kind=SUPERVISOR_NAMED,
            channel=way.channel,
            customer_id=case.customer_id,
            contact=way.contact,
            subject=duty.public_id,
            fields={"due_at": duty.due_at.isoformat()},
            send_after=now,
            useless_after=duty.due_at,
        )
        outbox.plan([message], now=now)
        return
    if not messages_on(case.tenant, now):
        return
    zone = zone_of(case.tenant)
    who, due = supervisor.name if supervisor else "a manager", local_time(duty.due_at, zone)
    open_duty(
        "supervisor told",
        duty.public_id,
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Ring {case.customer}: {who} takes over and rings by {due:%H:%M} on {due.day} {due:%B}"[:200],
        detail="No message reaches them.",
        due_at=business_hours_after(case.tenant, TELL_WITHIN, now=now),
        now=now,
        owner=told_by if told_by is not None and told_by.ended_at is None else supervisor,
        owner_role=Role.DISPATCHER,
        **about_case(case),
    )


def _broken_words(promise, zone) -> str:
    due = local_time(promise.due_at, zone)
    who = f", {promise.owner.name}" if promise.owner else ""
    return f"Broken: {_shortened(promise.text, 80)} (by {due.day} {due:%b %H:%M}{who})."


def _shortened(text, most) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
