"""All that the caller screen knows of a customer, read in a fixed number of queries (R2.2, R6.5)."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Count, Q

from cases.models import Case, Promise
from contracts.cover import Cover, covers_of_customer
from contracts.models import Renewal
from contracts.overlaps import response_hours_of
from contracts.tenure import customer_since, tenure_in_words
from customers.models import Contact, Customer, Equipment, Hold, Site
from recommendations.models import Recommendation
from tenancy.calendars import Calendar, calendar_of, local_day
from tenancy.models import Tenant
from visits.models import Technician, Visit
from visits.preferences import Wishes, wishes_for

YEAR = dt.timedelta(days=365)
# A promise is amber from this long before it is due (design, section 5).
SOON = dt.timedelta(hours=2)


@dataclass
class Caller:
    """Who calls, and the truth about them at `now`. Lists are in the order in which they are shown."""

    customer: Customer
    desk: Tenant
    now: dt.datetime
    calendar: Calendar
    contacts: list[Contact] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    machines: list[Equipment] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    @property
    def today(self) -> dt.date:
        """The desk's day."""
        return local_day(self.now, self.calendar.zone)

    @property
    def main_contact(self) -> Contact | None:
        """Whom we ring and write to."""
        return self.contacts[0] if self.contacts else None

    @property
    def cover(self) -> Cover | None:
        """The best of the customer's covers; None when there never was a contract."""
        return self.covers[0] if self.covers else None

    @property
    def response_due_at(self) -> dt.datetime | None:
        """When a fault reported now must be answered, counted in the desk's open hours."""
        hours = self.response_hours
        return hours and self.calendar.due_after(self.now, dt.timedelta(hours=hours))

    @property
    def response_hours(self) -> int | None:
        """The quickest response that a contract promises now, in working hours."""
        return response_hours_of(self.covers)


def caller_of(customer: Customer, *, desk: Tenant, now: dt.datetime) -> Caller:
    """Read who calls: fourteen queries at most, however much there is."""
    caller = Caller(customer=customer, desk=desk, now=now, calendar=calendar_of(desk))
    known = customer.contacts.order_by("-is_main", "id")
    caller.contacts = [contact for contact in known if not contact.has_left]
    caller.sites = list(customer.sites.order_by("id"))
    caller.machines = list(
        Equipment.objects.filter(site__customer=customer, retired_on__isnull=True)
        .select_related("site")
        .order_by("id")
    )
    caller.covers = covers_of_customer(customer, caller.today)
    caller.recommendations = list(
        Recommendation.objects.open(caller.today)
        .filter(equipment__site__customer=customer)
        .select_related("equipment", "raised_by__user", "tenant")
        .worst_first()
    )
    caller.visits = list(
        Visit.objects.filter(customer=customer, state__in=[*Visit.WAITING_STATES, Visit.State.ON_SITE])
        .prefetch_related("assignments__technician")
        .order_by("planned_start", "id")
    )
    # What a visit promises stands with the visit.
    caller.promises = list(
        customer.promises.open()
        .by_hand()
        .select_related("owner__user", "made_by__user")
        .order_by("due_at", "id")
    )
    caller.cases = list(
        customer.cases.exclude(state=Case.State.CLOSED).select_related("owner__user").order_by("opened_at")
    )
    caller.holds = list(customer.holds.filter(released_at__isnull=True).order_by("set_at"))
    return caller


@dataclass(frozen=True)
class Standing:
    """How long somebody is with us, and how we did."""

    tenure: str
    terms_renewed: int
    misses: int
    broken: int
    done: int
    preferred: Technician | None
    done_by_preferred: int


def standing_of(caller: Caller) -> Standing:
    """Tenure, renewals, and the year's failures, for the header: five queries."""
    customer, since = caller.customer, caller.now - YEAR
    wishes = wishes_for(customer, None, caller.machines)
    preferred = _preferred(wishes)
    is_done = Q(state=Visit.State.DONE)
    visits = customer.visits.aggregate(
        misses=Count("pk", filter=Q(missed_at__gte=since), distinct=True),
        done=Count("pk", filter=is_done, distinct=True),
        by_preferred=Count(
            "pk", filter=is_done & Q(assignments__technician_id__in=wishes.preferred[:1]), distinct=True
        ),
    )
    return Standing(
        tenure=tenure_in_words(customer_since(customer), today=caller.today),
        terms_renewed=Renewal.objects.filter(contract__customer=customer, taken_back_at__isnull=True).count(),
        misses=visits["misses"],
        broken=customer.promises.filter(state=Promise.State.BROKEN, settled_at__gte=since).count(),
        done=visits["done"],
        preferred=preferred,
        done_by_preferred=visits["by_preferred"],
    )


def is_old(verified_on: dt.date | None, known_since: dt.datetime, today: dt.date) -> bool:
    """Whether it was last known to be right more than 12 months ago, and wants a nod (R2.2)."""
    return (verified_on or known_since.date()) < today - YEAR


def _preferred(wishes: Wishes) -> Technician | None:
    return Technician.objects.filter(pk__in=wishes.preferred[:1]).first()
