"""Goodwill of a demo desk: what it gives, and days on a contract that wait for the manager's yes."""

from decimal import Decimal

from cases.goodwill import ask_for_goodwill
from cases.models import Goodwill, GoodwillItem, GoodwillLimit
from servicedesk.demo.people import Built
from tenancy.models import Role

Kind = GoodwillItem.Kind


def add_goodwill(built: Built) -> None:
    """A catalogue, and what the dispatcher asks for after three calls on one matter."""
    _entry("A free tune-up", Kind.FREE_VISIT, limit=Decimal(95))
    _entry("A credit on the next invoice", Kind.CREDIT, limit=Decimal(60), up_to=Decimal(25))
    longer = _entry("Some weeks more on the contract", Kind.EXTENSION, days=30, own_days=14)
    ask_for_goodwill(
        built.customers["hotel"],
        item=longer,
        days=21,
        cause=Goodwill.Cause.LONG_WAIT,
        reason="Three calls about one printer, and nobody rang back",
        place=(Goodwill.Place.CONTRACT, built.contracts["hotel"].public_id),
        by=built.people[Role.DISPATCHER],
        now=built.days_ago(1, 16),
    )


def _entry(name, kind, *, limit=None, days=None, up_to=None, own_days=None) -> GoodwillItem:
    """With what a dispatcher gives of it without asking, if anything."""
    item = GoodwillItem.objects.create(name=name, kind=kind, limit=limit, days=days)
    if up_to or own_days:
        GoodwillLimit.objects.create(item=item, role=Role.DISPATCHER, up_to=up_to, days=own_days)
    return item
