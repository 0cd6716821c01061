"""Bringing a dealer's folder into a desk: read, load table by table, say what came of it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction

from imports.country import date_order_of, decimal_of
from imports.facts import facts_of
from imports.folder import Export, open_folder, read_table
from imports.given import Given
from imports.loading.allowance import enter_visits_of_later_terms
from imports.loading.calls import load_calls
from imports.loading.contracts import known_contracts, load_contracts
from imports.loading.customers import known_customers, load_customers, places
from imports.loading.desk import Desk, moment_of
from imports.loading.duplicates import propose_duplicates
from imports.loading.equipment import known_machines, load_equipment, machines
from imports.loading.payments import load_payments, match_waiting
from imports.loading.recommendations import load_recommendations
from imports.loading.visits import load_visits
from imports.reading import Known
from imports.report import Report
from imports.tables import TABLES
from tenancy.calendars import local_day, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant

_LOADING = {
    "customers": load_customers,
    "equipment": load_equipment,
    "contracts": load_contracts,
    "payments": load_payments,
    "visits": load_visits,
    "recommendations": load_recommendations,
    "calls": load_calls,
}


def import_folder(
    folder: Path,
    *,
    desk: Tenant,
    given: Given,
    now: dt.datetime,
    on: dt.date | None = None,
    dry_run: bool = False,
    say: Callable[[str, int, int], None] = lambda table, done, of: None,
) -> Report:
    """Bring every table of a folder into a desk, each in its own transaction. Sends nothing.

    A desk that is not saved yet is made once the folder could be opened. `on` is the day at whose
    end everything is judged; without it everything is judged now. With `dry_run` all is done and
    undone again. Raises UsageError before anything is written.
    """
    order, decimal = date_order_of(desk.country), decimal_of(desk.country)
    export = open_folder(folder, given, date_order=order, decimal=decimal)
    zone = zone_of(desk)
    day = on or local_day(now, zone)
    report = Report(as_of=day.isoformat(), not_read=export.not_read, is_dry_run=dry_run)
    moment = moment_of(day, zone=zone, now=now, is_given=on is not None)
    coming_in = Desk(desk, zone, day, moment, now, report, say)
    if not dry_run:
        _bring(coming_in, export, given)
        return report
    with transaction.atomic():
        _bring(coming_in, export, given)
        transaction.set_rollback(True)
    return report


def _bring(desk: Desk, export: Export, given: Given) -> None:
    if desk.tenant.pk is None:
        desk.tenant.save()
    known = Known()
    for name in TABLES:
        with tenant(desk.tenant):
            rows = read_table(name, export, known, given, desk.report)
            desk.say(name, 0, len(rows))
            _LOADING[name](desk, rows)
            _look_around(desk, name, known)
    with tenant(desk.tenant):
        _count_tables_anew()
        enter_visits_of_later_terms()
        desk.report.facts = facts_of(desk, propose_duplicates(desk))


def _count_tables_anew() -> None:
    """Let the database look at tables that have grown, before it plans a question over all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count_imported_tables_anew()")


def _look_around(desk: Desk, name: str, known: Known) -> None:
    """After a table: what stands in the desk now, also from before, for the tables that point at it."""
    if name == "customers":
        desk.places = places()
        known_customers(known)
    elif name == "equipment":
        desk.machines = machines()
        known_machines(known)
    elif name == "contracts":
        known_contracts(known)
    elif name == "payments":
        match_waiting(desk)
