"""Days given as goodwill at the end of a term: a longer one stands in its place, the rest stays as it was.

No renewal makes it. Price, grants, the length of what follows and from where it is counted are handed on.
"""

import datetime as dt

from contracts.models import ContractTerm
from contracts.renewals import hand_on_entitlements
from contracts.terms import ONE_DAY


def lengthen(term: ContractTerm, days: int, *, because: str, by, now: dt.datetime) -> ContractTerm:
    """The term that goes on so many days longer. The caller holds the contract's lock, and knows it may."""
    term.taken_back_at, term.taken_back_because = now, because[:200]
    term.save(update_fields=["taken_back_at", "taken_back_because"])
    longer = ContractTerm.objects.create(
        contract_id=term.contract_id,
        starts_on=term.starts_on,
        ends_on=term.ends_on + days * ONE_DAY,
        price=term.price,
        response_hours=term.response_hours,
        counts_from=term.counts_from,
        usual_months=term.usual_months,
        usual_days=term.usual_days,
        given_days=term.given_days + days,
        extends=term,
        created_at=now,
        created_by=by,
    )
    hand_on_entitlements({term.pk: longer})
    return longer
