"""Which desk the running code works for: the one ContextVar, and its database half.

Two things say it at once: the ContextVar, read by the ORM's default manager, and the
transaction-local setting `app.tenant_id`, read by row level security. They are set together
here and nowhere else, so that no code can believe one and not the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connections, transaction

_current: ContextVar[int | None] = ContextVar("tenant_id", default=None)


class _NobodysDesk:
    """Stands for the key of a desk in SQL that is being written; the database takes no such parameter."""


class NoTenant(RuntimeError):
    """Rows of a desk were asked for while no desk was active."""


def current_tenant_id() -> int:
    """The active tenant's primary key.

    Raises NoTenant when none is active: an empty answer would look like an empty desk.
    """
    tenant_id = _current.get()
    if tenant_id is None:
        raise NoTenant("No desk is active. Wrap the call in tenancy.scope.tenant(...).")
    return tenant_id


def has_tenant() -> bool:
    """Whether a desk is active."""
    return _current.get() is not None


@contextmanager
def nobodys_desk() -> Iterator[object]:
    """Write SQL without a desk: gives the mark that stands where its key has to. Nothing can be read."""
    mark = _NobodysDesk()
    token = _current.set(mark)
    try:
        yield mark
    finally:
        _current.reset(token)


@contextmanager
def tenant(which, *, using: str = "default") -> Iterator[None]:
    """Work for one desk, in a transaction of its own (a savepoint when one is open).

    `which` is a Tenant or its primary key. The setting ends with the transaction, so a pooled
    connection cannot carry it to somebody else. Querysets must be evaluated inside.
    """
    tenant_id = getattr(which, "pk", which)
    token = _current.set(int(tenant_id))
    is_outermost = not connections[using].in_atomic_block
    try:
        with transaction.atomic(using=using):
            before = _enter(tenant_id, using)
            yield
            # A transaction's end restores it, and so does a savepoint's rollback after an exception.
            if not is_outermost:
                _leave(before, using)
    finally:
        _current.reset(token)


def _enter(tenant_id: int, using: str) -> str:
    with connections[using].cursor() as cursor:
        # Parts of a select list are evaluated in order: first the old value, then the new. The audit
        # triggers ask for pgtrigger.ignore at every row: unset, each asking is an error that is
        # caught, and ten thousand rows take minutes. What is planned once (tenancy.prepared, triggers)
        # keeps its plan: behind row level security planning costs more than running. No statement waits for a
        # second process to help it: starting one takes longer than any of ours.
        cursor.execute(
            "SELECT current_setting('app.tenant_id', true), set_config('app.tenant_id', %s, true), "
            "set_config('pgtrigger.ignore', '{}', true), "
            "set_config('plan_cache_mode', 'force_generic_plan', true), "
            "set_config('max_parallel_workers_per_gather', '0', true)",
            [str(tenant_id)],
        )
        return cursor.fetchone()[0] or ""


def _leave(before: str, using: str) -> None:
    connection = connections[using]
    if connection.needs_rollback:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [before])
