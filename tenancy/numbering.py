"""Numbers that a desk gives in a row: whoever wants the next one waits for who has just taken one."""

from django.db import connection

from tenancy.scope import current_tenant_id


def hold_numbers(of: str) -> None:
    """Keep a desk's row of numbers for this transaction; `of` names the row: "visit"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s), %s::int)", [f"{of} number", current_tenant_id()]
        )
