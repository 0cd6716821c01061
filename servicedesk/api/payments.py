"""Money that came in: read, taken in from bookkeeping, matched by hand, split, set aside and given back."""

import datetime as dt
from decimal import Decimal

from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action

from contracts.bank_lines import BankLine
from contracts.models import Contract, ContractTerm, Payment
from contracts.money_by_hand import (
    CannotMatch,
    Purpose,
    Share,
    match_by_hand,
    split_payment,
    take_up_again,
)
from contracts.money_elsewhere import give_back, set_aside
from contracts.open_money import AlreadySettled, NeedsReason
from contracts.renewals import AlreadyRenewed, NoTermToRenew
from contracts.statements import KnownBefore, take_in_one
from servicedesk.api.editions import check_edition
from servicedesk.api.instants import InstantFilter
from servicedesk.api.shown import Colleague, Row, Shown
from servicedesk.api.views import Listed, Made, Resource, says
from servicedesk.payment_rows import has_renewed, state_of
from tenancy.models import Role

# What is older is a slip of the finger.
FIRST_DAY = dt.date(2000, 1, 1)


class PaymentShown(Shown):
    """One payment, and what became of it. One that was taken apart counts by its parts."""

    number = serializers.CharField(help_text="the bank's or bookkeeping's own")
    customer = Row(read_only=True, allow_null=True)
    paid_on = serializers.DateField()
    amount = serializers.DecimalField(10, 2)
    currency = serializers.CharField()
    method = serializers.CharField()
    reference = serializers.CharField()
    payer = serializers.CharField()
    contract_written = serializers.CharField(help_text="the number of a contract, as the line says it")
    contract = Row(read_only=True, allow_null=True, help_text="the contract that it is for")
    has_renewed = serializers.SerializerMethodField(help_text="whether it made the next term")
    state = serializers.SerializerMethodField(help_text="in words: “Waiting”, “Renewed N-20418”")
    matched_at = serializers.DateTimeField(allow_null=True)
    matched_by = Colleague(allow_null=True)
    returned_on = serializers.DateField(allow_null=True)
    part_of = Row(read_only=True, allow_null=True)
    recorded_at = serializers.DateTimeField()

    def get_state(self, payment) -> str:
        """As the payments page says it."""
        return state_of(payment)[1]

    def get_has_renewed(self, payment) -> bool:
        """Other money pays for a term that stood already."""
        return has_renewed(payment)


class PaymentTaken(serializers.Serializer):
    """Money that came in, by the number under which bookkeeping knows it."""

    number = serializers.CharField(max_length=60)
    paid_on = serializers.DateField()
    amount = serializers.DecimalField(10, 2, min_value=Decimal("0.01"))
    currency = serializers.RegexField(r"^[A-Z]{3}$", help_text="GBP, EUR")
    payer = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    reference = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    method = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    contract = serializers.CharField(
        max_length=120,
        required=False,
        allow_blank=True,
        default="",
        help_text="the number of the contract that it names, however it is spelled",
    )

    def validate_paid_on(self, day):
        if day < FIRST_DAY:
            raise serializers.ValidationError("Choose a day from 2000 on.")
        return day


_AS_SEEN = {
    "what": "term",
    "required": False,
    "allow_null": True,
    "default": None,
    "help_text": "the last term as the caller saw it; with another one by now it is a 409",
}


class Matched(serializers.Serializer):
    """For which contract, and for what. Less than the price, or another's money, takes a reason."""

    contract = Row(Contract, what="contract")
    purpose = serializers.ChoiceField(choices=Purpose.choices, default=Purpose.RENEWS)
    because = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    after = Row(ContractTerm, **_AS_SEEN)


class WhyOfMoney(serializers.Serializer):
    """Why; it is kept with the payment."""

    because = serializers.CharField(max_length=300)


class Part(serializers.Serializer):
    """A part of a payment, and for what; without a contract it waits for a person."""

    amount = serializers.DecimalField(10, 2, min_value=Decimal("0.01"))
    contract = Row(Contract, what="contract", required=False, allow_null=True, default=None)
    purpose = serializers.ChoiceField(choices=Purpose.choices, default=Purpose.RENEWS)
    after = Row(ContractTerm, **_AS_SEEN)


class Split(serializers.Serializer):
    """The parts, which make the whole. Less than a price, or another's money, takes a reason."""

    parts = Part(many=True, min_length=2, max_length=50)
    because = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class GivenBack(WhyOfMoney):
    """When it went back and how; no amount is all of it."""

    returned_on = serializers.DateField()
    amount = serializers.DecimalField(
        10, 2, min_value=Decimal("0.01"), required=False, allow_null=True, default=None
    )
    kind = serializers.ChoiceField(choices=Payment.Return.choices, default=Payment.Return.REFUNDED)


class PaymentFilters(filters.FilterSet):
    """Which payments."""

    number = filters.CharFilter(max_length=60)
    customer = filters.UUIDFilter(field_name="customer__public_id")
    contract = filters.UUIDFilter(field_name="contract__public_id")
    part_of = filters.UUIDFilter(field_name="part_of__public_id")
    is_waiting = filters.BooleanFilter(method="by_waiting")
    recorded_since = InstantFilter(field_name="recorded_at", lookup_expr="gte")

    def by_waiting(self, rows, name, wanted):
        """Those that a person has to match, or all others."""
        waiting = Payment.objects.unmatched().values("pk")
        return rows.filter(pk__in=waiting) if wanted else rows.exclude(pk__in=waiting)


class Payments(Listed, Made, Resource):
    """Payments. Money that names a contract renews it by the rule; other money waits for accounts."""

    area = "payments"
    read_roles = write_roles = (Role.ACCOUNTS,)
    conflicts = (KnownBefore, AlreadySettled, AlreadyRenewed)
    unfit = (CannotMatch, NeedsReason, NoTermToRenew)
    shown_as, made_from = PaymentShown, PaymentTaken
    filterset_class = PaymentFilters

    def rows(self):
        return Payment.objects.select_related(
            "tenant", "customer", "contract", "renewal", "matched_by__user", "part_of"
        )

    def make(self, values):
        """As a line of a bank's file: it renews what it names, or waits."""
        line = BankLine(
            number=values["number"],
            booked_on=values["paid_on"],
            amount=values["amount"],
            currency=values["currency"],
            payer=values["payer"],
            reference=values["reference"],
            text=values["method"],
            contract=values["contract"],
        )
        teller = self.request.auth or self.request.membership
        return take_in_one(line, name=teller.name, **self.who())

    @action(detail=True, methods=["post"])
    @says(sent=Matched, of_an_edition=True)
    def match(self, request, id):
        """Match waiting money to a contract: it renews it, or pays the term that stands."""
        payment = self.get_object()
        check_edition(request, self.shown(payment))
        match_by_hand(payment, **self.read(Matched), **self.who())
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"])
    @says(sent=Split, of_an_edition=True)
    def split(self, request, id):
        """Take waiting money apart: `part_of` filters the list for what replaces it."""
        payment = self.get_object()
        check_edition(request, self.shown(payment))
        given = self.read(Split)
        shares = [Share(**part) for part in given["parts"]]
        split_payment(payment, shares, because=given["because"], **self.who())
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"], url_path="set-aside")
    @says(sent=WhyOfMoney, of_an_edition=True)
    def set_aside(self, request, id):
        """Waiting money is for something else than a contract."""
        payment = self.get_object()
        check_edition(request, self.shown(payment))
        set_aside(payment, **self.read(WhyOfMoney), **self.who())
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"], url_path="take-up-again")
    @says(sent=WhyOfMoney, of_an_edition=True)
    def take_up_again(self, request, id):
        """Undo a match or a setting aside: the answer is the part that replaces it, and waits."""
        payment = self.get_object()
        check_edition(request, self.shown(payment))
        again = take_up_again(payment, **self.read(WhyOfMoney), **self.who())
        return self.answer(self.rows().get(pk=again.pk))

    @action(detail=True, methods=["post"], url_path="give-back")
    @says(sent=GivenBack, of_an_edition=True)
    def give_back(self, request, id):
        """It went back, whole or in part: what is not paid for any more is in review. The answer is the
        payment, or the part of it that went back."""
        payment = self.get_object()
        check_edition(request, self.shown(payment))
        gone = give_back(payment, **self.read(GivenBack), **self.who())
        return self.answer(self.rows().get(pk=gone.pk))
