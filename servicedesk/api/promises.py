"""Promises: what customers were told with a time on it. Those of visits are settled by the visits."""

from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action

from cases.models import Case, Promise
from cases.promising import SettledMeanwhile, agree_anew, keep_by_hand, make_promise, release_by_hand
from servicedesk import promise_letters as letters
from servicedesk.api.editions import check_edition
from servicedesk.api.instants import InstantFilter, Moment
from servicedesk.api.shown import Colleague, Row, Shown, StandingCustomer
from servicedesk.api.views import Listed, Made, Resource, says
from servicedesk.promise_forms import KINDS, colleagues
from tenancy.models import Membership

TELLS = "whether the customer hears of it in a message, where one reaches them"


class TooLateToMove(Exception):
    """It is due or settled; what is agreed after is another promise."""


class PromiseShown(Shown):
    """Something that a customer was told with a time on it."""

    customer = Row(read_only=True)
    case = Row(read_only=True, allow_null=True)
    kind = serializers.ChoiceField(choices=Promise.Kind.choices)
    text = serializers.CharField()
    expects = serializers.CharField(help_text="what the customer expects")
    owner = Colleague(allow_null=True)
    made_by = Colleague(allow_null=True)
    made_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    renegotiated_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=Promise.State.choices)
    settled_at = serializers.DateTimeField(allow_null=True)
    settled_by = Colleague(allow_null=True)
    evidence = serializers.CharField()
    external_number = serializers.CharField()


class PromiseMade(serializers.Serializer):
    """A new promise. Without `owner` whoever makes it keeps it."""

    customer = StandingCustomer()
    case = Row(Case, what="case", required=False, allow_null=True, default=None)
    kind = serializers.ChoiceField(choices=[(kind, kind.label) for kind in KINDS])
    text = serializers.CharField(max_length=300)
    expects = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    due_at = Moment()
    owner = Row(Membership, what="colleague", required=False, allow_null=True, default=None)
    tell = serializers.BooleanField(default=False, help_text=f"{TELLS}; of a call back only")

    def validate_due_at(self, due_at):
        return _to_come(due_at)

    def validate_owner(self, owner):
        if owner is not None and not colleagues().filter(pk=owner.pk).exists():
            raise serializers.ValidationError("Choose a colleague who works here.")
        return owner

    def validate(self, said):
        case = said["case"]
        if case is not None and (case.customer_id != said["customer"].pk or case.state == Case.State.CLOSED):
            raise serializers.ValidationError({"case": ["No open case of this customer’s."]})
        return said


class Settled(serializers.Serializer):
    """What came of it."""

    evidence = serializers.CharField(max_length=300)


class Moved(serializers.Serializer):
    """By when instead, as was agreed with the customer."""

    due_at = Moment()
    tell = serializers.BooleanField(default=False, help_text=TELLS)

    def validate_due_at(self, due_at):
        return _to_come(due_at)


class PromiseFilters(filters.FilterSet):
    """Which promises."""

    customer = filters.UUIDFilter(field_name="customer__public_id")
    case = filters.UUIDFilter(field_name="case__public_id")
    owner = filters.UUIDFilter(field_name="owner__public_id")
    kind = filters.ChoiceFilter(choices=[(kind, kind.label) for kind in KINDS])
    state = filters.ChoiceFilter(choices=Promise.State.choices)
    due_since = InstantFilter(field_name="due_at", lookup_expr="gte")
    due_before = InstantFilter(field_name="due_at", lookup_expr="lt")


class Promises(Listed, Made, Resource):
    """Promises that people keep. A settled one is settled for good."""

    area = "promises"
    conflicts = (SettledMeanwhile, TooLateToMove)
    shown_as, made_from = PromiseShown, PromiseMade
    filterset_class = PromiseFilters

    def rows(self):
        return Promise.objects.by_hand().select_related(
            "customer__tenant", "tenant", "case", "owner__user", "made_by__user", "settled_by__user"
        )

    def make(self, values):
        who, tell = self.who(), values.pop("tell")
        owner = values.pop("owner") or who["by"]
        promise = make_promise(**values, owner=owner, **who)
        if tell and promise.kind == Promise.Kind.CALL_BACK:
            letters.tell_promise(promise, letters.MADE, now=who["now"])
        return promise

    @action(detail=True, methods=["post"])
    @says(sent=Settled, of_an_edition=True)
    def keep(self, request, id):
        """It was kept; past its time it is broken all the same."""
        return self._act(keep_by_hand, Settled)

    @action(detail=True, methods=["post"])
    @says(sent=Settled, of_an_edition=True)
    def release(self, request, id):
        """The customer needs it no longer; past its time it is broken all the same."""
        return self._act(release_by_hand, Settled)

    @action(detail=True, methods=["post"])
    @says(sent=Moved, of_an_edition=True)
    def move(self, request, id):
        """Another time, agreed before it is due: it can be kept late only."""
        return self._act(_agree_anew, Moved)

    def _act(self, rule, sent):
        promise = self.get_object()
        check_edition(self.request, self.shown(promise))
        rule(promise, **self.read(sent), **self.who())
        return self.answer(self.get_object())


def _agree_anew(promise, *, due_at, tell, by, now):
    try:
        promise = agree_anew(promise, due_at=due_at, by=by, now=now)
    except ValueError as late:
        raise TooLateToMove(str(late)) from late
    if tell:
        letters.tell_promise(promise, letters.MOVED, now=now)


def _to_come(due_at):
    if due_at <= timezone.now():
        raise serializers.ValidationError("Choose a time that is still to come.")
    return due_at
