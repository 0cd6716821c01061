"""Use it or lose it: what was paid for or planned, and nobody has booked; what ends first stands first.

Two kinds of rows in one order: granted visits that are open (by the last day on which they can be
used), and planned services to be booked (by the proposed day). A page costs the same number of
queries whether it has one row or all.
"""

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Case, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast

from contracts.allowance import terms_that_count, with_left
from contracts.cover import COVERED_STATES, Cover
from contracts.covered import covered_on
from contracts.models import Contract, ContractEquipment, ContractTerm, Entitlement
from contracts.what_next import may_be_in_review
from customers.models import Customer, Equipment, Site
from tenancy.calendars import Calendar, calendar_of, local_day
from tenancy.models import Tenant
from tenancy.prepared import DAY as PREPARED_DAY
from tenancy.prepared import Among, Day, Key, Keys, Prepared, Written
from visits.models import MaintenancePlan, PlannedService, Technician, TechnicianPreference, VisitKind
from visits.proposals import Asked, proposed_slots
from visits.slots import Slot, Wanted

DAY = dt.timedelta(days=1)
# So far ahead a time is proposed, counted from today or from a service's proposed day.
LOOK_AHEAD = 21
# Working hours ahead that a time lies at least: somebody has to ring, and the customer to be in.
NOTICE = dt.timedelta(hours=4)
GRANTED, SERVICE = 0, 1


@dataclass
class Unused:
    """One row: visits left of a term, or one planned service; `until` is the last day to do it on."""

    until: dt.date
    customer: Customer
    contract: Contract | None
    left: int
    entitlement: Entitlement | None = None
    service: PlannedService | None = None
    machines: list[Equipment] = field(default_factory=list)
    site: Site | None = None
    slots: list[Slot] = field(default_factory=list)

    @property
    def cursor(self) -> tuple[dt.date, int, int]:
        """Where the row stands in the order of the list."""
        if self.entitlement is not None:
            return self.until, GRANTED, self.entitlement.pk
        return self.until, SERVICE, self.service.pk

    @property
    def machine(self) -> Equipment | None:
        """The machine that a visit is proposed for."""
        return self.machines[0] if self.machines else None


def open_grants(day: dt.date) -> QuerySet[Entitlement]:
    """Entitlements with open visits that can still be used, with `left` and `until`.

    Of the term that runs, and in review or grace of the last one, as long as the contract covers.
    """
    covering = Contract.objects.with_cover(day).filter(cover_state__in=COVERED_STATES)
    # Of its own contract, by an index: as a list of all it was gone through anew for each.
    counts = terms_that_count(day).filter(contract=OuterRef("term__contract")).values("pk")
    granted = _with_until(with_left(_granted()), day)
    return granted.filter(
        term=Subquery(counts), term__contract__in=covering.values("pk"), left__gt=0
    ).select_related("term__contract__customer", "term__contract__tenant")


def grants_of_running_terms(day: dt.date) -> QuerySet[Entitlement]:
    """Of the grants that can still be used those of terms that run, open or not.

    For all of a desk at once: while a term runs its contract covers unless it is cancelled, and nothing
    else needs to be asked (tests hold both against `open_grants`).
    """
    granted = _granted().filter(starts_on__lte=day, ends_on__gte=day)
    return granted.exclude(of_contract__in=_cancelled(day))


def grants_in_grace(day: dt.date, graced: dt.date, *, few: bool = False) -> QuerySet[Entitlement]:
    """Those of last terms that are over and in grace, open or not; unless it is cancelled such a contract
    covers, in review or not.

    `graced` is the earliest last day that is in grace on `day`; where only a few are read, the contract of
    each is looked up.
    """
    over = {"gte": graced, "lt": day}
    granted = _granted().filter(**{f"ends_on__{bound}": value for bound, value in over.items()})
    # No term ends later than the last one. Not as the same day: then it would be compared with each other
    # that ends on that day.
    last = Contract.objects.filter(pk=OuterRef("of_contract"), last_term_end__lte=OuterRef("ends_on"))
    if not few:
        # The same of both: each is found by its index.
        last = last.filter(**{f"last_term_end__{bound}": value for bound, value in over.items()})
    return granted.filter(Exists(last)).exclude(of_contract__in=_cancelled(day))


def grants_of_last_terms(contracts: Keys) -> QuerySet[Entitlement]:
    """Those of the last terms of some contracts, open or not."""
    granted = _granted().filter(Among("term__contract", contracts))
    return granted.filter(ends_on=F("term__contract__last_term_end"))


# Only these are asked how they stand: most of a desk's contracts run, are in grace, or are over for good.
_MAY_BE_IN_REVIEW = Written(
    lambda graced: (
        Contract.objects.filter(may_be_in_review(), last_term_end__lt=graced).order_by().values_list("pk")
    ),
    graced=Day(),
)
_IN_REVIEW = Prepared(
    lambda contracts, day: (
        Contract.objects.filter(Among("pk", contracts))
        .with_cover(day)
        .filter(cover_state__in=COVERED_STATES)
        .order_by()
        .values_list("pk")
    ),
    contracts=Keys(),
    day=PREPARED_DAY,
)


def in_review_past_grace(day: dt.date, graced: dt.date) -> list[int]:
    """The keys of contracts whose grace is over, and which cover in review: two queries at most."""
    possible = [key for (key,) in _MAY_BE_IN_REVIEW.rows(graced=graced)]
    return [key for (key,) in _IN_REVIEW.rows(contracts=possible, day=day)] if possible else []


def _cancelled(day) -> QuerySet:
    return Contract.objects.with_cover(day).filter(cancelled=True).values("pk")


def _granted() -> QuerySet[Entitlement]:
    return Entitlement.objects.filter(kind=Entitlement.Kind.VISITS)


def _with_until(granted, day) -> QuerySet[Entitlement]:
    with_grace = F("ends_on") + Value(DAY) * F("tenant__grace_days")
    return granted.annotate(
        until=Case(
            When(ends_on__gte=day, then=F("ends_on")),
            default=Cast(with_grace, DateField()),
            output_field=DateField(),
        )
    )


def last_day_of(entitlement: Entitlement, cover: Cover) -> dt.date | None:
    """The last day on which a granted visit can be used, as of its cover's day; a next term goes on.

    None: in review it is kept for as long as that takes. One query.
    """
    grants = open_grants(cover.day).filter(pk=entitlement.pk)
    until = grants.values_list("until", flat=True).first()
    last = max(filter(None, (until, cover.ends_on)), default=cover.day)
    return last if last >= cover.day else None


def open_services() -> QuerySet[PlannedService]:
    """Planned services that wait to be booked, with the last day of their contract as `covered_until`."""
    ends = ContractTerm.objects.filter(contract=OuterRef("plan__contract"), taken_back_at__isnull=True)
    return (
        PlannedService.objects.filter(state=PlannedService.State.DUE)
        .annotate(covered_until=Subquery(ends.order_by("-ends_on").values("ends_on")[:1]))
        .select_related("plan__customer", "plan__contract", "plan__site", "plan__equipment__site")
    )


_OF_CUSTOMER = Prepared(
    lambda customer: open_services().filter(plan__customer=customer).order_by("proposed_on", "pk"),
    customer=Key(),
)


def services_of(customer: Customer) -> list[PlannedService]:
    """A customer's, what is proposed soonest first: one query."""
    return _OF_CUSTOMER.rows(customer=customer.pk)


def unused_rows(
    desk: Tenant,
    day: dt.date,
    *,
    technician: Technician | None = None,
    contract: Contract | None = None,
    after: tuple[dt.date, int, int] | None = None,
    most: int = 25,
) -> list[Unused]:
    """At most `most` rows after a cursor, what ends first first: four queries.

    With a `technician` only where that one is preferred, with a `contract` only what belongs to it.
    """
    grants, services = open_grants(day), open_services()
    if contract is not None:
        grants = grants.filter(term__contract=contract)
        services = services.filter(plan__contract=contract)
    if technician is not None:
        grants = grants.filter(_prefers(technician, "term__contract__customer", _machines_of_contract(day)))
        plans = MaintenancePlan.objects.filter(
            _prefers(technician, "customer", Q(pk=OuterRef(OuterRef("equipment"))))
        )
        services = services.filter(plan__in=plans.values("pk"))
    if after is not None:
        grants = grants.filter(_after("until", GRANTED, after))
        services = services.filter(_after("proposed_on", SERVICE, after))
    rows = [
        *(_of_grant(grant) for grant in grants.order_by("until", "pk")[:most]),
        *(_of_service(service) for service in services.order_by("proposed_on", "pk")[:most]),
    ]
    rows = sorted(rows, key=lambda row: row.cursor)[:most]
    _find_machines(rows, day)
    return rows


def propose(rows: list[Unused], *, desk: Tenant, now: dt.datetime, calendar: Calendar | None = None) -> None:
    """Give each row at most two times that no other row has, the preferred technician's first.

    At least four working hours ahead and never after the last day to do it on. Six queries, and two
    more without a `calendar`.
    """
    calendar = calendar or calendar_of(desk)
    today = local_day(now, calendar.zone)
    not_before = calendar.due_after(now, NOTICE)
    asked = [
        Asked(
            Wanted(
                desk=desk,
                calendar=calendar,
                now=now,
                customer=row.customer,
                site=row.site,
                machines=tuple(row.machines[:1]),
                kind=VisitKind.TUNE_UP,
                not_before=not_before,
            ),
            tuple(_days(row, today)),
        )
        for row in rows
    ]
    for row, slots in zip(rows, proposed_slots(asked), strict=True):
        row.slots = slots


def row_of(entitlement: Entitlement, day: dt.date) -> Unused:
    """The row of one entitlement read by `open_grants`: two queries."""
    row = _of_grant(entitlement)
    _find_machines([row], day)
    return row


def _of_grant(grant) -> Unused:
    contract = grant.term.contract
    return Unused(
        until=grant.until,
        customer=contract.customer,
        contract=contract,
        left=int(grant.left),
        entitlement=grant,
    )


def _of_service(service) -> Unused:
    plan = service.plan
    return Unused(
        until=service.proposed_on,
        customer=plan.customer,
        contract=plan.contract,
        left=1,
        service=service,
        machines=[plan.equipment] if plan.equipment else [],
        site=plan.site,
    )


def _after(column, rank, cursor) -> Q:
    day, seen_rank, pk = cursor
    later = Q(**{f"{column}__gt": day})
    if rank < seen_rank:
        return later
    same_day = Q(**{column: day}) & (Q(pk__gt=pk) if rank == seen_rank else Q())
    return later | same_day


def _machines_of_contract(day) -> Q:
    # Three levels out: machines, what was said of them, the grants.
    contract = OuterRef(OuterRef(OuterRef("term__contract")))
    rows = ContractEquipment.objects.filter(covered_on(day), contract=contract)
    return Q(pk__in=rows.values("equipment"))


def _prefers(technician, customer, machines: Q):
    """Somebody said so of the customer, or of one of the machines or its site; nobody excluded them."""
    of_machines = Equipment.objects.filter(machines)
    levels = TechnicianPreference.Level
    said = TechnicianPreference.objects.filter(technician=technician).filter(
        Q(customer=OuterRef(customer))
        | Q(site__in=of_machines.values("site"))
        | Q(equipment__in=of_machines.values("pk"))
    )
    return Exists(said.exclude(level=levels.EXCLUDED)) & ~Exists(said.filter(level=levels.EXCLUDED))


def _find_machines(rows, day) -> None:
    """The machines that each contract names, else all of its customer's; and where they stand."""
    of_grants = [row for row in rows if row.entitlement is not None]
    contracts = {row.contract.pk: row for row in of_grants}
    named = ContractEquipment.objects.filter(covered_on(day), contract__in=contracts)
    for covered in named.select_related("equipment__site").order_by("equipment"):
        contracts[covered.contract_id].machines.append(covered.equipment)
    bare = [row for row in of_grants if not row.machines]
    theirs: dict[int, list[Equipment]] = {}
    standing = Equipment.objects.filter(
        site__customer__in=[row.customer.pk for row in bare], retired_on__isnull=True
    )
    for machine in standing.select_related("site").order_by("pk"):
        theirs.setdefault(machine.site.customer_id, []).append(machine)
    for row in bare:
        row.machines = theirs.get(row.customer.pk, [])
    for row in of_grants:
        row.site = row.machine.site if row.machine else None


def _days(row, today):
    """Days to look for a time on: a service's proposed day and what follows, then what lies before it."""
    begin, earlier = today, []
    # In review the visits are kept for as long as it takes, also after the grace.
    last = row.until if row.until >= today else dt.date.max
    if row.service is not None:
        # A service has a day, not a deadline: some days later is better than none.
        begin, last = max(today, row.until), row.service.covered_until or dt.date.max
        earlier = [begin - n * DAY for n in range(1, LOOK_AHEAD)]
    last = min(last, begin + LOOK_AHEAD * DAY)
    ahead = [begin + n * DAY for n in range((last - begin).days + 1)]
    return [*ahead, *(day for day in earlier if day >= today)]
