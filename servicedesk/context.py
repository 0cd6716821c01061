"""What every page's frame shows: desk, person, navigation, the number of overdue promises."""

from functools import cache, partial

from django.utils import timezone

from cases.promise_register import overdue_count
from tenancy.addresses import desk_url
from tenancy.models import Role
from tenancy.scope import has_tenant

# Per role, in order: label and name of the route (design, section 3).
NAVIGATION = {
    Role.DISPATCHER: [
        ("Board", "board"),
        ("Customers", "customers"),
        ("Promises", "promises"),
        ("Messages", "messages"),
        ("Cases", "cases"),
        ("Recommendations", "recommendations"),
        ("Unused", "unused"),
        ("Stock", "stock"),
        ("Calendars", "calendar-feeds"),
    ],
    Role.TECHNICIAN: [
        ("Today", "today"),
        ("My van", "my-van"),
        ("Promises", "promises"),
        ("Find", "find"),
    ],
    Role.SALES: [
        ("Call list", "calls"),
        ("Renewals", "renewals"),
        ("Promises", "promises"),
        ("Unused", "unused"),
        ("Customers", "customers"),
        ("Cases", "cases"),
    ],
    Role.ACCOUNTS: [
        ("Payments", "payments"),
        ("Call list", "calls"),
        ("Renewals", "renewals"),
        ("Promises", "promises"),
        ("Goodwill", "goodwill"),
        ("Customers", "customers"),
        ("Cases", "cases"),
    ],
    Role.MANAGER: [
        ("Overview", "overview"),
        ("Board", "board"),
        ("Promises", "promises"),
        ("Recommendations", "recommendations"),
        ("Renewals", "renewals"),
        ("Settings", "settings"),
        ("Customers", "customers"),
        ("Payments", "payments"),
        ("Goodwill", "goodwill"),
        ("Call list", "calls"),
        ("Cases", "cases"),
        ("Unused", "unused"),
        ("Stock", "stock"),
        ("Messages", "messages"),
    ],
}

# More would run into the search field on a narrow screen.
MOST_IN_BAR = 7

# What a phone's tabs draw beside the word.
TAB_ICONS = {
    "board": "layout-dashboard",
    "calendar-feeds": "calendar",
    "calls": "phone",
    "cases": "folder-open",
    "customers": "users",
    "find": "search",
    "goodwill": "gift",
    "messages": "mail",
    "overview": "gauge",
    "my-van": "package",
    "payments": "banknote",
    "promises": "handshake",
    "recommendations": "flag",
    "renewals": "calendar-sync",
    "settings": "settings",
    "stock": "package",
    "today": "list-checks",
    "unused": "hourglass",
}


# G and a letter go there from any page.
GO_KEYS = {"board": "g b", "customers": "g c"}


def desk(request):
    """Context of the base templates; nothing for pages outside a desk."""
    user = getattr(request, "user", None)
    context = {
        "tenant": getattr(request, "tenant", None),
        "membership": getattr(request, "membership", None),
        "theme": getattr(user, "theme", ""),
        "shortcuts": getattr(user, "single_key_shortcuts", True),
        "now_local": timezone.localtime(),
    }
    if context["membership"] is not None:
        entries = list(_navigation(request))
        context["navigation"], context["more_navigation"] = _that_fit(entries)
    return context


def _that_fit(entries) -> tuple[list[dict], list[dict]]:
    """What stands in the bar and what behind "More"; where one is stands in the bar always."""
    if len(entries) <= MOST_IN_BAR:
        return entries, []
    shown = entries[: MOST_IN_BAR - 1]
    if not any(entry["current"] for entry in shown):
        shown[-1:] = [entry for entry in entries if entry["current"]] or shown[-1:]
    return shown, [entry for entry in entries if entry not in shown]


def _navigation(request):
    entries = [
        (label, name, desk_url(request.tenant, name)) for label, name in NAVIGATION[request.membership.role]
    ]
    # An entry may stand below another one.
    here = max((url for _, _, url in entries if request.path.startswith(url)), key=len, default="")
    for label, name, url in entries:
        current = url == here
        keys = GO_KEYS.get(name, "")
        entry = {"label": label, "url": url, "current": current, "icon": TAB_ICONS[name], "keys": keys}
        # Asked when the bar is drawn, and once: a fragment has none. An error page may have no desk open.
        if name == "promises":
            entry["count"] = cache(partial(_overdue, request.membership))
        yield entry


def _overdue(membership) -> int:
    return overdue_count(membership, now=timezone.now()) if has_tenant() else 0
