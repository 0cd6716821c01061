"""Visit: one trip. Its window is told to the customer, its block stands on the board."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from cases.models import Case, Promise
from contracts.models import Entitlement
from customers.models import Contact, Customer, Equipment, Site
from customers.searchkeys import serial_key
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.managers import TenantManager
from tenancy.models import TenantModel
from visits.models.technician import Technician
from visits.models.work import VisitKind, VisitSeries


class VisitQuerySet(models.QuerySet):
    """Visits by what the desk asks."""

    def waiting(self):
        """Booked or on the way: nobody has come yet."""
        return self.filter(state__in=Visit.WAITING_STATES)

    def between(self, start, end):
        """Whose block touches the span from start to end (instants)."""
        return self.filter(planned_start__lt=end, planned_end__gt=start)


@tracked(exclude=("is_unassigned",))
class Visit(TenantModel):
    """Its outcomes are separate and final: done, missed by us, no access, cancelled by us or by them."""

    Kind = VisitKind

    class State(models.TextChoices):
        BOOKED = "booked", "Not confirmed"
        CONFIRMED = "confirmed", "Confirmed"
        ON_THE_WAY = "on the way", "On the way"
        ON_SITE = "on site", "On site"
        DONE = "done", "Done"
        MISSED = "missed by us", "Missed"
        NO_ACCESS = "no access", "No access"
        CANCELLED_BY_US = "cancelled by us", "Cancelled by us"
        CANCELLED_BY_CUSTOMER = "cancelled by the customer", "Cancelled by the customer"

    WAITING_STATES = (State.BOOKED, State.CONFIRMED, State.ON_THE_WAY)
    OVER_STATES = (
        State.DONE,
        State.MISSED,
        State.NO_ACCESS,
        State.CANCELLED_BY_US,
        State.CANCELLED_BY_CUSTOMER,
    )

    # Why a visit ended that nobody was told of: no cancelling, and no broken promise.
    BOOKING_UNDONE = "Undone before anybody was told"

    number = models.CharField(max_length=40)
    number_key = models.CharField(max_length=40, editable=False, db_collation="C")
    customer = TenantForeignKey(Customer, related_name="visits")
    site = TenantForeignKey(Site, related_name="visits")
    contact = TenantForeignKey(Contact, null=True, blank=True, related_name="visits")
    case = TenantForeignKey(Case, null=True, blank=True, related_name="visits")
    # The granted visit that it uses, when it is an entitled one.
    entitlement = TenantForeignKey(Entitlement, null=True, blank=True, related_name="visits")
    series = TenantForeignKey(VisitSeries, null=True, blank=True, related_name="visits")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # How many technicians it takes.
    crew = models.PositiveSmallIntegerField(default=1)
    # Whether nobody is booked to go: kept by triggers, whoever writes.
    is_unassigned = models.BooleanField(default=True, editable=False)
    problem = models.TextField(blank=True, help_text="in the customer's words")

    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    planned_start = models.DateTimeField()
    planned_end = models.DateTimeField()
    # The wall time that the customer was told; a later change of zone data does not move it.
    told_day = models.DateField()
    told_from = models.TimeField()
    told_until = models.TimeField()
    expected_at = models.DateTimeField(null=True, blank=True, help_text="arrival as told on the way")

    state = models.CharField(max_length=26, choices=State.choices, default=State.BOOKED)
    # Imported as already over: exempt from the gate (R5.4). A trigger lets no visit become one.
    is_history = models.BooleanField(default=False)
    needs_placing = models.BooleanField(default=False, help_text="came in without a free technician")
    tell_by_mail = models.BooleanField(default=True)
    tell_by_sms = models.BooleanField(default=True)
    # After a second miss in 90 days somebody stands by; a third appointment waits for a supervisor (R4.6).
    backup = TenantForeignKey(Technician, null=True, blank=True, related_name="backing_up")
    approval_asked_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # Nothing is sent before: the time in which a booking can be undone.
    held_until = models.DateTimeField(null=True, blank=True)

    booked_at = models.DateTimeField()
    booked_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # Of the time as it stands: a new time that nobody said yes to empties it.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # The first yes, whatever was moved since: it was a yes to somebody, too (R2.6).
    first_confirmed_at = models.DateTimeField(null=True, blank=True)
    called_ahead_at = models.DateTimeField(null=True, blank=True)
    brief_read_at = models.DateTimeField(null=True, blank=True)
    on_the_way_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    # Set by the sweeper, never unset: the window ended without arrival; nobody came.
    late_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    # A miss leaves the tray only with an outcome: what happened, who spoke to the customer.
    miss_closed_at = models.DateTimeField(null=True, blank=True)
    miss_outcome = models.CharField(max_length=300, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_on = models.DateField(null=True, blank=True, help_text="in the desk's zone")
    ended_because = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()

    objects = TenantManager.from_queryset(VisitQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            # Find and imports: a visit by its number.
            models.UniqueConstraint(fields=["tenant", "number_key"], name="visit_number_once"),
            models.CheckConstraint(condition=Q(window_start__lte=F("window_end")), name="visit_window_order"),
            models.CheckConstraint(condition=Q(planned_start__lt=F("planned_end")), name="visit_block_lasts"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(completed_at__isnull=False, completed_on__isnull=False),
                name="visit_done_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state="done") | Q(completed_at__isnull=True, completed_on__isnull=True),
                name="visit_only_done_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="missed by us") | Q(missed_at__isnull=False), name="visit_missed_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="no access") | Q(arrived_at__isnull=False) | Q(is_history=True),
                name="visit_no_access_has_arrival",
            ),
            models.CheckConstraint(
                condition=Q(is_history=False)
                | Q(
                    state__in=[
                        "done",
                        "missed by us",
                        "no access",
                        "cancelled by us",
                        "cancelled by the customer",
                    ]
                ),
                name="visit_history_is_over",
            ),
            models.CheckConstraint(
                condition=Q(miss_closed_at__isnull=True) | ~Q(miss_outcome=""),
                name="visit_miss_closes_with_outcome",
            ),
            models.CheckConstraint(condition=Q(crew__gte=1, crew__lte=4), name="visit_crew"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True)
                | Q(approved_by__isnull=False, approval_asked_at__isnull=False),
                name="visit_approved_by_somebody",
            ),
        ]
        indexes = [
            # Board, slots: blocks in a span of days. Figures count them without their rows.
            models.Index(
                fields=["tenant", "planned_start"],
                include=["id", "state", "missed_at"],
                name="visit_by_start",
            ),
            # Overview: the latest misses of some days.
            models.Index(
                fields=["tenant", "-planned_start", "-id"],
                condition=Q(missed_at__isnull=False),
                name="visit_missed",
            ),
            # What was done since when: asking after it.
            models.Index(
                fields=["tenant", "completed_at"],
                include=["id"],
                condition=Q(state="done"),
                name="visit_done",
            ),
            # Overview: which third appointments wait for a yes.
            models.Index(
                fields=["tenant", "planned_start", "id"],
                condition=Q(approval_asked_at__isnull=False, approved_at__isnull=True),
                name="visit_waits_for_approval",
            ),
            # The sweeper and reminders, over all desks: who has not come yet.
            models.Index(
                fields=["window_end"],
                condition=Q(state__in=["booked", "confirmed", "on the way"]),
                name="visit_waiting_by_end",
            ),
            models.Index(
                fields=["planned_start"],
                condition=Q(state__in=["booked", "confirmed", "on the way"]),
                name="visit_waiting_by_start",
            ),
            # Tray: visits to come that nobody is booked for.
            models.Index(
                fields=["tenant", "planned_start"],
                condition=Q(is_unassigned=True, state__in=["booked", "confirmed", "on the way"]),
                name="visit_unassigned",
            ),
            # Caller screen and time line: a customer's visits, newest first.
            models.Index(fields=["tenant", "customer", "-planned_start"], name="visit_by_customer"),
            # Tray: misses that nobody has closed.
            models.Index(
                fields=["tenant", "missed_at"],
                condition=Q(missed_at__isnull=False, miss_closed_at__isnull=True, is_history=False),
                name="visit_open_misses",
            ),
            # Board polling: what changed since.
            models.Index(fields=["tenant", "changed_at"], name="visit_by_change"),
        ]

    def __str__(self):
        return self.number

    @property
    def was_undone(self) -> bool:
        """Whether its booking was taken back before anybody was told; the row stands as cancelled by us."""
        return self.state == self.State.CANCELLED_BY_US and self.ended_because == self.BOOKING_UNDONE

    def get_state_display(self) -> str:
        """What people read for the stored state."""
        return "Booking undone" if self.was_undone else self.State(self.state).label

    def save(self, **kwargs):
        """Keep the search key beside the number. Bulk writers set it themselves."""
        self.number_key = serial_key(self.number)
        super().save(**kwargs)

    @property
    def was_confirmed(self) -> bool:
        """Whether the customer ever said yes: from then on another technician needs their yes, too (R2.6).

        Moving the time, even a time told and not agreed, does not make them a stranger to who comes.
        """
        said_yes = self.first_confirmed_at or self.confirmed_at
        return said_yes is not None or self.state == self.State.CONFIRMED

    @property
    def awaits_approval(self) -> bool:
        """Whether a supervisor has yet to approve it: until then the customer is told nothing (R4.6)."""
        return self.approval_asked_at is not None and self.approved_at is None


@tracked(exclude=("done_at",))
class VisitEquipment(TenantModel):
    """A machine that the visit is for; its open recommendations must be reviewed there."""

    visit = TenantForeignKey(Visit, related_name="machines")
    equipment = TenantForeignKey(Equipment, related_name="visited")
    # When the visit was completed, while it is done: kept here by a trigger, for the index.
    done_at = models.DateTimeField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "visit", "equipment"], name="visitequipment_once")
        ]
        indexes = [
            # What was done at a machine since when: what nobody mentioned there.
            models.Index(
                fields=["tenant", "equipment", "done_at"],
                include=["visit"],
                condition=Q(done_at__isnull=False),
                name="visitequipment_done",
            ),
            # What was done of late, on whichever machines: for whoever says that its visit has a key. That is
            # true of each, and no other reader says it: the planner, which knows of no desk how large it is,
            # would go through all that was done of late for a few machines.
            models.Index(
                fields=["tenant", "done_at"],
                include=["equipment", "visit"],
                condition=Q(done_at__isnull=False, visit__gt=0),
                name="visitequipment_done_lately",
            ),
        ]


@tracked(exclude=("during",))
class Assignment(TenantModel):
    """One technician on one visit. The database refuses two at once for the same technician."""

    # In these the technician's time is taken; over, and late arrivals after a miss, take none.
    BLOCKING_STATES = ("booked", "confirmed", "on the way", "on site")

    visit = TenantForeignKey(Visit, models.CASCADE, related_name="assignments")
    technician = TenantForeignKey(Technician, related_name="assignments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # The visit's state, kept here by a trigger so that the constraint can see it.
    state = models.CharField(max_length=26, editable=False, default="booked")
    during = models.GeneratedField(
        expression=Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange"),
        output_field=DateTimeRangeField(),
        db_persist=True,
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="assignment_lasts"),
            models.UniqueConstraint(fields=["tenant", "visit", "technician"], name="assignment_once"),
            ExclusionConstraint(
                name="assignment_never_in_two_places",
                expressions=[
                    ("tenant", RangeOperators.EQUAL),
                    ("technician", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                # That it lasts is true of each: it keeps readers, who do not say so, from taking this
                # index for the shortest way to a technician's visits. It would be read whole.
                condition=Q(state__in=["booked", "confirmed", "on the way", "on site"])
                & Q(starts_at__lt=F("ends_at")),
            ),
        ]
        indexes = [
            # Today, lanes, slots: a technician's blocks in order.
            models.Index(fields=["tenant", "technician", "starts_at"], name="assignment_by_technician"),
            # Today: where somebody is, or is going, whenever it began.
            models.Index(
                fields=["tenant", "technician"],
                condition=Q(state__in=["on the way", "on site"]),
                name="assignment_under_way",
            ),
        ]


class VisitPromise(TenantModel):
    """Which promise belongs to which visit (R4.1): window, confirmation, call ahead."""

    visit = TenantForeignKey(Visit, models.CASCADE, related_name="promises")
    promise = TenantOneToOneField(Promise, related_name="of_visit")

    class Meta(TenantModel.Meta):
        pass


class VisitStep(TenantModel):
    """One tap of the technician, with the device's time and ours."""

    class Step(models.TextChoices):
        CALL_AHEAD = "call ahead", "Called ahead"
        ON_THE_WAY = "on the way", "On the way"
        ARRIVED = "arrived", "Arrived"
        FINISHED = "finished", "Finished"
        NO_ACCESS = "no access", "No access"

    class Result(models.TextChoices):
        SPOKE = "spoke", "Spoke"
        LEFT_MESSAGE = "left a message", "Left a message"
        NO_ANSWER = "no answer", "No answer"

    visit = TenantForeignKey(Visit, related_name="steps")
    step = models.CharField(max_length=12, choices=Step.choices)
    result = models.CharField(max_length=16, choices=Result.choices, blank=True)
    at = models.DateTimeField()
    device_at = models.DateTimeField(null=True, blank=True)
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    skipped_because = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "visit", "at"], name="visitstep_of_one")]
