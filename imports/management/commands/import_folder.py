"""Reads a dealer's export into a desk."""

import datetime as dt
import json
import sys
import time
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from imports.country import country_of, currency_of
from imports.given import UsageError, given_by
from imports.importing import import_folder
from imports.report import Report, summed, told
from imports.tables import TABLES
from tenancy.models import Tenant

USAGE = 2


class Command(BaseCommand):
    help = (
        "Read the tables of an older program's export into a desk. Encoding, separator, date order "
        "and columns are found out and told; bad rows are refused and printed; run again, only what "
        "changed comes in. Sends nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path)
        parser.add_argument("--desk", required=True, metavar="SLUG", help="made if there is none")
        parser.add_argument(
            "--zone", metavar="ZONE", help="time zone of a desk that is made, like Europe/London"
        )
        parser.add_argument(
            "--on", metavar="DATE", help="YYYY-MM-DD: judge everything at the end of that day"
        )
        parser.add_argument("--dry-run", action="store_true", help="do everything, then undo it")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there as JSON")
        tables = ", ".join(TABLES)
        for option, metavar, help_text in (
            ("--encoding", "[TABLE=]NAME", "like cp1252"),
            ("--separator", "[TABLE=]MARK", "comma, semicolon, tab, pipe or a character"),
            ("--date-order", "[TABLE=]ORDER", "MDY, DMY or YMD"),
            ("--decimal", "[TABLE=]MARK", "point or comma"),
            ("--file", "TABLE=FILE", f"which file is which table: {tables}"),
            ("--without", "TABLE", "leave a table out"),
            ("--column", "TABLE.FIELD=HEADING", "which column holds a field; #3 is the third column"),
            ("--word", "TABLE.FIELD=WORD=MEANING", "what a status, kind or severity means"),
        ):
            parser.add_argument(option, action="append", default=[], metavar=metavar, help=help_text)

    def handle(self, *args, folder, desk, zone, on, dry_run, report, **options):
        names = ("encoding", "separator", "date_order", "decimal", "file", "without", "column", "word")
        progress = Progress(sys.stderr)
        try:
            _check_report(report)
            result = import_folder(
                folder,
                desk=_desk(desk, zone),
                given=given_by(**{name: options[name] for name in names}),
                now=timezone.now(),
                on=_day(on),
                dry_run=dry_run,
                say=progress.say,
            )
        except UsageError as error:
            raise CommandError(str(error), returncode=USAGE) from None
        progress.end()
        if report:
            report.write_text(
                json.dumps(result.as_json(), indent=1, ensure_ascii=False, default=str) + "\n", "utf-8"
            )
        self._print(result, dry_run)

    def _print(self, result: Report, dry_run: bool) -> None:
        for heading, lines in (
            ("Assumed:", told(result.assumptions)),
            ("Refused:", [str(refusal) for refusal in result.refusals]),
            ("To look at:", summed(result.warnings)),
            ("Not read:", result.not_read),
        ):
            if lines:
                self.stdout.write(heading)
            for line in lines:
                self.stdout.write(f"  {line}")
        for name, table in result.tables.items():
            self.stdout.write(
                f"{name}: {table.rows} rows, {table.added} added, {table.updated} updated, "
                f"{table.unchanged} unchanged, {len(table.refusals)} refused"
            )
        if dry_run:
            self.stdout.write("Dry run: nothing was kept.")


class Progress:
    """Steps of a long import on the error output, one line each, rewritten on a terminal."""

    def __init__(self, out):
        self.out = out
        self.began = time.monotonic()
        self.is_terminal = out.isatty()
        self.shown_at = 0.0

    def say(self, table: str, done: int, of: int) -> None:
        """Show how far a table is; on a pipe at most one line a second and the last."""
        now = time.monotonic()
        if not self.is_terminal and 0 < done < of and now - self.shown_at < 1:
            return
        self.shown_at = now
        end = "\r" if self.is_terminal and done < of else "\n"
        self.out.write(f"[{now - self.began:5.1f} s] {table}: {done} of {of}{end}")
        self.out.flush()

    def end(self) -> None:
        """Say how long it took."""
        self.out.write(f"[{time.monotonic() - self.began:5.1f} s] done\n")


def _desk(slug: str, zone: str | None) -> Tenant:
    """The desk of that slug, or a new one that is not saved yet."""
    found = Tenant.objects.filter(slug=slug).first()
    if found:
        if zone and zone != found.time_zone:
            raise UsageError(f"The desk {slug} has the zone {found.time_zone}; leave out --zone {zone}.")
        return found
    if not zone:
        raise UsageError(f"There is no desk {slug}. Give --zone, like Europe/London, to make it.")
    country = country_of(zone)
    desk = Tenant(
        slug=slug,
        name=slug.replace("-", " ").title(),
        time_zone=zone,
        country=country,
        currency=currency_of(country),
    )
    try:
        desk.full_clean()
    except ValidationError as error:
        raise UsageError(" ".join(error.messages)) from None
    return desk


def _day(written: str | None) -> dt.date | None:
    if not written:
        return None
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise UsageError(f"--on {written}: write the day as YYYY-MM-DD.") from None


def _check_report(path: Path | None) -> None:
    if path and not path.absolute().parent.is_dir():
        raise UsageError(f"--report {path}: there is no folder {path.parent}.")
