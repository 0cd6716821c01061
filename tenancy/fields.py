"""Fields that every tenant table shares."""

from django.db import models

from tenancy.scope import current_tenant_id


class UUIDv7(models.Func):
    """PostgreSQL 18's uuidv7(): unique, and in order of creation, so indexes stay compact."""

    function = "uuidv7"
    arity = 0
    output_field = models.UUIDField()


class TenantForeignKey(models.ForeignKey):
    """A reference within one desk.

    Django's own constraint would compare the id alone and accept another desk's row, because
    foreign keys are checked without row level security. `TenantWalls` makes a composite one,
    (tenant_id, x_id), instead.
    """

    def __init__(self, to, on_delete=models.PROTECT, **kwargs):
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class TenantOneToOneField(models.OneToOneField):
    """As TenantForeignKey, for at most one row on the other side.

    `TenantWalls` makes it unique within the desk: a unique column alone would tell, by its
    error, that another desk's row exists.
    """

    def __init__(self, to, on_delete=models.PROTECT, **kwargs):
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)
        self._unique = False


class OwnTenantField(models.ForeignKey):
    """The desk that a row belongs to: the active one, unless said otherwise.

    Not a `default=`: migrations would evaluate it for every desk's rows at once.
    """

    def __init__(self, to="tenancy.Tenant", on_delete=models.PROTECT, **kwargs):
        kwargs.setdefault("editable", False)
        kwargs.setdefault("related_name", "+")
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def get_default(self):
        return current_tenant_id()
