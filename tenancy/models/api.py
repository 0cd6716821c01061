"""Other programs at a desk: their keys, and what they were answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models.base import TenantModel
from tenancy.models.people import Membership


@tracked(exclude=("last_used_at",))
class ApiKey(TenantModel):
    """What another program shows at the door, kept as a hash: who reads the database cannot use it."""

    name = models.CharField(max_length=80)
    # The first letters of the key, by which people tell one from another.
    beginning = models.CharField(max_length=8)
    key_hash = models.CharField(max_length=64, help_text="SHA-256 of the key, hexadecimal")
    # An area and what may be done there: "visits:read", "visits:write".
    scopes = ArrayField(models.CharField(max_length=24))
    # Whatever the program does, this colleague did; it may do what their role may.
    acts_as = TenantForeignKey(Membership, related_name="api_keys")
    made_at = models.DateTimeField()
    made_by = TenantForeignKey(Membership, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Nobody's act where it ended with the membership of whom it acts as.
    revoked_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    # The key that this one takes the place of.
    replaces = TenantForeignKey("self", null=True, blank=True, related_name="replaced_by")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["key_hash", "tenant"], name="apikey_once"),
            models.CheckConstraint(condition=~Q(name=""), name="apikey_has_name"),
            models.CheckConstraint(condition=~Q(scopes=[]), name="apikey_may_something"),
            models.CheckConstraint(
                condition=Q(revoked_by__isnull=True) | Q(revoked_at__isnull=False),
                name="apikey_revoked_has_time",
            ),
        ]


class AnsweredCall(TenantModel):
    """What a call with an `Idempotency-Key` was answered: the same call again gets the same answer."""

    # Whose key it is: the public id of the ApiKey, or of the Membership of a signed-in browser.
    caller = models.UUIDField()
    key = models.CharField(max_length=255)
    # SHA-256 over method, path and what was sent, hexadecimal.
    asked_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "caller", "key"], name="answeredcall_once"),
        ]
        indexes = [
            # Forgetting the old ones.
            models.Index(fields=["tenant", "at"], name="answeredcall_by_age"),
        ]
