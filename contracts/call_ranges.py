"""Customers whose only contract's last term says where they stand in the call list, by ranges of an index.

Each range is one place of R1.7: none of its contracts is read but the rows that are asked for, and they
are counted from the index alone. Customers of whom more is to be known, `looked_at`, are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.sql_parts import Part, filled, joined

_DUE = "last_term_end BETWEEN {day} AND (SELECT due_until FROM limits) AND last_term_start <= {day}"
_FOLLOWED = (
    "last_term_end >= {day} AND (last_term_end > (SELECT due_until FROM limits) OR last_term_start > {day})"
)
_IN_GRACE = "last_term_end < {day} AND last_term_end >= (SELECT grace_from FROM limits)"
_LAPSED = "last_term_end < (SELECT grace_from FROM limits)"
_OVER = "last_term_end < {day}"
_NEVER = "last_term_end IS NULL"


@dataclass(frozen=True)
class Range:
    """One place of the list: its rank, the state there, and why nobody calls ("" where one may).

    `ends` is a condition on when the last term ends: in the days to come (`ahead`), or over; None where
    there is none. `renews_itself`: they go on by themselves.
    """

    rank: int
    state: str
    held_back: str
    ends: str
    ahead: bool | None
    renews_itself: bool = False


CALLED = (
    Range(0, "renewal due", "", _DUE, ahead=True),
    Range(1, "in grace", "", _IN_GRACE, ahead=False),
    Range(2, "lapsed", "", _LAPSED, ahead=False),
    Range(2, "lapsed", "", _NEVER, ahead=None),
    Range(2, "lapsed", "", _NEVER, ahead=None, renews_itself=True),
)
HELD_BACK = (
    Range(0, "renewal due", "renews itself", _DUE, ahead=True, renews_itself=True),
    Range(3, "active", "active", _FOLLOWED, ahead=True),
    Range(3, "active", "active", _FOLLOWED, ahead=True, renews_itself=True),
    Range(3, "renewal in review", "in review", _OVER, ahead=False, renews_itself=True),
)

# Read in the order of the index and from the place on, so that few are read but those that are shown. Where
# `asked` does not hold or all stand on the other side of the place, that is known before a row is read.
_ROWS = """
    (SELECT {own_rank}::integer AS rank, {own_days} AS days, c.public_id AS customer, k.customer_id,
        k.id AS contract_id, {state} AS state, {held_back} AS held_back
     FROM contracts_contract k
     JOIN customers_customer c ON c.tenant_id = k.tenant_id AND c.id = k.customer_id
     WHERE k.tenant_id = {desk} AND k.stands_alone AND {which}
        AND k.customer_id NOT IN (SELECT * FROM looked_at)
        AND {asked} AND {near}
        AND ({own_rank}::integer, {own_days}, c.public_id) {compared} ({rank}, {days}, {customer})
     ORDER BY {order} LIMIT {size})
"""
# Further from its end is no contract, but the cursor of somebody's own making.
_FROM_THERE = "CASE WHEN {rank} = {own_rank} THEN least({days}, 1000000) ELSE {else_from} END"
# A term is yet to begin: another one may run before it.
_BEGUN = """
    CASE WHEN last_term_start <= {day} OR EXISTS (
        SELECT FROM contracts_contractterm t WHERE t.tenant_id = {desk} AND t.contract_id = {contract}
            AND t.taken_back_at IS NULL AND t.starts_on <= {day} AND t.ends_on >= {day}
    ) THEN 'active' ELSE 'upcoming' END
"""
_COUNT = """
    SELECT {state} AS state, {held_back} AS held_back,
        (SELECT count(*) FROM contracts_contract k WHERE k.tenant_id = {desk} AND k.stands_alone AND {which})
        - (SELECT count(*) FROM theirs WHERE stands_alone AND {which}) AS rows
"""


def begun(contract: str, *, day, desk) -> Part:
    """'active' or 'upcoming', of one whose last term has not ended: `contract` is how SQL names its key."""
    return filled(_BEGUN, contract=_text(contract), day=day, desk=desk)


def following(ranges: Iterable[Range], asked: str, compared: str = ">", **values) -> Part:
    """The first `size` rows of each range after a place (">=": from it on); together in no order.

    `values` has the place: `rank`, `days` and `customer`. `asked` is a condition on a range's `{state}` and
    `{held_back}`.
    """
    return _rows(ranges, asked, compared, **values)


def previous(ranges: Iterable[Range], asked: str, **values) -> Part:
    """The last `size` rows of each range before a place; together in no order."""
    return _rows(ranges, asked, "<", **values)


def counts(ranges: Iterable[Range], *, day, desk) -> Part:
    """How many stand in each range: its state, why they are held back, and their number."""
    return joined(
        *(
            filled(
                _COUNT,
                which=_which(one, day=day),
                state=_literal(one.state),
                held_back=_literal(one.held_back),
                desk=desk,
            )
            for one in ranges
        ),
        by=" UNION ALL ",
    )


def _rows(ranges, asked, compared, **values):
    return joined(*(_of_range(one, asked, compared, **values) for one in ranges), by=" UNION ALL ")


def _of_range(one: Range, asked, compared, *, day, **values):
    forward = compared != "<"
    values |= {"own_rank": _text(one.rank), "else_from": _text("0" if forward else "1000000"), "day": day}
    from_there = filled(_FROM_THERE, **values)
    sides = "{rank} <= {own_rank}" if forward else "{rank} >= {own_rank}"
    near = filled(sides + _BOUND[one.ahead, forward], from_there=from_there, **values)
    state = begun("k.id", day=day, desk=values["desk"]) if one.state == "active" else _literal(one.state)
    return filled(
        _ROWS,
        own_days=filled(_DAYS[one.ahead], day=day),
        state=state,
        held_back=_literal(one.held_back),
        which=_which(one, day=day),
        asked=filled(asked, state=_literal(one.state), held_back=_literal(one.held_back), **values),
        near=near,
        compared=_text(compared),
        order=_text(_ORDER[one.ahead, forward]),
        **values,
    )


_DAYS = {True: "last_term_end - {day}", False: "{day} - last_term_end", None: "99999"}
_BOUND = {
    (True, True): " AND last_term_end >= {day} + {from_there}",
    (True, False): " AND last_term_end <= {day} + {from_there}",
    (False, True): " AND last_term_end <= {day} - {from_there}",
    (False, False): " AND last_term_end >= {day} - {from_there}",
    (None, True): "",
    (None, False): "",
}
_ORDER = {
    (True, True): "last_term_end, c.public_id",
    (True, False): "last_term_end DESC, c.public_id DESC",
    (False, True): "last_term_end DESC, c.public_id",
    (False, False): "last_term_end, c.public_id DESC",
    (None, True): "c.public_id",
    (None, False): "c.public_id DESC",
}


def _which(one: Range, *, day) -> Part:
    which = "is_auto_renewing AND " if one.renews_itself else "NOT is_auto_renewing AND "
    return filled(which + one.ends, day=day)


def _text(written) -> Part:
    return str(written), []


def _literal(word: str) -> Part:
    return f"'{word}'", []
