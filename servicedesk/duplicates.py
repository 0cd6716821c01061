"""Customers who may be one: looked at side by side, merged, kept apart, parted again (R7.3)."""

import uuid

from django.contrib import messages
from django.db.models import Count, Min, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.models import Contract, ContractTerm
from customers.finding import find
from customers.merging import CannotMerge, keep_apart, merge_customers, undo_merge
from customers.models import Contact, Customer, CustomerMerge, DuplicateProposal, Equipment
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.prepared import Key, Prepared
from visits.models import Visit

PAGE_LENGTH = 25
MERGES_SHOWN = 20
ROLES = (Role.DISPATCHER, Role.SALES, Role.ACCOUNTS)


@require_GET
@for_roles(*ROLES)
def duplicates(request):
    """Pairs that share a phone number or mail address, the oldest first; and who was merged lately."""
    return render(request, "servicedesk/duplicates.html", _context(request))


@require_POST
@for_roles(*ROLES)
def merge_pair(request, id):
    """Make one customer of a proposed pair; the form says whom to keep."""
    proposal = the_one(_waiting().select_related("first", "second"), id)
    pair = {"first": (proposal.first, proposal.second), "second": (proposal.second, proposal.first)}
    if request.POST.get("keep") not in pair:
        return _refused(request, "Choose which of the two to keep.", status=422)
    kept, gone = pair[request.POST["keep"]]
    return _merge(request, kept, gone)


@require_POST
@for_roles(*ROLES)
def apart(request, id):
    """They are two customers who share a number; the pair is not proposed again."""
    proposal = the_one(DuplicateProposal.objects.select_related("first", "second"), id)
    keep_apart(proposal, by=request.membership, now=timezone.now())
    messages.success(request, f"{proposal.first.called} and {proposal.second.called} stay two customers.")
    return redirect(desk_url(request.tenant, "duplicates"))


@require_POST
@for_roles(*ROLES)
def part(request, id):
    """Undo a merge: what was moved goes back."""
    merge = the_one(CustomerMerge.objects.select_related("kept", "gone"), id)
    try:
        undo_merge(merge, by=request.membership, now=timezone.now())
    except CannotMerge as refused:
        return _refused(request, str(refused), status=409)
    messages.success(request, f"{merge.gone.called} is a customer of their own again.")
    return redirect(desk_url(request.tenant, "customer", id=merge.gone.public_id))


@require_http_methods(["GET", "POST"])
@for_roles(*ROLES)
def same_as(request, id):
    """This customer and another are one: find the other by anything, then choose whom to keep."""
    customer = the_one(Customer.objects.standing(), id)
    if request.method == "POST":
        other = the_one(Customer.objects.standing(), _id(request.POST.get("other")))
        keeps_other = request.POST.get("keep") == "other"
        return _merge(request, *((other, customer) if keeps_other else (customer, other)))
    typed = request.GET.get("q", "").strip()
    hits = find(typed, country=request.tenant.country).customers if typed else []
    others = [hit.customer.pk for hit in hits if hit.customer.pk != customer.pk]
    rows = {row.pk: row for row in _told(Customer.objects.filter(pk__in=[customer.pk, *others]))}
    context = {"customer": rows[customer.pk], "query": typed, "others": [rows[pk] for pk in others]}
    return render(request, "servicedesk/same_as.html", context)


def proposals_about(customer: Customer) -> list[Customer]:
    """Customers who may be the same as this one: one query."""
    pairs = _ABOUT.rows(customer=customer.pk)
    return [pair.second if pair.first_id == customer.pk else pair.first for pair in pairs]


def _merge(request, kept, gone):
    try:
        merge_customers(kept=kept, gone=gone, by=request.membership, now=timezone.now())
    except CannotMerge as refused:
        return _refused(request, str(refused), status=409)
    messages.success(request, f"{gone.called} is now {kept.called}. It can be undone under Duplicates.")
    return redirect(desk_url(request.tenant, "customer", id=kept.public_id))


def _refused(request, why, *, status):
    return render(
        request, "servicedesk/duplicates.html", {**_context(request), "refusal": why}, status=status
    )


def _context(request) -> dict:
    pairs = list(_page_after(request.GET.get("after", "")))
    more, pairs = pairs[PAGE_LENGTH:], pairs[:PAGE_LENGTH]
    both = {pk for pair in pairs for pk in (pair.first_id, pair.second_id)}
    rows = {row.pk: row for row in _told(Customer.objects.filter(pk__in=both))}
    merges = CustomerMerge.objects.filter(undone_at__isnull=True).select_related(
        "kept", "gone", "merged_by__user"
    )
    return {
        "pairs": [{"row": p, "first": rows[p.first_id], "second": rows[p.second_id]} for p in pairs],
        "after": str(pairs[-1].public_id) if more else "",
        "is_first_page": "after" not in request.GET,
        "merges": merges.order_by("-merged_at", "-pk")[:MERGES_SHOWN],
    }


def _waiting():
    return DuplicateProposal.objects.filter(
        state=DuplicateProposal.State.PROPOSED,
        first__merged_into__isnull=True,
        second__merged_into__isnull=True,
    )


_ABOUT = Prepared(
    lambda customer: (
        _waiting().filter(Q(first=customer) | Q(second=customer)).select_related("first", "second")[:3]
    ),
    customer=Key(),
)


def _page_after(after: str):
    pairs = _waiting().order_by("pk")
    last = DuplicateProposal.objects.filter(public_id=_id(after)).first()
    return (pairs.filter(pk__gt=last.pk) if last else pairs)[: PAGE_LENGTH + 1]


def _told(customers):
    """What tells two customers apart: contact, place, since when, and how much hangs on each."""
    terms = ContractTerm.objects.filter(contract__customer=OuterRef("pk"), taken_back_at__isnull=True)
    first = terms.order_by().values("contract__customer").annotate(day=Min("starts_on")).values("day")
    main = Contact.objects.order_by("-is_main", "pk")
    return customers.annotate(
        contracts_there=_how_many(Contract, "customer"),
        visits_there=_how_many(Visit, "customer"),
        machines_there=_how_many(Equipment, "site__customer"),
        since=Coalesce("customer_since", Subquery(first)),
    ).prefetch_related("sites", Prefetch("contacts", main, to_attr="people"))


def _how_many(model, to_customer):
    rows = model.objects.filter(**{to_customer: OuterRef("pk")}).order_by().values(to_customer)
    return Coalesce(Subquery(rows.annotate(count=Count("pk")).values("count")), 0)


def _id(text) -> uuid.UUID:
    """A public id; for what is none, one that nobody has."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return uuid.UUID(int=0)


urlpatterns = [
    path("customers/duplicates/", duplicates, name="duplicates"),
    path("customers/duplicates/<uuid:id>/merge/", merge_pair, name="duplicate-merge"),
    path("customers/duplicates/<uuid:id>/apart/", apart, name="duplicate-apart"),
    path("customers/merges/<uuid:id>/part/", part, name="merge-part"),
    path("customers/<uuid:id>/same-as/", same_as, name="customer-same-as"),
]
