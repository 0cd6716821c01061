"""The desk itself, its people and its hours; and the base of every table that belongs to one."""

from tenancy.models.api import AnsweredCall, ApiKey
from tenancy.models.base import TenantModel
from tenancy.models.desk import BusinessHours, Closure, Tenant
from tenancy.models.files import StoredFile
from tenancy.models.people import Membership, Role, User

__all__ = [
    "AnsweredCall",
    "ApiKey",
    "BusinessHours",
    "Closure",
    "Membership",
    "Role",
    "StoredFile",
    "Tenant",
    "TenantModel",
    "User",
]
