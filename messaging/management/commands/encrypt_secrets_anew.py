"""`manage.py encrypt_secrets_anew`: after SECRET_KEY was changed, closes every desk's secrets with it."""

from django.core.management.base import BaseCommand

from messaging.models import Provider
from messaging.secrets import SecretLost, closed_anew
from tenancy.models import Tenant
from tenancy.scope import tenant


class Command(BaseCommand):
    help = "Closes the secrets of all desks' providers with SECRET_KEY. Then SECRET_KEY_FALLBACKS may go."

    def handle(self, **options: object) -> None:
        done = lost = 0
        for desk in Tenant.objects.order_by("slug"):
            with tenant(desk):
                for provider in Provider.objects.exclude(secret="").select_for_update():
                    try:
                        secret = closed_anew(provider.secret)
                    except SecretLost:
                        lost += 1
                        self.stderr.write(
                            f"{desk.slug}, {provider.channel}: closed with a key that is not there. "
                            "Its manager has to enter the secret again."
                        )
                        continue
                    Provider.objects.filter(pk=provider.pk).update(secret=secret)
                    done += 1
        self.stdout.write(f"{done} closed anew, {lost} lost.")
