"""The third wall: every query of the ORM names the active desk, or raises.

The first two walls are in the database (row level security, composite keys); this one turns
a forgotten scope into an error at once instead of an empty page.
"""

from functools import cache

from django.db import models

from tenancy.scope import current_tenant_id


class ActiveTenant(models.Expression):
    """The active tenant's id, read when SQL is compiled and not when the queryset is built."""

    output_field = models.BigIntegerField()

    def __init__(self):
        super().__init__(output_field=models.BigIntegerField())

    def as_sql(self, compiler, connection):
        return "%s", [current_tenant_id()]


class TenantManager(models.Manager):
    """Offers only the active desk's rows; raises NoTenant when none is active."""

    use_in_migrations = False

    def get_queryset(self):
        rows = super().get_queryset()
        # Building the condition costs as much as a short query: it is built once for each model, and copied.
        rows.query = _of_active_tenant(self.model).chain()
        return rows


@cache
def _of_active_tenant(model):
    return models.QuerySet(model).filter(tenant_id=ActiveTenant()).query
