"""What a customer raised, what was said, what was promised, and what a colleague must do."""

from cases.models.case import Case, Interaction
from cases.models.duty import Duty
from cases.models.goodwill import Goodwill, GoodwillItem, GoodwillLimit
from cases.models.promise import Leave, Promise, PromiseHandover, PromiseReminding, PromiseTemplate

__all__ = [
    "Case",
    "Duty",
    "Goodwill",
    "GoodwillItem",
    "GoodwillLimit",
    "Interaction",
    "Leave",
    "Promise",
    "PromiseHandover",
    "PromiseReminding",
    "PromiseTemplate",
]
