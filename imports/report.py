"""What an import says of itself: assumptions, warnings, refusals and counts, for people and as JSON."""

from collections import Counter
from dataclasses import asdict, dataclass, field

from imports.refusals import BAD_ROW, Refusal
from imports.sheets import BY_HEADING, Assumption
from imports.tables import CONTRACTS, TABLES


@dataclass(frozen=True)
class Remark:
    """Something a person should look at; the row came in all the same."""

    table: str
    file: str
    line: int
    text: str

    def __str__(self):
        return f"{self.file}, line {self.line}: {self.text}"


@dataclass
class TableReport:
    """What became of one table's rows."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    kept_as_changed_here: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)


@dataclass
class Report:
    """One import's report; `facts` are what cover, duplicates and visits say afterwards."""

    as_of: str = ""
    tables: dict[str, TableReport] = field(default_factory=lambda: {name: TableReport() for name in TABLES})
    assumptions: list[Assumption] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    is_dry_run: bool = False

    @property
    def refusals(self) -> list[Refusal]:
        """Every refused row, table by table."""
        return [refusal for table in self.tables.values() for refusal in table.refusals]

    @property
    def warnings(self) -> list[Remark]:
        """Every warning, table by table."""
        return [warning for table in self.tables.values() for warning in table.warnings]

    def as_json(self) -> dict:
        """The report under the names of an export's `truth.json`, with ours behind them."""
        return {
            "as_of": self.as_of,
            **self.facts,
            "rejects": {
                name: [_reject(each) for each in table.refusals] for name, table in self.tables.items()
            },
            "rows": {name: table.rows for name, table in self.tables.items()},
            "dry_run": self.is_dry_run,
            "counts": {
                name: {
                    "added": table.added,
                    "updated": table.updated,
                    "unchanged": table.unchanged,
                    "kept_as_changed_here": table.kept_as_changed_here,
                    "refused": len(table.refusals),
                }
                for name, table in self.tables.items()
            },
            "refusals": [asdict(refusal) for refusal in self.refusals],
            "warnings": [asdict(warning) for warning in self.warnings],
            "assumptions": [asdict(assumption) for assumption in self.assumptions],
            "not_read": self.not_read,
        }


def told(assumptions: list[Assumption]) -> list[str]:
    """Assumptions for a person: columns known by their headings on one line for each file."""
    by_heading: dict[str, list[str]] = {}
    for each in assumptions:
        if each.because == BY_HEADING:
            by_heading.setdefault(each.file, []).append(
                f"{each.subject} = {each.taken.removeprefix('column ')}"
            )
    lines = []
    for each in assumptions:
        if each.because != BY_HEADING:
            lines.append(str(each))
        elif each.file in by_heading:
            columns = ", ".join(by_heading.pop(each.file))
            lines.append(f"{each.file}: {columns} (by their headings; else --column TABLE.FIELD=HEADING)")
    return lines


def _reject(refusal: Refusal) -> list[str]:
    """Contracts by number and reason, all others by line."""
    if refusal.table == CONTRACTS.name and refusal.number:
        return [refusal.number, refusal.reason]
    return [f"line {refusal.line}", BAD_ROW]


def summed(warnings: list[Remark], most: int = 5) -> list[str]:
    """Warnings for a person: the first few of each kind in full, then how many more."""
    seen, lines = Counter(), []
    for warning in warnings:
        kind = (warning.table, warning.text.split(":")[0])
        seen[kind] += 1
        if seen[kind] <= most:
            lines.append(str(warning))
    lines += [f"{table}: {text}: {n - most} more" for (table, text), n in seen.items() if n > most]
    return lines
