"""Acts on one contract that happen at the same moment."""

import threading
import time

from django.db import connection, connections

from tenancy.scope import tenant

WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"


def while_held(desk, *acts, held=None):
    """What came of acts that all began while somebody held the contract (or another row), in no order."""
    results, held = [], held or desk.contract

    def run(act):
        try:
            with tenant(desk.tenant):
                results.append(act())
        except Exception as refused:
            results.append(refused)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    with tenant(desk.tenant), connection.cursor() as cursor:
        type(held).objects.select_for_update(of=("self",)).get(pk=held.pk)
        for thread in threads:
            thread.start()
        gives_up, waiting = time.monotonic() + 30, 0
        while waiting < len(acts) and time.monotonic() < gives_up:
            cursor.execute(WAITING)
            waiting = cursor.fetchone()[0]
    for thread in threads:
        thread.join(timeout=30)
    assert waiting == len(acts)
    return results
