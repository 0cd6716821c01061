"""Who may come to a customer: preferred, required or excluded, at each site and machine (R2.3)."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from customers.models import Customer, Equipment, Site
from servicedesk.machine_choices import machines_of
from servicedesk.worded_fields import ChosenField
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, the_one
from visits.models import Technician, TechnicianPreference
from visits.wishes import MAY_WISH, forget_wish, say_wish


class WishForm(forms.Form):
    """Which technician, how, and where."""

    technician = ChosenField(asks="a technician", choices=())
    level = ChosenField(asks="how", choices=TechnicianPreference.Level.choices)
    place = ChosenField(asks="where", choices=())

    def __init__(self, *args, technicians: list[Technician], places: list[tuple], **kwargs):
        super().__init__(*args, **kwargs)
        self.technicians = {str(each.public_id): each for each in technicians}
        self.places = {str(place.public_id): place for place, _ in places}
        self.fields["technician"].choices = [(key, t.name) for key, t in self.technicians.items()]
        self.fields["place"].choices = [(str(place.public_id), words) for place, words in places]


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_WISH)
def customer_wishes(request, id):
    """What is said of technicians at a customer, its sites and machines; and one more."""
    customer = the_one(Customer.objects.standing(), id)
    places = _places(customer)
    technicians = list(Technician.objects.filter(is_active=True).order_by("name"))
    form = WishForm(request.POST or None, technicians=technicians, places=places)
    if request.method == "GET":
        return _page(request, customer, places, form)
    if not form.is_valid():
        return _page(request, customer, places, form, 422)
    data = form.cleaned_data
    try:
        wish = say_wish(
            form.technicians[data["technician"]],
            data["level"],
            place=form.places[data["place"]],
            by=request.membership,
            now=timezone.now(),
        )
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, customer, places, form, 422)
    messages.success(request, f"{wish.technician.name}: {wish.get_level_display().lower()}.")
    return redirect(desk_url(request.tenant, "customer-wishes", id=customer.public_id))


@require_POST
@for_roles(*MAY_WISH)
def forget(request, id, wish):
    """Nothing is said of that technician there any more."""
    customer = the_one(Customer.objects.standing(), id)
    forget_wish(the_one(_wishes(customer), wish), by=request.membership)
    messages.success(request, "Taken away.")
    return redirect(desk_url(request.tenant, "customer-wishes", id=customer.public_id))


def _wishes(customer):
    return TechnicianPreference.objects.filter(
        Q(customer=customer) | Q(site__customer=customer) | Q(equipment__site__customer=customer)
    ).select_related("technician", "customer", "site", "equipment")


def _places(customer) -> list[tuple[Customer | Site | Equipment, str]]:
    """Where a wish can hold: everywhere, at a site, at a machine."""
    sites = customer.sites.order_by("pk")
    places: list[tuple] = [(customer, "Everywhere")]
    places += [(site, f"{site.street}, {site.city}") for site in sites]
    return places + [(machine, str(machine)) for machine in machines_of(customer)]


def _page(request, customer, places, form, status=200) -> HttpResponse:
    words = {str(place.public_id): said for place, said in places}
    wishes = [
        (wish, words.get(str((wish.customer or wish.site or wish.equipment).public_id), ""))
        for wish in _wishes(customer).order_by("pk")
    ]
    context = {
        "customer": customer,
        "form": form,
        "wishes": wishes,
        "technicians": form.fields["technician"].choices,
        "levels": TechnicianPreference.Level.choices,
        "places": form.fields["place"].choices,
    }
    return render(request, "settings/wishes.html", context, status=status)


urlpatterns = [
    path("customers/<uuid:id>/technicians/", customer_wishes, name="customer-wishes"),
    path("customers/<uuid:id>/technicians/wishes/<uuid:wish>/forget/", forget, name="customer-wish-forget"),
]
