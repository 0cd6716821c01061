"""What we know of a customer, changed: who they are, the people there, and the places."""

from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from customers.editing import CONTACT, CUSTOMER, MAY_CHANGE, SITE, save_contact, save_site, seen_of
from customers.models import Contact, Customer, Site
from messaging.languages import NAMES, known_language
from servicedesk.customer_forms import ContactForm, CustomerForm, SiteForm
from servicedesk.customer_links import links_shown
from servicedesk.seen_forms import form_page, is_saved, sent
from tenancy.addresses import desk_url
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.customer_details import change_details, let_contact_go

LABELS = {Customer: CUSTOMER, Contact: CONTACT, Site: SITE}
ADDRESS = ("street", "city", "postcode")


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_CHANGE)
def details(request, id):
    """Who the customer is, with the way to each contact and site."""
    customer = _customer(id)
    form = CustomerForm(sent(request), customer=customer)
    if request.method == "GET":
        return _details_page(request, customer, form)

    def save(values):
        change_details(customer, **values)

    return _save(request, customer, form, save) or _details_page(request, customer, form)


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_CHANGE)
def contact(request, id, contact):
    """Somebody at the customer's; without a contact in the address somebody new."""
    customer = _customer(id)
    shown = the_one(customer.contacts.all(), contact) if contact else Contact()
    sites = list(customer.sites.order_by("pk"))
    form = ContactForm(sent(request), contact=shown, sites=sites)
    if request.method == "GET":
        return _contact_page(request, customer, shown, form)

    def save(values):
        save_contact(customer, shown if contact else None, **values)

    return _save(request, customer, form, save) or _contact_page(request, customer, shown, form)


@require_POST
@for_roles(*MAY_CHANGE)
def retire(request, id, contact):
    """They are there no more."""
    customer = _customer(id)
    shown = the_one(customer.contacts.select_related("customer"), contact)
    try:
        let_contact_go(shown, by=request.membership, now=timezone.now())
    except (SettingRefused, ChangedMeanwhile) as refused:
        form = ContactForm(contact=shown, sites=list(customer.sites.order_by("pk")))
        return _contact_page(request, customer, shown, form, refusal=str(refused), status=422)
    messages.success(request, f"{shown} is no contact any more.")
    return redirect(_details_url(request, customer))


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_CHANGE)
def site(request, id, site):
    """A place where we work; without a site in the address a new one."""
    customer = _customer(id)
    shown = the_one(customer.sites.all(), site) if site else Site(country=request.tenant.country)
    form = SiteForm(sent(request), site=shown)
    if request.method == "GET":
        return _site_page(request, customer, shown, form)

    def save(values):
        save_site(customer, shown if site else None, **values)
        moved = any(values[field].strip() != getattr(shown, field) for field in ADDRESS)
        if moved and values["position"] and "position" not in form.changed_data:
            messages.warning(request, "The address is another one, its place on the map is not: check it.")

    return _save(request, customer, form, save) or _site_page(request, customer, shown, form)


def _customer(id) -> Customer:
    return the_one(Customer.objects.standing(), id)


def _save(request, customer, form, save) -> HttpResponse | None:
    """Save what was sent, back to the details; None where it was refused: `form` says why."""
    if not is_saved(request, form, save):
        return None
    messages.success(request, "Saved.")
    return redirect(_details_url(request, customer))


def _details_url(request, customer) -> str:
    return desk_url(request.tenant, "customer-details", id=customer.public_id)


def _details_page(request, customer, form) -> HttpResponse:
    rows = list(customer.contacts.order_by("-is_main", "pk"))
    sees_links = request.membership.has_role(Role.DISPATCHER)
    before = request.GET.get("links", "")
    context = {
        "contacts": [row for row in rows if not row.has_left],
        "left": [row for row in rows if row.has_left],
        "sites": customer.sites.order_by("pk"),
        "zones": sorted(name for name in available_timezones() if "/" in name or name == "UTC"),
        "desk_zone": request.tenant.time_zone,
        "sees_links": sees_links,
        "links": links_shown(customer, before=before, now=timezone.now()) if sees_links else None,
        "desk_language": NAMES[known_language(request.tenant.language) or "en"],
    }
    return _page(request, "details", customer, customer, form, context)


def _contact_page(request, customer, shown, form, *, refusal="", status=200) -> HttpResponse:
    context = {"contact": shown, "is_new": shown.pk is None, "title": str(shown) or "A new contact"}
    return _page(request, "contact", customer, shown, form, context, refusal=refusal, status=status)


def _site_page(request, customer, shown, form) -> HttpResponse:
    context = {"is_new": shown.pk is None, "title": str(shown) or "A new site"}
    return _page(request, "site", customer, shown, form, context)


def _page(request, name, customer, shown, form, context, *, refusal="", status=200) -> HttpResponse:
    return form_page(
        request,
        f"servicedesk/customer_{name}.html",
        form,
        {**context, "customer": customer},
        labels=LABELS[type(shown)],
        seen_now=seen_of(shown) if shown.pk else "",
        refusal=refusal,
        status=status,
    )


urlpatterns = [
    path("customers/<uuid:id>/details/", details, name="customer-details"),
    path("customers/<uuid:id>/contacts/new/", contact, {"contact": None}, name="contact-new"),
    path("customers/<uuid:id>/contacts/<uuid:contact>/", contact, name="contact"),
    path("customers/<uuid:id>/contacts/<uuid:contact>/gone/", retire, name="contact-gone"),
    path("customers/<uuid:id>/sites/new/", site, {"site": None}, name="site-new"),
    path("customers/<uuid:id>/sites/<uuid:site>/", site, name="site"),
]
