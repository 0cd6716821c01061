"""Icons of the board: drawn once in the page, referred to by hundreds of blocks, cards and lines."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from lucide import IconDoesNotExist

from servicedesk import icons
from visits.standing import LOOKS

register = template.Library()

SPRITE = tuple(
    sorted(
        {look[0] for look in LOOKS.values()}
        | {"calendar-x", "ellipsis", "flag", "inbox", "message-square", "phone", "radio", "users"}
    )
)


@register.simple_tag
def sprite() -> SafeString:
    """Every icon that `mark` can refer to; stands once in the page, before them."""
    drawn = format_html_join("", "{}", ((icons.original(name),) for name in SPRITE))
    return format_html('<svg hidden aria-hidden="true">{}</svg>', drawn)


@register.simple_tag
def mark(name: str, kind: str = "", label: str = "") -> SafeString:
    """A small reference to an icon of the sprite, decoration unless it has a label.

    Raises IconDoesNotExist for one that is not in the sprite, so that a slip shows in tests.
    """
    if name not in SPRITE:
        raise IconDoesNotExist(f"The board's sprite has no {name!r}.")
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="#i-{}"/></svg>', kind, label, name
        )
    if not kind:
        return icons.again(name)
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="#i-{}"/></svg>', kind, name)
