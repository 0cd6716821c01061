"""What a contract grants on a day, as programs read it: a state, the sentence of it, and why."""

import datetime as dt

from django.utils import timezone
from rest_framework import serializers

from contracts.covered import State
from tenancy.calendars import local_day, zone_of

ON = "on"
# A term, a grace and a year around a day have to be days too.
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


class CoverShown(serializers.Serializer):
    """Cover on one day. Say `sentence`, never words of your own made from `state`."""

    contract = serializers.UUIDField(source="contract.public_id")
    number = serializers.CharField(source="contract.number")
    on = serializers.DateField(source="day")
    state = serializers.ChoiceField(choices=State.choices)
    is_covered = serializers.BooleanField(help_text="whether a visit on that day falls under the contract")
    sentence = serializers.CharField(help_text="“Active until 14 Mar 2027, renewal paid”")
    reason = serializers.CharField(help_text="why, in one line: term, renewal, payment, person, last check")
    instruction = serializers.CharField(help_text="what to do, and what not")
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)
    visits_granted = serializers.IntegerField()
    visits_left = serializers.IntegerField()
    hours_left = serializers.DecimalField(9, 2)
    response_hours = serializers.IntegerField(allow_null=True, help_text="working hours")
    covered = serializers.CharField()
    not_covered = serializers.CharField()


class AskedDay(serializers.Serializer):
    """Which day."""

    on = serializers.DateField(required=False, help_text="a day of the desk; left out: today")

    def validate_on(self, day):
        if not FIRST_DAY <= day <= LAST_DAY:
            raise serializers.ValidationError("Choose a day between 1900 and 2199.")
        return day


def asked_day(request) -> dt.date:
    """The day in `?on=`, else today, in the desk's zone. Raises ValidationError."""
    asked = AskedDay(data={ON: request.query_params[ON]} if ON in request.query_params else {})
    asked.is_valid(raise_exception=True)
    return asked.validated_data.get(ON) or local_day(timezone.now(), zone_of(request._request.tenant))
