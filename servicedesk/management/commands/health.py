"""`manage.py health`: the figures of every desk, for monitoring."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from servicedesk.health import health_of
from tenancy.models import Tenant
from tenancy.scope import tenant


class Command(BaseCommand):
    help = "Print every desk's figures of health. Ends with 1 if one that must be 0 is not."

    def handle(self, *args, **options):
        now = timezone.now()
        unwell = []
        for desk in Tenant.objects.order_by("slug"):
            with tenant(desk):
                figures = health_of(desk, now=now)
            for figure in figures:
                self.stdout.write(_line(desk, figure))
            if any(figure.must_be_zero and not figure.is_well for figure in figures):
                unwell.append(desk.slug)
        if unwell:
            raise CommandError(f"Not well: {', '.join(unwell)}.", returncode=1)


def _line(desk, figure) -> str:
    if figure.is_well:
        word = "well"
    else:
        word = "NOT WELL" if figure.must_be_zero else "behind"
    note = f" ({figure.note})" if figure.note else ""
    return f"{desk.slug}  {word}  {figure.count}  {figure.name}{note}"
