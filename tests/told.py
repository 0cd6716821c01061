"""What the time line says of somebody, in order: what tests of events compare."""

from customers.models import Customer


def told(customer: Customer, **which) -> list[tuple[str, str, str, str]]:
    """Kind, title, detail and who did it, the oldest first; the desk's scope is open."""
    lines = customer.timeline.filter(**which).select_related("actor__user").order_by("at", "pk")
    return [(line.kind, line.title, line.detail, line.actor.name if line.actor else "") for line in lines]
