"""A customer asks on their page to be rung: a person does, and the page says by when."""

import datetime as dt
import uuid

from cases.duties import open_duty
from cases.models import Case, Duty
from customers.models import Customer
from tenancy.calendars import calendar_of, local_day, local_time
from tenancy.models import Role
from visits.told import told_zone
from visits.wording import clock_words, day_words

RING_WITHIN = dt.timedelta(hours=1)


def ask_to_be_rung(
    customer: Customer, subject: uuid.UUID, *, about: str, now: dt.datetime, case: Case | None = None
) -> Duty:
    """A person rings within one working hour; pressed twice on a day, one duty."""
    calendar = calendar_of(customer.tenant)
    return open_duty(
        "ring me",
        subject,
        local_day(now, calendar.zone).isoformat(),
        kind=Duty.Kind.CALL_CUSTOMER,
        title=f"Ring {customer}: they asked on their page",
        detail=f"About {about}",
        due_at=calendar.due_after(now, RING_WITHIN),
        now=now,
        owner_role=Role.DISPATCHER,
        customer=customer,
        case=case,
        subject=subject,
    )


def rings_by(customer: Customer, subject: uuid.UUID, *, now: dt.datetime, kind: str = "") -> str:
    """By when a person rings about the subject: "today by 2:07 pm", by the customer's clock; else empty."""
    kind = kind or Duty.Kind.CALL_CUSTOMER
    asked = Duty.objects.open().filter(subject=subject, kind=kind).order_by("due_at", "pk").first()
    if asked is None:
        return ""
    zone, country = told_zone(customer), customer.tenant.country
    today, at = local_day(now, zone), local_time(asked.due_at, zone)
    named = {0: "today", 1: "tomorrow"}.get((at.date() - today).days)
    day = named or f"on {day_words(at.date(), country=country, today=today)}"
    return f"{day} by {clock_words(at.time(), country=country)}"
