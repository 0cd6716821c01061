"""A recommendation's row: a finding on a machine, done or still open."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from imports.reading import Known, machine_key
from imports.refusals import END_BEFORE_START
from imports.rows import Row
from imports.words import SOON, Vocabulary


@dataclass(frozen=True)
class RecommendationRow:
    """What the export says of one recommendation."""

    line: int
    visit: str
    serial: str
    date: dt.date
    severity: str
    text: str
    estimate: Decimal | None
    signed_by: str
    done: dt.date | None

    @property
    def key(self) -> str:
        """By which the row is known again: recommendations have no number of their own."""
        return f"{self.visit}|{self.serial}|{self.date.isoformat()}|{self.text}"


def read_recommendation(row: Row, known: Known, severities: Vocabulary) -> RecommendationRow:
    """One recommendation. Raises RowRefused for an unknown machine, a day that is none, one told before."""
    row.number = row.text("visit")
    serial = row.required("serial")
    if machine_key(serial) not in known.machines:
        row.refuse("serial", "the serial number of a machine that came in")
    date, done = row.required_day("date"), row.day("done")
    if done and done < date:
        row.refuse("done", f"a day not before {row.written('date')}", reason=END_BEFORE_START)
    severity = row.meaning("severity", severities)
    if not severity:
        row.warnings.append(f"severity not known, read as {SOON}: {row.written('severity')}")
    read = RecommendationRow(
        line=row.line,
        visit=row.text("visit"),
        serial=machine_key(serial),
        date=date,
        severity=severity or SOON,
        text=row.required("text"),
        estimate=row.amount("estimate"),
        signed_by=row.known_text("signed_by"),
        done=done,
    )
    if known.is_told_before("recommendations", read.key):
        row.refuse("text", "a recommendation that no row before tells")
    return read
