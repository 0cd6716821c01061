"""What may decide a contract's cover beside its terms."""

from django.db.models import Q

from contracts.models import Payment, RenewalEvidence, RenewalOffer


def recorded_beside_terms() -> list[Q]:
    """Conditions on contracts: evidence that waits, an offer accepted, money that is theirs or may be.

    Where none holds, terms and cancellations say the state on any day. Each is a set to look a contract up
    in, and no question asked for each contract: so all of a desk costs little.
    """
    evidence = RenewalEvidence.objects.filter(state=RenewalEvidence.State.WAITING).order_by()
    offers = RenewalOffer.objects.filter(accepted_at__isnull=False, settled_at__isnull=True).order_by()
    unmatched = Payment.objects.unmatched().order_by()
    return [
        Q(pk__in=evidence.values("contract")),
        Q(pk__in=offers.values("contract")),
        Q(customer__in=unmatched.filter(customer__isnull=False).values("customer")),
        # Whoever sent it: it names the contract, alone or beside others.
        Q(number_key__in=unmatched.exclude(written_key="").values("written_key")),
        Q(number_key__in=unmatched.filter(named__isnull=False).values("named__number_key")),
    ]
