"""One module a table: what one row of it says, checked against what is already known."""

from dataclasses import dataclass, field

from customers.searchkeys import folded, serial_key


@dataclass
class Known:
    """The numbers that rows may point at: those of this export and those the desk has already."""

    # Key of a customer's number → the number as first written.
    customers: dict[str, str] = field(default_factory=dict)
    # Key of a serial number → number of the customer where the machine stands.
    machines: dict[str, str] = field(default_factory=dict)
    # Key of a contract's number → number of its customer.
    contracts: dict[str, str] = field(default_factory=dict)
    # Table and key of each row that came before in this export.
    told: set[tuple[str, str]] = field(default_factory=set)

    def is_told_before(self, table: str, key: str) -> bool:
        """Whether a row with this key came before; from now on it did."""
        if (table, key) in self.told:
            return True
        self.told.add((table, key))
        return False


def customer_key(number: str) -> str:
    """A customer's number without case and spaces around."""
    return folded(number)


# Serial, contract and visit numbers are one however they are dashed and spaced.
machine_key = contract_key = visit_key = serial_key
