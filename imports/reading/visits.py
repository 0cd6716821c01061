"""A visit's row: one trip, planned or over."""

import datetime as dt
from dataclasses import dataclass

from imports.dates import EXAMPLES, Moment
from imports.reading import Known, customer_key, machine_key, visit_key
from imports.refusals import END_BEFORE_START, UNKNOWN_CUSTOMER
from imports.rows import Row
from imports.words import DONE, REPAIR, SCHEDULED, Vocabulary

# Where an export tells only the day: the working day is the window.
_DAY_BEGINS, _DAY_ENDS = dt.time(8, 0), dt.time(17, 0)
_WINDOW = dt.timedelta(hours=2)


@dataclass(frozen=True)
class VisitRow:
    """What the export says of one visit. Times are the desk's wall clock, unless they name an offset."""

    line: int
    number: str
    customer: str
    serial: str
    technician: str
    reported: dt.datetime | None
    start: dt.datetime
    end: dt.datetime
    arrived: dt.datetime | None
    completed: dt.datetime | None
    status: str
    kind: str
    kind_written: str
    work: str
    parts: str

    @property
    def key(self) -> str:
        """By which the row is known again."""
        return visit_key(self.number)


def read_visit(row: Row, known: Known, statuses: Vocabulary, kinds: Vocabulary) -> VisitRow:
    """One visit. Raises RowRefused without number, window, or a customer and machine that are known."""
    row.number = number = row.required("number")
    if not visit_key(number):
        row.refuse("number", "a number with letters or digits")
    if len(number) > 40:
        row.refuse("number", "at most 40 characters")
    if known.is_told_before("visits", visit_key(number)):
        row.refuse("number", "a number that no row before has")
    customer, serial = _whose(row, known)
    day = row.day("day")
    start, end = _window(row, day)
    arrived, completed = _at(row, "arrived", start.date()), _at(row, "completed", start.date())
    if arrived and completed and _wall(completed) < _wall(arrived):
        row.refuse("completed", f"a time not before {row.written('arrived')}", reason=END_BEFORE_START)
    status = row.meaning("status", statuses)
    if status is None:
        row.refuse(
            "status", f"a word for {', '.join(statuses.meanings)} (or --word visits.status=WORD=MEANING)"
        )
    kind = row.meaning("kind", kinds)
    if kind is None:
        row.warnings.append(f"type not known, read as {REPAIR}: {row.written('kind')}")
    return VisitRow(
        line=row.line,
        number=number,
        customer=customer,
        serial=serial,
        technician=" ".join(row.known_text("technician").split()),
        reported=_at(row, "reported", None),
        start=start,
        end=end,
        arrived=arrived,
        completed=completed,
        status=status or (DONE if completed else SCHEDULED),
        kind=kind or REPAIR,
        kind_written=row.text("kind"),
        work=row.text("work"),
        parts=row.text("parts"),
    )


def _whose(row: Row, known: Known) -> tuple[str, str]:
    """The customer's number and the machine's key; either may be told by the other."""
    customer, serial = row.known_text("customer"), row.known_text("serial")
    if customer and customer_key(customer) not in known.customers:
        row.refuse("customer", "the number of a customer that came in", reason=UNKNOWN_CUSTOMER)
    if serial and machine_key(serial) not in known.machines:
        row.refuse("serial", "the serial number of a machine that came in")
    if not customer and not serial:
        row.refuse("customer", "a customer's number or a machine's serial number")
    if not customer:
        return known.machines[machine_key(serial)], machine_key(serial)
    number = known.customers[customer_key(customer)]
    if serial and known.machines[machine_key(serial)] != number:
        row.warnings.append(f"the machine stands at another customer: {serial}")
    return number, machine_key(serial)


def _window(row: Row, day: dt.date | None) -> tuple[dt.datetime, dt.datetime]:
    """From when to when we said that we come."""
    begins, ends = row.moment("from"), row.moment("to")
    order = next(iter(row.sheet.date_orders.values()))
    if begins is None and day is None:
        row.refuse("from", f"a day and time as {EXAMPLES[order]} 14:30")
    first = (begins and begins.day) or day
    if first is None:
        row.refuse("from", f"a day and time as {EXAMPLES[order]} 14:30")
    start = _joined(begins, first, _DAY_BEGINS)
    if ends is None:
        has_time = begins is not None and begins.time is not None
        end = start + _WINDOW if has_time else dt.datetime.combine(first, _DAY_ENDS, tzinfo=start.tzinfo)
    else:
        end = _joined(ends, ends.day or first, _DAY_ENDS)
    if _wall(end) < _wall(start):
        row.refuse("to", f"a time not before {row.written('from')}", reason=END_BEFORE_START)
    return start, end


def _at(row: Row, name: str, day: dt.date | None) -> dt.datetime | None:
    """A moment; a time alone is on the visit's day, a day alone begins the working day."""
    moment = row.moment(name)
    if moment is None or (moment.day is None and day is None):
        return None
    return _joined(moment, moment.day or day, _DAY_BEGINS)


def _joined(moment: Moment | None, day: dt.date, without_time: dt.time) -> dt.datetime:
    time = moment.time if moment and moment.time is not None else without_time
    return dt.datetime.combine(day, time, tzinfo=moment.offset if moment else None)


def _wall(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=None)
