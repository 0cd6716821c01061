"""In which order rows are locked, so that nobody waits for each other in a circle.

1. technicians, in the order of their keys (`places.hold_technicians`);
2. visits, in the order of theirs, in one statement all that the act may write: what may become
   missed together with those to come to the same customer, to whom a second miss gives a back-up;
3. the misses of customers, in the order of their keys;
4. promises, in the order of theirs. Those of a visit are its holder's: whoever settles one, the
   clock too, holds the visit.

Shelves of stock come after the visits, too: new ones by part and place, then all in the order of their
keys (`stock`). Who holds shelves waits for no visit any more.

What is inserted (messages, duties, lines) comes last and is waited for by nobody.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from cases.models import Promise
from visits.models import Visit
from visits.places import hold_visits


def hold_to_miss(keys: Iterable[int], *, now: dt.datetime) -> None:
    """Hold visits (primary keys) with all that a miss of them writes, until the commit."""
    keys = list(keys)
    customers = set(Visit.objects.filter(pk__in=keys).values_list("customer", flat=True))
    coming = Q(customer__in=customers, state__in=Visit.WAITING_STATES, planned_start__gt=now)
    hold_visits(Visit.objects.filter(Q(pk__in=keys) | coming).values_list("pk", flat=True))
    hold_misses_of(customers)


def hold_if_over(keys: Iterable[int], *, now: dt.datetime) -> None:
    """Hold visits (primary keys) as `hold_to_miss` does where the clock may say late or missed of one."""
    keys = list(keys)
    if Visit.objects.waiting().filter(pk__in=keys, window_end__lte=now).exists():
        hold_to_miss(keys, now=now)


def hold_misses_of(customers: Iterable[int]) -> None:
    """Of two misses of a customer (primary keys) at the same moment one must see the other."""
    with connection.cursor() as cursor:
        for key in sorted(set(customers)):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('misses of a customer', %s))", [key]
            )


def hold_promises(keys: Iterable[int]) -> list[Promise]:
    """These promises (primary keys) under lock, with their visits held before; settled ones too."""
    keys = list(keys)
    hold_visits(Visit.objects.filter(promises__promise__in=keys).values_list("pk", flat=True))
    rows = Promise.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    return list(rows.select_related("customer", "owner__lead", "case"))
