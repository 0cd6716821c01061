"""The renewals board: every contract whose renewal needs something next, and the one thing to do."""

import datetime as dt
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.cover import Cover, cover_in_words
from contracts.covered import State
from contracts.models import Payment, RenewalEvidence, RenewalOffer
from contracts.offer_states import OfferState, state_of
from contracts.what_next import Section, counts, page_of
from contracts.wording import day_nearby
from customers.models import Hold
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles
from tenancy.models import Membership, Role

PAGE = 50
# Nobody looks after it yet.
NOBODY = "nobody"


@dataclass(frozen=True)
class Row:
    """One contract: its cover, its offer in words and where it is, what to do next (words, address)."""

    cover: Cover
    offer: str
    offer_url: str
    is_held: bool
    do: str
    url: str
    icon: str


@require_GET
@for_roles(Role.SALES, Role.ACCOUNTS)
def renewals(request):
    """The counts of every section, and the rows of one. Owner and section stand in the address."""
    day = local_day(timezone.now(), zone_of(request.tenant))
    owners = list(
        Membership.objects.filter(contracts__isnull=False)
        .select_related("user")
        .order_by("user__name", "pk")
        .distinct()
    )
    owner = request.GET.get("owner", "")
    owned = _owned(owner, owners)
    found = counts(request.tenant, day, owned)
    section = _section(request.GET.get("state", ""), found)
    page = page_of(request.tenant, day, section, owned, after=request.GET.get("after", ""), size=PAGE)
    context = {
        "tabs": [
            (label, found[key], f"?{_query(owner, state=key)}", key == section)
            for key, label in _labels(request.tenant).items()
        ],
        "section": section,
        "owner": owner,
        "owners": [("", "Everybody’s"), (NOBODY, "Nobody’s")] + [(str(o.public_id), o.name) for o in owners],
        "rows": _rows(request, [cover_in_words(contract) for contract in page.contracts], day),
        "next_url": f"?{_query(owner, state=section, after=page.after)}" if page.after else "",
        "front_url": f"?{_query(owner, state=section)}" if "after" in request.GET else "",
    }
    return render(request, "servicedesk/renewals.html", context)


def _labels(desk) -> dict[str, str]:
    return {
        **dict(Section.choices),
        Section.LATER: f"Ends within {desk.renewal_due_days} days",
    }


def _owned(owner, owners) -> Q:
    if owner == NOBODY:
        return Q(owner__isnull=True)
    try:
        asked = uuid.UUID(owner)
    except ValueError:
        return Q()
    return Q(owner__in=[member.pk for member in owners if member.public_id == asked])


def _section(asked: str, found: dict[str, int]) -> str:
    """The one asked for, else the most pressing one with rows."""
    if asked in Section.values:
        return asked
    return next((section for section in Section.values if found[section]), Section.SOON)


def _query(owner, **more) -> str:
    return urlencode({**({"owner": owner} if owner else {}), **more})


def _rows(request, covers: list[Cover], day: dt.date) -> list[Row]:
    """Four queries, however many rows there are."""
    contracts = [cover.contract.pk for cover in covers]
    customers = [cover.contract.customer_id for cover in covers]
    standing = RenewalOffer.objects.filter(
        contract__in=contracts, settled_at__isnull=True, declined_at__isnull=True
    )
    offers = {offer.contract_id: offer for offer in standing}
    waiting = dict(
        RenewalEvidence.objects.filter(contract__in=contracts, state=RenewalEvidence.State.WAITING)
        .order_by("dated_on", "pk")
        .values_list("contract", "public_id")
    )
    holds = Hold.objects.filter(customer__in=customers, released_at__isnull=True)
    held = set(holds.values_list("customer", flat=True))
    unmatched = Payment.objects.unmatched().filter(customer__in=customers).order_by("-paid_on", "pk")
    money = dict(unmatched.values_list("customer", "public_id"))
    rows = []
    for cover in covers:
        contract = cover.contract
        offer, is_held = offers.get(contract.pk), contract.customer_id in held
        proof, payment = waiting.get(contract.pk), money.get(contract.customer_id)
        do, url, icon = _next_step(request, cover, offer, proof, payment, is_held)
        offer_url = desk_url(request.tenant, "offer", id=offer.public_id) if offer else ""
        offer_words = _offer_words(offer, request.tenant, day)
        rows.append(Row(cover, offer_words, offer_url, is_held, do, url, icon))
    return rows


def _next_step(request, cover, offer, evidence, payment, is_held) -> tuple[str, str, str]:
    """The one thing to do: words, where, icon. Whoever has renewed or may have is never pitched to."""
    contract, desk = cover.contract, request.tenant
    may_judge = request.membership.has_role(Role.ACCOUNTS)
    check = desk_url(desk, "contract-check", id=contract.customer.public_id)
    check = f"{check}?contract={contract.public_id}"
    if evidence is not None:
        address = desk_url(desk, "evidence", id=contract.public_id, evidence=evidence)
        return ("Confirm evidence", address, "file-check") if may_judge else ("Ask accounts", check, "users")
    if cover.state == State.IN_REVIEW and payment is not None and may_judge:
        return "Match the money", desk_url(desk, "payment", id=payment), "landmark"
    if cover.state == State.IN_REVIEW:
        return "See why", check, "shield-question-mark"
    if is_held:
        return "See why it is held", check, "ban"
    if cover.state in (State.RENEWAL_DUE, State.IN_GRACE) and offer is None:
        return "Make an offer", desk_url(desk, "offer-new", id=contract.public_id), "file-plus"
    if cover.state in (State.RENEWAL_DUE, State.IN_GRACE, State.LAPSED):
        return "Call", check, "phone"
    return "Look", desk_url(desk, "contract", id=contract.public_id), "eye"


def _offer_words(offer: RenewalOffer | None, desk, day: dt.date) -> str:
    if offer is None:
        return ""
    zone = zone_of(desk)
    match state_of(offer, day):
        case OfferState.ACCEPTED:
            return f"Accepted {day_nearby(local_day(offer.accepted_at, zone), today=day)}"
        case OfferState.OPEN:
            return f"Out until {day_nearby(offer.valid_until, today=day)}"
        case state:
            return state.label


urlpatterns = [path("renewals/", renewals, name="renewals")]
