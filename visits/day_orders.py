"""In which order the stops of a day cost the least driving: solved by PyVRP, told in plain data.

Knows no rows: vans, stops and the ways between them. Times are minutes since the day's first instant,
so that a change of the clock during the day counts as what it is. Whoever asks checks the answer
against the rules before anybody is offered it; this only proposes.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import pyvrp
from pyvrp.stop import MaxIterations, MultipleCriteria, NoImprovement

Point = tuple[float, float]

# Enough for 50 vans and 200 stops to settle, and a second or two of work; never the clock, so that
# the same day asked twice is answered the same.
ROUNDS = 1500
ROUNDS_WITHOUT_GAIN = 300
SEED = 20260305


@dataclass(frozen=True)
class Stop:
    """A place to be at: when it may begin (minutes), how long it lasts, and which vans may come.

    A pause has no place: the way to it costs nothing, the way from it what `after_pause` says.
    """

    key: Hashable
    place: Point | None
    length: int
    earliest: int
    latest: int
    vans: frozenset[Hashable]
    is_pause: bool = False


@dataclass(frozen=True)
class Van:
    """Who drives: from where to home, between the first and the last minute of work.

    `leaves_home` where the day begins at home: a first way that cannot be measured takes none of it then.
    """

    key: Hashable
    start: Point | None
    home: Point | None
    opens: int
    closes: int
    leaves_home: bool = True


# From one place to another: (minutes, metres).
WayBetween = Callable[[Point | None, Point | None], tuple[int, int]]


def best_orders(
    vans: list[Van], stops: list[Stop], way: WayBetween, *, after_pause: int = 0
) -> dict[Hashable, list[Hashable]] | None:
    """The keys of each van's stops in the cheapest order found; None when no order keeps all times.

    Every stop is in it once, with a van that may come. The same question has the same answer.
    """
    if not vans or not stops:
        return {van.key: [] for van in vans}
    model = pyvrp.Model()
    spots = [model.add_location(0, 0) for _ in stops]
    for stop, spot in zip(stops, spots, strict=True):
        model.add_client(
            spot,
            service_duration=stop.length,
            tw_early=stop.earliest,
            tw_late=stop.latest,
            name=str(stop.key),
        )
    for van in vans:
        start, home = model.add_location(0, 0), model.add_location(0, 0)
        profile = model.add_profile(name=str(van.key))
        model.add_vehicle_type(
            start_depot=model.add_depot(start),
            end_depot=model.add_depot(home),
            tw_early=van.opens,
            tw_late=van.closes,
            # What is saved is time on the road; of two ways of the same time the shorter.
            unit_distance_cost=1,
            unit_duration_cost=0,
            profile=profile,
        )
        # Whoever has no more stops goes home all the same.
        model.add_edge(start, home, 0, 0, profile)
        places = [(stop, spot) for stop, spot in zip(stops, spots, strict=True) if van.key in stop.vans]
        _add_ways_out_and_home(model, profile, van, start, home, places, way)
        _add_ways_between(model, profile, places, way, after_pause)
    found = model.solve(
        MultipleCriteria([MaxIterations(ROUNDS), NoImprovement(ROUNDS_WITHOUT_GAIN)]),
        seed=SEED,
        collect_stats=False,
        display=False,
        # What no edge says cannot be driven.
        missing_value=_NEVER,
    )
    if not found.is_feasible():
        return None
    return _read(found.best, vans, stops)


_NEVER = 10**7


def _add_ways_out_and_home(model, profile, van, start, home, places, way):
    for stop, spot in places:
        if stop.is_pause:
            model.add_edge(start, spot, 0, 0, profile)
            model.add_edge(spot, home, 0, 0, profile)
            continue
        minutes, metres = way(van.start, stop.place)
        is_free = van.leaves_home and (van.start is None or stop.place is None)
        model.add_edge(start, spot, _cost(minutes, metres), 0 if is_free else minutes, profile)
        minutes, metres = way(stop.place, van.home)
        # Nobody has to be home before closing time: the way back costs, but takes no working time.
        model.add_edge(spot, home, _cost(minutes, metres), 0, profile)


def _add_ways_between(model, profile, places, way, after_pause):
    """Of the stops to which this van may come: to the others there is no way for it."""
    for here, spot in places:
        for there, other in places:
            if here is there:
                continue
            if here.is_pause or there.is_pause:
                minutes, metres = (after_pause if here.is_pause else 0), 0
            else:
                minutes, metres = way(here.place, there.place)
            model.add_edge(spot, other, _cost(minutes, metres), minutes, profile)


def _cost(minutes, metres):
    return minutes * 1000 + metres // 100


def _read(solution, vans, stops):
    orders = {van.key: [] for van in vans}
    for route in solution.routes():
        van = vans[route.vehicle_type()]
        for activity in route:
            if activity.is_client():
                orders[van.key].append(stops[activity.idx].key)
    return orders
