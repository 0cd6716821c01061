"""Makes the demo desks."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from servicedesk.demo.building import DESKS, build_desk, remove_desk
from servicedesk.demo.people import PASSWORD
from tenancy.models import Role, Tenant


class Command(BaseCommand):
    help = "Make two demo desks, their day in full swing around now. A second run changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--again", action="store_true", help="make them anew, around now")

    def handle(self, *args, again, **options):
        if not settings.DEVELOPMENT:
            raise CommandError("The demo desks have a known password: they are for development only.")
        now = timezone.now()
        for names in DESKS:
            desk = Tenant.objects.filter(slug=names.slug).first()
            if desk is not None and again:
                remove_desk(desk)
                desk = None
            if desk is None:
                build_desk(names, now=now)
                self.stdout.write(f"{names.name} is made.")
            else:
                self.stdout.write(f"{names.name} stands already; --again makes it anew, around now.")
        sign_ins = "\n".join(_sign_ins())
        (settings.BASE_DIR / "var").mkdir(exist_ok=True)
        (settings.BASE_DIR / "var" / "demo-sign-ins.txt").write_text(f"{sign_ins}\n")
        self.stdout.write(sign_ins)


def _sign_ins():
    yield f"Password for all: {PASSWORD}"
    for names in DESKS:
        for role, name in names.people.items():
            email = f"{name.split()[0].lower()}@{names.slug}.example"
            yield f"  {names.name:<10} {Role(role).label:<11} {email}"
