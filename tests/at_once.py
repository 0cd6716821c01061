"""Acts at the same moment: real threads with connections of their own, let go together."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from django.db import connections

from tenancy.scope import tenant


def at_once(*acts, desk=None, told=()):
    """What each act returned, in the order of the acts; with a desk, each in a transaction in its scope.

    `told` names the exceptions (a class, or several) that somebody who comes second is to hear: these are
    answers like others, to look at. Any other is raised here, with the traceback of its act.
    """
    start = threading.Barrier(len(acts))

    def run(act):
        try:
            with tenant(desk.tenant) if desk else nullcontext():
                start.wait(timeout=30)
                return act()
        except told as heard:
            return heard
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def kinds(results):
    """The names of what came of acts, sorted: a refusal's or a row's."""
    return sorted(type(result).__name__ for result in results)
