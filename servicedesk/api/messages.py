"""Messages: what the desk wrote to customers and colleagues, and what became of it. Read only.

What is said is made of rows and rules by whichever app owns the kind; a program plans none by itself.
"""

from django_filters import rest_framework as filters
from rest_framework import serializers

from messaging.by_hand import is_by_hand
from messaging.models import Message
from servicedesk.api.instants import InstantFilter
from servicedesk.api.shown import Colleague, Row, Shown
from servicedesk.api.views import Listed, Resource
from tenancy.models import Role


class MessageShown(Shown):
    """One mail or text to one person. Its words are empty until they are written, as it leaves."""

    kind = serializers.CharField()
    channel = serializers.ChoiceField(choices=Message.Channel.choices)
    state = serializers.ChoiceField(choices=Message.State.choices)
    customer = Row(read_only=True, allow_null=True)
    contact = Row(read_only=True, allow_null=True)
    colleague = Colleague(allow_null=True)
    subject = serializers.UUIDField(allow_null=True, help_text="the visit, promise … that it is about")
    address = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField(source="text_shown")
    language = serializers.CharField()
    is_by_hand = serializers.SerializerMethodField(help_text="whether a person wrote the words")
    reason = serializers.CharField(help_text="why it did not go")
    attempts = serializers.IntegerField()
    planned_at = serializers.DateTimeField()
    send_after = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)

    def get_is_by_hand(self, message) -> bool:
        return is_by_hand(message)


class MessageFilters(filters.FilterSet):
    """Which messages."""

    state = filters.ChoiceFilter(choices=Message.State.choices)
    channel = filters.ChoiceFilter(choices=Message.Channel.choices)
    kind = filters.CharFilter(max_length=40)
    customer = filters.UUIDFilter(field_name="customer__public_id")
    subject = filters.UUIDFilter()
    planned_since = InstantFilter(field_name="planned_at", lookup_expr="gte")


class Messages(Listed, Resource):
    """The outbox: what waits, what went, what failed and why."""

    area = "messages"
    read_roles = (Role.DISPATCHER,)
    shown_as = MessageShown
    filterset_class = MessageFilters

    def rows(self):
        return Message.objects.select_related("customer", "contact", "colleague__user")
