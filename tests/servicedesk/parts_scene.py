"""A part of the bring list that lies at the depot, and what is done with it."""

import datetime as dt

from tests.cast import make_plain_visit
from visits.models import Part, PartUse
from visits.stock import Place, receive_part

SHELF = Place(name="depot shelf 14")
DAY = dt.timedelta(days=1)


def make_blade(desk, now) -> Part:
    """One at the depot; the copier's last two visits took one each."""
    part = Part.objects.create(number="CB-9", name="Cleaning blade")
    receive_part(part, 1, target=SHELF, by=desk.dispatcher, now=now)
    for days in (20, 30):
        past = make_plain_visit(
            desk, now=now, start=now - days * DAY, problem="Grey bands", state="done", is_history=True,
            completed_at=now - days * DAY, completed_on=now.date() - days * DAY,
        )  # fmt: skip
        PartUse.objects.create(visit=past, part=part, quantity=1)
    return part


def offered(client, desk, visit) -> dict:
    """What the form beside the first part of the brief would send."""
    page = client.get(desk.url(f"today/{visit.public_id}/"))
    one = page.context["bring"][0]
    return {"shelf": str(one.supply.depot.public_id), "move": str(one.move_id)}


def lying(part) -> dict[str, int]:
    """How many lie where."""
    return {str(row): row.quantity for row in part.stock.select_related("technician")}
