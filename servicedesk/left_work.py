"""What visits left undone, for the office: offered where the next visit is booked, given up with a reason."""

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from customers.models import Customer
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role, Tenant
from tenancy.prepared import Key, Prepared
from visits.models import Visit, WorkLeft
from visits.work_left import WorkRefused, give_up, left_at


def left_offers(customer: Customer, desk: Tenant, *, call: str = "") -> list[dict]:
    """What is left at a customer, each with the address that books it; none where a visit for it stands.

    Two queries, however much it is; `call` are the parameters of the call that one is in.
    """
    works = _LEFT.rows(customer=customer.pk)
    return [{"work": work, "url": "" if work.has_visit else _book_url(work, desk, call)} for work in works]


_LEFT = Prepared(
    lambda customer: left_at(customer).prefetch_related("visit__machines__equipment"), customer=Key()
)


class ReasonForm(forms.Form):
    """Why nobody will do it."""

    reason = forms.CharField(max_length=300, strip=True)


@require_POST
@for_roles(Role.DISPATCHER)
def give_up_left(request, id):
    """Nobody will do it: who says so and why is kept."""
    visit = the_one(Visit.objects.filter(work_left__isnull=False), id)
    form = ReasonForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        give_up(visit.work_left, reason=reason, by=request.membership, now=timezone.now())
    except WorkRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"Given up: {visit.work_left.words}")
    return redirect(desk_url(request.tenant, "visit", id=visit.public_id))


def _book_url(work: WorkLeft, desk, call) -> str:
    visit = work.visit
    asked = {
        "kind": Visit.Kind.RETURN,
        "problem": work.words,
        "site": visit.site.public_id,
        "machine": [machine.equipment.public_id for machine in visit.machines.all()],
        "prefilled": 1,
        **({"case": visit.case.public_id} if visit.case else {}),
    }
    query = "&".join(filter(None, (urlencode(asked, doseq=True), call)))
    return f"{desk_url(desk, 'book', id=visit.customer.public_id)}?{query}"


urlpatterns = [path("visits/<uuid:id>/left/give-up/", give_up_left, name="left-give-up")]
