"""What programs send to book, move, settle and end visits, and of each step on the way."""

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from servicedesk.api.completing import words
from servicedesk.api.instants import Moment
from servicedesk.api.shown import Row
from servicedesk.api.slots import What
from servicedesk.booking_choices import MAIL, SMS
from servicedesk.move_forms import NOBODY_CAME
from visits.models import Technician, VisitStep
from visits.outcomes import Whose

# By how many minutes the board measures a visit.
SHORTEST, LONGEST = 15, 12 * 60


class VisitBooked(What):
    """A visit for a slot that was offered: its technician and its start."""

    problem = words(4000, help_text="in the customer's words")
    contact = serializers.UUIDField(required=False, help_text="left out: the main one")
    technician = serializers.UUIDField()
    start = Moment()
    tell = serializers.ListField(
        child=serializers.ChoiceField(choices=[SMS, MAIL]),
        required=False,
        max_length=2,
        help_text="left out: as the contact likes it",
    )
    is_new_matter = serializers.BooleanField(
        default=False, help_text="a fault that is none of the known cases"
    )


class NewPlace(serializers.Serializer):
    """A technician who works here, and a start."""

    technician = Row(what="technician", queryset=Technician.objects.filter(is_active=True))
    start = Moment()


class VisitGiven(serializers.Serializer):
    """To whom a visit is given, at the time at which it stands."""

    technician = Row(what="technician", queryset=Technician.objects.filter(is_active=True))
    reason = words(180)
    agreed_by_customer = serializers.BooleanField(default=False)
    tell_customer = serializers.BooleanField(default=True)


class VisitMoved(VisitGiven):
    """Another start, and whoever comes then; left out, the same as now."""

    technician = Row(
        what="technician",
        queryset=Technician.objects.filter(is_active=True),
        required=False,
        allow_null=True,
        default=None,
    )
    start = Moment()
    minutes = serializers.IntegerField(
        min_value=SHORTEST, max_value=LONGEST, required=False, allow_null=True, default=None
    )


class VisitCancelled(serializers.Serializer):
    """Who gives the visit up and why; or the customer says that nobody came."""

    whose = serializers.ChoiceField(choices=[*(whose.value for whose in Whose), NOBODY_CAME])
    because = words(300)

    def validate(self, said):
        if said["whose"] != NOBODY_CAME and not said["because"]:
            raise ValidationError({"because": ["Say why."]})
        return said


class MissSettled(serializers.Serializer):
    """What came of a miss: who spoke to the customer, and a new visit, or null where they want none."""

    what_happened = serializers.CharField(max_length=182)
    spoke_to = serializers.CharField(max_length=60)
    spoke_at = Moment()
    new_visit = NewPlace(allow_null=True)


class Rang(serializers.Serializer):
    """How a call went."""

    result = serializers.ChoiceField(choices=VisitStep.Result.choices)


class SetsOut(serializers.Serializer):
    """When they will be there; left out, after the usual way."""

    expected_at = Moment(required=False, allow_null=True, default=None)


class Skipped(serializers.Serializer):
    """Which step is left out, and why."""

    step = serializers.ChoiceField(choices=[VisitStep.Step.CALL_AHEAD.value, VisitStep.Step.ON_THE_WAY.value])
    because = serializers.CharField(max_length=200)


class KeptOut(serializers.Serializer):
    """What kept the technician out."""

    because = serializers.CharField(max_length=300)


class NothingMore(serializers.Serializer):
    """Nothing more need be said."""
