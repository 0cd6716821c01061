"""Calendars written by chance for the slots' oracle, and the same as rows of a desk."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

from customers.models import Customer, Equipment, Site
from customers.searchkeys import folded
from tenancy.models import BusinessHours, Closure, Tenant
from tests.cast import visit_of
from tests.proofs.slots_oracle import DAY, Booked, Person, Request, World, minutes_of, moment
from visits.models import Absence, Assignment, Technician, TechnicianPreference, Visit, WorkingHours, WorkType

# With the days from which it is asked: soon the clock changes there, a year ends, a region has a holiday.
PLACES = (
    ("Europe/London", "GB", "ENG", ("SCT", "NIR"), ("2026-03-24", "2026-10-21", "2026-12-21")),
    ("America/New_York", "US", "NY", ("MA", "TX"), ("2026-03-05", "2026-10-29")),
    ("Australia/Lord_Howe", "AU", "NSW", ("VIC",), ("2026-04-01", "2026-10-01")),
    ("Asia/Kolkata", "IN", "MH", ("KA",), ("2026-01-22",)),
    ("America/Santiago", "CL", "", ("AP",), ("2026-04-01", "2026-09-03")),
    ("Pacific/Apia", "WS", "", (), ("2026-05-28",)),
)
NAMES = ("Ada", "Bo", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal")
SKILLS = ("ricoh", "colour", "laser")
MODELS = (("TC-240", "copier"), ("SF-12", "sorter"), ("", "press"))
KINDS = ("fault", "tune-up", "install", "return visit")
# Around a town, and one place that is hours away.
MIDDLE, FAR = (50.82, -0.13), (52.9, -1.5)


class Writer:
    """One world and the requests made in it."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.zone, self.country, self.region, self.regions, days = self.chance.choice(PLACES)
        day = dt.date.fromisoformat(self.chance.choice(days)) + dt.timedelta(days=self.chance.randrange(5))
        clock = self.chance.choice([0, 5, 7, 9, 11, 13, 16, 18, 23]) * 60 + self.chance.randrange(60)
        local = dt.datetime.combine(day, dt.time(clock // 60, clock % 60), tzinfo=ZoneInfo(self.zone))
        self.now = minutes_of(local)
        self.is_busy = self.chance.random() < 0.5
        self.numbers = iter(range(1, 100_000))

    def world(self) -> World:
        chance = self.chance
        people = [self.person(name) for name in NAMES[: chance.choice([1, 2, 3, 3, 4, 5])]]
        world = World(
            zone=self.zone,
            country=self.country,
            subdivision=self.region,
            hours=self.hours(desk=True),
            closed=frozenset(self.day_of(chance.randrange(DAY * 12)) for _ in range(chance.randrange(3))),
            travel_minutes=chance.choice([0, 10, 15, 45]),
            travel_kmh=chance.choice([20, 40, 75]),
            visit_minutes=chance.choice([30, 75, 120]),
            window_minutes=chance.choice([60, 120]),
            people=people,
            wishes=self.wishes(len(people)),
            work=self.work(),
        )
        if len(people) > 1 and chance.random() < 0.5:
            self.visit_of_two(people)
        return world

    def requests(self, world) -> list[Request]:
        """A new visit, another with more to it, and one that moves."""
        machines = tuple((n, *MODELS[n]) for n in range(3) if self.chance.random() < 0.45)
        plain = Request(self.now, self.chance.choice(KINDS), machines, self.point())
        other = Request(
            self.now,
            self.chance.choice([*KINDS, ""]),
            machines[:1],
            self.point(),
            with_tune_up=self.chance.random() < 0.5,
            not_before=self.chance.choice([None, self.now + self.chance.randrange(6 * DAY)]),
            due=self.now + self.chance.randrange(3 * DAY),
        )
        standing = [(n, b) for n, person in enumerate(world.people) for b in person.booked if b.blocks]
        if not standing:
            return [plain, other]
        _, moved = self.chance.choice(standing)
        held = tuple(
            n for n, person in enumerate(world.people) if any(b.of == moved.of for b in person.booked)
        )
        moving = Request(
            self.now,
            "fault",
            machines,
            moved.point,
            moving=moved.of,
            length=moved.end - moved.start,
            window=60,
            crew=len(held),
            held=held,
        )
        return [plain, other, moving]

    def person(self, name) -> Person:
        chance = self.chance
        person = Person(
            name=name,
            active=chance.random() < 0.93,
            skills=tuple(s.title() if chance.random() < 0.3 else s for s in SKILLS if chance.random() < 0.5),
            home=self.point(),
            subdivision=chance.choice(["", *self.regions]),
            hours=self.hours(desk=False) if chance.random() < 0.5 else (),
        )
        for _ in range(chance.choice([0, 0, 1, 2, 3])):
            start = self.now + chance.randrange(-3 * DAY, 9 * DAY)
            length = chance.choice([45, 200, 600, DAY, 4 * DAY, 40 * DAY if chance.random() < 0.3 else 90])
            person.absences.append((start, start + length))
        for _ in range(chance.randrange(130) if self.is_busy else chance.randrange(12)):
            self.book(person, self.now + chance.randrange(-DAY, 9 * DAY), chance.choice([20, 45, 75, 180]))
        return person

    def book(self, person, start, length, **values):
        """Put a visit into a calendar where it leaves the technician in one place."""
        visit = Booked(start, start + length, self.point(), self.chance.random() < 0.92)
        visit.of = next(self.numbers)
        for name, value in values.items():
            setattr(visit, name, value)
        if all(visit.end <= other.start or visit.start >= other.end for other in person.booked):
            person.booked.append(visit)
            return visit
        return None

    def visit_of_two(self, people):
        start = self.now + self.chance.randrange(3 * DAY)
        one, two = self.chance.sample(people, 2)
        free = all(b.end <= start or b.start >= start + 90 for p in (one, two) for b in p.booked)
        if free:
            visit = self.book(one, start, 90, blocks=True)
            self.book(two, start, 90, blocks=True, of=visit.of, point=visit.point)

    def hours(self, *, desk) -> tuple:
        chance, rows = self.chance, []
        for weekday in range(7):
            if chance.random() < (0.15 if weekday < 5 else 0.6):
                continue
            if chance.random() < 0.06:
                # Through the hours in which clocks change.
                rows.append((weekday, dt.time(0), chance.choice([dt.time(4, 15), dt.time(23, 45)])))
                continue
            opens, closes = chance.choice([6, 8, 9]) * 60, chance.choice([15 * 60, 17 * 60 + 30, 21 * 60])
            pause = chance.choice([None, 12 * 60, 12 * 60 + 15])
            spans = [(opens, closes)]
            if pause:
                # Of no length, so that two rows touch, or an hour.
                spans = [(opens, pause), (pause + chance.choice([0, 30, 60]), closes)]
            rows += [(weekday, dt.time(a // 60, a % 60), dt.time(b // 60, b % 60)) for a, b in spans]
        return tuple(rows) or ((0, dt.time(8), dt.time(17)),)

    def wishes(self, people) -> list[tuple]:
        found = {}
        for _ in range(self.chance.choice([0, 1, 1, 2, 4])):
            place = self.chance.choice(["equipment", "site", "customer"])
            machine = self.chance.randrange(3) if place == "equipment" else None
            level = self.chance.choice(["preferred", "preferred", "preferred", "required", "excluded"])
            person = self.chance.randrange(people)
            found[person, place, machine] = person, level, place, machine
        return list(found.values())

    def work(self) -> list[tuple]:
        found = {}
        for _ in range(self.chance.choice([0, 1, 3, 6])):
            kind, machine = (
                self.chance.choice([*KINDS, ""]),
                self.chance.choice(["", "tc-240", "Sorter", "SF-12"]),
            )
            skills = tuple(s for s in SKILLS if self.chance.random() < 0.25)
            minutes, crew = self.chance.choice([20, 60, 135]), self.chance.choice([1, 1, 1, 2, 2, 3])
            found[kind, machine.casefold()] = kind, machine, minutes, skills, crew
        return list(found.values())

    def point(self):
        if self.chance.random() < 0.3:
            return None
        lat, lon = FAR if self.chance.random() < 0.05 else MIDDLE
        return (
            round(lat + self.chance.uniform(-0.12, 0.12), 6),
            round(lon + self.chance.uniform(-0.2, 0.2), 6),
        )

    def day_of(self, ahead) -> dt.date:
        return moment(self.now + ahead).astimezone(ZoneInfo(self.zone)).date()


class Rows:
    """The world as rows of the active desk."""

    def __init__(self, desk, world: World):
        self.world = world
        Technician.objects.update(is_active=False)
        Tenant.objects.filter(pk=desk.tenant.pk).update(
            time_zone=world.zone,
            country=world.country,
            subdivision=world.subdivision,
            travel_minutes=world.travel_minutes,
            travel_kmh=world.travel_kmh,
            visit_minutes=world.visit_minutes,
            window_minutes=world.window_minutes,
        )
        self.desk = Tenant.objects.get(pk=desk.tenant.pk)
        BusinessHours.objects.bulk_create(
            BusinessHours(weekday=w, opens=a, closes=b) for w, a, b in world.hours
        )
        Closure.objects.bulk_create(Closure(day=day, name="Closed") for day in world.closed)
        WorkType.objects.bulk_create(
            WorkType(visit_kind=k, machine=m, machine_key=folded(m), minutes=n, skills=list(s), crew=c)
            for k, m, n, s, c in world.work
        )
        self.customer = Customer.objects.create(name="Whoever rings")
        self.site = Site.objects.create(customer=self.customer)
        self.machines = [
            Equipment.objects.create(site=self.site, model=model, kind=kind, serial_number=f"S{n}")
            for n, (model, kind) in enumerate(MODELS)
        ]
        self.technicians = self._technicians()
        self.visits = self._visits()
        for number, level, place, machine in world.wishes:
            said = {"equipment": self.machines[machine or 0], "site": self.site, "customer": self.customer}
            TechnicianPreference.objects.create(
                technician=self.technicians[number], level=level, **{place: said[place]}
            )

    def at(self, point) -> Site:
        """The customer's site, at a place."""
        self.site.latitude, self.site.longitude = point or (None, None)
        return self.site

    def _technicians(self):
        people = self.world.people
        rows = Technician.objects.bulk_create(
            Technician(
                name=person.name,
                is_active=person.active,
                skills=list(person.skills),
                home_latitude=person.home and person.home[0],
                home_longitude=person.home and person.home[1],
                subdivision=person.subdivision,
            )
            for person in people
        )
        pairs = list(zip(rows, people, strict=True))
        WorkingHours.objects.bulk_create(
            WorkingHours(technician=row, weekday=w, starts=a, ends=b)
            for row, p in pairs
            for w, a, b in p.hours
        )
        Absence.objects.bulk_create(
            Absence(technician=row, starts_at=moment(a), ends_at=moment(b))
            for row, p in pairs
            for a, b in p.absences
        )
        return rows

    def _visits(self) -> dict[int, Visit]:
        booked = [
            (row, b) for row, p in zip(self.technicians, self.world.people, strict=True) for b in p.booked
        ]
        points = {b.point for _, b in booked}
        sites = {
            point: Site(customer=self.customer, latitude=point and point[0], longitude=point and point[1])
            for point in points
        }
        Site.objects.bulk_create(sites.values())
        visits = {b.of: self._visit(b, sites[b.point]) for _, b in booked}
        for number, visit in visits.items():
            visit.crew = sum(b.of == number for _, b in booked)
        Visit.objects.bulk_create(visits.values())
        Assignment.objects.bulk_create(
            Assignment(visit=visits[b.of], technician=row, starts_at=moment(b.start), ends_at=moment(b.end))
            for row, b in sorted(booked, key=lambda pair: pair[0].pk)
        )
        return visits

    def _visit(self, booked, site):
        return visit_of(
            number=f"O-{booked.of}",
            customer=self.customer,
            site=site,
            start=moment(booked.start),
            planned_end=moment(booked.end),
            state="booked" if booked.blocks else "cancelled by us",
        )
