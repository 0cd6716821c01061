"""Slots: who could come and when, asked for as the booking panel asks, each with its reasons."""

import datetime as dt

from django.http import QueryDict
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from cases.models import Case
from customers.models import Customer
from servicedesk.api.schema import Errors
from servicedesk.api.shown import Row
from servicedesk.api.views import Resource, says
from servicedesk.booking_choices import MAIL, SMS, Choices
from servicedesk.booking_words import searched, slot_rows, visits_by_technician
from servicedesk.caller_facts import Caller
from servicedesk.moves import places, wanted_for
from visits.models import Visit
from visits.slot_reasons import left_out
from visits.slots import best_slots

MOST_MACHINES = 50


class SlotShown(serializers.Serializer):
    """A technician and a start; the customer is told that they come between `start` and `window_end`."""

    technician = serializers.UUIDField(source="slot.technician.public_id")
    name = serializers.CharField(source="slot.technician.name")
    others = serializers.SerializerMethodField(help_text="who comes along where it takes more than one")
    start = serializers.DateTimeField(source="slot.start")
    end = serializers.DateTimeField(source="slot.end")
    window_end = serializers.DateTimeField(source="slot.window_end")
    is_preferred = serializers.BooleanField(source="slot.is_preferred")
    due_at = serializers.DateTimeField(
        source="slot.due_at", allow_null=True, help_text="by when an answer is promised"
    )
    meets_promise = serializers.BooleanField(source="slot.meets_promise", allow_null=True)
    when = serializers.CharField(help_text="the words to say: “Lou, today 14:00 to 15:00”")
    verdict = serializers.CharField(help_text="what becomes of the promise, in words")
    why = serializers.CharField(help_text="what speaks for it")

    def get_others(self, row) -> list[str]:
        """Their ids."""
        return [str(technician.public_id) for technician in row["slot"].others]


class LeftOut(serializers.Serializer):
    """A technician who is not among the slots, and why."""

    technician = serializers.UUIDField(source="technician.public_id")
    name = serializers.CharField(source="technician.name")
    why = serializers.CharField(source="words")


class SlotsFound(serializers.Serializer):
    """At most five, the best first; of a day or a technician all, in order."""

    slots = SlotShown(many=True)
    looked_for = serializers.CharField(help_text="what everybody was measured by")
    left_out = LeftOut(many=True)


class OtherPlaces(serializers.Serializer):
    """At most five other places for a visit, whoever comes to it now first."""

    slots = SlotShown(many=True)


class TimeTaken(Errors):
    """Somebody else has the time that was asked for: `slots` are free instead."""

    slots = SlotShown(many=True, required=False)


class What(serializers.Serializer):
    """What a visit is for: the same in asking for slots and in booking one."""

    customer = Row(what="customer", queryset=Customer.objects.standing())
    site = serializers.UUIDField(
        required=False, help_text="left out: the only one, or where the main contact is"
    )
    equipment = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=MOST_MACHINES
    )
    kind = serializers.ChoiceField(choices=Visit.Kind.choices, default=Visit.Kind.FAULT)
    case = Row(Case, what="case", required=False, help_text="that it is one more visit for")
    entitlement = serializers.UUIDField(required=False, help_text="the granted visit that it uses")
    service = serializers.UUIDField(required=False, help_text="the planned maintenance that it does")
    with_tune_up = serializers.BooleanField(
        default=False, help_text="a granted visit is done along with this one"
    )


class SlotsAsked(What):
    """What slots are asked for; a day or a technician alone, or the best of all."""

    day = serializers.DateField(required=False)
    technician = serializers.UUIDField(required=False)


class Slots(Resource):
    """Who could come and when: real free time of those who may and can, the preferred first."""

    area = "visits"
    shown_as = SlotsFound
    pagination_class = None
    filter_backends = ()

    @says(asked=SlotsAsked)
    def list(self, request):
        """The slots that can be booked now; nothing is held until one is."""
        if unknown := sorted(set(request.query_params) - set(SlotsAsked().fields)):
            raise ValidationError({unknown[0]: ["There is no such question."]})
        asked = SlotsAsked(data=request.query_params, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        choices = choices_for(asked.validated_data, desk=request.tenant, now=timezone.now())
        if choices.site is None:
            raise ValidationError({"site": ["Choose where the technician should come."]})
        found = {
            "slots": _rows(choices),
            "looked_for": searched(choices),
            "left_out": left_out(choices.offers, choices.offered),
        }
        return Response(SlotsFound(found).data)


def choices_for(said: dict, *, desk, now: dt.datetime) -> Choices:
    """What the booking panel would hold with this chosen. Raises ValidationError for what is not there."""
    choices = Choices(Caller(said["customer"], desk=desk, now=now), _as_the_panel_sends(said))
    _check(choices, said)
    return choices


def slots_of(choices: Choices) -> list[dict]:
    """What can be booked instead, as the API shows it."""
    return SlotShown(_rows(choices), many=True).data


def other_places(visit: Visit, *, now: dt.datetime) -> list[dict]:
    """Where a visit could stand instead, as the API shows it."""
    return SlotShown(places(best_slots(wanted_for(visit, now)), visit, now), many=True).data


def _rows(choices):
    return slot_rows(choices, visits_by_technician(choices))


def _as_the_panel_sends(said) -> QueryDict:
    sent = QueryDict(mutable=True)
    sent["kind"], sent["problem"] = said["kind"], said.get("problem", "")
    for name, called in (("site",) * 2, ("contact",) * 2, ("service",) * 2, ("entitlement", "granted")):
        if said.get(name):
            sent[called] = str(said[name])
    if said.get("case"):
        sent["case"] = str(said["case"].public_id)
    sent.setlist("machine", [str(each) for each in said["equipment"]])
    for name, is_ticked in (
        ("tune_up", said["with_tune_up"]),
        ("another_matter", said.get("is_new_matter")),
        ("more", said.get("day") or (said.get("technician") and not said.get("start"))),
    ):
        if is_ticked:
            sent[name] = "on"
    if said.get("day"):
        sent["day"] = said["day"].isoformat()
    if said.get("technician"):
        sent["technician"] = str(said["technician"])
    if said.get("start"):
        sent["slot"] = f"{said['technician']}@{said['start']:%Y%m%dT%H%M%SZ}"
    if said.get("tell") is None:
        # As the contact likes it best.
        sent["prefilled"] = "on"
    else:
        sent.setlist("tell", [channel for channel in (SMS, MAIL) if channel in said["tell"]])
    return sent


def _check(choices, said):
    """The panel overlooks what is not there; a program is told."""
    caller = choices.caller
    granted = choices.entitlement
    service = choices.service
    wrong = {}
    if said.get("site") and said["site"] not in {site.public_id for site in caller.sites}:
        wrong["site"] = "No site of this customer’s."
    elif not set(said["equipment"]) <= {machine.public_id for machine in choices.site_machines}:
        wrong["equipment"] = "No machine of this customer’s at this site."
    if said.get("contact") and said["contact"] not in {who.public_id for who in caller.contacts}:
        wrong["contact"] = "Nobody at this customer’s."
    if said.get("case") and said["case"].customer_id != caller.customer.pk:
        wrong["case"] = "No case of this customer’s."
    if said.get("entitlement") and (granted is None or granted.public_id != said["entitlement"]):
        wrong["entitlement"] = "No visit that this one could use."
    if said["with_tune_up"] and not choices.with_tune_up:
        wrong["with_tune_up"] = "There is no visit left that could be done along with this one."
    if said.get("service") and (service is None or service.public_id != said["service"]):
        wrong["service"] = "No maintenance that this visit could do."
    if said.get("technician") and said["technician"] not in {who.public_id for who in choices.technicians}:
        wrong["technician"] = "There is no such technician at this desk."
    if said.get("day") and choices.day != said["day"]:
        wrong["day"] = "Choose a day from today on, within the next years."
    if wrong:
        raise ValidationError({name: [words] for name, words in wrong.items()})
