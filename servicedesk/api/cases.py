"""Cases: taken in, read with their thread, and everything that is done with one until it is closed."""

from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from cases.interactions import note_interaction
from cases.life import (
    CaseRefused,
    close_case,
    end_waiting,
    hand_over,
    note_try,
    reopen,
    seen_of,
    wait_for_customer,
)
from cases.matters import matters_near, take_in
from cases.models import Case, Interaction
from customers.models import Contact, Equipment
from servicedesk.api.editions import check_edition, edition_of
from servicedesk.api.instants import InstantFilter
from servicedesk.api.once import answered_once
from servicedesk.api.shown import Colleague, Row, Shown, StandingCustomer
from servicedesk.api.views import Listed, Made, Resource, says
from servicedesk.caller_facts import Caller
from servicedesk.case_forms import OFFICE, colleagues
from servicedesk.case_intake import KINDS, answer_by
from servicedesk.case_record import lines_on
from tenancy.models import Membership

THREAD = 50
BY_US = [one for one in Interaction.Channel if one != Interaction.Channel.VISIT]


class CaseShown(Shown):
    """One matter that a customer raised, and how it stands."""

    number = serializers.CharField(help_text="as people say it: C-1001")
    title = serializers.CharField()
    words = serializers.CharField(help_text="what the customer said")
    kind = serializers.ChoiceField(choices=Case.Kind.choices)
    category = serializers.CharField()
    severity = serializers.ChoiceField(choices=Case.Severity.choices)
    state = serializers.ChoiceField(choices=Case.State.choices)
    customer = Row(read_only=True)
    site = Row(read_only=True, allow_null=True)
    equipment = Row(read_only=True, allow_null=True)
    owner = Colleague(allow_null=True)
    supervisor = Colleague(allow_null=True)
    opened_at = serializers.DateTimeField()
    response_due_at = serializers.DateTimeField(allow_null=True)
    responded_at = serializers.DateTimeField(allow_null=True)
    resolution_due_at = serializers.DateTimeField(allow_null=True)
    waiting_since = serializers.DateTimeField(allow_null=True)
    waiting_for = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_on = serializers.CharField(help_text="on whose word it was closed; empty while it is not")
    outcome = serializers.CharField()
    joined_into = Row(read_only=True, allow_null=True, help_text="the case that it is a part of now")
    external_number = serializers.CharField()


class ThreadLine(Shown):
    """Something that happened on a case: a contact, a promise, a visit, a message, a step of its own."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    actor = Colleague(allow_null=True)
    subject = serializers.UUIDField(allow_null=True, help_text="the row that it tells of")


class CaseWhole(CaseShown):
    """A case with the newest fifty lines of its thread; `/thread/` reads on."""

    thread = ThreadLine(many=True)


class CaseTaken(CaseShown):
    """The case that what was raised became: a new one, or the open matter to which it belongs."""

    is_new = serializers.BooleanField()


class ContactShown(Shown):
    """One contact with the customer."""

    customer = Row(read_only=True)
    case = Row(read_only=True, allow_null=True)
    contact = Row(read_only=True, allow_null=True)
    channel = serializers.ChoiceField(choices=Interaction.Channel.choices)
    direction = serializers.ChoiceField(choices=Interaction.Direction.choices)
    at = serializers.DateTimeField()
    summary = serializers.CharField()
    is_try = serializers.BooleanField()


def _words(most, **extra) -> serializers.CharField:
    return serializers.CharField(max_length=most, **extra)


def _maybe(most) -> serializers.CharField:
    return _words(most, required=False, allow_blank=True, default="")


class Raised(serializers.Serializer):
    """What a customer raises. Without `case` and `is_new` it goes to the open matter it belongs to."""

    customer = StandingCustomer()
    kind = serializers.ChoiceField(choices=KINDS)
    title = _words(200)
    words = _maybe(4000)
    equipment = Row(Equipment, what="machine", required=False, allow_null=True, default=None)
    contact = Row(Contact, what="contact", required=False, allow_null=True, default=None)
    category = _maybe(60)
    severity = serializers.ChoiceField(choices=Case.Severity.choices, default=Case.Severity.SOON)
    channel = serializers.ChoiceField(choices=BY_US, default=Interaction.Channel.CALL)
    case = Row(Case, what="case", required=False, allow_null=True, default=None)
    is_new = serializers.BooleanField(default=False, help_text="none of the known matters")

    def validate(self, said):
        customer = said["customer"]
        machine, contact = said["equipment"], said["contact"]
        if machine is not None and (machine.site.customer_id != customer.pk or machine.retired_on):
            raise serializers.ValidationError({"equipment": ["No machine of this customer’s."]})
        if contact is not None and contact.customer_id != customer.pk:
            raise serializers.ValidationError({"contact": ["Nobody at this customer’s."]})
        return said


class Noted(serializers.Serializer):
    """One contact about the case, or a try that nobody answered: then the words may be missing."""

    way = serializers.ChoiceField(choices=["in", "out", "try"], help_text="who spoke to whom")
    channel = serializers.ChoiceField(choices=BY_US)
    words = _maybe(4000)

    def validate(self, said):
        if said["way"] != "try" and not said["words"]:
            raise serializers.ValidationError({"words": ["Write down what was said."]})
        return said


class WaitsFor(serializers.Serializer):
    """What the customer has to say or to send."""

    what = _words(200)


class Nothing(serializers.Serializer):
    """Nothing more need be said."""


class HandedOver(serializers.Serializer):
    """Who goes on with it, and what they should know."""

    to = Row(Membership, what="colleague")
    note = _maybe(1000)

    def validate_to(self, member):
        if not colleagues().filter(pk=member.pk).exists():
            raise serializers.ValidationError("Choose who goes on with it.")
        return member


class Closed(serializers.Serializer):
    """What came of it, and on whose word it ends: with `word`, what the customer said."""

    on = serializers.ChoiceField(choices=Case.ClosedOn.choices)
    outcome = _words(300)
    word = _maybe(2000)

    def validate(self, said):
        if said["on"] == Case.ClosedOn.WORD and not said["word"]:
            raise serializers.ValidationError({"word": ["Write what the customer said."]})
        return said


class Reopened(serializers.Serializer):
    """Why it is open again."""

    because = _words(300)


class CaseFilters(filters.FilterSet):
    """Which cases. `late` and `at_risk` are by the clock, now."""

    customer = filters.UUIDFilter(field_name="customer__public_id")
    equipment = filters.UUIDFilter(field_name="equipment__public_id")
    owner = filters.UUIDFilter(field_name="owner__public_id")
    kind = filters.ChoiceFilter(choices=Case.Kind.choices)
    state = filters.ChoiceFilter(choices=Case.State.choices)
    external_number = filters.CharFilter(max_length=120)
    opened_since = InstantFilter(field_name="opened_at", lookup_expr="gte")
    late = filters.BooleanFilter(method="by_clock")
    at_risk = filters.BooleanFilter(method="by_clock")

    def by_clock(self, rows, name, wanted):
        """Those that are, or those that are not."""
        found = getattr(Case.objects, name)(timezone.now()).values("pk")
        return rows.filter(Q(pk__in=found) if wanted else ~Q(pk__in=found))


class Cases(Listed, Made, Resource):
    """Cases. One that was joined with another says with which, and is closed."""

    area = "cases"
    conflicts = (CaseRefused,)
    shown_as, made_from = CaseShown, Raised
    filterset_class = CaseFilters

    @property
    def read_roles(self):
        """One case is for all staff; the register is for whoever decides about cases."""
        return OFFICE if self.action == "list" else None

    @property
    def write_roles(self):
        """All staff take in and note what was said."""
        return None if self.action in ("create", "note") else OFFICE

    def rows(self):
        return Case.objects.select_related(
            "customer", "site", "equipment", "owner__user", "supervisor__user", "joined_into", "tenant"
        )

    @says(answered=CaseWhole)
    def retrieve(self, request, *args, **kwargs):
        """A case with its thread. Its ETag is that of the case: a new line on it is no other edition."""
        case = self.get_object()
        case.thread = self._lines(case)[:THREAD]
        shown = CaseWhole(case, only=self.only(), context=self.get_serializer_context())
        return Response(shown.data, headers={"ETag": edition_of(self.shown(case))})

    @says(answered=CaseTaken)
    @answered_once
    def create(self, request, *args, **kwargs):
        """Take in what a customer raises; the answer is the case that it became."""
        said, who = self.read(Raised), self.who()
        caller = Caller(said["customer"], desk=request.tenant, now=who["now"])
        near = matters_near(caller.customer, now=who["now"])
        matter = said.pop("case")
        if matter is not None and matter not in near:
            raise serializers.ValidationError({"case": ["No matter of this customer’s that goes on."]})
        said["contact"] = said["contact"] or caller.main_contact
        due = answer_by(caller, said["kind"], said["equipment"])
        case = self.rows().get(pk=take_in(matter=matter, response_due_at=due, **said, **who).pk)
        case.is_new = case not in near
        answer = self.answer(case, status.HTTP_201_CREATED)
        answer.data = CaseTaken(case, context=self.get_serializer_context()).data
        return answer

    @action(detail=True, filter_backends=())
    @says(answered=ThreadLine(many=True))
    def thread(self, request, id):
        """Everything that happened on a case, what was written last first."""
        page = self.paginate_queryset(self._lines(self.get_object()))
        shown = ThreadLine(page, many=True, only=self.only(), context=self.get_serializer_context())
        return self.get_paginated_response(shown.data)

    @action(detail=True, methods=["post"])
    @says(sent=Noted, answered=ContactShown)
    @answered_once
    def note(self, request, id):
        """Keep a contact about the case: the customer's word ends our waiting and opens it again."""
        case, said = self.get_object(), self.read(Noted)
        if said["way"] == "try":
            kept = note_try(case, channel=said["channel"], words=said["words"], **self.who())
        else:
            kept = note_interaction(
                customer=case.customer, case=case, channel=said["channel"], direction=said["way"],
                summary=said["words"], **self.who(),
            )  # fmt: skip
        return Response(ContactShown(kept, context=self.get_serializer_context()).data)

    @action(detail=True, methods=["post"])
    @says(sent=WaitsFor, of_an_edition=True)
    def wait(self, request, id):
        """The customer has the next word: the clock of settling stands."""
        return self._act(wait_for_customer, WaitsFor)

    @action(detail=True, methods=["post"], url_path="end-waiting")
    @says(sent=Nothing, of_an_edition=True)
    def end_waiting(self, request, id):
        """It is our turn again."""
        return self._act(end_waiting, Nothing)

    @action(detail=True, methods=["post"], url_path="hand-over")
    @says(sent=HandedOver, of_an_edition=True)
    def hand_over(self, request, id):
        """A colleague goes on with it, and hears of it."""
        return self._act(hand_over, HandedOver)

    @action(detail=True, methods=["post"])
    @says(sent=Closed, of_an_edition=True)
    def close(self, request, id):
        """The case ends with an outcome; a complaint on the customer's word or after three tries."""
        return self._act(close_case, Closed)

    @action(detail=True, methods=["post"])
    @says(sent=Reopened, of_an_edition=True)
    def reopen(self, request, id):
        """A closed case goes on after all."""
        return self._act(reopen, Reopened)

    def _act(self, rule, sent):
        """Do it with the case as the caller saw it."""
        case = self.get_object()
        check_edition(self.request, self.shown(case))
        rule(case, seen=seen_of(case), **self.read(sent), **self.who())
        return self.answer(self.get_object())

    def _lines(self, case):
        return lines_on(case).select_related("actor__user").order_by("-public_id")
