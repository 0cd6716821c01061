"""OptOut: a number or mail address whose owner said "no more"."""

from django.db import models
from django.db.models import Q

from messaging.models.message import Message
from tenancy.models import TenantModel


class OptOut(TenantModel):
    """It holds for whoever is entered with the number or address later, too: see `messaging.opting_out`."""

    channel = models.CharField(max_length=4, choices=Message.Channel.choices)
    # As it is searched: a contact's phone_digits, or its mail_key.
    key = models.CharField(max_length=254, db_collation="C")
    stopped_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "channel", "key"], name="optout_once"),
            models.CheckConstraint(condition=~Q(key=""), name="optout_of_somebody"),
        ]
