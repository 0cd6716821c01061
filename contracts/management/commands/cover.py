"""Prints the cover of each contract of a desk on a day."""

import datetime as dt
import json

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from contracts.cover import cover_in_words
from contracts.models import Contract
from tenancy.calendars import local_day, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant


class Command(BaseCommand):
    help = "Print the state of each contract of a desk on a day, with its reason."

    def add_arguments(self, parser):
        parser.add_argument("--desk", required=True, metavar="SLUG")
        parser.add_argument("--on", metavar="DATE", help="YYYY-MM-DD; today at the desk unless given")
        parser.add_argument("--json", action="store_true", help="a list of objects instead of lines")

    def handle(self, *args, desk, on, **options):
        found = Tenant.objects.filter(slug=desk).first()
        if found is None:
            raise CommandError(f"There is no desk “{desk}”.")
        day = _day(on) if on else local_day(timezone.now(), zone_of(found))
        with tenant(found):
            contracts = Contract.objects.with_reasons(day).order_by("number_key")
            covers = [cover_in_words(contract) for contract in contracts.iterator(chunk_size=2000)]
        if options["json"]:
            self.stdout.write(
                json.dumps([_as_object(cover) for cover in covers], indent=1, ensure_ascii=False)
            )
            return
        for cover in covers:
            self.stdout.write(f"{cover.contract.number}  {cover.sentence}  ({cover.reason})")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is no date. Write it as YYYY-MM-DD.") from None


def _as_object(cover) -> dict:
    return {
        "number": cover.contract.number,
        "state": str(cover.state),
        "reason": cover.reason,
        "term_end": cover.contract.last_end.isoformat() if cover.contract.last_end else None,
    }
