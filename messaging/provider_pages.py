"""Settings of mail and texts: the manager says through whom they leave, and tries it at once.

A test goes in the request itself, not through the outbox: it must be answered in words while the
person looks, also at a desk whose messages are switched off.
"""

from dataclasses import dataclass

from django import forms
from django.contrib import messages as toasts
from django.core.cache import cache
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.searchkeys import phone_digits
from messaging import inbox_pages, providers
from messaging.models import Inbox, Message, Provider
from messaging.provider_forms import FORMS, SECRET_LABELS, SECURITIES, ProviderForm, shown_in_form
from tenancy.addresses import desk_url
from tenancy.gates import for_roles
from tenancy.models import Role

Channel = Message.Channel
Kind = Provider.Kind
KINDS = {Channel.MAIL: (Kind.SMTP, Kind.POSTMARK), Channel.SMS: (Kind.TWILIO, Kind.HTTP)}
# Tests of one desk in ten minutes: each text costs, and a test is no way to search a network.
MOST_TESTS = 10
WITHIN_SECONDS = 600


class TestForm(forms.Form):
    """Whom a test text goes to: the number of whoever asks."""

    to = forms.CharField(max_length=60, error_messages={"required": "Write the number of your own phone."})

    def clean_to(self):
        """Something that can be rung."""
        if not phone_digits(self.cleaned_data["to"]):
            raise forms.ValidationError("Write the number of your own phone.")
        return self.cleaned_data["to"]


@dataclass(frozen=True)
class Card:
    """One channel on the page: its way out, what came of the last test, and where the provider reports."""

    channel: str
    title: str
    provider: Provider | None
    reports_at: str
    can_send: bool
    test_url: str
    test_form: forms.Form | None = None
    # Of a test a moment ago: what was answered (empty: taken), and to whom it went.
    tested_to: str = ""
    failure: str = ""


@require_GET
@for_roles(Role.MANAGER)
def provider_settings(request):
    """Both channels, each with its provider or the installation's way."""
    return _overview(request)


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def mail_provider(request):
    """Set up who sends the desk's mail."""
    return _edit(request, Channel.MAIL)


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def sms_provider(request):
    """Set up who sends the desk's texts."""
    return _edit(request, Channel.SMS)


@require_POST
@for_roles(Role.MANAGER)
def remove_mail_provider(request):
    """Send mail the installation's way again."""
    return _remove(request, Channel.MAIL)


@require_POST
@for_roles(Role.MANAGER)
def remove_sms_provider(request):
    """Send texts the installation's way again."""
    return _remove(request, Channel.SMS)


@require_POST
@for_roles(Role.MANAGER)
def test_mail(request):
    """Send a mail to oneself, now."""
    return _test(request, Channel.MAIL, request.membership.user.email)


@require_POST
@for_roles(Role.MANAGER)
def test_sms(request):
    """Send a text to one's own phone, now."""
    form = TestForm(request.POST)
    if not form.is_valid():
        return _overview(request, status=422, channel=Channel.SMS, test_form=form)
    return _test(request, Channel.SMS, form.cleaned_data["to"], test_form=form)


def _edit(request, channel):
    provider = providers.provider_of(channel)
    kind = _kind_wanted(request, channel, provider)
    is_same = provider is not None and provider.kind == kind
    has_secret = is_same and providers.has_secret(provider)
    if request.method == "GET":
        initial = shown_in_form(provider.settings) if is_same else _fresh(request.tenant, kind)
        form = FORMS[kind](initial=initial, has_secret=has_secret)
        return _edit_page(request, channel, provider, kind, form)
    form = FORMS[kind](request.POST, has_secret=has_secret)
    if request.POST.get("seen", "") != _version(provider):
        return _edit_page(request, channel, provider, kind, form, status=409)
    if not form.is_valid():
        return _edit_page(request, channel, provider, kind, form, status=422)
    providers.save_provider(
        channel,
        kind=kind,
        values=form.settings,
        secret=form.cleaned_data["secret"],
        by=request.membership,
        now=timezone.now(),
    )
    toasts.success(request, "Saved. Send a test.")
    return redirect(desk_url(request.tenant, "provider-settings"))


def _remove(request, channel):
    if providers.remove_provider(channel):
        toasts.success(request, f"{_title(channel)} leave the installation’s way again.")
    return redirect(desk_url(request.tenant, "provider-settings"))


def _test(request, channel, to, *, test_form=None):
    """The answer in words on the page; 422 when it was not taken, 429 when it is too often."""
    counted = f"provider-tests:{request.tenant.pk}"
    cache.add(counted, 0, WITHIN_SECONDS)
    if cache.incr(counted) > MOST_TESTS:
        failure, status = "That is enough for now. Try again in ten minutes.", 429
    elif not to:
        failure, status = "You have no mail address here.", 422
    else:
        failure = providers.send_test(channel, desk=request.tenant, to=to, now=timezone.now())
        status = 422 if failure else 200
    return _overview(
        request, status=status, channel=channel, test_form=test_form, tested_to=to, failure=failure
    )


def _overview(request, *, status=200, channel=None, **tested):
    found = {provider.channel: provider for provider in Provider.objects.select_related("changed_by__user")}
    cards = [
        _card(request, name, found.get(name), tested if name == channel else {}) for name in Channel.values
    ]
    inbox = Inbox.objects.select_related("changed_by__user").first()
    return render(request, "messaging/providers.html", {"cards": cards, "inbox": inbox}, status=status)


def _card(request, channel, provider, tested):
    own = request.tenant
    return Card(
        channel=channel,
        title=_title(channel),
        provider=provider,
        reports_at=providers.reports_address(provider) if provider is not None else "",
        can_send=provider is not None or providers.installation_sends(channel),
        test_url=desk_url(own, f"provider-{channel}-test"),
        **tested,
    )


def _edit_page(request, channel, provider, kind, form: ProviderForm, *, status=200):
    context = {
        "channel": channel,
        "title": _title(channel),
        "kinds": [(one.value, one.label) for one in KINDS[channel]],
        "kind": kind,
        "form": form,
        "form_template": f"messaging/_provider_{kind}.html",
        "secret_label": SECRET_LABELS[kind],
        "securities": list(SECURITIES.items()),
        "seen": _version(provider),
        "changed_meanwhile": status == 409,
    }
    return render(request, "messaging/provider.html", context, status=status)


def _kind_wanted(request, channel, provider):
    """The kind chosen on the page, else the present one, else the first."""
    wanted = request.POST.get("kind") or request.GET.get("kind", "")
    if wanted in KINDS[channel]:
        return Kind(wanted)
    return Kind(provider.kind) if provider is not None else KINDS[channel][0]


def _fresh(desk, kind):
    if kind == Kind.SMTP:
        return {"port": 587, "security": "starttls", "from_address": desk.email}
    if kind == Kind.POSTMARK:
        return {"from_address": desk.email}
    return {"method": "POST", "id_field": "id"} if kind == Kind.HTTP else {}


def _version(provider):
    return provider.changed_at.isoformat() if provider is not None else ""


def _title(channel):
    return "Mail" if channel == Channel.MAIL else "Texts"


urlpatterns = [
    *inbox_pages.urlpatterns,
    path("settings/providers/", provider_settings, name="provider-settings"),
    path("settings/providers/mail/", mail_provider, name="provider-mail"),
    path("settings/providers/mail/test/", test_mail, name="provider-mail-test"),
    path("settings/providers/mail/remove/", remove_mail_provider, name="provider-mail-remove"),
    path("settings/providers/sms/", sms_provider, name="provider-sms"),
    path("settings/providers/sms/test/", test_sms, name="provider-sms-test"),
    path("settings/providers/sms/remove/", remove_sms_provider, name="provider-sms-remove"),
]
