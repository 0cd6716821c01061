"""How much there is to look through: the whole size, and a tenth of it for growth and for every day."""

from collections.abc import Iterator
from dataclasses import dataclass

# Of each customer, over the years.
VISITS_EACH = 10


@dataclass(frozen=True)
class Size:
    """Desks with their customers; one desk, the noisy one, has far more than the others."""

    name: str
    desks: int
    customers: int
    noisy_customers: int

    @property
    def visits(self) -> int:
        return self.customers * VISITS_EACH

    def customers_by_desk(self) -> Iterator[tuple[str, int]]:
        """Each desk's short name and how many customers it has; the noisy one comes first."""
        yield "noisy", self.noisy_customers
        others = self.desks - 1
        each, more = divmod(self.customers - self.noisy_customers, others)
        for number in range(others):
            yield f"desk-{number:03}", each + (number < more)


WHOLE = Size("whole", desks=200, customers=100_000, noisy_customers=30_000)
# As many customers at each small desk: only the noisy one, and what stands beside it, is smaller.
TENTH = Size("tenth", desks=20, customers=10_000, noisy_customers=3_000)
SIZES = {size.name: size for size in (WHOLE, TENTH)}
