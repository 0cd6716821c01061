"""Tags and filters that the components and base pages are made with."""

from collections.abc import Iterable
from html import unescape
from zlib import crc32

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from servicedesk import icons
from servicedesk.stylesheets import BUNDLES

register = template.Library()

SEVERITIES = {"can_wait": 1, "soon": 2, "likely_to_fail": 3, "safety": 4}
SEVERITY_WORDS = {1: "Can wait", 2: "Soon", 3: "Likely to fail", 4: "Safety"}
TABS = {
    "Today": "list-checks",
    "Week": "calendar",
    "Promises": "handshake",
    "My van": "package",
    "Find": "search",
}
TOASTS = {"success": "circle-check", "info": "info", "warning": "triangle-alert"}


@register.simple_tag
def icon(name: str, label: str = "", large: bool = False) -> str:
    """An icon of the set; give `label` where no word stands beside it."""
    return icons.draw(name, label, large)


@register.simple_tag
def drawn_once(name: str) -> SafeString:
    """The original of an icon that a page shows often; stands once in it, before `drawn_again`."""
    return format_html('<svg hidden aria-hidden="true">{}</svg>', icons.original(name))


@register.simple_tag
def drawn_again(name: str) -> SafeString:
    """A small reference to the original, as decoration beside a word."""
    return icons.again(name)


@register.simple_tag
def stylesheets(bundle: str) -> SafeString:
    """The links of one bundle ("desk", "technician", "customer", "plain")."""
    return _links(BUNDLES[bundle])


@register.simple_tag
def stylesheet(*names: str) -> SafeString:
    """The links of single files: {% stylesheet "screens/board" %}."""
    return _links(names)


def _links(names: Iterable[str]) -> SafeString:
    return format_html_join(
        "\n", '<link rel="stylesheet" href="{}">', ((static(f"css/{n}.css"),) for n in names)
    )


@register.filter
def initials(name: str) -> str:
    """At most two letters: "Lou Baptiste" gives LB, "Cher" gives C."""
    words = [word for word in str(name).split() if word[0].isalnum()]
    picked = words[:1] + words[-1:] if len(words) > 1 else words
    return "".join(word[0] for word in picked).upper()


@register.filter
def hue(name: str) -> int:
    """The soft colour of a person's initials, 0 to 7, the same wherever the name stands."""
    # A component gets a name either plain or already escaped.
    return crc32(unescape(str(name)).encode()) % 8


@register.filter
def severity_level(severity: str | int) -> int:
    """1 to 4 from a level or from one of can_wait, soon, likely_to_fail, safety."""
    return SEVERITIES[severity] if severity in SEVERITIES else int(severity)


@register.filter
def severity_word(level: int) -> str:
    """What a person reads for a level."""
    return SEVERITY_WORDS[level]


@register.filter
def listed(value: str | Iterable[str]) -> list[str]:
    """A list from a list, or from words parted by spaces as written in a component's attribute."""
    return value.split() if isinstance(value, str) else list(value)


@register.filter
def upto(count: int | str) -> range:
    """As many turns as `count`, for drawing."""
    return range(max(0, int(count or 0)))


@register.filter
def less(value: int | str, other: int | str) -> int:
    """value - other, never under nought."""
    return max(0, int(value or 0) - int(other or 0))


@register.filter
def tab_icon(label: str) -> str:
    """The icon over a word in the technician's bottom bar."""
    return TABS.get(str(label), "circle")


@register.filter
def toast_icon(tags: str) -> str:
    """The icon for a Django message's level."""
    return next((TOASTS[tag] for tag in str(tags).split() if tag in TOASTS), "info")
