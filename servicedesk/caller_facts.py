"""All that the caller screen knows of a customer, read in a fixed number of queries (R2.2, R6.5)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, IntegerField, Q, Value

from cases.models import Case, Promise
from contracts.cover import Cover, covers_of_customer
from contracts.models import Renewal
from contracts.overlaps import response_hours_of
from contracts.tenure import customer_since, tenure_in_words, with_first_term
from customers.models import Contact, Customer, Equipment, Hold, Site
from recommendations.models import Recommendation
from tenancy.calendars import calendar_of, local_day
from tenancy.models import Tenant
from tenancy.prepared import DAY, Among, Asking, Instant, Key, Keys, Prepared, PublicId, attach, together
from visits.models import Assignment, Technician, Visit
from visits.preferences import Wishes, wishes_for

YEAR = dt.timedelta(days=365)
# A promise is amber from this long before it is due (design, section 5).
SOON = dt.timedelta(hours=2)
# A year of weekly visits is not read out.
MOST_VISITS = 12
VISITS, RENEWALS, BROKEN = "visits", "renewals", "broken promises"
_NOTHING = Value(0, IntegerField())


# The customer of a page's address.
STANDING = Prepared(
    lambda id: with_first_term(Customer.objects.standing().filter(public_id=id)), id=PublicId()
)
_CONTACTS = Prepared(
    lambda customer: Contact.objects.filter(customer=customer).order_by("-is_main", "id"), customer=Key()
)
_SITES = Prepared(lambda customer: Site.objects.filter(customer=customer).order_by("id"), customer=Key())
_MACHINES = Prepared(
    lambda customer: (
        Equipment.objects.filter(site__customer=customer, retired_on__isnull=True)
        .select_related("site")
        .order_by("id")
    ),
    customer=Key(),
)
_RECOMMENDATIONS = Prepared(
    lambda customer, day: (
        Recommendation.objects.open(day)
        .filter(equipment__site__customer=customer)
        .select_related("equipment", "raised_by__user")
        .worst_first()
    ),
    customer=Key(),
    day=DAY,
)


_COMING = Prepared(
    lambda customer: _coming(customer).order_by("planned_start", "id")[:MOST_VISITS], customer=Key()
)
_WHO_COMES = Prepared(
    lambda visits: Assignment.objects.filter(Among("visit", visits)).select_related("technician"),
    visits=Keys(),
)
_PROMISES = Prepared(
    lambda customer: (
        Promise.objects.filter(customer=customer)
        .open()
        .by_hand()
        .select_related("owner__user", "made_by__user")
        .order_by("due_at", "id")
    ),
    customer=Key(),
)
_CASES = Prepared(
    lambda customer: (
        Case.objects.filter(customer=customer)
        .exclude(state=Case.State.CLOSED)
        .select_related("owner__user")
        .order_by("opened_at")
    ),
    customer=Key(),
)
_HOLDS = Prepared(
    lambda customer: Hold.objects.filter(customer=customer, released_at__isnull=True).order_by("set_at"),
    customer=Key(),
)

# What is read by the customer alone, or by them and the day.
_LISTS = {
    "known_contacts": _CONTACTS,
    "sites": _SITES,
    "machines": _MACHINES,
    "recommendations": _RECOMMENDATIONS,
    "promises": _PROMISES,
    "cases": _CASES,
    "holds": _HOLDS,
}


def _coming(customer):
    return Visit.objects.filter(customer=customer, state__in=[*Visit.WAITING_STATES, Visit.State.ON_SITE])


class Caller:
    """Who calls, and the truth about them at `now`. Lists are in the order in which they are shown.

    Each list is read when it is first asked for, by one query (the visits by two more, for who comes):
    what a page does not show is not read. What it shows for sure it can `read` at once.
    """

    def __init__(self, customer: Customer, *, desk: Tenant, now: dt.datetime):
        self.customer, self.desk, self.now, self.calendar = customer, desk, now, calendar_of(desk)
        # The request's own desk: nothing about the customer asks for it again.
        customer.tenant = desk

    @cached_property
    def known_contacts(self) -> list[Contact]:
        """Whoever we know of, the main one first."""
        return self._of("known_contacts")

    @cached_property
    def contacts(self) -> list[Contact]:
        """Who is there, the main one first; not who has left."""
        return [contact for contact in self.known_contacts if not contact.has_left]

    @cached_property
    def sites(self) -> list[Site]:
        """Where we come."""
        return self._of("sites")

    @cached_property
    def machines(self) -> list[Equipment]:
        """What stands there, with its site; not what is retired."""
        return self._of("machines")

    @cached_property
    def covers(self) -> list[Cover]:
        """What their contracts grant today, best first."""
        return covers_of_customer(self.customer, self.today)

    @cached_property
    def recommendations(self) -> list[Recommendation]:
        """The open ones on all their machines, worst first."""
        return self._of("recommendations")

    def read(self, *lists: str, beside: Iterable[Asking] = ()) -> list[list]:
        """Read several of the lists in one exchange with the database; the rows of what is asked `beside`.

        Those that can be: the known contacts, sites, machines, recommendations, promises, cases, holds.
        """
        wanted = [name for name in lists if name not in vars(self)]
        found = together(*(_LISTS[name].asking(**self._asked(name)) for name in wanted), *beside)
        vars(self).update((name, self._at_home(rows)) for name, rows in zip(wanted, found, strict=False))
        return found[len(wanted) :]

    def _of(self, name):
        return self._at_home(_LISTS[name].rows(**self._asked(name)))

    def _asked(self, name):
        day = {"day": self.today} if name == "recommendations" else {}
        return {"customer": self.customer.pk, **day}

    def _at_home(self, rows):
        """Each knows its desk."""
        for row in rows:
            row.tenant = self.desk
        return rows

    @cached_property
    def visits(self) -> list[Visit]:
        """The next to come, and what is under way; `later_visits` counts the rest."""
        visits = self._at_home(_COMING.rows(customer=self.customer.pk))
        attach(
            visits, "assignments", _WHO_COMES.rows(visits=[visit.pk for visit in visits]) if visits else []
        )
        return visits

    @cached_property
    def later_visits(self) -> int:
        """How many more are booked after the `visits`: no query where there are few."""
        return _coming(self.customer.pk).count() - MOST_VISITS if len(self.visits) == MOST_VISITS else 0

    @cached_property
    def promises(self) -> list[Promise]:
        """The open ones that somebody made; what a visit promises stands with the visit."""
        return self._of("promises")

    @cached_property
    def cases(self) -> list[Case]:
        """What is not closed, the oldest first."""
        return self._of("cases")

    @cached_property
    def holds(self) -> list[Hold]:
        """Why nothing may be sold to them now."""
        return self._of("holds")

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
    """Tenure, renewals, and the year's failures, for the header."""
    customer, since = caller.customer, caller.now - YEAR
    wishes = wishes_for(customer, None, caller.machines)
    preferred = _preferred(wishes)
    asked = {"customer": customer.pk, "since": since, "preferred": next(iter(wishes.preferred), None)}
    counted = {what: counts for what, *counts in _HOW_WE_DID.rows(**asked)}
    misses, done, by_preferred = counted.get(VISITS, (0, 0, 0))
    return Standing(
        tenure=tenure_in_words(customer_since(customer), today=caller.today),
        terms_renewed=counted.get(RENEWALS, (0,))[0],
        misses=misses,
        broken=counted.get(BROKEN, (0,))[0],
        done=done,
        preferred=preferred,
        done_by_preferred=by_preferred,
    )


def _how_we_did(customer, since, preferred):
    """What was counted, and up to three numbers; no row where there is nothing to count."""
    is_done = Q(state=Visit.State.DONE)
    visits = (
        Count("pk", filter=Q(missed_at__gte=since), distinct=True),
        Count("pk", filter=is_done, distinct=True),
        Count("pk", filter=is_done & Q(assignments__technician=preferred), distinct=True),
    )
    renewals = Renewal.objects.filter(contract__customer=customer, taken_back_at__isnull=True)
    broken = Promise.objects.filter(customer=customer, state=Promise.State.BROKEN, settled_at__gte=since)
    first, *others = (
        _counts(VISITS, Visit.objects.filter(customer=customer), *visits),
        _counts(RENEWALS, renewals, Count("pk")),
        _counts(BROKEN, broken, Count("pk")),
    )
    return first.union(*others, all=True)


def _counts(what, rows, first, second=_NOTHING, third=_NOTHING):
    numbers = {"first": first, "second": second, "third": third}
    counted = rows.order_by().values("tenant").annotate(what=Value(what), **numbers)
    return counted.values_list("what", *numbers)


_HOW_WE_DID = Prepared(_how_we_did, customer=Key(), since=Instant(), preferred=Key())


def is_old(verified_on: dt.date | None, known_since: dt.datetime, today: dt.date) -> bool:
    """Whether it was last known to be right more than 12 months ago, and wants a nod (R2.2)."""
    return (verified_on or known_since.date()) < today - YEAR


def _preferred(wishes: Wishes) -> Technician | None:
    return Technician.objects.filter(pk__in=wishes.preferred[:1]).first()
