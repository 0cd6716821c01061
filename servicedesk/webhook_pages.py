"""Settings of webhooks: where other programs hear of what happens, what they were told, and their secret."""

from django import forms
from django.contrib import messages
from django.db.models import Prefetch
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from messaging import webhooks as rules
from messaging.models import Webhook, WebhookAttempt, WebhookDelivery
from servicedesk.reading_on import newest_first
from tenancy.addresses import desk_url
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.gates import for_roles, the_one

PAGE = 25


class WebhookForm(forms.Form):
    """Where to, and of what."""

    url = forms.CharField(
        max_length=500, error_messages={"required": "Write an address that begins with https://."}
    )
    kinds = forms.MultipleChoiceField(
        choices=Webhook.Kind.choices, error_messages={"required": "Choose at least one kind of event."}
    )


@require_GET
@for_roles(*rules.MAY_SET)
def register(request):
    """Every webhook of the desk, and the form for another."""
    return _register(request, WebhookForm())


@require_POST
@for_roles(*rules.MAY_SET)
def add(request):
    """A new one; its secret is shown this once."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            row, secret = rules.add_webhook(**form.cleaned_data, **_who(request))
        except SettingRefused as refused:
            form.add_error(refused.field, str(refused))
        else:
            return _page(request, row, secret=secret)
    return _register(request, form, status=422)


@require_http_methods(["GET", "POST"])
@for_roles(*rules.MAY_SET)
def webhook(request, id):
    """One webhook with its log; a POST changes where to and of what."""
    row = the_one(Webhook.objects.all(), id)
    if request.method == "GET":
        return _page(request, row)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form=form, status=422)
    try:
        rules.change_webhook(row, **form.cleaned_data, seen=request.POST.get("seen", ""), **_who(request))
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, row, form=form, status=422)
    except ChangedMeanwhile as refused:
        return _page(request, row, form=form, refusal=str(refused), status=409)
    messages.success(request, "Saved.")
    return redirect(desk_url(request.tenant, "webhook", id=row.public_id))


@require_POST
@for_roles(*rules.MAY_SET)
def new_secret(request, id):
    """Another secret, shown this once; the old one signs for 24 hours more."""
    row = the_one(Webhook.objects.all(), id)
    try:
        secret = rules.rotate(row, seen=request.POST.get("seen", ""), **_who(request))
    except ChangedMeanwhile as refused:
        return _page(request, row, refusal=str(refused), status=409)
    return _page(request, the_one(Webhook.objects.all(), id), secret=secret)


@require_POST
@for_roles(*rules.MAY_SET)
def off(request, id):
    """Hear of nothing for now."""
    return _switched(request, id, rules.switch_off, "Switched off.")


@require_POST
@for_roles(*rules.MAY_SET)
def on(request, id):
    """Begin again, with what waits."""
    return _switched(request, id, rules.switch_on, "Switched on. What waits is told first.")


@require_POST
@for_roles(*rules.MAY_SET)
def replay(request, id):
    """Tell one event once more."""
    row = the_one(WebhookDelivery.objects.select_related("webhook"), id)
    try:
        rules.replay(row, **_who(request))
    except rules.WebhookRefused as refused:
        return _page(request, row.webhook, refusal=str(refused), status=409)
    messages.success(request, "It is told once more.")
    return redirect(desk_url(request.tenant, "webhook", id=row.webhook.public_id))


def _switched(request, id, rule, said):
    row = the_one(Webhook.objects.all(), id)
    try:
        rule(row, seen=request.POST.get("seen", ""), **_who(request))
    except (ChangedMeanwhile, rules.WebhookRefused) as refused:
        return _page(request, row, refusal=str(refused), status=409)
    messages.success(request, said)
    return redirect(desk_url(request.tenant, "webhook", id=row.public_id))


def _who(request) -> dict:
    return {"by": request.membership, "now": timezone.now()}


def _register(request, form, *, status=200):
    context = {"rows": Webhook.objects.order_by("pk"), "form": form, "kinds": _kinds(form)}
    return render(request, "servicedesk/webhooks.html", context, status=status)


def _page(request, row, *, form=None, secret="", refusal="", status=200):
    attempts = Prefetch("attempts", WebhookAttempt.objects.order_by("pk"))
    before = request.GET.get("before", "")
    told = newest_first(row.deliveries.prefetch_related(attempts), "happened_at", before=before, most=PAGE)
    here = desk_url(request.tenant, "webhook", id=row.public_id)
    form = form or WebhookForm(initial={"url": row.url, "kinds": row.kinds})
    context = {
        "webhook": row,
        "form": form,
        "kinds": _kinds(form),
        "seen": rules.seen_of(row),
        "secret": secret,
        "refusal": refusal,
        "told": told.rows,
        "older_url": f"{here}?before={told.older}" if told.older else "",
        "front_url": "" if told.is_first else here,
        "both_sign": row.both_until is not None and timezone.now() < row.both_until,
    }
    return render(request, "servicedesk/webhook.html", context, status=status)


def _kinds(form) -> list[tuple[str, str, bool]]:
    """Each kind with its words, and whether it is ticked."""
    ticked = form["kinds"].value() or []
    return [(value, label, value in ticked) for value, label in Webhook.Kind.choices]


urlpatterns = [
    path("settings/webhooks/", register, name="webhooks"),
    path("settings/webhooks/new/", add, name="webhook-new"),
    path("settings/webhooks/<uuid:id>/", webhook, name="webhook"),
    path("settings/webhooks/<uuid:id>/secret/", new_secret, name="webhook-secret"),
    path("settings/webhooks/<uuid:id>/off/", off, name="webhook-off"),
    path("settings/webhooks/<uuid:id>/on/", on, name="webhook-on"),
    path("settings/webhooks/told/<uuid:id>/replay/", replay, name="webhook-replay"),
]
