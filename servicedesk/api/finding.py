"""Who calls: a number, a name or a serial in, the customer and what to say first out. For telephony."""

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from customers.finding import customers_at_number, find
from servicedesk.api.views import Resource, says
from servicedesk.find import caller_url
from servicedesk.start_with import start_with_each

MOST_SIGNS = 80


class WhoIsThere(serializers.Serializer):
    """A customer that was found, and the words with which everything about them begins."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    name = serializers.CharField()
    company = serializers.CharField()
    customer_since = serializers.DateField(allow_null=True)
    matched_by = serializers.CharField(help_text="what was matched: “phone”, “name”, “serial” …")
    start_with = serializers.CharField(allow_null=True, help_text="what went wrong lately, to be said first")
    page = serializers.CharField(help_text="the caller screen, below the desk's address")


class WhoIsFound(serializers.Serializer):
    """At most eight customers; with one exact phone number there is one."""

    results = WhoIsThere(many=True)


class Sought(serializers.Serializer):
    """Who is looked for: one of both."""

    tel = serializers.CharField(required=False, max_length=MOST_SIGNS, help_text="a number that rings")
    q = serializers.CharField(required=False, max_length=MOST_SIGNS, help_text="whatever was said")


class Find(Resource):
    """Look somebody up as the search field does: `tel` for a number that rings, `q` for whatever was said."""

    area = "find"
    shown_as = WhoIsFound
    pagination_class = None
    filter_backends = ()

    @says(asked=Sought, answered=WhoIsFound)
    def list(self, request):
        found = _found(request)
        now = timezone.now()
        first = start_with_each([customer for customer, _ in found], now=now)
        for customer, why in found:
            customer.matched_by, customer.start_with = why, first.get(customer.pk)
            customer.page = caller_url(request._request, customer)
        rows = [customer for customer, _ in found]
        return Response(WhoIsFound({"results": rows}).data)


def _found(request):
    """The customers with what matched, each once."""
    tel, said = (request.query_params.get(name, "").strip()[:MOST_SIGNS] for name in ("tel", "q"))
    if not (tel or said):
        raise ValidationError({"q": ["Send `q` or `tel`."]})
    country = request._request.tenant.country
    if tel and (same := customers_at_number(tel, country=country)):
        return [(customer, "phone") for customer in same]
    found = find(tel or said, country=country)
    hits = [*found.customers, *found.equipment, *found.contracts, *found.visits]
    each = {hit.customer.pk: (hit.customer, hit.why) for hit in reversed(hits)}
    return list(reversed(each.values()))
