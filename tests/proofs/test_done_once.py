"""A call that is sent three times at once with one `Idempotency-Key` is done once, and answered three times.

`PROOF=full`: 1,000 creations of customers, contacts and sites, each by three threads let go together.
"""

import os
import sys
from collections import Counter
from functools import partial

import pytest

from customers.models import Contact, Customer, Site
from tenancy.models import AnsweredCall
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.servicedesk.api_scene import program

pytestmark = pytest.mark.proof

CREATIONS = 1000 if os.environ.get("PROOF") == "full" else 24


def test_a_thousand_creations_each_sent_three_times_at_once(committed_cast, moment, now, settings, capsys):
    north = committed_cast.north
    settings.API_CALLS_PER_MINUTE = 10 * CREATIONS
    call, customer = program(north, now=now), str(north.customer.public_id)
    kinds = {
        "customers": lambda number: {"name": f"Customer {number}", "number": f"K-{number}"},
        "contacts": lambda number: {"customer": customer, "name": f"Contact {number}"},
        "sites": lambda number: {"customer": customer, "street": f"{number} Mill Road"},
    }
    with tenant(north.tenant):
        before = {rows: rows.objects.count() for rows in (Customer, Contact, Site)}
    answers, ids = Counter(), set()
    for number in range(CREATIONS):
        kind = list(kinds)[number % len(kinds)]
        sent = kinds[kind](number)
        send = partial(call, "POST", f"{kind}/", sent, Idempotency_Key=f"key-{number}")
        three = at_once(send, send, send)
        answers.update(one.status_code for one in three)
        answers["answered again"] += sum("Idempotency-Replayed" in one for one in three)
        ids |= {one.json().get("id") for one in three}
    with tenant(north.tenant):
        made = {rows: rows.objects.count() - count for rows, count in before.items()}
        kept = AnsweredCall.objects.count()
    new = sum(number % 3 == 0 for number in range(CREATIONS))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{CREATIONS} creations, each sent three times at once: {len(ids)} objects; {dict(answers)}\n"
        )
    assert len(ids) == kept == CREATIONS
    assert answers == {201: 3 * CREATIONS, "answered again": 2 * CREATIONS}
    # A new customer comes with a contact and a site.
    others = [sum(number % 3 == rest for number in range(CREATIONS)) for rest in (1, 2)]
    assert made == {Customer: new, Contact: new + others[0], Site: new + others[1]}
