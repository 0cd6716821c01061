"""Recommendations: raised, answered and ended as at the desk, and what was said of them at visits."""

from django.db.models import Prefetch
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError

from customers.models import Equipment
from recommendations import lifecycle
from recommendations.models import Recommendation, StateChange
from servicedesk.api.completing import Found, words
from servicedesk.api.editions import check_edition
from servicedesk.api.instants import InstantFilter
from servicedesk.api.shown import Colleague, Row, Shown
from servicedesk.api.views import Listed, Made, Resource, says
from servicedesk.recommendation_forms import ActForm
from tenancy.calendars import local_day, zone_of
from tenancy.models import Role
from visits.models import Review

# What a form calls differently.
SENT_AS = {"price": "estimate"}


class ChangeShown(serializers.Serializer):
    """One change of its state: before is empty where it was raised."""

    before = serializers.CharField()
    after = serializers.ChoiceField(choices=Recommendation.State.choices)
    at = serializers.DateTimeField()
    by = Colleague(allow_null=True)
    by_customer = serializers.BooleanField()
    reason = serializers.CharField()


class RecommendationShown(Shown):
    """A finding on a machine that should be acted on, with every change of its state."""

    equipment = Row(read_only=True)
    customer = Row(read_only=True, source="equipment.site.customer")
    finding = serializers.CharField()
    risk = serializers.CharField()
    action = serializers.CharField()
    severity = serializers.ChoiceField(choices=Recommendation.Severity.choices)
    state = serializers.ChoiceField(choices=Recommendation.State.choices)
    estimate = serializers.DecimalField(10, 2, allow_null=True)
    deferred_until = serializers.DateField(allow_null=True)
    review_by = serializers.DateField(allow_null=True)
    raised_at = serializers.DateTimeField()
    raised_by = Colleague(allow_null=True)
    signed_by = serializers.CharField(help_text="who signed that they were told of it")
    superseded_by = Row(read_only=True, allow_null=True)
    changes = ChangeShown(many=True)


class ReviewShown(Shown):
    """What was said about a recommendation at one visit."""

    visit = Row(read_only=True)
    recommendation = Row(read_only=True)
    outcome = serializers.ChoiceField(choices=Review.Outcome.choices)
    customer_told = serializers.BooleanField()
    reason = serializers.CharField()
    deferred_until = serializers.DateField(allow_null=True)
    at = serializers.DateTimeField()
    by = Colleague(allow_null=True)


class RecommendationRaised(Found):
    """A recommendation for a machine that stands at a customer's."""

    equipment = Row(what="machine", queryset=Equipment.objects.filter(retired_on=None))
    action = words(300, help_text="what we propose to do")


class Why(serializers.Serializer):
    """What is to be known about it; a no and an end need their reason."""

    reason = words(300)


class PutOff(Why):
    """Until which day of the desk's, at most 180 days ahead, and why."""

    until = serializers.DateField()


class Priced(Why):
    """What it would cost."""

    estimate = serializers.DecimalField(10, 2, min_value=0, help_text="in the desk's currency")


class Worse(Why):
    """How bad it is now."""

    severity = serializers.ChoiceField(choices=Recommendation.Severity.choices)


class Replaced(Why):
    """Which other recommendation takes its place."""

    superseded_by = Row(Recommendation, what="recommendation")


class RecommendationFilters(filters.FilterSet):
    """Which recommendations. Open is what nobody has settled: one put off is open again on its day."""

    customer = filters.UUIDFilter(field_name="equipment__site__customer__public_id")
    equipment = filters.UUIDFilter(field_name="equipment__public_id")
    state = filters.MultipleChoiceFilter(choices=Recommendation.State.choices)
    severity = filters.ChoiceFilter(choices=Recommendation.Severity.choices)
    is_open = filters.BooleanFilter(method="of_open")
    raised_since = InstantFilter(field_name="raised_at", lookup_expr="gte")

    def of_open(self, rows, name, wanted):
        """Those on which somebody still has to act, or the others."""
        today = local_day(timezone.now(), zone_of(self.request.tenant))
        found = Recommendation.objects.open(today).values("pk")
        return rows.filter(pk__in=found) if wanted else rows.exclude(pk__in=found)


class ReviewFilters(filters.FilterSet):
    """Which reviews."""

    visit = filters.UUIDFilter(field_name="visit__public_id")
    recommendation = filters.UUIDFilter(field_name="recommendation__public_id")


class Recommendations(Listed, Made, Resource):
    """Recommendations: never deleted. What changes one is of its edition."""

    area = "recommendations"
    write_roles = (Role.DISPATCHER, Role.SALES)
    unfit = (lifecycle.NotPossible,)
    shown_as, made_from = RecommendationShown, RecommendationRaised
    filterset_class = RecommendationFilters

    def rows(self):
        changes = StateChange.objects.select_related("by__user").order_by("pk")
        return Recommendation.objects.select_related(
            "tenant", "equipment__site__customer", "raised_by__user", "superseded_by"
        ).prefetch_related(Prefetch("changes", changes))

    def make(self, values):
        return lifecycle.raise_recommendation(**values, **self.who())

    @action(detail=True, methods=["post"])
    @says(sent=Why, of_an_edition=True)
    def accept(self, request, id):
        """The customer says yes: it is to be booked."""
        return self._act("accept", Why)

    @action(detail=True, methods=["post"])
    @says(sent=Why, of_an_edition=True)
    def decline(self, request, id):
        """The customer says no, and why."""
        return self._act("decline", Why)

    @action(detail=True, methods=["post"])
    @says(sent=PutOff, of_an_edition=True)
    def defer(self, request, id):
        """Not now: it comes back on the day."""
        return self._act("defer", PutOff)

    @action(detail=True, methods=["post"])
    @says(sent=Priced, of_an_edition=True)
    def quote(self, request, id):
        """The price is told; the customer still has to answer."""
        return self._act("quote", Priced)

    @action(detail=True, methods=["post"])
    @says(sent=Worse, of_an_edition=True)
    def worsen(self, request, id):
        """It was looked at again and is worse."""
        return self._act("worsen", Worse)

    @action(detail=True, methods=["post"])
    @says(sent=Why, of_an_edition=True)
    def done(self, request, id):
        """It was acted on: by whom, or at which visit, is the reason."""
        return self._act("done", Why)

    @action(detail=True, methods=["post"])
    @says(sent=Why, of_an_edition=True)
    def invalidate(self, request, id):
        """It was a mistake, or the machine is gone."""
        return self._act("invalid", Why)

    @action(detail=True, methods=["post"])
    @says(sent=Replaced, of_an_edition=True)
    def supersede(self, request, id):
        """Another recommendation takes its place."""
        found, said = self._seen(), self.read(Replaced)
        other = said.pop("superseded_by")
        row = lifecycle.check_seen(found, len(found.changes.all()))
        lifecycle.supersede(row, by_recommendation=other, **said, **self.who())
        return self.answer(self.get_object())

    def _seen(self) -> Recommendation:
        """The recommendation, if it is as the caller saw it."""
        found = self.get_object()
        check_edition(self.request, self.shown(found))
        return found

    def _act(self, act, sent):
        """One of the desk's acts, with what it needs and from the states from which it can be done."""
        found, said = self._seen(), self.read(sent)
        typed = {form: said[field] for form, field in SENT_AS.items() if field in said}
        form = ActForm({**said, **typed, "act": act, "seen": len(found.changes.all())})
        if not form.is_valid():
            raise ValidationError({SENT_AS.get(name, name): list(said) for name, said in form.errors.items()})
        form.carry_out(found, **self.who())
        return self.answer(self.get_object())


class Reviews(Listed, Resource):
    """What was said at visits; it is written by completing one."""

    area = "recommendations"
    shown_as = ReviewShown
    filterset_class = ReviewFilters

    def rows(self):
        return Review.objects.select_related("visit", "recommendation", "by__user")
