"""Mail and texts from people we do not know: a colleague says whose each is, or why it is nobody's.

Nothing is deleted: what is not for us stays among the replies, with the reason.
"""

from django import forms
from django.contrib import messages as toasts
from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.editing import save_contact
from customers.finding import find
from customers.models import Customer
from messaging.models import Message, Reply, ReplyFile
from messaging.replies import AlreadyHandled, handle, place
from messaging.whose import contacts_at, contacts_with_numbers
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, id_in, the_one
from tenancy.models import Role

PAGE_LENGTH = 50
MOST_CHOICES = 8


class PlaceForm(forms.Form):
    """Whose it is, and whether the address is theirs from now on."""

    customer = forms.UUIDField(
        error_messages=dict.fromkeys(("required", "invalid"), "Choose whose it is, or look for them.")
    )
    remember = forms.BooleanField(required=False)
    name = forms.CharField(max_length=200, required=False)


class NotOursForm(forms.Form):
    """Why it is not for us."""

    reason = forms.CharField(max_length=250, error_messages={"required": "Say why it is not for us."})


@require_GET
@for_roles(Role.DISPATCHER)
def unknown(request):
    """What nobody has placed yet, the newest first, fifty a page."""
    rows = Reply.objects.filter(customer__isnull=True, handled_at__isnull=True)
    last = rows.filter(public_id=id_in(request.GET.get("before", ""))).first()
    if last is not None:
        rows = rows.filter(received_at__lte=last.received_at).exclude(
            received_at=last.received_at, pk__gte=last.pk
        )
    found = list(rows.prefetch_related("files").order_by("-received_at", "-pk")[: PAGE_LENGTH + 1])
    shown = found[:PAGE_LENGTH]
    older = f"?before={shown[-1].public_id}" if len(found) > PAGE_LENGTH else ""
    context = {"rows": shown, "next_url": older, "is_first_page": last is None}
    return render(request, "messaging/unknown.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def place_reply(request, id):
    """Choose whose it is; 409 when somebody has done so."""
    found = the_one(Reply.objects.select_related("message", "customer"), id)
    if request.method == "GET":
        if found.customer is not None or found.handled_at is not None:
            return redirect(desk_url(request.tenant, "reply", id=found.public_id))
        return _place_page(request, found, PlaceForm(initial={"remember": True}))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return _place_page(request, found, form, status=422)
    customer = Customer.objects.standing().filter(public_id=form.cleaned_data["customer"]).first()
    if customer is None:
        form.add_error("customer", "This customer is not there any more. Look for them again.")
        return _place_page(request, found, form, status=422)
    try:
        _place(found, customer, form.cleaned_data, by=request.membership)
    except SettingRefused as refused:
        form.add_error("remember", str(refused))
        return _place_page(request, found, form, status=422)
    except AlreadyHandled as refused:
        return _too_late(request, found, refused)
    toasts.success(request, f"It is {customer.called}’s now.")
    return redirect(desk_url(request.tenant, "reply", id=found.public_id))


@require_POST
@for_roles(Role.DISPATCHER)
def not_ours(request, id):
    """Say why it is not for us; it stays among the replies."""
    found, form = the_one(Reply.objects.select_related("message", "customer"), id), NotOursForm(request.POST)
    if found.customer is not None:
        return _too_late(request, found, "Somebody has said whose it is. Look again.")
    if not form.is_valid():
        return _place_page(request, found, PlaceForm(initial={"remember": True}), not_ours=form, status=422)
    try:
        outcome = f"Not for us: {form.cleaned_data['reason']}"
        handle(found, outcome=outcome, by=request.membership, now=timezone.now())
    except AlreadyHandled as refused:
        return _too_late(request, found, refused)
    toasts.success(request, "Noted: it is not for us.")
    return redirect(desk_url(request.tenant, "unknown-mail"))


@require_GET
@for_roles(Role.DISPATCHER)
def whole_mail(request, id):
    """The mail as it came, for saving."""
    found = the_one(Reply.objects.select_related("original"), id)
    return _for_saving(found.original, "mail.eml")


@require_GET
@for_roles(Role.DISPATCHER)
def reply_file(request, id):
    """A file that came with a mail, for saving: nothing of it runs here."""
    found = the_one(ReplyFile.objects.select_related("file"), id)
    return _for_saving(found.file, found.name)


@transaction.atomic
def _place(found, customer, said, *, by):
    now, is_text = timezone.now(), found.channel == Message.Channel.SMS
    contact = contacts_at(found.channel, found.address).filter(customer=customer).order_by("pk").first()
    if contact is None and said["remember"]:
        contact = save_contact(
            customer,
            None,
            seen="",
            name=said["name"],
            phone=found.address if is_text else "",
            phone2="",
            email="" if is_text else found.address,
            site=None,
            language="",
            by_sms=True,
            by_mail=True,
            is_main=False,
            by=by,
            now=now,
        )
    place(found, customer, contact=contact, by=by, now=now)


def _place_page(request, found, form, *, not_ours=None, status=200):
    typed = request.GET.get("q", "")
    context = {
        "reply": found,
        "form": form,
        "not_ours": not_ours or NotOursForm(),
        "query": typed,
        "choices": _choices(request, found, form, typed),
    }
    return render(request, "messaging/place.html", context, status=status)


def _choices(request, found, form, typed):
    """Customers it may be: those looked for, else those whose address or number stands in it."""
    if typed:
        hits = find(typed, country=request.tenant.country)
        customers = [hit.customer for hit in (*hits.customers, *hits.equipment, *hits.contracts)]
    else:
        contacts = [
            *contacts_at(found.channel, found.address).select_related("customer"),
            *contacts_with_numbers(f"{found.text}\n{found.rest}"),
        ]
        customers = [contact.customer for contact in contacts]
    chosen = id_in(str(form["customer"].value() or ""))
    if form.is_bound and not form.errors.get("customer"):
        customers = [*Customer.objects.filter(public_id=chosen), *customers]
    choices = list({customer.pk: customer for customer in customers}.values())[:MOST_CHOICES]
    for one in choices:
        one.is_chosen = one.public_id == chosen or len(choices) == 1
    return choices


def _too_late(request, found, refused):
    back = desk_url(request.tenant, "reply", id=found.public_id)
    return render(request, "errors/409.html", {"reason": str(refused), "back_url": back}, status=409)


def _for_saving(stored, name):
    if stored is None:
        raise Http404("It is not kept")
    response = FileResponse(
        stored.content.open("rb"),
        as_attachment=True,
        filename=name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


urlpatterns = [
    path("replies/unknown/", unknown, name="unknown-mail"),
    path("replies/<uuid:id>/place/", place_reply, name="reply-place"),
    path("replies/<uuid:id>/not-ours/", not_ours, name="reply-not-ours"),
    path("replies/<uuid:id>/whole/", whole_mail, name="reply-whole"),
    path("reply-files/<uuid:id>/", reply_file, name="reply-file"),
]
