"""Parts of a demo desk: what lies in vans and at the depot, and what visits to its copiers took."""

from decimal import Decimal

from servicedesk.demo.names import PARTS
from servicedesk.demo.people import Built
from servicedesk.demo.stories import past_visit
from tenancy.models import Role
from visits.models import Part, PartUse
from visits.stock import Place, move_part, receive_part

SHELF = Place(name="Depot, shelf 14")
# What lies in each van; the cleaning blades lie at the depot.
IN_VANS = {"FU-240": 1, "RK-2": 1, "FS-1": 2}
# Customers with the copier of the day's story, what they said, days ago, and what the visit took.
PAST = (
    ("vets", 320, "Grey streaks along the edge", ("FU-240", "RK-2")),
    ("vets", 205, "Paper jams in the tray", ("FS-1",)),
    ("radley", 160, "Grey bands on every page", ("FU-240", "CB-9")),
    ("radley", 95, "Bands again, lighter", ("CB-9", "RK-2")),
    ("arts", 70, "Dark bands down the left", ("FU-240",)),
    ("arts", 30, "Jams with thick paper", ("FS-1", "RK-2")),
)


def add_parts(built: Built) -> None:
    """Received by the manager, carried into every van; and the history that says what to bring."""
    manager = built.people[Role.MANAGER]
    parts = {}
    for number, name, price in PARTS:
        parts[number] = part = Part.objects.create(number=number, name=name, price=Decimal(price))
        receive_part(part, 24, target=SHELF, by=manager, now=built.days_ago(90), reason="Delivery note 7731")
    for technician in built.technicians:
        for number, quantity in IN_VANS.items():
            move_part(
                parts[number], quantity, source=SHELF, target=Place(technician), by=manager,
                now=built.days_ago(60),
            )  # fmt: skip
    for key, days, problem, used in PAST:
        visit = past_visit(built, key, days, built.technicians[2], problem, "Fixed first time.")
        PartUse.objects.bulk_create(PartUse(visit=visit, part=parts[number], quantity=1) for number in used)
