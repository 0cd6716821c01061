"""Thursday 5 March 2026, 13:07, at a desk in full swing: one visit in every state that a board shows."""

import datetime as dt

from customers.models import Customer, Site
from recommendations.models import Recommendation
from servicedesk.dayplan import DayPlan, day_plan
from servicedesk.needs_action import Tray, tray
from tenancy.calendars import calendar_of, instant_at, zone_of
from tests.cast import Desk, make_visit
from visits.models import Absence, Technician, Visit

State = Visit.State
HOUR = dt.timedelta(hours=1)
HTMX = {"HX-Request": "true"}
DAY = dt.date(2026, 3, 5)

# Technician, start, minutes, customer, what, state, and what else is known of it.
VISITS = [
    ("Lou Baptiste", "08:15", 60, "Kestrel Law", "Tune-up", State.DONE, {}),
    ("Lou Baptiste", "09:45", 90, "Tideway Estates", "Paper path, MF-60", State.DONE, {}),
    ("Lou Baptiste", "11:30", 75, "Port Authority", "Drum swapped", State.DONE, {}),
    ("Lou Baptiste", "14:00", 75, "", "Grey bands", State.CONFIRMED, {"raises": True}),
    ("Lou Baptiste", "15:45", 75, "Mayfield Vets", "Scanner jams", State.CONFIRMED, {}),
    ("Marek Novak", "08:15", 90, "Orchard Clinic", "Label printer", State.DONE, {}),
    ("Marek Novak", "10:30", 90, "Hollins Print Room", "Feeder", State.ON_SITE, {"arrived": "10:34"}),
    ("Marek Novak", "12:15", 90, "St Brannock Surgery", "Toner leak", State.CONFIRMED, {"window": 30}),
    ("Marek Novak", "14:45", 60, "Aster Law", "No paper", State.CONFIRMED, {"window": 15, "called": "13:00"}),
    ("Marek Novak", "16:00", 75, "Wren & Co", "Tune-up", State.BOOKED, {}),
    ("Priya Raman", "08:00", 90, "Gull Street Library", "Install, 2 units", State.DONE, {}),
    ("Priya Raman", "10:00", 90, "Ward & Finch", "Network scan", State.DONE, {}),
    ("Priya Raman", "12:00", 90, "Linden Court Care", "Stapler", State.ON_SITE, {"arrived": "11:58"}),
    ("Priya Raman", "14:15", 60, "Pell Street", "Smudges", State.BOOKED, {}),
    ("Priya Raman", "15:30", 90, "Corner Pharmacy", "Receipt printer", State.CONFIRMED, {}),
    ("Tom Ashby", "08:30", 75, "Bow Lane Dairy", "Fuser swapped", State.DONE, {}),
    ("Tom Ashby", "10:30", 60, "Fennel & Rye", "Till printer", State.MISSED, {"missed": "12:00"}),
    ("Tom Ashby", "11:45", 60, "Hythe Motors", "Toner leak", State.DONE, {}),
    ("Tom Ashby", "13:15", 75, "Castle Mills", "Noise", State.ON_THE_WAY, {"expected": "13:20"}),
    ("Tom Ashby", "15:00", 60, "Abbot Hall", "Tune-up", State.CONFIRMED, {}),
    ("Gwen Ellery", "08:00", 240, "Radley Group", "Install, 4 units", State.DONE, {}),
    ("Gwen Ellery", "12:30", 90, "Ferry Office", "Drum", State.ON_SITE, {"arrived": "12:26"}),
    ("Gwen Ellery", "14:30", 105, "Tallis & Sons", "Feeder rebuild", State.CONFIRMED, {}),
    ("Sam Okoro", "09:00", 60, "Nook Café", "Till printer", State.DONE, {}),
    ("Sam Okoro", "10:30", 90, "Sable Dental", "X-ray printer", State.DONE, {}),
    ("Sam Okoro", "15:45", 75, "Grange Hotel", "Lobby printer", State.CONFIRMED, {}),
    ("Ines Duarte", "08:30", 120, "City Archive", "Large-format head", State.DONE, {}),
    ("Ines Duarte", "11:00", 75, "Hallam Arts", "Tune-up", State.DONE, {}),
    ("Ines Duarte", "13:30", 60, "Bell Forge", "Jams", State.CONFIRMED, {"called": "13:02"}),
    ("Ines Duarte", "16:00", 75, "Moor End School", "Stapler unit", State.CONFIRMED, {}),
    (None, "15:00", 75, "Quayside Dental", "Autoclave printer dead", State.BOOKED, {}),
]
TOMORROW = [("Elm Yard", "09:00"), ("Ogden Tax", "11:00"), ("Weir House", "14:00")]
CREW = ("Priya Raman", "Tom Ashby", "Gwen Ellery", "Sam Okoro", "Ines Duarte", "Karl Jensen")


def make_scene(desk: Desk) -> dict[str, Visit]:
    """The day's visits by the name of their customer; the desk's scope is open."""
    crew = {technician.name: technician for technician in (desk.lou, desk.marek)}
    crew |= {name: Technician.objects.create(name=name) for name in CREW}
    Absence.objects.create(
        technician=crew["Karl Jensen"],
        starts_at=_at(desk, "00:00"),
        ends_at=_at(desk, "00:00") + dt.timedelta(days=2),
        reason="Training",
    )
    made = {}
    for number, (who, start, minutes, name, problem, state, known) in enumerate(VISITS, 1):
        made[name or "The Harbour Letter"] = _visit(
            desk, crew.get(who), number, start, minutes, name, problem, state, known
        )
    for number, (name, start) in enumerate(TOMORROW, 100):
        made[name] = _visit(
            desk, crew["Sam Okoro"], number, start, 60, name, "Tune-up", State.BOOKED, {"days": 1}
        )
    return made


def the_tray(desk: Desk, now: dt.datetime) -> Tray:
    """What a desk's tray holds at `now`."""
    return tray(desk.tenant, now=now, calendar=calendar_of(desk.tenant))


def the_day(desk: Desk, day: dt.date, now: dt.datetime, **values) -> DayPlan:
    """A desk's day as its board draws it at `now`."""
    return day_plan(desk.tenant, day, now=now, calendar=calendar_of(desk.tenant), **values)


def _visit(desk, technician, number, start, minutes, name, problem, state, known) -> Visit:
    at = _at(desk, start) + dt.timedelta(days=known.get("days", 0))
    fields = {}
    for field, key in (
        ("arrived_at", "arrived"),
        ("called_ahead_at", "called"),
        ("expected_at", "expected"),
        ("missed_at", "missed"),
    ):
        if key in known:
            fields[field] = _at(desk, known[key])
    if state == State.CONFIRMED:
        fields["confirmed_at"] = at - dt.timedelta(days=1)
    if name:
        customer = Customer.objects.create(name=name, company=name)
        fields |= {
            "customer": customer,
            "site": Site.objects.create(customer=customer, city="Eastmouth"),
            "contact": None,
        }
    visit = make_visit(
        desk,
        start=at,
        technician=technician,
        window_minutes=known.get("window", 60),
        length_minutes=minutes,
        number=f"V-{number}",
        problem=problem,
        state=State.ON_SITE if state == State.DONE else state,
        machines=(desk.copier, desk.sorter) if known.get("raises") else (),
        **fields,
    )
    if state == State.DONE:
        Visit.objects.filter(pk=visit.pk).update(
            state=State.DONE, arrived_at=at, completed_at=visit.planned_end, completed_on=DAY
        )
    return visit


def recommend(desk: Desk, machine, now: dt.datetime) -> Recommendation:
    """Something to be raised on a machine."""
    return Recommendation.objects.create(
        equipment=machine, finding="Clean the optics", severity=2, raised_at=now, raised_by=desk.technician
    )


def _at(desk: Desk, clock: str) -> dt.datetime:
    return instant_at(DAY, dt.time.fromisoformat(clock), zone_of(desk.tenant))
