"""Who pays, where work is done, whom we speak to, and what we look after."""

from customers.models.customer import Contact, Customer, Hold, Site
from customers.models.duplicate import CustomerMerge, DuplicateProposal, MergedRow
from customers.models.equipment import Equipment
from customers.models.link import CustomerLink
from customers.models.machine_papers import EquipmentDocument, LabelBooking, MeterReading
from customers.models.timeline import TimelineEntry
from customers.models.words import SearchWord

__all__ = [
    "Contact",
    "Customer",
    "CustomerLink",
    "CustomerMerge",
    "DuplicateProposal",
    "Equipment",
    "EquipmentDocument",
    "Hold",
    "LabelBooking",
    "MergedRow",
    "MeterReading",
    "SearchWord",
    "Site",
    "TimelineEntry",
]
