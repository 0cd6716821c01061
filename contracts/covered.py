"""Cover as one derived answer in SQL: the state of each contract on a day, with the facts behind it.

The state is decided here and nowhere else, from terms, evidence, money and cancellation; no
column holds it. `contracts.cover` puts it into words. Everything is read in one query, so a
page of contracts costs what one contract costs.
"""

import datetime as dt

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

    def with_cover(self, day: dt.date):
        """Annotate `cover_state` and the facts behind it for `day`, a date in the desk's zone.

        Payments and evidence dated after `day` do not count. Filter by `cover_state` freely.
        """
        with_terms = self.select_related("tenant", "customer").annotate(
            cover_day=Value(day, DateField()),
            running_start=_date(_standing(starts_on__lte=day, ends_on__gte=day), "starts_on"),
            running_end=_date(_standing(starts_on__lte=day, ends_on__gte=day), "ends_on"),
            running_term=Subquery(_standing(starts_on__lte=day, ends_on__gte=day).values("pk")[:1]),
            last_start=_edge(Max("starts_on")),
            last_end=_edge(Max("ends_on")),
            next_start=_edge(Min("starts_on"), starts_on__gt=day),
            chain_end=_chain_end(day),
        )
        with_facts = with_terms.annotate(
            cancelled=_exists("Cancellation", _cancelled_by(day)),
            waiting_evidence=_fact("RenewalEvidence", _waiting_on(day), EVIDENCE, "-dated_on", "-pk"),
            accepted_offer=_fact("RenewalOffer", ACCEPTED_OFFER, OFFER, "-accepted_at"),
            unmatched_payment=_unmatched(day),
        )
        return with_facts.annotate(cover_state=_state(day))

    def with_reasons(self, day: dt.date):
        """With cover, and what its one line of reasons, its verdict and its meter show."""
        return self.with_cover(day).annotate(
            cancellation=_fact("Cancellation", _cancelled_by(day), CANCELLATION, "-recorded_at"),
            last_renewal=_fact("Renewal", Q(taken_back_at__isnull=True), RENEWAL, "-term__ends_on"),
            last_check=_fact("ContractCheck", Q(), CHECK, "-at"),
            visits_granted=_visits_granted(),
            visits_done=_visits_done(),
            serial_numbers=_of_machines("serial_number"),
            machine_ids=_of_machines("pk"),
        )

    def in_state(self, *states: str):
        """Only those in one of the states; after with_cover."""
        return self.filter(cover_state__in=states)


def _state(day):
    """R1.2 in its order: cancelled, running, yet to start, in review, in grace, lapsed."""
    in_review = (
        Q(waiting_evidence__isnull=False)
        | Q(accepted_offer__isnull=False)
        | Q(unmatched_payment__isnull=False)
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
        When(is_running & in_review, then=Value(State.IN_REVIEW)),
        When(is_running, then=Value(State.RENEWAL_DUE)),
        When(next_start__isnull=False, then=Value(State.UPCOMING)),
        When(in_review, then=Value(State.IN_REVIEW)),
        When(in_grace, then=Value(State.IN_GRACE)),
        default=Value(State.LAPSED),
        output_field=models.CharField(),
    )


EVIDENCE = {
    "kind": "kind",
    "reference": "reference",
    "amount": "amount",
    "dated_on": "dated_on",
    "recorded_at": "recorded_at",
    "recorded_by": "recorded_by__user__name",
    "recorded_by_name": "recorded_by_name",
}
OFFER = {"accepted_at": "accepted_at", "amount": "amount"}
PAYMENT = {
    "amount": "amount",
    "paid_on": "paid_on",
    "method": "method",
    "reference": "reference",
    "payer": "payer",
    "contract_written": "contract_written",
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
    "starts_on": "term__starts_on",
    "ends_on": "term__ends_on",
}
CHECK = {"at": "at", "by": "by__user__name"}
ACCEPTED_OFFER = Q(accepted_at__isnull=False, settled_at__isnull=True)


def _cancelled_by(day):
    return Q(undone_at__isnull=True) & (Q(effective_on__isnull=True) | Q(effective_on__lte=day))


def _waiting_on(day):
    return Q(state="waiting", dated_on__lte=day)


def _unmatched(day):
    """Money of the customer that may be meant for this contract and is matched to none (R1.4).

    It names no contract, or one that does not exist (a number near this one among them), or this
    one with too little. Money that exactly names another contract is not meant for this one.
    """
    contract = apps.get_model("contracts", "Contract")
    payment = apps.get_model("contracts", "Payment")
    names_another = contract.objects.filter(number_key=OuterRef("written_key"))
    days = Value(dt.timedelta(days=1))
    return Subquery(
        payment.objects.unmatched()
        .filter(
            customer=OuterRef("customer_id"),
            paid_on__lte=day,
            paid_on__gte=OuterRef("last_end") - days * Value(MONEY_DAYS_BEFORE),
        )
        .filter(paid_on__lte=OuterRef("last_end") + days * Value(MONEY_DAYS_AFTER))
        .filter(Q(written_key="") | Q(written_key=OuterRef("number_key")) | ~Exists(names_another))
        .order_by("-paid_on", "pk")
        .values(fact=JSONObject(**PAYMENT))[:1],
        output_field=models.JSONField(),
    )


def _standing(**conditions):
    term = apps.get_model("contracts", "ContractTerm")
    return term.objects.filter(contract=OuterRef("pk"), taken_back_at__isnull=True, **conditions).order_by()


def _date(terms, column):
    return Subquery(terms.values(column)[:1], output_field=DateField())


def _edge(aggregate, **conditions):
    terms = _standing(**conditions).values("contract").annotate(edge=aggregate).values("edge")
    return Subquery(terms, output_field=DateField())


def _chain_end(day):
    """The end of the last term that follows the running one without a gap."""
    term = apps.get_model("contracts", "ContractTerm")
    follows = term.objects.filter(
        contract=OuterRef("contract"),
        taken_back_at__isnull=True,
        starts_on=OuterRef("ends_on") + Value(dt.timedelta(days=1)),
    )
    terms = _standing(ends_on__gte=day).filter(~Exists(follows), ends_on__gte=OuterRef("running_end"))
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


def _visits_granted():
    entitlement = apps.get_model("contracts", "Entitlement")
    granted = entitlement.objects.filter(term=OuterRef("running_term"), kind="visits").order_by()
    return Coalesce(Subquery(granted.values("quantity")[:1]), Value(0), output_field=models.DecimalField())


def _visits_done():
    entry = apps.get_model("contracts", "AllowanceEntry")
    done = (
        entry.objects.filter(
            entitlement__term=OuterRef("running_term"), entitlement__kind="visits", kind="done"
        )
        .order_by()
        .values("entitlement__term")
        .annotate(sum=Sum("quantity"))
        .values("sum")
    )
    return Coalesce(Subquery(done), Value(0), output_field=models.DecimalField())


def _of_machines(field):
    covered = apps.get_model("contracts", "ContractEquipment")
    return ArraySubquery(
        covered.objects.filter(contract=OuterRef("pk"))
        .order_by(f"equipment__{field}")
        .values(f"equipment__{field}")
    )
