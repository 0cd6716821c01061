"""What stands in a desk after an import, under the names of an export's `truth.json`."""

from contracts.covered import State
from contracts.models import Contract
from imports.loading.desk import Desk
from recommendations.models import Recommendation
from visits.models import Visit


def facts_of(desk: Desk, duplicates: list[list[str]]) -> dict:
    """Cover of each contract on the day, duplicates, open recommendations, and visits missed and to come."""
    contracts = list(Contract.objects.with_reasons(desk.day).order_by("number_key"))
    to_come = Visit.objects.waiting().filter(window_end__gt=desk.moment)
    return {
        "contracts": {
            contract.number: {
                "expect": str(contract.cover_state),
                "state": str(contract.cover_state),
                "term_end": contract.last_end.isoformat() if contract.last_end else None,
            }
            for contract in contracts
        },
        "duplicate_customers": duplicates,
        "open_recommendations": Recommendation.objects.open(desk.day).count(),
        "missed_visits": Visit.objects.filter(state=Visit.State.MISSED, missed_at__lte=desk.moment).count(),
        "entitled_visits_unused": {
            contract.number: max(0, int(contract.visits_granted - contract.visits_done))
            for contract in contracts
            if contract.running_end and contract.cover_state != State.CANCELLED
        },
        "future_visits": to_come.count(),
        "future_visits_double_booked": to_come.filter(needs_placing=True).count(),
    }
