"""Which technicians are wanted somewhere: preferred, required, excluded (R2.3).

Read from the equipment, then the site, then the customer: what is said of a technician at the
nearest of these is what counts for that technician.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from customers.models import Customer, Equipment, Site
from tenancy.prepared import Among, Key, Keys, Prepared
from visits.models import Technician, TechnicianPreference

Level = TechnicianPreference.Level


@dataclass(frozen=True)
class Wishes:
    """Primary keys of technicians; `preferred` in order, those of the equipment first."""

    preferred: tuple[int, ...] = ()
    required: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()

    def allows(self, technician: Technician) -> bool:
        """Whether the technician may come: not excluded, and one of the required where there are any."""
        if technician.pk in self.excluded:
            return False
        return not self.required or technician.pk in self.required


@dataclass(frozen=True)
class Place:
    """Where somebody is to come: primary keys of the customer, the site and the machines."""

    customer: int
    site: int | None
    machines: frozenset[int] = frozenset()

    def concerns(self, wish: TechnicianPreference) -> bool:
        """Whether the wish was said of this customer, site or one of these machines."""
        if wish.equipment_id is not None:
            return wish.equipment_id in self.machines
        if wish.site_id is not None:
            return wish.site_id == self.site
        return wish.customer_id == self.customer


_AT_ONE = Prepared(
    lambda customer, site, machines: TechnicianPreference.objects.filter(
        Q(customer=customer) | Q(site=site) | Q(Among("equipment", machines))
    ),
    customer=Key(),
    site=Key(),
    machines=Keys(),
)


def wishes_for(customer: Customer, site: Site | None, machines: Iterable[Equipment]) -> Wishes:
    """What is wished for a visit to these machines: one query."""
    place = Place(customer.pk, site and site.pk, frozenset(machine.pk for machine in machines))
    said = _AT_ONE.rows(customer=place.customer, site=place.site, machines=list(place.machines))
    return _wishes_at(place, sorted(said, key=_nearness))


def wishes_for_places(places: list[Place]) -> list[Wishes]:
    """What is wished for visits to many places, in their order: one query."""
    said = TechnicianPreference.objects.filter(
        Q(customer__in={place.customer for place in places})
        | Q(site__in={place.site for place in places if place.site})
        | Q(equipment__in={machine for place in places for machine in place.machines})
    )
    said = sorted(said, key=_nearness)
    return [_wishes_at(place, said) for place in places]


def _wishes_at(place, said) -> Wishes:
    nearest = {}
    for wish in said:
        if place.concerns(wish):
            nearest.setdefault(wish.technician_id, wish.level)
    return Wishes(
        preferred=tuple(pk for pk, level in nearest.items() if level != Level.EXCLUDED),
        required=frozenset(pk for pk, level in nearest.items() if level == Level.REQUIRED),
        excluded=frozenset(pk for pk, level in nearest.items() if level == Level.EXCLUDED),
    )


def _nearness(wish):
    """Equipment before site before customer; of two machines that disagree the exclusion counts."""
    place = 0 if wish.equipment_id else 1 if wish.site_id else 2
    return place, wish.level != Level.EXCLUDED, wish.level != Level.REQUIRED, wish.pk
