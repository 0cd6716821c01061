"""Cover as one derived answer in SQL: the state of each contract on a day, with the facts behind it.

The state is decided here and nowhere else, from terms, evidence, money and cancellation; no
column holds it. `contracts.cover` puts it into words. Everything is read in one query, so a
page of contracts costs what one contract costs.
"""

import datetime as dt
from functools import reduce
from operator import or_

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, DateField, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, JSONObject


class State(models.TextChoices):
    """The states of R1.2. A bare "expired" is none of them."""

    UPCOMING = "upcoming", "Upcoming"
    ACTIVE = "active", "Active"
    RENEWAL_DUE = "renewal due", "Renewal due"
    IN_REVIEW = "renewal in review", "Renewal in review"
    IN_GRACE = "in grace", "In grace"
    LAPSED = "lapsed", "Lapsed"
    CANCELLED = "cancelled", "Cancelled"


# Money counts for a term's end when dated from so long before to so long after it (R1.4).
MONEY_DAYS_BEFORE = 120
MONEY_DAYS_AFTER = 90


class CoverQuerySet(models.QuerySet):
    """Contracts with their cover on a day."""

    def with_cover(self, day: dt.date, known_at: dt.datetime | None = None):
        """Annotate `cover_state` and the facts behind it for `day`, a date in the desk's zone.

        Payments and evidence dated after `day` do not count. With `known_at` (an instant) the state is
        the one that was known then: what was recorded, decided or taken back later counts as it
        stood at that moment. Filter by `cover_state` freely.
        """
        running = {"starts_on__lte": day, "ends_on__gte": day}
        with_terms = self.select_related("tenant", "customer").annotate(
            cover_day=Value(day, DateField()),
            running_start=_date(_standing(known_at, **running), "starts_on"),
            running_end=_date(_standing(known_at, **running), "ends_on"),
            last_start=_last("last_term_start", Max("starts_on"), known_at),
            last_end=_last("last_term_end", Max("ends_on"), known_at),
            next_start=_edge(Min("starts_on"), known_at, starts_on__gt=day),
            chain_end=_chain_end(day, known_at),
        )
        with_terms = with_terms.alias(agreed_end=_edge(Max(_agreed_end()), known_at))
        with_facts = with_terms.annotate(
            cancelled=_exists("Cancellation", _stands(known_at) & _cancelled_by(day)),
            noticed=_exists("Cancellation", _stands(known_at) & _ends_with_term()),
            waiting_evidence=_fact(
                "RenewalEvidence", _waiting_on(day, known_at), EVIDENCE, "-dated_on", "-pk"
            ),
            accepted_offer=_fact("RenewalOffer", _accepted(day, known_at), OFFER, "-accepted_at"),
            unmatched_payment=Coalesce(*map(_latest_of, _unmatched(day, known_at))),
        )
        return with_facts.annotate(cover_state=_state(day, known_at))

    def with_reasons(self, day: dt.date, known_at: dt.datetime | None = None):
        """With cover, and what its one line of reasons, its verdict and its meter show."""
        checked = Q() if known_at is None else Q(at__lte=known_at)
        return self.with_cover(day, known_at).annotate(
            cancellation=_fact(
                "Cancellation", _stands(known_at) & _cancelled_by(day), CANCELLATION, "-recorded_at"
            ),
            coming_cancellation=_fact(
                "Cancellation", _stands(known_at) & Q(effective_on__gt=day), CANCELLATION, "-recorded_at"
            ),
            last_renewal=_fact("Renewal", _renewal_stands(known_at), RENEWAL, "-ends_on"),
            last_term=_fact("ContractTerm", _standing_at(known_at), TERM, "-ends_on"),
            last_check=_fact("ContractCheck", checked, CHECK, "-at"),
            granting_term=_granting(day, known_at),
            visits_granted=_granted("visits"),
            visits_done=_entered("visits", "done"),
            visits_given_up=_entered("visits", "declined", "carried over", "forfeited"),
            hours_granted=_granted("hours"),
            hours_done=_entered("hours", "done"),
            response_hours_now=Coalesce(_of_granting_term("response_hours"), F("response_hours")),
            serial_numbers=_of_machines("serial_number", day),
            machine_ids=_of_machines("pk", day),
            names_machines=_exists("ContractEquipment", Q()),
        )

    def in_state(self, *states: str):
        """Only those in one of the states; after with_cover."""
        return self.filter(cover_state__in=states)


def _state(day, known_at):
    """R1.2: cancelled, running, yet to start, in review, in grace, lapsed.

    What is asked of other tables is asked at one place: the database starts all of it for each mention.
    """
    # Whether there is one, and not which: that has to be neither sorted nor put into words.
    in_review = (
        _exists("RenewalEvidence", _waiting_on(day, known_at))
        | _exists("RenewalOffer", _accepted(day, known_at))
        | reduce(or_, map(Exists, _unmatched(day, known_at)))
        | renews_itself(day)
    )
    days = Value(dt.timedelta(days=1))
    is_due = Q(last_end__lte=Value(day, DateField()) + days * F("tenant__renewal_due_days"))
    in_grace = Q(last_end__gte=Value(day, DateField()) - days * F("tenant__grace_days"))
    is_running = Q(running_end__isnull=False)
    # A next term stands, right after this one or later: nobody is asked to renew.
    has_next = Q(last_end__gt=F("running_end"))
    return Case(
        When(cancelled=True, then=Value(State.CANCELLED)),
        When(is_running & (has_next | ~is_due), then=Value(State.ACTIVE)),
        When(~is_running & Q(next_start__isnull=False), then=Value(State.UPCOMING)),
        When(in_review, then=Value(State.IN_REVIEW)),
        When(is_running, then=Value(State.RENEWAL_DUE)),
        When(in_grace, then=Value(State.IN_GRACE)),
        default=Value(State.LAPSED),
        output_field=models.CharField(),
    )


def renews_itself(day: dt.date) -> Q:
    """Which contracts go on by themselves after their last term, whose next one is not entered yet.

    Nobody gave notice, so there is a next term: the clock enters it. Until it has, a contract whose
    last term is over is in review, not in grace, however long the clock stood still (R1.9).
    """
    return Q(is_auto_renewing=True, noticed=False, last_end__lt=Value(day, DateField()))


EVIDENCE = {
    "kind": "kind",
    "reference": "reference",
    "amount": "amount",
    "note": "note",
    "dated_on": "dated_on",
    "recorded_at": "recorded_at",
    "recorded_by": "recorded_by__user__name",
    "recorded_by_name": "recorded_by_name",
}
OFFER = {"accepted_at": "accepted_at", "accepted_name": "accepted_name", "amount": "amount"}
PAYMENT = {
    "amount": "amount",
    "paid_on": "paid_on",
    "method": "method",
    "reference": "reference",
    "payer": "payer",
    "contract_written": "contract_written",
    "recorded_at": "recorded_at",
    "recorded_by": "recorded_by__user__name",
}
CANCELLATION = {
    "effective_on": "effective_on",
    "reason": "reason",
    "recorded_at": "recorded_at",
    "recorded_by": "recorded_by__user__name",
}
RENEWAL = {
    "channel": "channel",
    "amount": "amount",
    "renewed_at": "renewed_at",
    "renewed_by": "renewed_by__user__name",
    "paid_on": "payments__paid_on",
    "method": "payments__method",
    "reference": "payments__reference",
    "starts_on": "starts_on",
    "ends_on": "ends_on",
}
TERM = {
    "created_at": "created_at",
    "created_by": "created_by__user__name",
    "given_days": "given_days",
    # Why the term before it was replaced, where days were given on it.
    "longer_because": "extends__taken_back_because",
    "given_before": "extends__given_days",
}
CHECK = {"at": "at", "by": "by__user__name"}


def _cancelled_by(day):
    return Q(effective_on__isnull=True) | Q(effective_on__lte=day)


def _ends_with_term():
    """Notice for the end of the last term, or for an earlier day."""
    after = OuterRef("last_end") + Value(dt.timedelta(days=1))
    return Q(effective_on__isnull=True) | Q(effective_on__lte=after)


def _stands(known_at):
    """A cancellation that stands, or stood at that moment."""
    if known_at is None:
        return Q(undone_at__isnull=True)
    return Q(recorded_at__lte=known_at) & (Q(undone_at__isnull=True) | Q(undone_at__gt=known_at))


def _waiting_on(day, known_at):
    if known_at is None:
        return Q(state="waiting", dated_on__lte=day)
    undecided = Q(decided_at__isnull=True) | Q(decided_at__gt=known_at)
    return undecided & Q(dated_on__lte=day, recorded_at__lte=known_at)


def _accepted(day, known_at):
    # On days before its acceptance nobody had accepted it; its evidence knows the desk's day of that.
    by_then = Q(evidence__isnull=True) | Q(evidence__dated_on__lte=day)
    if known_at is None:
        return by_then & Q(accepted_at__isnull=False, settled_at__isnull=True)
    unsettled = Q(settled_at__isnull=True) | Q(settled_at__gt=known_at)
    return by_then & unsettled & Q(accepted_at__lte=known_at)


def _waiting_money(known_at):
    """Payments that were unmatched at that moment; a payment's row is only ever finished."""
    payments = apps.get_model("contracts", "Payment").objects
    if known_at is None:
        return payments.unmatched()
    found = payments.filter(recorded_at__lte=known_at)
    for finished in ("matched_at", "returned_at", "set_aside_at", "replaced_at"):
        found = found.filter(Q(**{f"{finished}__isnull": True}) | Q(**{f"{finished}__gt": known_at}))
    return found


def _unmatched(day, known_at):
    """Money that may be meant for this contract and is matched to none (R1.4), in two parts.

    It names this contract, alone (with too little, or another customer sent it) or beside others, or it
    is the customer's own and names no contract, one that does not exist, or somebody else's: a number
    near one among them. Money that exactly names another contract of the customer is not meant for
    this one.
    """
    contract = apps.get_model("contracts", "Contract")
    names_another = contract.objects.filter(
        number_key=OuterRef("written_key"), customer=OuterRef("customer_id")
    )
    days = Value(dt.timedelta(days=1))
    # Days that were given at the end do not make money that was sent in time too early.
    near_the_end = Q(paid_on__gte=OuterRef("agreed_end") - days * Value(MONEY_DAYS_BEFORE))
    in_its_term = _in_the_last_term(known_at)
    # No number is empty. Said here, it tells the planner that few rows are meant.
    names_this = ~Q(written_key="") & Q(written_key=OuterRef("number_key"))
    waiting = (
        _waiting_money(known_at)
        .filter(paid_on__lte=day)
        .filter(paid_on__lte=OuterRef("last_end") + days * Value(MONEY_DAYS_AFTER))
    )
    meant = (
        waiting.filter(near_the_end | names_this & in_its_term)
        # Apart from the next one, which asks a table: behind the wall between desks only what cannot
        # leak may use an index, and without one each contract would read all unmatched money.
        .filter(names_this | Q(customer=OuterRef("customer_id")))
        .filter(names_this | ~Exists(names_another))
    )
    # On its own for the same reason: its names stand in a table.
    beside_others = waiting.filter(near_the_end | in_its_term, named__number_key=OuterRef("number_key"))
    return meant, beside_others


def _in_the_last_term(known_at):
    """Dated since the last term began; where terms are extended, since the last addition to it.

    The range of R1.4 says what renews by itself. Money sent far too early with the contract's own number
    is no less money: a person judges it before anybody is told that the cover lapsed.
    """
    later = apps.get_model("contracts", "Renewal").objects.filter(
        _renewal_stands(known_at), contract=OuterRef(OuterRef("pk")), starts_on__gt=OuterRef("paid_on")
    )
    return Q(paid_on__gte=OuterRef("last_start")) & ~Exists(later)


def _latest_of(payments):
    latest = payments.order_by("-paid_on", "pk").values(fact=JSONObject(**PAYMENT))
    return Subquery(latest[:1], output_field=models.JSONField())


def _renewal_stands(known_at):
    standing = Q(taken_back_at__isnull=True)
    if known_at is None:
        return standing
    return Q(renewed_at__lte=known_at) & (standing | Q(taken_back_at__gt=known_at))


def _standing_at(known_at):
    """Terms that stand, or stood at that moment."""
    if known_at is None:
        return Q(taken_back_at__isnull=True)
    return Q(created_at__lte=known_at) & (Q(taken_back_at__isnull=True) | Q(taken_back_at__gt=known_at))


def _standing(known_at, **conditions):
    term = apps.get_model("contracts", "ContractTerm")
    return term.objects.filter(_standing_at(known_at), contract=OuterRef("pk"), **conditions).order_by()


def _date(terms, column):
    return Subquery(terms.values(column)[:1], output_field=DateField())


def _agreed_end():
    """The last day of a term without what was given (`terms.earned_end`): the last term's is the latest."""
    days = Value(dt.timedelta(days=1))
    return models.ExpressionWrapper(F("ends_on") - days * F("given_days"), models.DateTimeField())


def _edge(aggregate, known_at, **conditions):
    terms = _standing(known_at, **conditions).values("contract").annotate(edge=aggregate).values("edge")
    return Subquery(terms, output_field=DateField())


def _last(kept, aggregate, known_at):
    """When the last term begins or ends: as the contract keeps it, or as it was known at that moment.

    So much is worked out from it that asking the terms anew each time was a quarter of the cover query.
    """
    return F(kept) if known_at is None else _edge(aggregate, known_at)


def _chain_end(day, known_at):
    """The end of the last term that follows the running one without a gap."""
    term = apps.get_model("contracts", "ContractTerm")
    follows = term.objects.filter(
        _standing_at(known_at),
        contract=OuterRef("contract"),
        starts_on=OuterRef("ends_on") + Value(dt.timedelta(days=1)),
    )
    terms = _standing(known_at, ends_on__gte=day).filter(
        ~Exists(follows), ends_on__gte=OuterRef("running_end")
    )
    return Subquery(
        terms.values("contract").annotate(edge=Min("ends_on")).values("edge"), output_field=DateField()
    )


def _exists(model, condition):
    return Exists(apps.get_model("contracts", model).objects.filter(condition, contract=OuterRef("pk")))


def _fact(model, condition, shape, *order):
    rows = apps.get_model("contracts", model).objects.filter(condition, contract=OuterRef("pk"))
    return Subquery(
        rows.order_by(*order).values(fact=JSONObject(**shape))[:1], output_field=models.JSONField()
    )


def _granting(day, known_at):
    """The running term, else the last one over: in review and in grace its entitlements are kept (R1.3).

    Terms never overlap: of those that have begun it is the last. One sub-query, not a choice of two: behind
    the wall between desks no index is used by what might leak, and to the planner a choice might.
    """
    begun = _standing(known_at, starts_on__lte=day).order_by("-ends_on")
    return Subquery(begun.values("pk")[:1])


def _of_granting_term(field):
    term = apps.get_model("contracts", "ContractTerm")
    return Subquery(term.objects.filter(pk=OuterRef("granting_term")).values(field)[:1])


def _granted(kind):
    entitlement = apps.get_model("contracts", "Entitlement")
    granted = entitlement.objects.filter(term=OuterRef("granting_term"), kind=kind).order_by()
    return Coalesce(Subquery(granted.values("quantity")[:1]), Value(0), output_field=models.DecimalField())


def _entered(kind, *as_what):
    entry = apps.get_model("contracts", "AllowanceEntry")
    entered = (
        entry.objects.filter(
            entitlement__term=OuterRef("granting_term"), entitlement__kind=kind, kind__in=as_what
        )
        .order_by()
        .values("entitlement__term")
        .annotate(sum=Sum("quantity"))
        .values("sum")
    )
    return Coalesce(Subquery(entered), Value(0), output_field=models.DecimalField())


def covered_on(day: dt.date) -> Q:
    """Which rows of ContractEquipment count on a day: a renewal may have changed the scope."""
    from_then = Q(covered_from__isnull=True) | Q(covered_from__lte=day)
    until_then = Q(covered_until__isnull=True) | Q(covered_until__gte=day)
    return from_then & until_then


def _of_machines(field, day):
    covered = apps.get_model("contracts", "ContractEquipment")
    return ArraySubquery(
        covered.objects.filter(covered_on(day), contract=OuterRef("pk"))
        .order_by(f"equipment__{field}")
        .values(f"equipment__{field}")
    )
