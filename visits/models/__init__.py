"""Technicians and their trips: what was booked, what happened, what was reviewed and used."""

from visits.models.calendar_feed import CalendarFeed
from visits.models.device_action import DeviceAction
from visits.models.follow_up import FollowUp, Praise
from visits.models.maintenance import MaintenancePlan, PlanException, PlannedService
from visits.models.parts import Part, PartUse, StockMove, VanStock
from visits.models.rearrangement import RearrangedVisit, Rearrangement
from visits.models.report import Review, ServiceReport
from visits.models.technician import Absence, Technician, TechnicianPreference, WorkingHours
from visits.models.visit import Assignment, Visit, VisitEquipment, VisitPromise, VisitStep
from visits.models.work import VisitKind, VisitSeries, WorkType
from visits.models.work_left import WorkLeft

__all__ = [
    "Absence",
    "Assignment",
    "CalendarFeed",
    "DeviceAction",
    "FollowUp",
    "MaintenancePlan",
    "Part",
    "PartUse",
    "PlanException",
    "PlannedService",
    "Praise",
    "RearrangedVisit",
    "Rearrangement",
    "Review",
    "ServiceReport",
    "StockMove",
    "Technician",
    "TechnicianPreference",
    "VanStock",
    "Visit",
    "VisitEquipment",
    "VisitKind",
    "VisitPromise",
    "VisitSeries",
    "VisitStep",
    "WorkLeft",
    "WorkType",
    "WorkingHours",
]
