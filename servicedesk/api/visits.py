"""Visits: booked, moved, given to another, cancelled, gone to step by step, completed through the gate."""

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import transaction
from django.db.models import Prefetch
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from contracts.disposing import NothingLeft
from customers.searchkeys import serial_key
from recommendations.lifecycle import NotPossible
from servicedesk import booking_words
from servicedesk.api.completing import CompletionSent, complete
from servicedesk.api.editions import check_edition
from servicedesk.api.errors import Conflict, code_of
from servicedesk.api.instants import InstantFilter
from servicedesk.api.once import answered_once
from servicedesk.api.shown import ByTheWall, Row, Shown
from servicedesk.api.slots import (
    OtherPlaces,
    TimeTaken,
    choices_for,
    other_places,
    slots_of,
)
from servicedesk.api.views import Listed, Resource, says
from servicedesk.api.visits_sent import (
    KeptOut,
    MissSettled,
    NothingMore,
    Rang,
    SetsOut,
    Skipped,
    VisitBooked,
    VisitCancelled,
    VisitGiven,
    VisitMoved,
)
from servicedesk.booking_panel import book_chosen, problems_of
from servicedesk.move_forms import NOBODY_CAME
from servicedesk.settling import settle_miss
from tenancy.calendars import day_bounds, zone_of
from tenancy.models import Role
from visits import fieldwork
from visits.access import no_access
from visits.booking import SlotTaken, TooLateToUndo, undo_booking
from visits.fieldwork import ArrivalRefused, StepRefused
from visits.maintenance import PlanRefused
from visits.models import Assignment, Visit, VisitEquipment
from visits.moving import move_visit
from visits.outcomes import OutcomeRefused, Whose, give_up, nobody_came
from visits.places import MoveRefused, PlaceTaken

OF_BOOKER = ("create", "undo")
OF_DISPATCHER = ("move", "reassign", "cancel", "outcome")
DAYS = (MinValueValidator(dt.date(1970, 1, 1)), MaxValueValidator(dt.date(2199, 12, 31)))


class Comes(serializers.Serializer):
    """Who comes."""

    id = serializers.UUIDField(source="technician.public_id")
    name = serializers.CharField(source="technician.name")


class ItsMachine(serializers.Serializer):
    """A machine that the visit is for."""

    id = serializers.UUIDField(source="equipment.public_id")
    name = serializers.CharField(source="equipment.name")


class ReportShown(serializers.Serializer):
    """What was done there, and who signed."""

    work_done = serializers.CharField()
    fixed_first_time = serializers.BooleanField(allow_null=True)
    not_fixed_because = serializers.CharField()
    next_step = serializers.CharField()
    minutes = serializers.IntegerField(allow_null=True)
    signed_by = serializers.CharField()
    cannot_sign_because = serializers.CharField()
    recommendations_signed_by = serializers.CharField()


class VisitShown(Shown):
    """One trip. The customer is told the window, on the day and at the times by their own clock."""

    number = serializers.CharField()
    customer = Row(read_only=True)
    site = Row(read_only=True)
    contact = Row(read_only=True, allow_null=True)
    case = Row(read_only=True, allow_null=True)
    kind = serializers.ChoiceField(choices=Visit.Kind.choices)
    problem = serializers.CharField()
    state = serializers.ChoiceField(choices=Visit.State.choices)
    technicians = Comes(many=True, source="who_come", help_text="the one named to the customer first")
    equipment = ItsMachine(many=True, source="its_machines")
    crew = serializers.IntegerField(help_text="how many technicians it takes")
    window_start = serializers.DateTimeField()
    window_end = serializers.DateTimeField()
    planned_start = serializers.DateTimeField()
    planned_end = serializers.DateTimeField()
    told_day = serializers.DateField()
    told_from = ByTheWall()
    told_until = ByTheWall()
    needs_placing = serializers.BooleanField()
    awaits_approval = serializers.BooleanField()
    booked_at = serializers.DateTimeField()
    held_until = serializers.DateTimeField(allow_null=True, help_text="until then the booking can be undone")
    confirmed_at = serializers.DateTimeField(allow_null=True)
    called_ahead_at = serializers.DateTimeField(allow_null=True)
    brief_read_at = serializers.DateTimeField(allow_null=True)
    on_the_way_at = serializers.DateTimeField(allow_null=True)
    expected_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    late_at = serializers.DateTimeField(allow_null=True)
    missed_at = serializers.DateTimeField(allow_null=True)
    miss_closed_at = serializers.DateTimeField(allow_null=True)
    miss_outcome = serializers.CharField()
    completed_at = serializers.DateTimeField(allow_null=True)
    ended_because = serializers.CharField()
    changed_at = serializers.DateTimeField()
    report = ReportShown(allow_null=True)


class VisitFilters(filters.FilterSet):
    """Which visits; days are the desk's, of the planned start."""

    number = filters.CharFilter(method="of_number", max_length=40)
    customer = filters.UUIDFilter(field_name="customer__public_id")
    technician = filters.UUIDFilter(field_name="assignments__technician__public_id")
    equipment = filters.UUIDFilter(field_name="machines__equipment__public_id")
    case = filters.UUIDFilter(field_name="case__public_id")
    state = filters.MultipleChoiceFilter(choices=Visit.State.choices)
    from_day = filters.DateFilter(method="since_day", validators=DAYS)
    to_day = filters.DateFilter(method="until_day", validators=DAYS)
    changed_since = InstantFilter(field_name="changed_at", lookup_expr="gte")

    def of_number(self, rows, name, number):
        """However it is spaced and capitalised."""
        return rows.filter(number_key=serial_key(number))

    def since_day(self, rows, name, day):
        """On that day or later."""
        return rows.filter(planned_start__gte=day_bounds(day, zone_of(self.request.tenant))[0])

    def until_day(self, rows, name, day):
        """On that day or before."""
        return rows.filter(planned_start__lt=day_bounds(day, zone_of(self.request.tenant))[1])


class Visits(Listed, Resource):
    """Visits, each one trip. What moves or ends one is of its edition; steps are as they happen."""

    area = "visits"
    conflicts = (StepRefused, OutcomeRefused, NothingLeft, PlanRefused, TooLateToUndo)
    unfit = (MoveRefused, NotPossible)
    shown_as, made_from = VisitShown, VisitBooked
    filterset_class = VisitFilters

    @property
    def write_roles(self):
        """All staff book; the desk moves and ends; steps are the technician's or the desk's."""
        if self.action in OF_BOOKER:
            return None
        return (Role.DISPATCHER,) if self.action in OF_DISPATCHER else (Role.TECHNICIAN, Role.DISPATCHER)

    def rows(self):
        rows = Visit.objects.select_related("tenant", "customer", "site", "contact", "case")
        return rows.prefetch_related(
            "report",
            Prefetch(
                "assignments", Assignment.objects.select_related("technician").order_by("pk"), "who_come"
            ),
            Prefetch(
                "machines", VisitEquipment.objects.select_related("equipment").order_by("pk"), "its_machines"
            ),
        )

    @says(refused={409: TimeTaken})
    @answered_once
    def create(self, request, *args, **kwargs):
        """Book a slot. Where it went meanwhile, 409 with `slots` that are free instead."""
        said, who = self.read(VisitBooked), self.who()
        choices = choices_for(said, desk=request.tenant, now=who["now"])
        if problems := problems_of(choices):
            names = {"machine": "equipment", "slot": "start"}
            raise ValidationError({names.get(name, name): [wrong] for name, wrong in problems.items()})
        try:
            visit = book_chosen(choices, **who)
        except SlotTaken as refused:
            choices.look_again()
            says = booking_words.taken(choices, refused)
            raise Conflict(says, code_of(refused), slots=slots_of(choices)) from None
        return self.answer(self.rows().get(pk=visit.pk), status.HTTP_201_CREATED)

    @action(detail=True, filter_backends=(), pagination_class=None)
    @says(answered=OtherPlaces)
    def slots(self, request, id):
        """Other places for the visit, at most five, whoever comes to it now first."""
        return Response({"slots": other_places(self.get_object(), now=self.who()["now"])})

    @action(detail=True, methods=["post"])
    @says(sent=NothingMore)
    def undo(self, request, id):
        """Take a booking back while nobody has been told of it: see `held_until`."""
        return self._step(undo_booking, NothingMore)

    @action(detail=True, methods=["post"])
    @says(sent=VisitMoved, of_an_edition=True, refused={409: TimeTaken})
    def move(self, request, id):
        """Another time, technician or length. The customer is told, unless `tell_customer` is false."""
        return self._move(VisitMoved)

    @action(detail=True, methods=["post"])
    @says(sent=VisitGiven, of_an_edition=True, refused={409: TimeTaken})
    def reassign(self, request, id):
        """Another technician at the time that was promised."""
        return self._move(VisitGiven)

    @action(detail=True, methods=["post"])
    @says(sent=VisitCancelled, of_an_edition=True)
    def cancel(self, request, id):
        """Cancelled by the customer or by us; once its window has begun, ours is a miss."""
        visit = self._seen()
        said = self.read(VisitCancelled)
        if said["whose"] == NOBODY_CAME:
            nobody_came(visit, **self.who())
        else:
            give_up(
                visit,
                whose=Whose(said["whose"]),
                because=said["because"],
                version=visit.version,
                **self.who(),
            )
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"])
    @says(sent=MissSettled, refused={409: TimeTaken})
    @answered_once
    def outcome(self, request, id):
        """Settle a miss: what happened, who spoke to the customer, and a new visit or none."""
        visit, said, who = self.get_object(), self.read(MissSettled), self.who()
        place = said.pop("new_visit")
        try:
            with transaction.atomic():
                at = None if place is None else (place["technician"], place["start"])
                settle_miss(visit, place=at, said=said, **who)
        except SlotTaken as refused:
            slots = other_places(visit, now=who["now"])
            raise Conflict(str(refused), code_of(refused), slots=slots) from None
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"], url_path="call-ahead")
    @says(sent=Rang)
    def call_ahead(self, request, id):
        """Keep a call before the visit: spoke, or a message left, keeps the promise of it."""
        return self._step(fieldwork.call_ahead, Rang)

    @action(detail=True, methods=["post"], url_path="read-brief")
    @says(sent=NothingMore)
    def read_brief(self, request, id):
        """What must be raised at the site was read: without that nobody sets out."""
        return self._step(fieldwork.read_brief, NothingMore)

    @action(detail=True, methods=["post"], url_path="on-my-way")
    @says(sent=SetsOut)
    def on_my_way(self, request, id):
        """On the way: the customer is told when to expect the technician."""
        return self._step(fieldwork.set_out, SetsOut)

    @action(detail=True, methods=["post"])
    @says(sent=NothingMore)
    def arrived(self, request, id):
        """On site."""
        return self._step(fieldwork.arrive, NothingMore)

    @action(detail=True, methods=["post"])
    @says(sent=Skipped)
    def skip(self, request, id):
        """Leave out the call ahead or the word that they are on the way, and say why."""
        return self._step(fieldwork.skip_step, Skipped)

    @action(detail=True, methods=["post"], url_path="no-access")
    @says(sent=KeptOut)
    def no_access(self, request, id):
        """They came and could not get in: ten minutes after the arrival, and after a call."""
        return self._step(no_access, KeptOut)

    @action(detail=True, methods=["post"])
    @says(sent=CompletionSent)
    def complete(self, request, id):
        """Finish with the report and the reviews. One that lacks is a 422 at `reviews.<its id>`."""
        return self._step(complete, CompletionSent)

    def _seen(self) -> Visit:
        """The visit, if it is as the caller saw it."""
        visit = self.get_object()
        check_edition(self.request, self.shown(visit))
        return visit

    def _step(self, rule, sent):
        visit = self.get_object()
        try:
            rule(visit, **self.read(sent), **self.who())
        except ArrivalRefused as wrong:
            raise ValidationError({"expected_at": [str(wrong)]}) from None
        return self.answer(self.get_object())

    def _move(self, sent):
        visit, who = self._seen(), self.who()
        said = {"start": visit.planned_start, **self.read(sent)}
        first = next((each.technician for each in visit.assignments.all()), None)
        technician = said.pop("technician") or first
        if technician is None:
            raise ValidationError({"technician": ["Choose a technician."]})
        try:
            move_visit(visit, technician=technician, version=visit.version, **said, **who)
        except PlaceTaken as refused:
            slots = other_places(visit, now=who["now"])
            raise Conflict(str(refused), code_of(refused), slots=slots) from None
        return self.answer(self.get_object())
