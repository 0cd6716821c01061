"""Where providers report and hand answers over: one address for each, known by its token alone.

200: taken, whether new or not. 503: not yet ours (our own attempt has not been written down), come
again. 404: no such address. The database decides what is new, so a post that comes twice is harmless.
"""

import json
from dataclasses import fields, replace

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from customers.links import hash_of
from messaging import said_by_others, said_by_postmark, said_by_twilio
from messaging.mail_in import take_mail
from messaging.models import Provider
from messaging.providers import provider_of_token, secret_of
from messaging.replies import Incoming, take_reply
from messaging.reports import DECISIVE, MAY_STILL_COME, take_report
from messaging.said_by_postmark import CameIn
from messaging.secrets import SecretLost
from tenancy.scope import tenant

# A mail with its attachments; everything else is small.
MOST_BYTES = 40_000_000
MINUTE = 60
# In a minute. Guesses are not counted: a token is too long to guess, and behind a proxy guessers and
# providers come from one machine.
MOST_OF_A_PROVIDER = 1200
AGAIN_IN = 30
ODD = (KeyError, ValueError, TypeError, AttributeError, RecursionError)


@csrf_exempt
@require_POST
def hook(request: HttpRequest, token: str) -> HttpResponse:
    """Take what a provider posts."""
    tenant_id, provider_id = _found(token)
    if _is_too_often(f"hook:{provider_id}", MOST_OF_A_PROVIDER):
        return _later(429)
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return HttpResponse("Too large.", status=413)
    with tenant(tenant_id):
        provider = Provider.objects.filter(pk=provider_id).first()
        if provider is None:
            raise Http404("No such address")
        return _taken(request, provider, body, timezone.now())


def _taken(request, provider, body, now):
    if provider.kind == Provider.Kind.TWILIO:
        told = QueryDict(body, encoding="utf-8").dict()
        if not _is_signed(request, provider, told):
            return HttpResponse("Not signed.", status=403)
    try:
        things = [_storable(thing) for thing in _read(request, provider, body, now)]
    except ODD:
        return HttpResponse("This cannot be read.", status=400)
    waits = False
    for thing in things:
        if isinstance(thing, CameIn):
            take_mail(thing.raw, named=thing.named, mark=thing.mark, now=now)
        elif isinstance(thing, Incoming):
            take_reply(thing, now=now)
        elif not take_report(thing, channel=provider.channel, now=now):
            waits = waits or _may_be_ours(thing, now)
    return _later(503) if waits else _well(provider)


def _read(request, provider, body, now):
    if provider.kind == Provider.Kind.TWILIO:
        told = QueryDict(body, encoding="utf-8").dict()
        return said_by_twilio.read(told, key=request.GET.get("key", ""), now=now)
    told = json.loads(body)
    if provider.kind == Provider.Kind.POSTMARK:
        return said_by_postmark.read(told, now=now)
    return said_by_others.read(told, channel=provider.channel, now=now)


def _storable(thing):
    """Without what PostgreSQL cannot keep: the sign of no number, and halves of a sign."""
    texts = {field.name: getattr(thing, field.name) for field in fields(thing)}
    return replace(thing, **{name: _clean(value) for name, value in texts.items()})


def _clean(value):
    if isinstance(value, tuple):
        return tuple(_clean(one) for one in value)
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").encode(errors="replace").decode()


def _is_signed(request, provider, told):
    try:
        token = secret_of(provider)
    except SecretLost:
        return False
    url = settings.PUBLIC_URL.rstrip("/") + request.get_full_path()
    signed = request.headers.get("X-Twilio-Signature", "")
    return bool(token) and said_by_twilio.is_signed(told, token=token, url=url, signed=signed)


def _may_be_ours(report, now):
    """By our key we would know it: without one it is not ours, or a moment ahead of us."""
    return not report.key and report.what in DECISIVE and now - report.at < MAY_STILL_COME


def _well(provider):
    if provider.kind == Provider.Kind.TWILIO:
        # An empty answer in Twilio's language: it sends nothing back to the customer.
        return HttpResponse("<Response></Response>", content_type="text/xml")
    return HttpResponse("Taken.", content_type="text/plain")


def _found(token):
    known = f"hook:token:{hash_of(token)}"
    found = cache.get(known)
    if found is None:
        found = provider_of_token(token)
        if found is None:
            raise Http404("No such address")
        cache.set(known, found, MINUTE)
    return found


def _is_too_often(what, most):
    """Count one more within the minute; whether that is too many."""
    cache.add(what, 0, MINUTE)
    try:
        return cache.incr(what) > most
    except ValueError:
        # The minute ended between the two.
        return False


def _later(status):
    answer = HttpResponse("Come again.", status=status, content_type="text/plain")
    answer["Retry-After"] = str(AGAIN_IN)
    return answer


urlpatterns = [path("hooks/<str:token>/", hook, name="hook")]
