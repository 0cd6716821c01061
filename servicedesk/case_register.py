"""Cases: the register with its filters, read page by page (R2.5, R5.7, R6)."""

from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.models import Case, Interaction
from recommendations.faults import that_we_had_warned_of
from recommendations.models import WarnedFault
from servicedesk.case_words import KIND_ICONS, urgent_clock
from servicedesk.reading_on import newest_first
from tenancy.calendars import zone_of
from tenancy.gates import for_roles, id_in
from tenancy.models import Membership, Role

PAGE = 25
# What a list is about, in the order of its tabs.
TABS = {
    "open": "Open",
    "late": "Late",
    "risk": "At risk",
    "waiting": "Waiting for the customer",
    "warned": "Breakdowns we had warned of",
    "closed": "Closed",
}


@require_GET
@for_roles(Role.DISPATCHER, Role.SALES, Role.ACCOUNTS)
def register(request):
    """How many there are of each sort, and a page of one: as many queries for one row as for three."""
    now, zone = timezone.now(), zone_of(request.tenant)
    tab = request.GET.get("show", "open")
    tab = tab if tab in TABS else "open"
    kind, owner = request.GET.get("kind", ""), request.GET.get("owner", "")
    kind = kind if kind in Case.Kind.values else ""
    narrowed = _of_owner(Case.objects.filter(**({"kind": kind} if kind else {})), owner, request.membership)
    sorts = _sorts(narrowed, now)
    heard = Count("interactions", filter=Q(interactions__direction=Interaction.Direction.IN))
    rows = sorts[tab].select_related("customer", "equipment", "owner__user", "supervisor__user")
    was_warned = Exists(WarnedFault.objects.filter(case=OuterRef("pk")))
    page = newest_first(
        rows.annotate(contacts=heard, was_warned=was_warned),
        "opened_at",
        before=request.GET.get("before", ""),
        most=PAGE,
    )
    kept = {name: value for name, value in (("kind", kind), ("owner", owner)) if value}
    here = {"show": tab, **kept}
    context = {
        "tabs": [
            (label, sorts[key].count(), f"?{urlencode({'show': key, **kept})}", key == tab)
            for key, label in TABS.items()
        ],
        "tab": tab,
        "label": TABS[tab],
        "rows": [
            {"row": case, "clock": urgent_clock(case, now=now, zone=zone), "icon": KIND_ICONS[case.kind]}
            for case in page.rows
        ],
        "kinds": Case.Kind.choices,
        "kind": kind,
        "owner": owner,
        "people": _people(),
        "older_url": f"?{urlencode({**here, 'before': page.older})}" if page.older else "",
        "front_url": "" if page.is_first else f"?{urlencode(here)}",
    }
    return render(request, "servicedesk/cases.html", context)


def _sorts(rows, now) -> dict:
    """The rows of each tab."""
    return {
        "open": rows.unclosed(),
        "late": rows.late(now),
        "risk": rows.at_risk(now),
        "waiting": rows.filter(state=Case.State.WAITING),
        "warned": that_we_had_warned_of(rows),
        "closed": rows.filter(state=Case.State.CLOSED, joined_into__isnull=True),
    }


def _of_owner(rows, owner, membership):
    """Mine, nobody's, or a colleague's by their public id; what is none of these is everybody's."""
    if owner == "me":
        return rows.filter(owner=membership)
    if owner == "nobody":
        return rows.filter(Q(owner__isnull=True) | Q(owner__ended_at__isnull=False))
    found = id_in(owner)
    return rows.filter(owner__public_id=found) if found else rows


def _people() -> list[Membership]:
    here = Membership.objects.filter(ended_at__isnull=True).exclude(role=Role.TECHNICIAN)
    return list(here.select_related("user").order_by("user__name", "pk"))


urlpatterns = [path("cases/", register, name="cases")]
