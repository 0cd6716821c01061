"""Nothing starts while the walls between the desks have a hole."""

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from tenancy.checks import wall_faults


def refuse_holes() -> None:
    """Look at the database that is used. Raises ImproperlyConfigured, naming every hole."""
    try:
        faults = [str(fault) for fault in wall_faults(connection)]
    finally:
        connection.close()
    if faults:
        raise ImproperlyConfigured("The walls between the desks have holes:\n" + "\n".join(faults))
