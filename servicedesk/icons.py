"""Icons: one outline set (Lucide), drawn inline so that no page waits for them."""

from functools import lru_cache

from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

# How the lines are drawn stands once in base.css: a page has forty icons and more.
LINES = ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'


@lru_cache(maxsize=1024)
def draw(name: str, label: str = "", large: bool = False) -> str:
    """The SVG of the icon `name`.

    With `label` it speaks for itself (role=img); without, it is decoration beside a word.
    Raises lucide.IconDoesNotExist for a name outside the set, so that a slip shows in tests.
    """
    speech = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    drawn = lucide(name, size=None, **{"class": "icon lg" if large else "icon"}, **speech)
    drawn = drawn.replace(LINES, "").replace("\n  ", "").replace("\n", "").replace(" />", "/>")
    return SafeString(drawn)


def again(name: str) -> str:
    """A reference to an icon whose original stands in the page, as decoration beside a word."""
    return SafeString(f'<svg class="icon" aria-hidden="true"><use href="#i-{name}"/></svg>')


@lru_cache(maxsize=1024)
def original(name: str) -> str:
    """The icon to draw once in a page that shows it a hundred times; the others refer to it."""
    return lucide(name, size=None, id=f"i-{name}", width="100%", height="100%")
