"""The address behind "no more mail of this sort": asks before it acts, unless a mail program posts."""

from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from customers.models import Contact
from messaging import opting_out
from tenancy.calendars import zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant


def _for_contact(view):
    """Give the view the contact behind the token, with its desk open; a strange token is a 404."""

    @wraps(view)
    @never_cache
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        said = opting_out.read_token(token)
        desk = Tenant.objects.filter(slug=said[0]).first() if said is not None else None
        if desk is None:
            raise Http404("No such link")
        with tenant(desk), timezone.override(zone_of(desk)):
            request.tenant = desk
            contact = Contact.objects.filter(public_id=said[1]).first()
            if contact is None:
                raise Http404("No such link")
            return view(request, contact, token)

    return opened


# The token says who it is, and a mail program has no cookie to show: RFC 8058 wants no more than the post.
@csrf_exempt
@require_http_methods(["GET", "POST"])
@_for_contact
def no_more_mail(request: HttpRequest, contact: Contact, token: str) -> HttpResponse:
    """Asked with GET it only asks back; posted to, it stops mail that is not about a visit."""
    if request.method == "POST":
        opting_out.stop_mail(contact.email, now=timezone.now())
        contact.refresh_from_db()
    return _page(request, contact, token)


@csrf_exempt
@require_POST
@_for_contact
def mail_again(request: HttpRequest, contact: Contact, token: str) -> HttpResponse:
    """They changed their mind."""
    opting_out.want_mail(contact.email, now=timezone.now())
    contact.refresh_from_db()
    return _page(request, contact, token)


def _page(request, contact, token):
    context = {"token": token, "is_stopped": contact.mail_stopped_at is not None, "address": contact.email}
    return render(request, "messaging/no_more_mail.html", context)


urlpatterns = [
    path("no-more/<str:token>/", no_more_mail, name="no-more-mail"),
    path("no-more/<str:token>/again/", mail_again, name="mail-again"),
]
