"""What the API's rows are made of: public ids for keys, and only the fields that were asked for."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from customers.models import Customer
from tenancy.gates import id_in


class Shown(serializers.Serializer):
    """A row as the API shows it. `fields` (names, comma between them) picks some of them out."""

    id = serializers.UUIDField(source="public_id", read_only=True)

    def __init__(self, *args, only: set[str] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.only = only

    def get_fields(self):
        fields = super().get_fields()
        if self.only is None:
            return fields
        if unknown := sorted(self.only - set(fields)):
            raise serializers.ValidationError({"fields": [f"There is no field “{unknown[0]}”."]})
        return {name: field for name, field in fields.items() if name in self.only}


@extend_schema_field(OpenApiTypes.UUID)
class Row(serializers.RelatedField):
    """Another row of this desk, by its public id; a stranger's id is as unknown as one that is not."""

    default_error_messages = {"unknown": "There is no such {what} at this desk."}

    def __init__(self, model=None, *, what: str = "row", **kwargs):
        self.model, self.what = model, what
        if model is not None and not kwargs.get("read_only"):
            # The manager adds the desk when the query runs, not here.
            kwargs["queryset"] = model.objects.all()
        super().__init__(**kwargs)

    def to_internal_value(self, data):
        id = id_in(data) if isinstance(data, str) else None
        found = self.get_queryset().filter(public_id=id).first() if id else None
        if found is None:
            self.fail("unknown", what=self.what)
        return found

    def to_representation(self, value) -> str:
        return str(value.public_id)

    def use_pk_only_optimization(self) -> bool:
        return False


class Colleague(Shown):
    """Somebody of the desk's, by name."""

    name = serializers.CharField()


class StandingCustomer(Row):
    """A customer, by its public id; one that was merged into another is there no more."""

    def __init__(self, **kwargs):
        super().__init__(Customer, what="customer", **kwargs)

    def get_queryset(self):
        return super().get_queryset().standing()


@extend_schema_field({"type": "string", "pattern": r"^\d{2}:\d{2}$"})
class ByTheWall(serializers.TimeField):
    """What a clock on the wall shows, without a zone: 14:30."""

    def __init__(self, **kwargs):
        super().__init__(format="%H:%M", **kwargs)
