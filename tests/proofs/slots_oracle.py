"""Which slots there are, by the rules alone: slow, minute by minute, and without the product's code.

An instant is a whole number of minutes since 1970 in UTC. A world is a desk with its technicians and
their calendars, a request is what a slot is looked for.
"""

import datetime as dt
import itertools
import math
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import ZoneInfo

import holidays

DAY = 24 * 60
DAYS_AHEAD = 60
MOST = 5
EARTH, DETOUR = 6_371_009, 1.4
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass
class Booked:
    """A visit that stands; `of` numbers it, so that one of several technicians can be moved."""

    start: int
    end: int
    point: tuple | None
    blocks: bool = True
    of: int = 0


@dataclass
class Person:
    """A technician. Hours are (weekday, from, until); none means the desk's."""

    name: str
    active: bool = True
    skills: tuple[str, ...] = ()
    home: tuple | None = None
    subdivision: str = ""
    hours: tuple = ()
    absences: list[tuple[int, int]] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)


@dataclass
class World:
    """A desk. Wishes are (person's number, level, "equipment", "site" or "customer", machine's number)."""

    zone: str
    country: str
    subdivision: str
    hours: tuple
    closed: frozenset
    travel_minutes: int
    travel_kmh: int
    visit_minutes: int
    window_minutes: int
    people: list[Person]
    wishes: list[tuple]
    # (kind of visit, machine, minutes, skills, crew); an empty kind or machine is any.
    work: list[tuple]


@dataclass
class Request:
    """What is looked for. Machines are (number, model, kind)."""

    now: int
    kind: str
    machines: tuple
    point: tuple | None
    with_tune_up: bool = False
    not_before: int | None = None
    due: int | None = None
    # The visit that moves: its number, length, window, crew, and who is on it.
    moving: int | None = None
    length: int = 0
    window: int = 0
    crew: int = 1
    held: tuple = ()


@dataclass(frozen=True)
class Offer:
    """A slot: who leads, who comes along, and when."""

    start: int
    end: int
    window_end: int
    lead: str
    others: tuple[str, ...]
    preferred: bool
    meets: bool | None


@cache
def wall_minutes(zone: str, day: dt.date) -> dict:
    """By hour and minute, the first instant at which the zone's clock shows it on that day."""
    shown, tz = {}, ZoneInfo(zone)
    noon = minutes_of(dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC))
    for instant in range(noon - 30 * 60, noon + 30 * 60):
        wall = moment(instant).astimezone(tz)
        if wall.date() == day:
            shown.setdefault((wall.hour, wall.minute), instant)
    return shown


def at(zone: str, day: dt.date, clock: dt.time) -> int:
    """The instant of a wall time; a skipped one lies as far after the last that was not."""
    shown, back = wall_minutes(zone, day), 0
    hour, minute = clock.hour, clock.minute
    while (hour, minute) not in shown:
        back += 1
        hour, minute = divmod(hour * 60 + minute - 1, 60)
        if hour < 0:
            return min(shown.values()) + clock.hour * 60 + clock.minute
    return shown[hour, minute] + back


def minutes_of(instant: dt.datetime) -> int:
    return int((instant - EPOCH).total_seconds() // 60)


def moment(minutes: int) -> dt.datetime:
    return EPOCH + dt.timedelta(minutes=minutes)


@cache
def is_holiday(country: str, subdivision: str, day: dt.date) -> bool:
    return day in holidays.country_holidays(country, subdiv=subdivision or None, years=day.year)


def way(world: World, a, b) -> tuple[int, bool]:
    """Minutes, and whether they were measured: by the angle between two vectors."""
    if a is None or b is None:
        return world.travel_minutes, False

    def vector(point):
        lat, lon = map(math.radians, point)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    u, v = vector(a), vector(b)
    cross = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    angle = math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(u, v, strict=True)))
    metres = round(angle * EARTH * DETOUR)
    per_hour = world.travel_kmh * 1000
    return (metres * 60 + per_hour - 1) // per_hour, True


class Oracle:
    """The slots of one request in one world."""

    def __init__(self, world: World, request: Request):
        self.world, self.request = world, request
        self.minutes, self.skills, self.crew = self._work()
        self.window = request.window or world.window_minutes
        self.since = max(request.now, request.not_before or 0)
        self.level = self._levels()
        said = [n for n, (_, level) in self.level.items() if level != "excluded"]
        # Nearest first, as they were said.
        self.preferred = sorted(said, key=lambda n: self.level[n][0])
        self.required = {n for n, (_, level) in self.level.items() if level == "required"}
        self.excluded = {n for n, (_, level) in self.level.items() if level == "excluded"}
        everybody = [n for n, person in enumerate(world.people) if person.active]
        rank = {n: self.preferred.index(n) if n in self.preferred else 99 for n in everybody}
        self.order = sorted(everybody, key=lambda n: (rank[n], world.people[n].name))
        self.leads = [n for n in self.order if self._may_lead(n)]
        self._free: dict = {}
        self._opened: dict = {}

    def days(self):
        today = moment(self.request.now).astimezone(ZoneInfo(self.world.zone)).date()
        return [today + dt.timedelta(days=n) for n in range(DAYS_AHEAD)]

    def best(self) -> list[Offer]:
        """The preferred one's two, then each other's soonest; the same people at one time once."""
        leads, days, first = self.leads, self.days(), []
        if leads and (leads[0] in self.preferred or len(leads) == 1):
            theirs = self.of(leads[0], days)
            first = [offer for offer in [next(theirs, None)] if offer]
            first += list(itertools.islice((o for o in theirs if o.start >= first[0].window_end), 1))
        rest = [next(self.of(n, days), None) for n in (leads[1:] if first else leads)]
        rest = sorted(filter(None, rest), key=lambda o: (o.start, o.lead))
        return self._once([*first, *rest])[:MOST]

    def on(self, day: dt.date) -> list[Offer]:
        """Every slot of a day."""
        offers = [offer for n in self.leads for offer in self.of(n, [day])]
        return self._once(sorted(offers, key=lambda o: (o.start, not o.preferred, o.lead)))

    def of(self, lead: int, days):
        """Every slot that one technician leads, half hour by half hour."""
        for day in days:
            shown = wall_minutes(self.world.zone, day)
            for half in range(48):
                start = shown.get((half // 2, half % 2 * 30))
                if start is None or not self.can_begin(lead, day, start):
                    continue
                others = self._others(lead, day, start)
                if others is None:
                    continue
                window_end = start + self.window
                due = self.request.due
                yield Offer(
                    start,
                    start + self.minutes,
                    window_end,
                    self.world.people[lead].name,
                    tuple(self.world.people[n].name for n in others),
                    lead in self.preferred,
                    None if due is None else window_end <= due,
                )

    def can_begin(self, n: int, day: dt.date, start: int) -> bool:
        """Whether a technician can begin there then."""
        end = start + self.minutes
        if start < self.since:
            return False
        free = self._free_minutes(n, day)
        if not all(minute in free for minute in range(start, end)):
            return False
        return self._comes_in_time(n, day, start) and self._leaves_in_time(n, end)

    def _comes_in_time(self, n, day, start) -> bool:
        world, request, person = self.world, self.request, self.world.people[n]
        midnight = min(wall_minutes(world.zone, day).values())
        before = max((b for b in self._stand(n) if b.end <= start), key=lambda b: b.end, default=None)
        if before is not None:
            minutes = min(way(world, before.point, request.point)[0], DAY)
            if before.end > midnight:
                return start >= max(before.end, request.now) + minutes
            if start < before.end + minutes:
                return False
        minutes, measured = way(world, person.home, request.point)
        if not measured:
            return start >= request.now + world.travel_minutes
        return start >= max(self._opens(n, day), request.now) + minutes

    def _leaves_in_time(self, n, end) -> bool:
        after = min((b for b in self._stand(n) if b.start >= end), key=lambda b: b.start, default=None)
        if after is None:
            return True
        return end + min(way(self.world, self.request.point, after.point)[0], DAY) <= after.start

    def _others(self, lead, day, start):
        """Who is on the visit stays; of the others the first that together have the skills."""
        seats = self.crew - 1
        held = list(self.request.held)
        stays = [n for n in held if n != lead] if lead in held else held[1:]
        stays = stays[:seats]
        if not all(n in self.order and self._along(n, day, start) for n in stays):
            return None
        free = [n for n in self.order if n != lead and n not in stays and self._along(n, day, start)]
        for joined in itertools.combinations(free, seats - len(stays)):
            crew = (lead, *stays, *joined)
            have = {skill.casefold() for n in crew for skill in self.world.people[n].skills}
            if {skill.casefold() for skill in self.skills} <= have:
                return (*stays, *joined)
        return None

    def _along(self, n, day, start):
        return n not in self.excluded and self.can_begin(n, day, start)

    def _may_lead(self, n) -> bool:
        if n in self.excluded or (self.required and n not in self.required):
            return False
        have = {skill.casefold() for skill in self.world.people[n].skills}
        return self.crew > 1 or {skill.casefold() for skill in self.skills} <= have

    def _stand(self, n):
        moving = self.request.moving
        return [b for b in self.world.people[n].booked if b.blocks and (moving is None or b.of != moving)]

    def _rows(self, n, day):
        """From when until when somebody works on a day, row by row."""
        world, person = self.world, self.world.people[n]
        if day in world.closed or is_holiday(world.country, person.subdivision or world.subdivision, day):
            return []
        rows = [row for row in person.hours or world.hours if row[0] == day.weekday()]
        rows = [(at(world.zone, day, a), at(world.zone, day, b)) for _, a, b in rows]
        return [(a, b) for a, b in rows if a < b]

    def _opens(self, n, day):
        return min(a for a, _ in self._rows(n, day))

    def _free_minutes(self, n, day) -> set[int]:
        """The minutes in which somebody works, is not away, and is at nobody's."""
        if (n, day) not in self._free:
            minutes = {minute for a, b in self._rows(n, day) for minute in range(a, b)}
            for a, b in self.world.people[n].absences:
                minutes -= {minute for minute in minutes if a <= minute < b}
            for visit in self._stand(n):
                if minutes and visit.start < max(minutes) + 1 and visit.end > min(minutes):
                    minutes -= set(range(visit.start, visit.end))
            self._free[n, day] = minutes
        return self._free[n, day]

    def _levels(self):
        """What was said of each technician nearest: of the machine, the site, the customer."""
        chosen = {number for number, _, _ in self.request.machines}
        places, levels = ("equipment", "site", "customer"), ("excluded", "required", "preferred")
        found = {}
        for turn, (n, level, place, machine) in enumerate(self.world.wishes):
            if place == "equipment" and machine not in chosen:
                continue
            near = (places.index(place), levels.index(level), turn)
            if n not in found or near < found[n][0]:
                found[n] = near, level
        return found

    def _work(self):
        world, request = self.world, self.request
        usual = (world.visit_minutes, (), 1)

        def line(kind, machine):
            found = [w[2:] for w in world.work if w[0] == kind and w[1].casefold() == machine.casefold()]
            return found[0] if found else None

        works = []
        for _, model, kind_of_machine in request.machines or [(0, "", "")]:
            steps = [(request.kind, model), (request.kind, kind_of_machine)]
            steps += [("", model), ("", kind_of_machine), (request.kind, ""), ("", "")]
            # What a machine is not called is no line of its own.
            asked = [s for i, s in enumerate(steps) if i > 3 or s[1]]
            works.append(next((w for w in (line(*step) for step in asked) if w), usual))
        skills = tuple({s.casefold(): s for _, found, _ in works for s in found}.values())
        if request.moving is not None:
            return request.length, skills, request.crew
        longest = max(minutes for minutes, _, _ in works)
        return longest + (30 if request.with_tune_up else 0), skills, max(crew for _, _, crew in works)

    @staticmethod
    def _once(offers):
        found = {}
        for offer in offers:
            found.setdefault((offer.start, frozenset((offer.lead, *offer.others))), offer)
        return list(found.values())
