"""`... in_django servicedesk.bench.jobs NAME [WORDS]`: one job on the measured data; its figures as JSON.

What changes many rows to make a job due, the owner does beforehand, and the clock does not run.
"""

import csv
import io
import json
import sys
import tempfile
import time
from pathlib import Path

from django.db import connection, connections, transaction
from django.utils import timezone

from contracts import renewal_check
from customers.models import Customer
from imports.given import Given
from imports.importing import import_folder
from servicedesk.bench.customers import phone_of
from servicedesk.bench.names import STREETS, TOWNS, person
from servicedesk.celery import app
from tenancy.models import StoredFile, Tenant
from tenancy.scope import tenant
from visits import reminders

# Rows of the export, by the customers that all desks have.
IMPORTED = 1, 5
# Told of 300 days before, each visit that is booked is due at once.
ALL_ARE_DUE = """
    ALTER TABLE visits_visit DISABLE TRIGGER USER;
    UPDATE visits_visit SET booked_at = planned_start - interval '400 days'
    WHERE state IN ('booked', 'confirmed') AND planned_start > now();
    ALTER TABLE visits_visit ENABLE TRIGGER USER;
    UPDATE messaging_message SET planned_at = subject_start - interval '400 days',
           send_after = subject_start - interval '400 days'
    WHERE kind = 'booked' AND subject_start > now();
    -- Reminded at any hour: what is measured must not hang on the hour at which it is.
    UPDATE tenancy_tenant SET reminder_minutes = ARRAY[432000], quiet_from = '00:00', quiet_until = '00:00';
"""
# As the worker would have left them: each visit's report has its PDF.
REPORTS_ARE_MADE = """
    UPDATE visits_servicereport r SET document_id = f.id FROM tenancy_storedfile f
    WHERE f.tenant_id = r.tenant_id AND f.name = 'report.pdf' AND r.document_id IS NULL
      AND r.written_at > now() - interval '60 days'
"""
# The same messages by one statement that decides nothing.
RAW_SWEEP = """
    INSERT INTO messaging_message (tenant_id, key, kind, channel, customer_id, contact_id, subject,
        subject_start, fields, state, send_after, useless_after, address, title, text, reason, attempts,
        provider_id, planned_at)
    SELECT v.tenant_id, message_key('visit', v.public_id::text, 'reminder',
               (extract(epoch FROM v.planned_start) * 1000000)::bigint::text), 'reminder', 'mail',
           v.customer_id, v.contact_id, v.public_id, v.planned_start, '{}', 'planned',
           v.planned_start - interval '300 days', v.planned_start, '', '', '', '', 0, '', now()
    FROM visits_visit v
    WHERE v.state IN ('booked', 'confirmed') AND v.planned_start > now()
"""


def renewals() -> dict:
    """The nightly check of every contract of every desk, and once more when nothing is new."""
    now = timezone.now()
    first, again = _timed(renewal_check.check_all, now=now), _timed(renewal_check.check_all, now=now)
    with connections["migrator"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contracts_contract")
        contracts = cursor.fetchone()[0]
    return {"contracts": contracts, "seconds": first[0], "again": again[0]}


def sweep(times: str) -> dict:
    """Reminders of all visits that are booked; and the raw statement, so many times each, in a transaction
    that is undone: the quickest counts."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute(ALL_ARE_DUE)
        cursor.execute("ANALYZE visits_visit")
        cursor.execute("SELECT count(*) FROM visits_visit")
        visits = cursor.fetchone()[0]
    raw, swept, planned = [], [], 0
    for _ in range(int(times)):
        with connections["migrator"].cursor() as cursor, transaction.atomic(using="migrator"):
            began = time.perf_counter()
            cursor.execute(RAW_SWEEP)
            raw.append(time.perf_counter() - began)
            transaction.set_rollback(True, using="migrator")
        with transaction.atomic():
            seconds, planned = _timed(_plan)
            swept.append(seconds)
            transaction.set_rollback(True)
        with connections["migrator"].cursor() as cursor:
            cursor.execute("VACUUM messaging_message")
    return {"visits": visits, "planned": planned, "seconds": min(swept), "raw": min(raw)}


def plan() -> dict:
    """The same reminders planned for good, for the worker to send."""
    return {"planned": _plan()}


def _plan():
    with connection.cursor() as cursor:
        cursor.execute("SELECT plan_reminders(%s, %s, %s)", [timezone.now(), reminders.AHEAD, ["mail"]])
        return cursor.fetchone()[0]


def idle_tick() -> dict:
    """Every line of the timetable, when there is nothing to do; the first round catches up."""
    for desk in Tenant.objects.all():
        with tenant(desk):
            StoredFile.objects.create(
                kind=StoredFile.Kind.DOCUMENT, name="report.pdf", content_type="application/pdf", size=1,
                digest="0" * 64, secret="0" * 32, content="report.pdf", added_at=timezone.now(),
            )  # fmt: skip
    with connections["migrator"].cursor() as cursor:
        cursor.execute("ALTER TABLE visits_servicereport DISABLE TRIGGER USER")
        cursor.execute(REPORTS_ARE_MADE)
        cursor.execute("ALTER TABLE visits_servicereport ENABLE TRIGGER USER")
    app.loader.import_default_modules()
    tasks = {line["task"] for line in app.conf.beat_schedule.values()}
    left = sorted(task for task in tasks if not task.endswith(("deliver_messages", "read_mailboxes")))
    for task in left:
        app.tasks[task]()
    seconds = {task.rsplit(".", 1)[1]: _timed(app.tasks[task])[0] for task in left}
    slowest = max(seconds, key=seconds.get)
    return {"seconds": sum(seconds.values()), "slowest": slowest, "its_seconds": seconds[slowest]}


def taking_over() -> dict:
    """A fifth as many customers as there are, of another program's export, into a small desk."""
    desk = Tenant.objects.get(slug="desk-000")
    with connections["migrator"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customer")
        rows = cursor.fetchone()[0] * IMPORTED[0] // IMPORTED[1]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "customers.csv").write_text(_export(rows), encoding="utf-8")
        seconds, _ = _timed(import_folder, Path(folder), desk=desk, given=Given(), now=timezone.now())
    with tenant(desk):
        came = Customer.objects.filter(number__startswith="X").count()
    return {"rows": rows, "came": came, "seconds": seconds}


def _export(rows) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["CustNo", "Name", "Addr1", "City", "Zip", "Phone", "Email"])
    for number in range(500_000, 500_000 + rows):
        table.writerow(
            [
                f"X{number}",
                person(number),
                f"{number % 90 + 1} {STREETS[number % len(STREETS)]}",
                TOWNS[number % len(TOWNS)],
                f"EM{number % 80 + 1} {number % 9 + 1}QL",
                phone_of(number),
                f"taken-over-{number}@customers.example",
            ]
        )
    return out.getvalue()


def _timed(work, *args, **kwargs):
    began = time.perf_counter()
    result = work(*args, **kwargs)
    return time.perf_counter() - began, result


JOBS = {"renewals": renewals, "import": taking_over, "sweep": sweep, "plan": plan, "idle tick": idle_tick}

if __name__ == "__main__":
    name, *words = sys.argv[1:]
    print(json.dumps(JOBS[name](*words)))
