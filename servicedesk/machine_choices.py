"""Which machines a contract may name."""

from collections.abc import Iterable

from django.db.models import Q

from customers.models import Customer, Equipment


def machines_of(customer: Customer, *, also: Iterable[int] = ()) -> list[Equipment]:
    """A customer's machines that are not retired, and those with the ids `also`: one query."""
    in_use = Q(site__customer=customer, retired_on__isnull=True)
    found = Equipment.objects.filter(in_use | Q(pk__in=list(also)))
    return list(found.select_related("site").order_by("make", "model", "pk"))
