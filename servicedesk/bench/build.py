"""`... in_django servicedesk.bench.build SIZE`: fills an empty database with a size's data.

With `--migrate` instead of a size, data that stand are brought to a newer schema.
"""

import sys
import time

from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from servicedesk.bench.bulk import Bulk
from servicedesk.bench.customers import add_customer
from servicedesk.bench.desks import ZONE, add_desk
from servicedesk.bench.sizes import SIZES
from servicedesk.bench.years import add_finding, add_years, has_finding
from tenancy.calendars import local_day

SAY_EVERY = 15.0


def build(size) -> None:
    """Every desk with its customers, committed in portions."""
    began = said = time.monotonic()
    now = timezone.now().replace(microsecond=0)
    bulk = Bulk()
    made, raised = 0, []
    for slug, customers in size.customers_by_desk():
        desk = add_desk(bulk, slug, customers, today=local_day(now, ZONE), now=now)
        for number in range(customers):
            known = add_customer(bulk, desk, number, now)
            last = add_years(bulk, desk, known, now)
            if last is not None and has_finding(known):
                raised.append(last)
            made += 1
            if bulk.is_full:
                bulk.flush()
                _raise_findings(bulk, raised)
                if time.monotonic() - said > SAY_EVERY:
                    said = time.monotonic()
                    seconds = said - began
                    print(f"  {made:,} of {size.customers:,} customers in {seconds:.0f} s", flush=True)
    bulk.flush()
    _raise_findings(bulk, raised)
    bulk.finish()
    print(f"  {bulk.inserted:,} rows in {time.monotonic() - began:.0f} s", flush=True)


def settle() -> None:
    """As the server's own upkeep leaves them, with the statistics that plans need."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _raise_findings(bulk, visits):
    for visit in visits:
        add_finding(bulk, visit)
    visits.clear()


if __name__ == "__main__":
    call_command("migrate", database="migrator", interactive=False, verbosity=0)
    if sys.argv[1] != "--migrate":
        build(SIZES[sys.argv[1]])
    settle()
