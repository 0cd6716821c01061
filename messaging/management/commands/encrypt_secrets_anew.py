"""`manage.py encrypt_secrets_anew`: after SECRET_KEY was changed, closes every desk's secrets with it."""

from django.core.management.base import BaseCommand

from messaging.models import Inbox, Provider, Webhook
from messaging.secrets import SecretLost, closed_anew
from tenancy.models import Tenant
from tenancy.scope import tenant


class Command(BaseCommand):
    help = (
        "Closes the secrets of all desks' providers and mailboxes with SECRET_KEY. "
        "Then SECRET_KEY_FALLBACKS may go."
    )

    def handle(self, **options: object) -> None:
        done = lost = 0
        for desk in Tenant.objects.order_by("slug"):
            with tenant(desk):
                named = [
                    *((one, one.channel) for one in Provider.objects.exclude(secret="").select_for_update()),
                    *((one, "mailbox") for one in Inbox.objects.exclude(secret="").select_for_update()),
                    *((one, one.url) for one in Webhook.objects.select_for_update()),
                ]
                for row, name in named:
                    try:
                        secret = closed_anew(row.secret)
                    except SecretLost:
                        lost += 1
                        self.stderr.write(
                            f"{desk.slug}, {name}: closed with a key that is not there. "
                            "Its manager has to enter the secret again."
                        )
                        continue
                    type(row).objects.filter(pk=row.pk).update(secret=secret)
                    done += 1
        self.stdout.write(f"{done} closed anew, {lost} lost.")
