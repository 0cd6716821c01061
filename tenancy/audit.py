"""Who changed what: event tables filled by triggers, under the same walls as what they record."""

import pghistory
import pghistory.models
from pghistory import runtime

from tenancy.managers import TenantManager

# These change no row: who acts need not be told to the database with each of them.
runtime.IGNORED_SQL_PREFIXES += ("execute desk_statement_", "savepoint", "release savepoint", "rollback")


class TenantEvent(pghistory.models.Event):
    """One version of a row. Append-only: app_web may insert and read, never change."""

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


def tracked(*, exclude: tuple[str, ...] = ()):
    """Record every insert, update and delete of a model, with the acting user from the request.

    The context is stored in the event itself: pghistory's shared context table knows no desk.
    """
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude),
        base_model=TenantEvent,
        context_field=pghistory.ContextJSONField(),
        obj_field=pghistory.ObjForeignKey(related_name="history"),
    )
