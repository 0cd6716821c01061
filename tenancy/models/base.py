"""The base of every table whose rows belong to a desk."""

from django.db import models

from tenancy.fields import OwnTenantField, UUIDv7
from tenancy.managers import TenantManager


class TenantModel(models.Model):
    """A row of one desk.

    `id` stays inside; `public_id` is what URLs, the API and exports show. A client may propose
    it (a technician's phone without a network does), so it is unique within the desk only.
    """

    tenant = OwnTenantField()
    public_id = models.UUIDField(db_default=UUIDv7(), editable=False)

    objects = TenantManager()

    class Meta:
        abstract = True
        # Following a foreign key goes through the same wall.
        base_manager_name = "objects"
