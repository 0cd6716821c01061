"""What a message about a visit was about, for whoever takes in an answer to it: its case and machines."""

from cases.answering import About, told_by
from customers.models import Equipment
from messaging.models import Message
from visits.models import Visit


def about_visit(message: Message) -> About | None:
    """The case of the visit, and its machines; None for a message about none."""
    if message.subject is None:
        return None
    visit = Visit.objects.select_related("case").filter(public_id=message.subject).first()
    if visit is None:
        return None
    return About(visit.case, tuple(Equipment.objects.filter(visited__visit=visit)))


told_by(about_visit)
