"""Settings of the mailbox that a desk's mail comes into: said by the manager, and tried at once."""

from django.contrib import messages as toasts
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from messaging.inbox import SECONDS_TO_TRY, read_desk, remove_inbox, save_inbox
from messaging.models import Inbox
from messaging.provider_forms import IMAP_SECURITIES, InboxForm
from tenancy.addresses import desk_url
from tenancy.gates import for_roles
from tenancy.models import Role

FRESH = {"port": 993, "security": "tls", "folder": "INBOX"}


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def inbox_settings(request):
    """Say which mailbox is read; 409 when somebody has changed it meanwhile."""
    inbox = Inbox.objects.select_related("changed_by__user").first()
    has_secret = inbox is not None and bool(inbox.secret)
    if request.method == "GET":
        values = (
            {name: getattr(inbox, name) for name in InboxForm.base_fields if name != "secret"}
            if inbox
            else FRESH
        )
        return _page(request, inbox, InboxForm(initial=values, has_secret=has_secret))
    form = InboxForm(request.POST, has_secret=has_secret)
    if request.POST.get("seen", "") != _version(inbox):
        return _page(request, inbox, form, status=409)
    if not form.is_valid():
        return _page(request, inbox, form, status=422)
    now = timezone.now()
    save_inbox(**form.cleaned_data, by=request.membership, now=now)
    read_desk(request.tenant, now=now, seconds=SECONDS_TO_TRY)
    if Inbox.objects.filter(failed_at__isnull=True).exists():
        toasts.success(request, "Saved. What comes in from now on is read once a minute.")
    return redirect(f"{desk_url(request.tenant, 'provider-settings')}#inbox")


@require_POST
@for_roles(Role.MANAGER)
def inbox_remove(request):
    """Read it no more; what came in stays."""
    if remove_inbox():
        toasts.success(request, "The mailbox is read no more. What came in stays.")
    return redirect(desk_url(request.tenant, "provider-settings"))


def _page(request, inbox, form, *, status=200):
    context = {
        "inbox": inbox,
        "form": form,
        "securities": list(IMAP_SECURITIES.items()),
        "seen": _version(inbox),
        "changed_meanwhile": status == 409,
    }
    return render(request, "messaging/inbox.html", context, status=status)


def _kept(inbox):
    if inbox is None:
        return FRESH
    return {name: getattr(inbox, name) for name in InboxForm.base_fields if name != "secret"}


def _version(inbox):
    return inbox.changed_at.isoformat() if inbox is not None else ""


urlpatterns = [
    path("settings/providers/inbox/", inbox_settings, name="inbox"),
    path("settings/providers/inbox/remove/", inbox_remove, name="inbox-remove"),
]
