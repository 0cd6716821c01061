"""The cast's rows, made once and then put back: made anew they were half of what a small test took.

The first test makes them by the product's own models. What they left in the tables is read, and every
later test gets the same rows by one round trip, with the triggers that follow every insert.
"""

import json
import pickle
from collections.abc import Callable

from django.apps import apps
from django.db import connection

from tenancy.models import Tenant, TenantModel
from tenancy.scope import tenant

# By the moment for which the cast was made: the people, and the statements that put their rows back.
_kept: dict = {}


def made_or_put_back(make: Callable, *, now):
    """What `make(now=)` gives, with its rows in the database; it has to begin with no desk at all."""
    if Tenant.objects.exists():
        return make(now=now)
    if now not in _kept:
        cast = make(now=now)
        _kept[now] = pickle.dumps(cast), _statements()
        return cast
    people, statements = _kept[now]
    with connection.cursor() as cursor:
        cursor.execute(statements)
    return pickle.loads(people)


def _statements() -> str:
    """Inserts of all that there is: first what no desk owns, then each desk's rows within its scope."""
    models = _in_order()
    said = [_insert(model) for model in models if not issubclass(model, TenantModel)]
    for desk in Tenant.objects.order_by("pk"):
        with tenant(desk):
            said.append(f"SELECT set_config('app.tenant_id', '{desk.pk}', true)")
            said += [_insert(model) for model in models if issubclass(model, TenantModel)]
    said.append("SELECT set_config('app.tenant_id', '', true)")
    return ";\n".join(filter(None, said))


def _insert(model) -> str:
    """The statement that puts a table's rows back; empty where there are none."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if not field.generated]
    named = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT jsonb_agg(to_jsonb(one) ORDER BY one."{model._meta.pk.column}") FROM "{table}" one'
        )
        rows = cursor.fetchone()[0]
    if not rows:
        return ""
    rows = json.loads(rows) if isinstance(rows, str) else rows
    written = json.dumps(rows).replace("'", "''")
    return (
        f'INSERT INTO "{table}" ({named}) OVERRIDING SYSTEM VALUE '
        f"SELECT {named} FROM jsonb_populate_recordset(NULL::\"{table}\", '{written}'::jsonb)"
    )


def _in_order() -> list:
    """The product's tables, each after those that it refers to; the audit's are the triggers' to write."""
    found, seen = [], set()

    def add(model):
        if model in seen:
            return
        seen.add(model)
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model:
                add(field.related_model)
        found.append(model)

    for model in apps.get_models(include_auto_created=True):
        if not hasattr(model, "pgh_tracked_model") and model._meta.managed:
            add(model)
    kept = ("contenttypes", "auth", "pghistory")
    return [model for model in found if model._meta.app_label not in kept]
