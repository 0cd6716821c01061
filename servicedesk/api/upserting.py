"""Many at once by the numbers that an older system has for them: what became of each."""

from collections.abc import Callable

from django.db import transaction
from rest_framework import serializers

from customers.adding import NumberTaken
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused

MOST_AT_ONCE = 200
MADE, UPDATED, UNCHANGED, REFUSED = "made", "changed", "unchanged", "refused"


class Refusal(serializers.Serializer):
    """Why one of many was not taken."""

    attr = serializers.CharField()
    detail = serializers.CharField()


class Outcome(serializers.Serializer):
    """What became of one of many, in the order in which they were sent."""

    number = serializers.CharField(help_text="by which an older system knows it")
    id = serializers.UUIDField(allow_null=True)
    outcome = serializers.ChoiceField(choices=[MADE, UPDATED, UNCHANGED, REFUSED])
    errors = Refusal(many=True)


class Outcomes(serializers.Serializer):
    """What became of each of many."""

    results = Outcome(many=True)


def optional_but(fields: dict, *needed: str) -> dict:
    """The fields of something new, for what may be known already: what is not sent stays as it is."""
    for name in fields.keys() - set(needed):
        fields[name].required, fields[name].default = False, serializers.empty
    return fields


def taken(number: str, take: Callable) -> dict:
    """What became of one of many, in a savepoint of its own.

    `take()` gives the row and MADE, UPDATED or UNCHANGED; what the rules refuse is told and holds up nobody.
    """
    try:
        with transaction.atomic():
            row, outcome = take()
            row.refresh_from_db()
    except (SettingRefused, ChangedMeanwhile, NumberTaken) as refused:
        error = {"attr": getattr(refused, "field", ""), "detail": str(refused)}
        return {"number": number, "id": None, "outcome": REFUSED, "errors": [error]}
    return {"number": number, "id": str(row.public_id), "outcome": outcome, "errors": []}
