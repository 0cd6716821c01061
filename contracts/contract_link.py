"""A customer's link to their contract: what it grants in a sentence, and booking what is left (R2.7)."""

import datetime as dt

from contracts.models import Contract
from customers.links import link_address, make_link
from customers.models import CustomerLink
from tenancy.calendars import day_bounds, zone_of

# Also where the contract ends sooner: whoever reads the letter late can still ask to be rung.
AT_LEAST = dt.timedelta(days=30)


def contract_address(contract: Contract, *, ends_on: dt.date, now: dt.datetime) -> str:
    """A new address of the contract's page, open as long as a term that ends on that day covers: to the
    end of its grace, by the desk's clock."""
    last = ends_on + dt.timedelta(days=contract.tenant.grace_days)
    token = make_link(
        contract.customer,
        CustomerLink.Purpose.CONTRACT,
        contract.public_id,
        now=now,
        expires_at=max(now + AT_LEAST, day_bounds(last, zone_of(contract.tenant))[1]),
    )
    return link_address(token)
