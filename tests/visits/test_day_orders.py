"""The cheapest order of a day's stops, against all orders there are."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from visits.day_orders import Stop, Van, best_orders

HOME = (0, 0)


def way(a, b):
    """Minutes and metres on a square grid of a minute a step."""
    steps = abs(a[0] - b[0]) + abs(a[1] - b[1])
    return steps, steps * 500


def stop(key, place, *, earliest=480, latest=1000, length=30, vans=("lou",), **more):
    return Stop(key, place, length, earliest, latest, frozenset(vans), **more)


def cost_of(van, stops):
    """Minutes on the road in this order; None when a time is not kept."""
    here, clock, driven = van.home, van.opens, 0
    for one in stops:
        minutes, _ = way(here, one.place)
        driven += minutes
        clock = max(clock + minutes, one.earliest)
        if clock > one.latest or clock + one.length > van.closes:
            return None
        clock += one.length
        here = one.place
    return driven + (way(here, van.home)[0] if stops else 0)


LOU = Van("lou", HOME, HOME, 480, 1050)
places = st.tuples(st.integers(-30, 30), st.integers(-30, 30))
windows = st.tuples(st.integers(480, 800), st.integers(0, 240))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(places, windows), min_size=1, max_size=5))
def test_one_technicians_order_costs_as_little_as_the_best_of_all(given_stops):
    stops = [
        stop(n, place, earliest=opens, latest=opens + lasts)
        for n, (place, (opens, lasts)) in enumerate(given_stops)
    ]
    by_key = {one.key: one for one in stops}
    costs = [cost for order in permutations(stops) if (cost := cost_of(LOU, order)) is not None]

    found = best_orders([LOU], stops, way)

    if not costs:
        assert found is None
    else:
        assert sorted(found["lou"]) == sorted(by_key)
        assert cost_of(LOU, [by_key[key] for key in found["lou"]]) == min(costs)


def test_each_stop_goes_to_a_van_that_may_come():
    near_ann = stop("ann's", (9, 9), vans=("lou",))
    near_lou = stop("lou's", (1, 1), vans=("lou", "ann"))
    ann = Van("ann", (10, 10), (10, 10), 480, 1050)
    found = best_orders([LOU, ann], [near_ann, near_lou], way)
    assert (sorted(found["lou"]), found["ann"]) == (["ann's", "lou's"], [])


def test_a_stop_that_nobody_may_come_to_has_no_order():
    assert best_orders([LOU], [stop("a", (1, 1), vans=())], way) is None


def test_two_at_the_same_time_need_two_vans():
    both = [stop(n, (1, n), earliest=600, latest=600, vans=("lou", "ann")) for n in range(2)]
    assert best_orders([LOU], [stop(n, (1, n), earliest=600, latest=600) for n in range(2)], way) is None
    found = best_orders([LOU, Van("ann", HOME, HOME, 480, 1050)], both, way)
    assert sorted(len(keys) for keys in found.values()) == [1, 1]


def test_a_pause_has_no_way_to_it_and_the_said_one_from_it():
    noon = Stop("noon", None, 60, 720, 720, frozenset({"lou"}), is_pause=True)
    after = stop("after", (5, 0), earliest=780, latest=780)
    assert best_orders([LOU], [noon, after], way) == {"lou": ["noon", "after"]}
    assert best_orders([LOU], [noon, after], way, after_pause=1) is None


def test_nothing_to_drive_is_an_empty_order():
    assert best_orders([LOU], [], way) == {"lou": []}
    assert best_orders([], [], way) == {}


def test_the_same_question_has_the_same_answer():
    stops = [stop(n, (n * 7 % 11, n * 5 % 13), vans=("lou", "ann")) for n in range(12)]
    vans = [LOU, Van("ann", (10, 10), (10, 10), 480, 1050)]
    assert best_orders(vans, stops, way) == best_orders(vans, stops, way)
