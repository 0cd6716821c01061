"""Reminders before a visit, planned by a sweep without memory (R4.8).

It asks "what is due and not yet planned?" over all desks. Run twice it plans nothing more; after
a standstill it plans what is still of use, and of several only the one that is. Whether each is
still true is asked again when it leaves (`visits.letters`).
"""

import datetime as dt

from django.db import connection

from messaging.channels import ready_channels

# Planned this long before they leave, so that the desk can see, hold, edit or drop them.
AHEAD = dt.timedelta(hours=12)


def plan_reminders(*, now: dt.datetime) -> int:
    """Plan the reminders of all desks that are due within `AHEAD`; how many are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT plan_reminders(%s, %s, %s)", [now, AHEAD, ready_channels()])
        return cursor.fetchone()[0]
