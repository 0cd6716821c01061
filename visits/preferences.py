"""Which technicians are wanted somewhere: preferred, required, excluded (R2.3).

Read from the equipment, then the site, then the customer: what is said of a technician at the
nearest of these is what counts for that technician.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from customers.models import Customer, Equipment, Site
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


def wishes_for(customer: Customer, site: Site | None, machines: Iterable[Equipment]) -> Wishes:
    """What is wished for a visit to these machines: one query."""
    said = TechnicianPreference.objects.filter(
        Q(customer=customer) | Q(site=site, site__isnull=False) | Q(equipment__in=list(machines))
    )
    nearest = {}
    for wish in sorted(said, key=_nearness):
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
