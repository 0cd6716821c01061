"""Every component in every tone, in a real browser, and what the components do with people's text."""

import mimetypes
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.template.loader import render_to_string
from django_cotton.compiler_regex import CottonCompiler
from lucide import IconDoesNotExist

from servicedesk import icons
from servicedesk.stylesheets import BUNDLES
from servicedesk.templatetags import interface
from tests.browser import axe_violations, sideways_scroll

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'"
)
PEOPLE = ["Lou Baptiste", "Marek Novak", "Priya Raman", "Tom Ashby", "Gwen Ellery", "Sam Okoro"]
STATES = [
    ["done", "confirmed", "called", "risk", "asked", "way", "onsite"],
    ["late", "call", "missed", "noaccess", "drop", "plain"],
]
TARGETS = ".btn, .seg > *, .topnav a, summary, .linkbtn, .chips label, .slot"


def draw(source: str, **context) -> str:
    """What a page gets for `source`; strings are not compiled by the loader, so that is done here."""
    compiled = CottonCompiler().process("{% load interface %}" + source)
    return Template(compiled).render(Context(context))


def showcase(theme: str) -> str:
    """The page with every component, as a signed-in dispatcher sees it."""
    return render_to_string(
        "components/showcase.html",
        {
            "tenant": SimpleNamespace(name="Northgate", slug="northgate", phone="01632 960 118"),
            "membership": SimpleNamespace(name="Dana Whitlock"),
            "navigation": [
                {"label": "Board", "url": "/board", "current": True, "count": 0},
                {"label": "Promises", "url": "/promises", "current": False, "count": 4},
            ],
            "theme": theme,
            "people": PEOPLE,
            "errors": ["Give an e-mail address, such as dana@northgate.example."],
            "states": [[block(state, 8 + place) for place, state in enumerate(row)] for row in STATES],
            "steps": [
                {"label": "Call ahead", "state": "done"},
                {"label": "On my way", "state": "now"},
                {"label": "Arrived", "state": ""},
            ],
        },
    )


def block(state: str, hour: int) -> dict:
    """A visit of one hour on the board."""
    return {"state": state, "a": hour, "b": hour + 1, "time": f"{hour:02}:00"}


@pytest.fixture
def show(chromium):
    """Opens the components under the product's policy, static files from the source; no script may fail."""
    faults, pages = [], []

    def opened(*, theme="light", width=1280):
        body = showcase(theme)
        page = chromium.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.route("**/*", lambda route: answer(route, body))
        page.goto("http://desk.test/page")
        return page

    yield opened
    for page in pages:
        page.close()
    assert faults == []


def answer(route, body: str) -> None:
    """One request of the browser: the page, a static file, or nothing."""
    address = route.request.url.partition("?")[0]
    if "/static/" in address:
        path = finders.find(address.partition("/static/")[2])
        route.fulfill(path=path, content_type=mimetypes.guess_type(path)[0])
    elif address.endswith("/page"):
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=headers)
    else:
        route.fulfill(status=204, body="")


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_component_is_accessible_and_fits(show, theme, width):
    page = show(theme=theme, width=width)
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0


@pytest.mark.browser
def test_every_target_at_a_desk_is_at_least_24_pixels(show):
    small = show().evaluate(
        """(targets) => [...document.querySelectorAll(targets)]
        .filter((el) => el.checkVisibility() && !el.matches("legend"))
        .filter((el) => Math.min(el.getBoundingClientRect().height, el.getBoundingClientRect().width) < 24)
        .map((el) => el.outerHTML.slice(0, 120))""",
        TARGETS,
    )
    assert small == []


@pytest.mark.browser
def test_key_presses_its_button_but_not_while_typing_nor_when_switched_off(show):
    page = show()
    page.evaluate(
        """() => {
          const button = document.querySelector("[aria-keyshortcuts=b]");
          button.type = "button";
          window.pressed = 0;
          button.addEventListener("click", () => { window.pressed += 1; });
        }"""
    )
    page.keyboard.press("b")
    page.locator("#c-name").press("b")
    page.evaluate("() => document.activeElement.blur()")
    page.evaluate("() => { document.documentElement.dataset.shortcuts = 'off'; }")
    page.keyboard.press("b")
    assert page.evaluate("() => window.pressed") == 1


@pytest.mark.browser
def test_digit_chooses_its_slot(show):
    page = show()
    page.keyboard.press("2")
    assert page.locator("[name=c-slot]:checked").get_attribute("value") == "2"


@pytest.mark.browser
def test_dialog_opens_with_the_focus_inside_and_gives_it_back(show):
    page = show()
    opener = page.get_by_role("button", name="Open the dialog")
    opener.click()
    inside = page.evaluate("() => document.querySelector('#c-dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    back = page.evaluate("() => document.activeElement.dataset.opens")
    assert (inside, back) == (True, "c-dialog")


def test_people_s_text_is_escaped_once_however_it_is_passed():
    name = "Fennel & <b>Rye</b>"
    written = "Fennel &amp; &lt;b&gt;Rye&lt;/b&gt;"
    by_text = draw('<c-promise what="{{ name }}" />', name=name)
    by_value = draw('<c-promise :what="name" />', name=name)
    assert by_text.count(written) == by_value.count(written) == 1
    assert "<b>Rye" not in by_text + by_value


def test_field_says_its_hint_and_error_to_a_screen_reader():
    html = draw('<c-field label="E-mail" name="mail" hint="Yours" :errors="errors" />', errors=["Give one."])
    assert 'aria-invalid="true" aria-describedby="mail-hint mail-error"' in html
    assert html.index("<label") < html.index("Yours") < html.index("<input") < html.index("Give one.")


def test_severity_shows_the_word_of_its_level():
    assert "Likely to fail" in draw('<c-severity level="likely_to_fail" />')
    assert 'data-level="4"' in draw('<c-severity level="safety" />')


def test_initials_take_the_first_and_the_last_name():
    names = ("Lou Baptiste", "Cher", "Ana de la Cruz", "")
    assert [interface.initials(name) for name in names] == ["LB", "C", "AC", ""]


def test_colour_of_a_person_does_not_depend_on_how_the_name_arrives():
    assert interface.hue("Rye & Co") == interface.hue("Rye &amp; Co")
    assert {interface.hue(name) for name in PEOPLE} <= set(range(8))


def test_icon_outside_the_set_is_refused():
    with pytest.raises(IconDoesNotExist):
        icons.draw("no-such-thing")


def test_icon_alone_carries_its_label():
    assert 'role="img" aria-label="To raise"' in icons.draw("flag", "To raise")
    assert 'aria-hidden="true"' in icons.draw("flag")


@pytest.mark.parametrize("bundle", BUNDLES)
def test_bundle_names_only_files_that_exist(bundle):
    assert [name for name in BUNDLES[bundle] if not finders.find(f"css/{name}.css")] == []


@pytest.mark.parametrize(("bundle", "limit"), [("technician", 60_000), ("customer", 40_000)])
def test_bundle_keeps_its_weight(bundle, limit):
    assert weight(*BUNDLES[bundle]) <= limit


@pytest.mark.parametrize(
    "screens",
    [["board"], ["caller", "booking"], ["contract-check"], ["messages"], ["find"]],
    ids=lambda screens: screens[0],
)
def test_desk_page_keeps_its_weight(screens):
    assert weight(*BUNDLES["desk"], *(f"screens/{screen}" for screen in screens)) <= 60_000


def weight(*names: str) -> int:
    """Bytes of the stylesheets before compression."""
    return sum(Path(finders.find(f"css/{name}.css")).stat().st_size for name in names)
