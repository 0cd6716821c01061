"""Webhooks: which programs hear of what happens, what they were told, and telling it once more."""

from django.db.models import Prefetch
from django_filters import rest_framework as filters
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from messaging import webhooks as rules
from messaging.models import Webhook, WebhookAttempt, WebhookDelivery
from messaging.secrets import SecretLost
from servicedesk.api.editions import check_edition
from servicedesk.api.once import answered_once
from servicedesk.api.shown import Row, Shown
from servicedesk.api.views import Changed, Listed, Made, Resource, says


class WebhookShown(Shown):
    """An address that hears of events, by the Standard Webhooks scheme. Its secret is not shown again."""

    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=Webhook.Kind.choices))
    is_on = serializers.BooleanField()
    off_at = serializers.DateTimeField(allow_null=True)
    off_because = serializers.CharField()
    both_until = serializers.DateTimeField(
        allow_null=True, help_text="until then the secret of before signs as well"
    )
    made_at = serializers.DateTimeField()


class WebhookWithSecret(WebhookShown):
    """The same with its new secret, this once."""

    secret = serializers.CharField()


class WebhookChanged(serializers.Serializer):
    """What may be changed of a webhook."""

    url = serializers.CharField(max_length=500)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=Webhook.Kind.choices), allow_empty=False, max_length=20
    )


class Nothing(serializers.Serializer):
    """Nothing more need be said."""


class AttemptShown(Shown):
    """One try to tell an event; without a status nobody answered."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    said = serializers.CharField(help_text="how the answer began, or why none came")


class DeliveryShown(Shown):
    """One event as this webhook is told of it."""

    event = serializers.UUIDField(help_text="the header webhook-id")
    kind = serializers.ChoiceField(choices=Webhook.Kind.choices)
    subject = serializers.UUIDField()
    happened_at = serializers.DateTimeField()
    data = serializers.JSONField()
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices)
    delivered_at = serializers.DateTimeField(allow_null=True)
    attempts = AttemptShown(many=True, help_text="every try, the first first")


class Replayed(serializers.Serializer):
    """Which delivery of this webhook."""

    delivery = Row(WebhookDelivery, what="delivery")


class WebhookFilters(filters.FilterSet):
    """Which webhooks."""

    is_on = filters.BooleanFilter()


class Webhooks(Listed, Made, Changed, Resource):
    """Webhooks. One that nobody wants any more is switched off: its log stays."""

    area = "webhooks"
    read_roles = write_roles = rules.MAY_SET
    conflicts = (rules.WebhookRefused, SecretLost)
    shown_as, made_from, changed_from = WebhookShown, WebhookChanged, WebhookChanged
    filterset_class = WebhookFilters

    def rows(self):
        return Webhook.objects.all()

    @says(answered=WebhookWithSecret)
    @answered_once(closing="secret")
    def create(self, request, *args, **kwargs):
        """A new webhook; its secret is in the answer, and again in that to the same Idempotency-Key alone."""
        row, secret = rules.add_webhook(**self.read(WebhookChanged), **self.who())
        return self._with_secret(row, secret, status.HTTP_201_CREATED)

    def change(self, row, values):
        stands = {"url": row.url, "kinds": row.kinds}
        rules.change_webhook(row, **{**stands, **values}, seen=rules.seen_of(row), **self.who())

    @action(detail=True, methods=["post"])
    @says(sent=Nothing, answered=WebhookWithSecret, of_an_edition=True)
    def rotate(self, request, id):
        """A new secret; for 24 hours the old one signs as well."""
        row = self._seen()
        secret = rules.rotate(row, seen=rules.seen_of(row), **self.who())
        return self._with_secret(self.get_object(), secret, status.HTTP_200_OK)

    @action(detail=True, methods=["post"], url_path="switch-off")
    @says(sent=Nothing, of_an_edition=True)
    def switch_off(self, request, id):
        """Hear of nothing for now; what waits goes on waiting."""
        return self._act(rules.switch_off)

    @action(detail=True, methods=["post"], url_path="switch-on")
    @says(sent=Nothing, of_an_edition=True)
    def switch_on(self, request, id):
        """Begin again, with what waits."""
        return self._act(rules.switch_on)

    @action(detail=True, filter_backends=())
    @says(answered=DeliveryShown(many=True))
    def log(self, request, id):
        """What this webhook was told, and what it answered, the newest event first."""
        attempts = Prefetch("attempts", WebhookAttempt.objects.order_by("pk"))
        rows = self.get_object().deliveries.prefetch_related(attempts)
        shown = DeliveryShown(self.paginate_queryset(rows), many=True, only=self.only())
        return self.get_paginated_response(shown.data)

    @action(detail=True, methods=["post"])
    @says(sent=Replayed, answered=DeliveryShown)
    def replay(self, request, id):
        """Tell an event once more, under the same webhook-id."""
        webhook, delivery = self.get_object(), self.read(Replayed)["delivery"]
        if delivery.webhook_id != webhook.pk:
            raise serializers.ValidationError({"delivery": ["It is another webhook’s."]})
        return Response(DeliveryShown(rules.replay(delivery, **self.who())).data)

    def _seen(self):
        row = self.get_object()
        check_edition(self.request, self.shown(row))
        return row

    def _act(self, rule):
        row = self._seen()
        rule(row, seen=rules.seen_of(row), **self.who())
        return self.answer(self.get_object())

    def _with_secret(self, row, secret, status):
        answer = self.answer(row, status)
        answer.data = {**answer.data, "secret": secret}
        return answer
