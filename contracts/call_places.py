"""Where each customer stands in the call list, as SQL (R1.7): `contracts.call_list` says what it means."""

from string import Formatter

from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    ExpressionWrapper,
    Func,
    Q,
    QuerySet,
    Value,
)

from contracts.models import (
    CallSkip,
    Cancellation,
    Contract,
    ContractTerm,
    Payment,
    RenewalEvidence,
    RenewalOffer,
)
from customers.models import Customer, Hold
from tenancy.prepared import DAY, Composed, Figure, Key, PublicId, Words, YesOrNo
from tenancy.scope import current_tenant_id

# Of all contracts. Most have nothing recorded but their terms: those say the state by their days alone,
# read in one go. The others are looked at one by one, by the rule of cover.
_OF_ALL = """
    WITH more (contract_id) AS MATERIALIZED ({more}),
    terms (contract_id, customer_id, renews_itself, starts_on, ends_on) AS (
        {contracts} UNION ALL {terms}
    ),
    dated AS MATERIALIZED (
        SELECT contract_id, max(customer_id) AS customer_id, bool_or(renews_itself) AS renews_itself,
            max(ends_on) AS last_end,
            max(ends_on) FILTER (WHERE starts_on <= {day} AND ends_on >= {day}) AS running_end,
            bool_or(starts_on > {day}) AS has_next
        FROM terms GROUP BY contract_id
    ),
    limits AS MATERIALIZED (
        SELECT renewal_due_days AS due_days, grace_days FROM tenancy_tenant WHERE id = {desk}
    ),
    facts (contract_id, customer_id, state, last_end, renews_itself) AS MATERIALIZED (
        SELECT contract_id, customer_id,
            CASE
                WHEN running_end IS NOT NULL AND (last_end > running_end OR last_end > {day} + due_days)
                    THEN 'active'
                WHEN running_end IS NOT NULL THEN 'renewal due'
                WHEN has_next THEN 'upcoming'
                WHEN renews_itself AND last_end IS NOT NULL THEN 'renewal in review'
                WHEN last_end >= {day} - grace_days THEN 'in grace'
                ELSE 'lapsed'
            END,
            last_end, renews_itself
        FROM dated, limits
        WHERE contract_id NOT IN (SELECT contract_id FROM more)
        UNION ALL
        {others}
    ),
"""
_OF_ONE = """
    WITH facts (contract_id, customer_id, state, last_end, renews_itself) AS MATERIALIZED ({contracts}),
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
    merged AS MATERIALIZED ({merged}),
    held AS MATERIALIZED ({held}),
    put_off AS MATERIALIZED ({put_off}),
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
                WHEN customer_id IN (SELECT customer_id FROM put_off WHERE until > {day}) THEN 'put off'
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
     FROM places WHERE {which}) place
"""
_COUNTS = """
    UNION ALL
    SELECT 'count', count(*), 0, NULL::uuid, 0, 0, state, held_back FROM places GROUP BY state, held_back
"""
_FOLLOWING = """
    (SELECT 'following', * FROM {place} WHERE (rank, days, customer) {after} ({rank}, {days}, {customer})
     ORDER BY rank, days, customer LIMIT {size})
"""
_PREVIOUS = """
    (SELECT 'previous', * FROM {place} WHERE (rank, days, customer) < ({rank}, {days}, {customer})
     ORDER BY rank DESC, days DESC, customer DESC LIMIT {before})
"""
_PARTS = "{parts}"
_ONE = "SELECT 'place', * FROM {place}"
_CALLED = "held_back = ''"
_CHOSEN = (
    "(held_back <> '') = {held_back} AND ({only} = '' OR coalesce(nullif(held_back, ''), state) = {only})"
)


class _HasMore(Func):
    """Whether a contract is one of those about which more is recorded than its terms."""

    template, output_field = "%(expressions)s = ANY (ARRAY(SELECT contract_id FROM more))", BooleanField()


def _more():
    """Contracts with a record that may decide their cover beside their terms."""
    contracts, money = Contract.objects.order_by(), Payment.objects.unmatched()
    written = money.exclude(written_key="").values("written_key")
    named = money.filter(named__isnull=False).values("named__number_key")
    parts = (
        Cancellation.objects.filter(undone_at__isnull=True).values_list("contract"),
        RenewalEvidence.objects.filter(state=RenewalEvidence.State.WAITING).values_list("contract"),
        RenewalOffer.objects.filter(accepted_at__isnull=False, settled_at__isnull=True).values_list(
            "contract"
        ),
        contracts.filter(customer__in=money.filter(customer__isnull=False).values("customer")).values_list(
            "pk"
        ),
        contracts.filter(number_key__in=written).values_list("pk"),
        contracts.filter(number_key__in=named).values_list("pk"),
    )
    first, *others = (part.order_by() for part in parts)
    return first.union(*others)


def _facts(contracts, day):
    goes_on = ExpressionWrapper(Q(is_auto_renewing=True, noticed=False), output_field=BooleanField())
    with_cover = contracts.with_cover(day).order_by().annotate(renews_itself=goes_on)
    return with_cover.values_list("pk", "customer_id", "cover_state", "last_end", "renews_itself")


def _of_all(day):
    no_day = Value(None, DateField())
    contracts = Contract.objects.order_by().annotate(no_start=no_day, no_end=no_day)
    terms = ContractTerm.objects.filter(taken_back_at__isnull=True).order_by()
    return _filled(
        _OF_ALL,
        day=day,
        more=_more(),
        contracts=contracts.values_list("pk", "customer_id", "is_auto_renewing", "no_start", "no_end"),
        terms=terms.annotate(
            no_customer=Value(None, BigIntegerField()), no_word=Value(None, BooleanField())
        ).values_list("contract_id", "no_customer", "no_word", "starts_on", "ends_on"),
        desk=current_tenant_id(),
        others=_facts(Contract.objects.filter(_HasMore("pk")), day),
    )


def _asked(facts, asked: str, *, day, **values) -> tuple[str, list]:
    """The parts put together: SQL with %s, and what stands there."""
    skips = CallSkip.objects.order_by("customer_id", "-at", "-pk").distinct("customer_id")
    places = _filled(
        _PLACES,
        day=day,
        merged=Customer.objects.filter(merged_into__isnull=False).order_by().values_list("pk"),
        held=Hold.objects.filter(released_at__isnull=True).order_by().values_list("customer_id"),
        put_off=skips.values_list("customer_id", "until"),
    )
    return _joined(facts, places, _filled(asked, **values))


def _place(which: str, **values):
    return _filled(_PLACE, desk=current_tenant_id(), which=_filled(which, **values))


def _page(day, held_back, only, size, **here):
    chosen = _place(_CHOSEN, held_back=held_back, only=only)
    asked = _filled(_FOLLOWING, place=chosen, after=(">", []), size=size, **here)
    return _asked(_of_all(day), _PARTS, day=day, parts=_joined(asked, (_COUNTS, [])))


def _around(day, before, size, **here):
    called = _place(_CALLED)
    earlier = _filled(_PREVIOUS, place=called, before=before, **here)
    later = _filled(_FOLLOWING, place=called, after=(">=", []), size=size, **here)
    parts = _joined(earlier, ("UNION ALL", []), later, (_COUNTS, []))
    return _asked(_of_all(day), _PARTS, day=day, parts=parts)


def _of_customer(day, customer):
    facts = _filled(_OF_ONE, contracts=_facts(Contract.objects.filter(customer=customer), day))
    return _asked(facts, _ONE, day=day, place=_place("true"))


def _filled(template: str, **pieces) -> tuple[str, list]:
    """A template with its pieces: querysets, SQL with its parameters, or placeholders of values."""
    found = []
    for text, name, _, _ in Formatter().parse(template):
        found.append((text, []))
        if name is None:
            continue
        piece = pieces[name]
        if isinstance(piece, QuerySet):
            found.append(piece.query.sql_with_params())
        elif isinstance(piece, tuple):
            found.append(piece)
        else:
            found.append(("%s", [piece]))
    return _joined(*found)


def _joined(*pieces: tuple[str, list]) -> tuple[str, list]:
    return " ".join(text for text, _ in pieces), [one for _, given in pieces for one in given]


# Of a whole list: the rows that follow a place, and the counts.
PAGE = Composed(
    _page,
    day=DAY,
    held_back=YesOrNo(),
    only=Words(),
    rank=Figure(),
    days=Figure(),
    customer=PublicId(),
    size=Figure(),
)
# Those before and after a place, and the counts.
AROUND = Composed(
    _around, day=DAY, rank=Figure(), days=Figure(), customer=PublicId(), before=Figure(), size=Figure()
)
OF_CUSTOMER = Composed(_of_customer, day=DAY, customer=Key())
