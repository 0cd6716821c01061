"""The health of a desk: what must never happen, counted, with what each figure means and what to do.

Each figure is computed where its rule lives; here stand their words and their order.
"""

import datetime as dt
from dataclasses import dataclass

from cases.duties import overdue_duties
from cases.mending import failed_without_owner
from contracts.renewal_check import latest_check
from messaging.outbox import waiting_too_long
from servicedesk.moments import day_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.models import Tenant
from visits.unswept import unbroken_promises, unswept_visits

# The desk's day begins at its midnight; the clock comes by every quarter of an hour.
CHECKED_WITHIN = dt.timedelta(hours=2)


@dataclass(frozen=True)
class Figure:
    """One number that is 0 while all is well.

    `must_be_zero`: not the people are behind but the machine. `url` is where the rows stand, "" nowhere.
    """

    name: str
    count: int
    means: str
    must_be_zero: bool = True
    note: str = ""
    url: str = ""
    link: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nobody need do anything."""
        return self.count == 0


def health_of(desk: Tenant, *, now: dt.datetime) -> tuple[Figure, ...]:
    """The figures of the active desk, most urgent first: a query for each, however many rows there are."""
    return (
        _visits(desk, now),
        _waiting_messages(desk, now),
        _failed_messages(desk),
        _promises(desk, now),
        _renewal_check(desk, now),
        _duties(now),
    )


def _visits(desk, now) -> Figure:
    return Figure(
        "Visits in the past, still as scheduled or on the way",
        unswept_visits(desk, now=now),
        "The clock makes them late, then missed, within a minute. If it has not, no job runs: "
        "start the timetable and a worker, and they catch up by themselves.",
    )


def _waiting_messages(desk, now) -> Figure:
    return Figure(
        "Messages past their time that wait",
        waiting_too_long(desk, now=now),
        "What is due leaves within seconds. If it waits, no worker sends: start one for the queue “send”.",
        note="" if desk.messages_from else "This desk’s messages are switched off: they are meant to wait.",
        url=f"{desk_url(desk, 'messages')}?tab=waiting",
        link="Messages that wait",
    )


def _failed_messages(desk) -> Figure:
    return Figure(
        "Messages that failed and nobody is to mend",
        failed_without_owner(),
        "A message that fails has a duty with an owner. If one has none, open it: "
        "send it again, or ring and say so there.",
        url=f"{desk_url(desk, 'messages')}?tab=failed",
        link="Messages that failed",
    )


def _promises(desk, now) -> Figure:
    found = unbroken_promises(desk, now=now)
    let_be = f"{found.let_be} more came in with history or while messages were off; nobody is alarmed."
    return Figure(
        "Promises open past their due time",
        found.count,
        "The clock breaks them within a minute and gives whoever leads the owner a duty. "
        "If it has not, no job runs: start the timetable and a worker.",
        note=let_be if found.let_be else "",
    )


def _renewal_check(desk, now) -> Figure:
    zone, check = zone_of(desk), latest_check()
    # A new desk's first check is due after its first midnight.
    last = check.day if check else local_day(desk.created_at, zone)
    said = f"Last made {day_word(last, today=local_day(now, zone))}." if check else "Not made yet."
    return Figure(
        "Days without a renewal check",
        max(0, (local_day(now - CHECKED_WITHIN, zone) - last).days),
        "Every contract is looked at each day, soon after midnight. If a day is left out, "
        "start the timetable and a worker, or check now on the page of renewal checks.",
        note=said,
        url=desk_url(desk, "renewal-checks"),
        link="Renewal checks",
    )


def _duties(now) -> Figure:
    found = overdue_duties(now=now)
    nobodys = f"{found.of_nobody} of them {'is' if found.of_nobody == 1 else 'are'} nobody’s: only a role’s."
    return Figure(
        "Duties past due",
        found.count,
        "Somebody was to do them by now. Ask their owners, and take on what is nobody’s.",
        must_be_zero=False,
        note=nobodys if found.of_nobody else "",
    )
