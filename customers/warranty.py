"""The maker's warranty of a machine: told beside the contract and never mixed into its cover."""

import datetime as dt

from customers.models import Equipment


def warranty_in_words(machine: Equipment, *, day: dt.date) -> str:
    """ "Maker's warranty until 3 May 2027", "Warranty ended 3 May 2025"; "" where none is known.

    `day` is the desk's; the last day still counts.
    """
    until = machine.warranty_until
    if until is None:
        return ""
    words = f"{until.day} {until:%b %Y}"
    return f"Maker’s warranty until {words}" if day <= until else f"Warranty ended {words}"
