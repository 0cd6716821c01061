"""Contracts: their cover on a day and why, their terms, what is left of them, and what proves a renewal."""

from django.db.models import Prefetch
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from contracts.allowance import with_left
from contracts.cover import cover_in_words
from contracts.evidence import log_claim, log_evidence
from contracts.models import Contract, Entitlement, RenewalEvidence
from customers.models import Hold
from customers.searchkeys import serial_key
from servicedesk.api.covers import AskedDay, CoverShown, asked_day
from servicedesk.api.editions import edition_of
from servicedesk.api.once import answered_once
from servicedesk.api.shown import Colleague, Row, Shown
from servicedesk.api.views import Listed, Resource, says
from servicedesk.evidence_anywhere import BUTTONS
from tenancy.calendars import local_day, zone_of

Kind = RenewalEvidence.Kind


class ContractShown(Shown):
    """An agreement with a customer. What it grants on the day that was asked for stands in `cover`."""

    number = serializers.CharField()
    customer = Row(read_only=True)
    kind = serializers.CharField(help_text="what is covered, in words")
    not_covered = serializers.CharField()
    price = serializers.DecimalField(10, 2)
    currency = serializers.CharField()
    visits_per_term = serializers.IntegerField()
    response_hours = serializers.IntegerField(allow_null=True, help_text="working hours")
    is_auto_renewing = serializers.BooleanField()
    notice_days = serializers.IntegerField()
    owner = Colleague(allow_null=True)
    cover = CoverShown()
    do_not_sell = serializers.SerializerMethodField(
        help_text="why nothing may be sold to its customer now; empty where nothing stands against it"
    )

    def get_do_not_sell(self, contract) -> list[str]:
        """The reasons of the holds that stand, the oldest first."""
        return [hold.reason for hold in contract.customer.standing_holds]


class TermShown(Shown):
    """One period, both days included. One that was taken back stands no more."""

    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    given_days = serializers.IntegerField(help_text="so many of its last days were given as goodwill")
    price = serializers.DecimalField(10, 2)
    response_hours = serializers.IntegerField(allow_null=True, help_text="null: as the contract says")
    created_at = serializers.DateTimeField()
    taken_back_at = serializers.DateTimeField(allow_null=True)
    taken_back_because = serializers.CharField()


class EntitlementShown(Shown):
    """What a term grants, and what is left of it: neither used, given up nor booked."""

    term = Row(read_only=True)
    kind = serializers.ChoiceField(choices=Entitlement.Kind.choices)
    granted = serializers.DecimalField(9, 2, source="quantity")
    done = serializers.DecimalField(9, 2)
    booked = serializers.DecimalField(9, 2)
    left = serializers.DecimalField(9, 2)


class EvidenceShown(Shown):
    """What proves a renewal, or was said to. While it waits, nothing may be sold to the customer."""

    contract = Row(read_only=True)
    kind = serializers.ChoiceField(choices=Kind.choices)
    reference = serializers.CharField()
    amount = serializers.DecimalField(10, 2, allow_null=True)
    dated_on = serializers.DateField()
    note = serializers.CharField()
    state = serializers.ChoiceField(choices=RenewalEvidence.State.choices)
    recorded_at = serializers.DateTimeField()
    recorded_by = Colleague(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = Colleague(allow_null=True)
    decision_reason = serializers.CharField()
    returned_because = serializers.CharField()


class EvidenceLogged(serializers.Serializer):
    """Evidence as it came in. The day is the cheque's date, or the day it was said or seen."""

    kind = serializers.ChoiceField(choices=[(kind.value, words) for kind, (words, _) in BUTTONS.items()])
    dated_on = serializers.DateField()
    reference = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    amount = serializers.DecimalField(10, 2, min_value=0, required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class Claimed(serializers.Serializer):
    """The customer's words, if there were more."""

    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ContractFilters(filters.FilterSet):
    """Which contracts; `on` is the day of their cover."""

    number = filters.CharFilter(method="of_number", max_length=60)
    customer = filters.UUIDFilter(field_name="customer__public_id")
    equipment = filters.UUIDFilter(field_name="covered__equipment__public_id", distinct=True)
    on = filters.DateFilter(method="on_day")

    def of_number(self, rows, name, number):
        """However it is spelled."""
        return rows.filter(number_key=serial_key(number))

    def on_day(self, rows, name, day):
        """It says how they are shown, and leaves none out."""
        return rows


class Contracts(Listed, Resource):
    """Contracts. A state is never stored: `cover` is derived for the day in `?on=`, or for today."""

    area = "contracts"
    shown_as = ContractShown
    filterset_class = ContractFilters

    def rows(self):
        holds = Hold.objects.filter(released_at__isnull=True).order_by("set_at", "pk")
        return Contract.objects.select_related("customer", "tenant", "owner__user").prefetch_related(
            Prefetch("customer__holds", holds, to_attr="standing_holds")
        )

    def list(self, request, *args, **kwargs):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self._paged(self._with_cover(page), ContractShown)

    @says(asked=AskedDay, answered=ContractShown)
    def retrieve(self, request, *args, **kwargs):
        """A contract with its cover on a day: its state, the sentence to say, and why."""
        contract = self.get_object()
        self._with_cover([contract])
        whole = self.shown(contract)
        only = self.only()
        shown = ContractShown(contract, only=only, context=self.get_serializer_context()).data
        return Response(shown if only else whole, headers={"ETag": edition_of(whole)})

    @action(detail=True, filter_backends=())
    @says(answered=TermShown(many=True))
    def terms(self, request, id):
        """Its terms, what was entered last first; also those that were taken back."""
        return self._page(self.get_object().terms.all(), TermShown)

    @action(detail=True, filter_backends=())
    @says(answered=EntitlementShown(many=True))
    def entitlements(self, request, id):
        """What its terms grant, and what is left of each."""
        granted = Entitlement.objects.filter(term__contract=self.get_object()).select_related("term")
        return self._page(with_left(granted), EntitlementShown)

    @action(detail=True, filter_backends=())
    @says(answered=EvidenceShown(many=True))
    def evidence(self, request, id):
        """All that was brought to prove a renewal of it, with the verdicts."""
        rows = self.get_object().evidence.select_related("contract", "recorded_by__user", "decided_by__user")
        return self._page(rows, EvidenceShown)

    @evidence.mapping.post
    @says(sent=EvidenceLogged, answered=EvidenceShown)
    @answered_once
    def log(self, request, id):
        """Log evidence: cover goes to review, accounts owe a verdict today, and nothing may be sold."""
        contract, said, who = self.get_object(), self.read(EvidenceLogged), self.who()
        today = local_day(who["now"], zone_of(request._request.tenant))
        if said["dated_on"] > today:
            raise ValidationError({"dated_on": ["Evidence cannot be dated after today."]})
        if said["kind"] == Kind.WORD and said["dated_on"] == today and said["amount"] is None:
            note = "; ".join(part for part in (said["reference"], said["note"]) if part)[:300]
            return self._kept(log_claim(contract=contract, note=note, **who))
        return self._kept(log_evidence(contract=contract, **said, **who))

    @action(detail=True, methods=["post"])
    @says(sent=Claimed, answered=EvidenceShown)
    @answered_once
    def claim(self, request, id):
        """The customer says that it is renewed. Said twice, it is one claim, and a call back is promised."""
        return self._kept(log_claim(contract=self.get_object(), **self.read(Claimed), **self.who()))

    def _with_cover(self, contracts):
        day = asked_day(self.request)
        read = Contract.objects.with_reasons(day).filter(pk__in=[contract.pk for contract in contracts])
        covers = {contract.pk: cover_in_words(contract) for contract in read}
        for contract in contracts:
            contract.cover = covers[contract.pk]
        return contracts

    def _kept(self, evidence):
        return Response(EvidenceShown(evidence, context=self.get_serializer_context()).data)

    def _page(self, rows, shown_as):
        return self._paged(self.paginate_queryset(rows), shown_as)

    def _paged(self, page, shown_as):
        shown = shown_as(page, many=True, only=self.only(), context=self.get_serializer_context())
        return self.get_paginated_response(shown.data)
