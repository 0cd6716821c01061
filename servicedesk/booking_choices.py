"""What has been chosen in the booking panel so far, and what it offers; read leniently, decides nothing.

Everything that was typed or ticked comes with each request, so that a panel can be drawn again
with it: after a choice, after a refusal, without scripts. Ids are looked for among the rows that
the customer has; what is not there is as if it had not been sent.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.http import QueryDict

from cases.matters import matter_for, matters_near
from cases.models import Case
from contracts.cover import Cover
from contracts.models import Entitlement
from contracts.overlaps import response_hours_of
from customers.models import Contact, Equipment, Site
from recommendations.models import Recommendation
from servicedesk.caller_facts import Caller
from visits.entitled import unused_visits
from visits.free_time import Member, team
from visits.models import PlannedService, Technician, Visit
from visits.slots import Offers, Slot, Wanted, all_of, best_of, offers_ahead, offers_for, slot_at
from visits.use_or_lose import services_of

Kind = Visit.Kind
SMS, MAIL = "sms", "mail"
MOST_OF_A_DAY = 40
FARTHEST = dt.timedelta(days=5 * 366)


@dataclass
class Choices:
    """The panel's state. `data` is what came with the request; it is empty when the panel opens.

    What it takes from the database is read when it is first asked for; `look_again` forgets it.
    """

    caller: Caller
    data: QueryDict
    # Somebody was quicker: other times are wanted at once.
    is_late: bool = False

    @cached_property
    def offers(self) -> Offers | None:
        """All that could be offered, of which some is: four queries; None while nobody knows where."""
        if self.site is None:
            return None
        if self.is_free_choice:
            return offers_for(self.wanted, [self.day], members=self.members)
        return offers_ahead(self.wanted, members=self.members, soon=self.is_late)

    @cached_property
    def offered(self) -> list[Slot]:
        """The best, or those of the day and technician that are asked for."""
        if self.offers is None:
            return []
        if self.is_free_choice:
            return all_of(self.offers, technician=self.technician)[:MOST_OF_A_DAY]
        return best_of(self.offers)

    @cached_property
    def members(self) -> list[Member]:
        """Everybody who can be sent, with their hours: one query."""
        return team()

    @cached_property
    def unused(self) -> tuple[Entitlement, Cover] | None:
        """What is paid for and not booked: the granted visit asked for, else the best; one query."""
        free = unused_visits(self.caller.covers)
        asked = self.data.get("granted", "")
        named = (pair for pair in free if str(pair[0].public_id) == asked)
        return next(named, free[0] if free else None)

    @cached_property
    def services(self) -> list[PlannedService]:
        """Planned maintenance of the customer that waits to be booked: one query."""
        return services_of(self.caller.customer)

    def look_again(self) -> None:
        """Forget what was read of free time and of what is left: somebody was quicker."""
        self.is_late = True
        for name in ("offers", "offered", "unused", "services"):
            self.__dict__.pop(name, None)

    @property
    def is_new(self) -> bool:
        """Whether the panel has just been opened: then its defaults count."""
        return "kind" not in self.data

    @property
    def is_prefilled(self) -> bool:
        """Whether a list has opened it with a time: what it does not say is as at first."""
        return "prefilled" in self.data

    @cached_property
    def case(self) -> Case | None:
        """The case that the visit is a further one for, open or closed: one query, where one is named."""
        asked = self.data.get("case", "")
        return _named(self.caller.customer.cases.order_by("pk"), asked) if asked else None

    @property
    def kind(self) -> str:
        """Of visit; a fault unless said otherwise, for a case that had a visit one more."""
        asked = self.data.get("kind")
        return asked if asked in Kind.values else Kind.RETURN if self.case else Kind.FAULT

    @property
    def problem(self) -> str:
        """In the customer's words; at first those of the case, or of the matter that it goes to by itself."""
        known = self.case or (self.matter if self.is_new else None)
        return self.data.get("problem", (known.words or known.title) if known else "")

    @cached_property
    def site(self) -> Site | None:
        """Where: the chosen one; of several nothing is guessed but where the main contact is."""
        sites, contact = self.caller.sites, self.caller.main_contact
        usual = contact.site_id if contact else None
        default = next((s for s in sites if s.pk == usual), sites[0] if len(sites) == 1 else None)
        if self.case and self.case.site_id:
            default = next((s for s in sites if s.pk == self.case.site_id), default)
        return _named(sites, self.data.get("site")) or default

    @property
    def contact(self) -> Contact | None:
        """Whom we tell."""
        return _named(self.caller.contacts, self.data.get("contact")) or self.caller.main_contact

    @property
    def site_machines(self) -> list[Equipment]:
        """What stands at the site."""
        return [m for m in self.caller.machines if self.site and m.site_id == self.site.pk]

    @cached_property
    def machines(self) -> list[Equipment]:
        """The ticked ones; at first that of the open case, else one with something to raise, or the only."""
        here = self.site_machines
        if not self.is_new:
            ticked = set(self.data.getlist("machine"))
            return [m for m in here if str(m.public_id) in ticked]
        known = self.case or matter_for(self.caller.customer, now=self.caller.now, near=self.near)
        if known and (its := [m for m in here if m.pk == known.equipment_id]):
            return its
        worried = {r.equipment_id for r in self.caller.recommendations}
        return ([m for m in here if m.pk in worried] or here)[:1]

    @property
    def to_raise(self) -> list[Recommendation]:
        """Open recommendations on the ticked machines."""
        chosen = {m.pk for m in self.machines}
        return [r for r in self.caller.recommendations if r.equipment_id in chosen]

    @property
    def uncovered(self) -> list[Equipment]:
        """Ticked machines that no running contract is about."""
        return [m for m in self.machines if not any(_covers(c, m) for c in self.caller.covers)]

    @property
    def cover(self) -> Cover | None:
        """The best running contract for what is ticked, or for anything while nothing is."""
        running = [c for c in self.caller.covers if c.is_covered]
        return next((c for c in running if all(_covers(c, m) for m in self.machines)), None)

    @property
    def offers_tune_up(self) -> bool:
        """Whether a granted visit is left that could be done along with this one."""
        return self.kind != Kind.TUNE_UP and self.unused is not None

    @property
    def with_tune_up(self) -> bool:
        """Ticked; at first, when it would lapse within the time in which a renewal is due."""
        if not self.offers_tune_up:
            return False
        if not self.is_new:
            return "tune_up" in self.data
        days = self.unused[1].days_left
        return days is not None and days <= self.caller.desk.renewal_due_days

    @property
    def entitlement(self) -> Entitlement | None:
        """The granted visit that this booking uses."""
        uses = self.kind == Kind.TUNE_UP or self.with_tune_up
        return self.unused[0] if uses and self.unused else None

    @property
    def service(self) -> PlannedService | None:
        """The planned maintenance that this booking does: the one asked for, else of the machines ticked."""
        if self.kind != Kind.TUNE_UP:
            return None
        asked = self.data.get("service", "")
        chosen = {machine.pk for machine in self.machines}
        theirs = (s for s in self.services if s.plan.equipment_id in chosen)
        return _named(self.services, asked) or next(theirs, None)

    @property
    def joins(self) -> Case | None:
        """The case that the visit is for: the one named; a return visit's latest open fault."""
        faults = [case for case in self.caller.cases if case.kind == Case.Kind.FAULT]
        return self.case or (faults[-1] if faults and self.kind == Kind.RETURN else None)

    @cached_property
    def matter(self) -> Case | None:
        """The case of its machine to which a fault goes by itself (R6.4)."""
        if self.kind != Kind.FAULT or self.case or not self.machines:
            return None
        customer, now = self.caller.customer, self.caller.now
        return matter_for(customer, equipment=self.machines, now=now, near=self.near)

    @cached_property
    def near(self) -> list[Case]:
        """What the customer may be ringing about: one query."""
        return matters_near(self.caller.customer, now=self.caller.now)

    @property
    def is_another_matter(self) -> bool:
        """Whether somebody says that it is not about that case."""
        return "another_matter" in self.data

    @property
    def what(self) -> dict:
        """What is booked for whom and who hears of it, as every way of booking takes it."""
        return {
            "customer": self.caller.customer,
            "site": self.site,
            "contact": self.contact,
            "machines": self.machines,
            "kind": self.kind,
            "problem": self.problem,
            "case": self.joins,
            "tell_by_sms": SMS in self.channels,
            "tell_by_mail": MAIL in self.channels,
        }

    @property
    def uses(self) -> dict:
        """What one visit answers and uses up; a series does not."""
        return {
            "response_due_at": self.due_at,
            "entitlement": self.entitlement,
            "service": self.service,
            "is_new_matter": self.is_another_matter,
        }

    @property
    def channels(self) -> set[str]:
        """Over which the customer is told; at first those that they like and have."""
        if not self.is_new and not self.is_prefilled:
            return {SMS, MAIL} & set(self.data.getlist("tell"))
        contact = self.contact
        if contact is None:
            return set()
        liked = {SMS: contact.by_sms and contact.phone, MAIL: contact.by_mail and contact.email}
        return {channel for channel, wanted in liked.items() if wanted}

    @property
    def due_at(self) -> dt.datetime | None:
        """When a fault of these machines must be answered; other visits have no such promise."""
        if self.kind != Kind.FAULT:
            return None
        naming = (c for c in self.caller.covers if any(_covers(c, m) for m in self.machines))
        hours = response_hours_of(naming)
        if hours is None:
            return None
        return self.caller.calendar.due_after(self.caller.now, dt.timedelta(hours=hours))

    @property
    def is_free_choice(self) -> bool:
        """Whether another day or technician is being looked for."""
        return "more" in self.data

    @property
    def day(self) -> dt.date:
        """The day that is looked at: not before today, and not years ahead."""
        try:
            asked = dt.date.fromisoformat(self.data.get("day", ""))
        except ValueError:
            return self.caller.today
        return asked if self.caller.today < asked <= self.caller.today + FARTHEST else self.caller.today

    @cached_property
    def technician(self) -> Technician | None:
        """The technician that is looked for; None: anybody."""
        asked = self.data.get("technician", "")
        return next((t for t in self.technicians if str(t.public_id) == asked), None)

    @property
    def technicians(self) -> list[Technician]:
        """Everybody who may be asked for."""
        return [member.technician for member in self.members]

    @cached_property
    def wanted(self) -> Wanted:
        """What slots are looked for."""
        return Wanted(
            desk=self.caller.desk,
            calendar=self.caller.calendar,
            now=self.caller.now,
            customer=self.caller.customer,
            site=self.site,
            machines=tuple(self.machines),
            kind=self.kind,
            with_tune_up=self.with_tune_up,
            due_at=self.due_at,
        )

    @property
    def slot(self) -> Slot | None:
        """The chosen one of those offered; the first until somebody chooses."""
        asked = self.data.get("slot", "")
        return next((s for s in self.offered if s.key == asked), self.offered[0] if self.offered else None)

    @property
    def asked_for(self) -> tuple[Technician, dt.datetime] | None:
        """Technician and start that were sent, free or not; None for what names no slot."""
        public_id, _, start = self.data.get("slot", "").partition("@")
        technician = next((t for t in self.technicians if str(t.public_id) == public_id), None)
        try:
            at = dt.datetime.strptime(start, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        except ValueError:
            return None
        is_near = abs(at - self.caller.now) <= FARTHEST
        return (technician, at) if technician and is_near else None


def slot_asked_for(choices: Choices) -> Slot | None:
    """The slot that was sent, if it can still be had."""
    asked = choices.asked_for
    return slot_at(choices.wanted, *asked, members=choices.members) if asked and choices.site else None


def _covers(cover, machine):
    return cover.is_covered and cover.covers(machine)


def _named(rows, public_id):
    return next((row for row in rows if str(row.public_id) == public_id), None)
