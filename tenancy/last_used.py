"""When something was used last, written seldom: what is asked for often would wait for itself."""

import datetime as dt

from tenancy.models import TenantModel
from tenancy.scope import tenant


def note_last(row: TenantModel, field: str, *, every: dt.timedelta, now: dt.datetime) -> None:
    """Keep `now` in a field of instants, once in `every`. Of many at once one writes and nobody waits."""
    before = getattr(row, field)
    if before is not None and now - before < every:
        return
    rows = type(row).objects
    with tenant(row.tenant_id):
        free = rows.filter(pk=row.pk).select_for_update(skip_locked=True, of=("self",), no_key=True)
        rows.filter(pk__in=list(free.values_list("pk", flat=True))).update(**{field: now})
