"""Numbers of visits: V-1000001 and upwards, each desk its own row; a gap means nothing."""

from django.db.models import Max

from tenancy.numbering import hold_numbers
from visits.models import Visit

FIRST = 1_000_001
# Seven digits as text, so that the last of the index is the greatest.
LAST = 9_999_999


def next_number() -> str:
    """The desk's next number, kept for this transaction: whoever asks meanwhile waits for its end.

    Raises RuntimeError when a desk has used up all of them.
    """
    hold_numbers("visit")
    taken = Visit.objects.filter(
        number_key__gte=f"V{FIRST}", number_key__lte=f"V{LAST}", number_key__regex=r"^V[1-9][0-9]{6}$"
    ).aggregate(last=Max("number_key"))
    number = int(taken["last"][1:]) + 1 if taken["last"] else FIRST
    if number > LAST:
        raise RuntimeError("This desk has no visit numbers left.")
    return f"V-{number}"
