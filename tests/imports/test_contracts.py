"""Contracts of an export, as they come in."""

from contracts.models import Contract
from tenancy.scope import tenant
from tests.imports.dealer import a_dealer, write
from tests.imports.dialects import GERMAN
from tests.imports.test_importing import berlin, bring

__all__ = ["berlin"]


def test_they_are_entered_in_the_order_in_which_customers_are_held(berlin, tmp_path):
    """Each holds its customer's row until all are in, as merging two customers does in this order."""
    dealer = a_dealer()
    dealer.tables["contracts"].reverse()
    write(dealer, tmp_path, GERMAN)
    bring(tmp_path, berlin)
    with tenant(berlin):
        customers = dict(Contract.objects.values_list("number", "customer"))
        entered = list(Contract.objects.order_by("pk").values_list("customer", flat=True))
    told = [customers[row["number"]] for row in dealer.tables["contracts"] if row["number"] in customers]
    assert told != sorted(told)
    assert entered == sorted(told)
