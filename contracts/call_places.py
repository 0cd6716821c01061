"""Where each customer stands in the call list, as SQL (R1.7): `contracts.call_list` says what it means."""

from django.db.models import BooleanField, Exists, ExpressionWrapper, Func, OuterRef, Q

from contracts.beside_terms import recorded_beside_terms
from contracts.call_ranges import CALLED, HELD_BACK, begun, counts, following, previous
from contracts.models import (
    CallSkip,
    Cancellation,
    Contract,
)
from contracts.sql_parts import filled, joined
from customers.models import Customer, Hold
from tenancy.prepared import DAY, Composed, Figure, Key, PublicId, Words
from tenancy.scope import current_tenant_id

# Most customers have one contract, with nothing recorded but its terms, and nobody held them or put them
# off: where they stand its last term says, which is kept beside it. They are found and counted by ranges of
# an index, `_RANGES`. All the others are looked at one by one, and their contracts about which more is
# recorded by the rule of cover.
_OF_ALL = """
    WITH limits AS MATERIALIZED (
        SELECT {day} + renewal_due_days AS due_until, {day} - grace_days AS grace_from
        FROM tenancy_tenant WHERE id = {desk}
    ),
    more (contract_id) AS MATERIALIZED ({more}),
    cancelled (contract_id) AS MATERIALIZED ({cancelled}),
    merged AS MATERIALIZED ({merged}),
    held AS MATERIALIZED ({held}),
    put_off AS MATERIALIZED ({put_off}),
    looked_at (customer_id) AS MATERIALIZED (
        SELECT customer_id FROM contracts_contract WHERE tenant_id = {desk} AND NOT stands_alone
        UNION SELECT customer_id FROM contracts_contract WHERE tenant_id = {desk}
            AND id IN (SELECT contract_id FROM more UNION ALL SELECT contract_id FROM cancelled)
        UNION SELECT * FROM merged
        UNION SELECT * FROM held
        UNION SELECT * FROM put_off {asked_about}
    ),
    theirs AS MATERIALIZED (
        SELECT id, customer_id, is_auto_renewing, last_term_start, last_term_end, stands_alone
        FROM contracts_contract WHERE tenant_id = {desk} AND customer_id IN (SELECT * FROM looked_at)
    ),
    facts (contract_id, customer_id, state, last_end, renews_itself) AS MATERIALIZED (
        SELECT id, customer_id,
            CASE
                WHEN last_term_start > {day} THEN {begun}
                WHEN last_term_end > (SELECT due_until FROM limits) THEN 'active'
                WHEN last_term_end >= {day} THEN 'renewal due'
                WHEN is_auto_renewing AND last_term_end IS NOT NULL THEN 'renewal in review'
                WHEN last_term_end >= (SELECT grace_from FROM limits) THEN 'in grace'
                ELSE 'lapsed'
            END,
            last_term_end, is_auto_renewing
        FROM theirs
        WHERE id NOT IN (SELECT contract_id FROM more) AND id NOT IN (SELECT contract_id FROM cancelled)
        UNION ALL
        {others}
    ),
"""
_OF_ONE = """
    WITH merged AS MATERIALIZED ({merged}),
    held AS MATERIALIZED ({held}),
    put_off AS MATERIALIZED ({put_off}),
    facts (contract_id, customer_id, state, last_end, renews_itself) AS MATERIALIZED ({contracts}),
"""
# Each customer's contract to speak about. The first of these decides: one in review; one that ends
# soon; one that ends soon and goes on by itself; one that runs; one that ended. Of several the
# nearest end. Who ends soonest or ended last is called first; a longer lapsed contract is the least
# urgent. A contract that never had a standing term is the least urgent of all.
_PLACES = """
    ranked AS (
        SELECT contract_id, customer_id, state, coalesce(abs(last_end - {day}), 99999) AS days,
            CASE
                WHEN state = 'renewal in review' THEN 1
                WHEN state = 'renewal due' AND NOT renews_itself THEN 2
                WHEN state = 'renewal due' THEN 3
                WHEN state IN ('active', 'upcoming') THEN 4
                WHEN state IN ('in grace', 'lapsed') THEN 5
            END AS class
        FROM facts WHERE state <> 'cancelled'
    ),
    spoken_of AS (
        SELECT DISTINCT ON (customer_id) * FROM ranked ORDER BY customer_id, class, days, contract_id
    ),
    places AS MATERIALIZED (
        SELECT
            CASE state WHEN 'renewal due' THEN 0 WHEN 'in grace' THEN 1 WHEN 'lapsed' THEN 2 ELSE 3 END
                AS rank,
            days, customer_id, contract_id, state,
            CASE
                WHEN class = 1 THEN 'in review'
                WHEN customer_id IN (SELECT * FROM held) THEN 'held'
                WHEN class = 3 THEN 'renews itself'
                WHEN class = 4 THEN 'active'
                WHEN customer_id IN (SELECT * FROM put_off) THEN 'put off'
                ELSE ''
            END AS held_back
        FROM spoken_of WHERE customer_id NOT IN (SELECT * FROM merged)
    )
"""
# The customer's public id is looked up for the rows that are asked for, not for all.
_PLACE = """
    (SELECT rank, days, (SELECT public_id FROM customers_customer c
            WHERE c.tenant_id = {desk} AND c.id = places.customer_id) AS customer,
        customer_id, contract_id, state, held_back
     FROM places WHERE {which})
"""
_COUNTS = """
    SELECT 'count', sum(rows)::integer, 0, NULL::uuid, 0, 0, state, held_back
    FROM (SELECT state, held_back, count(*) AS rows FROM places GROUP BY state, held_back
        UNION ALL {counts}) counted
    GROUP BY state, held_back HAVING sum(rows) > 0
"""
_FOLLOWING = """
    (SELECT 'following', * FROM (
        SELECT * FROM {place} places WHERE (rank, days, customer) {compared} ({rank}, {days}, {customer})
        UNION ALL {ranges}) rows
     ORDER BY rank, days, customer LIMIT {size})
"""
_PREVIOUS = """
    (SELECT 'previous', * FROM (
        SELECT * FROM {place} places WHERE (rank, days, customer) < ({rank}, {days}, {customer})
        UNION ALL {ranges}) rows
     ORDER BY rank DESC, days DESC, customer DESC LIMIT {before})
"""
_ONE = "SELECT 'place', * FROM {place} place"
_CALLED = "held_back = ''"
_HELD_BACK = "held_back <> ''"
_IN_STATE = "({only} = '' OR {state} = {only})"
_FOR_REASON = "({only} = '' OR {held_back} = {only})"
_ALL = "true"
# Where a customer of the list stands; before all of it for one who is not in it.
_HERE = """,
    stands AS MATERIALIZED (SELECT * FROM {place} place),
    here AS MATERIALIZED (
        SELECT coalesce(rank, -1) AS rank, coalesce(days, 0) AS days,
            coalesce(customer, '00000000-0000-0000-0000-000000000000'::uuid) AS customer
        FROM (SELECT) always LEFT JOIN stands ON held_back = ''
    )
"""
_OF_HERE = {
    "rank": ("(SELECT rank FROM here)", []),
    "days": ("(SELECT days FROM here)", []),
    "customer": ("(SELECT customer FROM here)", []),
}


class _HasMore(Func):
    """Whether a contract is one of those about which more is recorded than its terms, and stands."""

    template = (
        "%(expressions)s = ANY (ARRAY(SELECT contract_id FROM more EXCEPT SELECT contract_id FROM cancelled))"
    )
    output_field = BooleanField()


def _more(day):
    """Contracts with a record that may decide their cover beside their terms.

    As a cancellation to come, of one that would renew itself: until then it decides nothing of another.
    """
    contracts = Contract.objects.order_by().values_list("pk")
    to_come = _cancellations().filter(effective_on__gt=day, contract__is_auto_renewing=True)
    parts = (to_come.values_list("contract"), *(contracts.filter(one) for one in recorded_beside_terms()))
    first, *others = (part.order_by() for part in parts)
    return first.union(*others)


def _cancelled(day):
    """Contracts that are over: on no list, so that their cover need not be asked for."""
    return _cancellations().exclude(effective_on__gt=day).order_by().values_list("contract")


def _cancellations():
    return Cancellation.objects.filter(undone_at__isnull=True)


def _facts(contracts, day):
    goes_on = ExpressionWrapper(Q(is_auto_renewing=True, noticed=False), output_field=BooleanField())
    with_cover = contracts.with_cover(day).order_by().annotate(renews_itself=goes_on)
    return with_cover.values_list("pk", "customer_id", "cover_state", "last_end", "renews_itself")


def _kept_back(day, **whose):
    """Who is part of another customer, is held, or was put off and by what was said last is so still."""
    merged = Customer.objects.filter(merged_into__isnull=False)
    if whose:
        merged = merged.filter(pk=whose["customer"])
    later = CallSkip.objects.filter(
        Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk")), customer=OuterRef("customer")
    )
    skips = CallSkip.objects.filter(~Exists(later), until__gt=day, **whose)
    holds = Hold.objects.filter(released_at__isnull=True, **whose)
    return {
        "merged": merged.order_by().values_list("pk"),
        "held": holds.order_by().values_list("customer_id"),
        "put_off": skips.order_by().values_list("customer_id"),
    }


def _of_all(day, desk, asked_about=("", [])):
    return filled(
        _OF_ALL,
        day=day,
        desk=desk,
        asked_about=asked_about,
        more=_more(day),
        cancelled=_cancelled(day),
        begun=begun("theirs.id", day=day, desk=desk),
        others=_facts(Contract.objects.filter(_HasMore("pk")), day),
        **_kept_back(day),
    )


def _counted(day, desk):
    return filled(_COUNTS, counts=counts((*CALLED, *HELD_BACK), day=day, desk=desk))


def _page(ranges, whose, only_of, *, day, only, **here):
    desk = current_tenant_id()
    theirs = filled(f"{whose} AND {only_of}", only=only, state=("state", []), held_back=("held_back", []))
    rows = following(ranges, only_of, compared=">", day=day, desk=desk, only=only, **here)
    place = filled(_PLACE, desk=desk, which=theirs)
    asked = filled(_FOLLOWING, place=place, ranges=rows, compared=(">", []), **here)
    asked = joined(asked, _counted(day, desk), by=" UNION ALL ")
    return joined(_of_all(day, desk), filled(_PLACES, day=day), asked)


def _called(**asked):
    return _page(CALLED, _CALLED, _IN_STATE, **asked)


def _held_back(**asked):
    return _page(HELD_BACK, _HELD_BACK, _FOR_REASON, **asked)


def _around(day, customer, before, size):
    """The customer is one of those who are looked at, so that nothing else says where they stand."""
    desk = current_tenant_id()
    whole = _of_all(day, desk, asked_about=filled("UNION SELECT {customer}", customer=customer))
    theirs = filled(_PLACE, desk=desk, which=filled("customer_id = {customer}", customer=customer))
    place = filled(_PLACE, desk=desk, which=(_CALLED, []))
    rows = previous(CALLED, _ALL, day=day, desk=desk, size=before, **_OF_HERE)
    earlier = filled(_PREVIOUS, place=place, ranges=rows, before=before, **_OF_HERE)
    rows = following(CALLED, _ALL, compared=">=", day=day, desk=desk, size=size, **_OF_HERE)
    later = filled(_FOLLOWING, place=place, ranges=rows, compared=(">=", []), size=size, **_OF_HERE)
    stands = ("SELECT 'place', * FROM stands", [])
    asked = joined(stands, earlier, later, _counted(day, desk), by=" UNION ALL ")
    return joined(whole, filled(_PLACES, day=day), filled(_HERE, place=theirs), asked)


def _of_customer(day, customer):
    facts = filled(
        _OF_ONE,
        contracts=_facts(Contract.objects.filter(customer=customer), day),
        **_kept_back(day, customer=customer),
    )
    one = filled(_ONE, place=filled(_PLACE, desk=current_tenant_id(), which=("true", [])))
    return joined(facts, filled(_PLACES, day=day), one)


_FROM = {"rank": Figure(), "days": Figure(), "customer": PublicId(), "size": Figure()}
# Of a whole list: the rows that follow a place, and the counts.
CALLED_PAGE = Composed(_called, day=DAY, only=Words(), **_FROM)
HELD_BACK_PAGE = Composed(_held_back, day=DAY, only=Words(), **_FROM)
# A customer's place, those before it and from it on, and the counts.
AROUND = Composed(_around, day=DAY, customer=Key(), before=Figure(), size=Figure())
OF_CUSTOMER = Composed(_of_customer, day=DAY, customer=Key())
