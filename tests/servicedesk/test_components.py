"""Every component in every tone, in a real browser, and what the components do with people's text."""

import datetime as dt
import mimetypes
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from django.urls import path
from django_cotton.compiler_regex import CottonCompiler
from lucide import IconDoesNotExist
from playwright.sync_api import expect

from servicedesk import icons
from servicedesk.day_lanes import Placed
from servicedesk.needs_action import Act, Item
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
CARDS = [
    ("missed", "user-x"),
    ("late", "clock-alert"),
    ("call", "phone-outgoing"),
    ("risk", "triangle-alert"),
    ("unassigned", ""),
]
# The frame links to these; the product's own routes are tested where they are.
urlpatterns = [
    path(route, lambda request: HttpResponse(), name=name)
    for route, name in [
        ("", "home"),
        ("theme/", "theme"),
        ("sign-out/", "sign-out"),
        ("d/<slug:desk>/find/", "find"),
    ]
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
            "move_fields": ["technician", "day", "start", "version"],
            "errors": ["Give a mail address, such as dana@northgate.example."],
            "states": [[block(state, 8 + place) for place, state in enumerate(row)] for row in STATES],
            "todos": [todo(*card) for card in CARDS],
            "steps": [
                {"label": "Call ahead", "state": "done"},
                {"label": "On my way", "state": "now"},
                {"label": "Arrived", "state": ""},
            ],
        },
    )


def block(state: str, hour: int) -> Placed:
    """A visit of one hour on the board."""
    return Placed(
        id=state,
        url=f"/visits/{state}/",
        customer="Kestrel Law",
        technician="Lou Baptiste",
        starts=f"{hour:02}:00",
        ends=f"{hour + 1:02}:00",
        starts_at=dt.datetime(2026, 3, 5, hour, tzinfo=dt.UTC),
        a=hour,
        b=hour + 1,
        word=state,
        tone="info",
        icon="check",
        block=state,
        what="Tune-up",
        is_raising=True,
        version=3,
    )


def todo(kind: str, icon: str) -> Item:
    """A card of the tray."""
    return Item(
        kind=kind,
        id=kind,
        url="/visits/1/",
        icon=icon,
        acts=(Act("visit-move", "Move", "/move-dialog/", posts=kind == "call"),),
        customer="Fennel & Rye",
        phone="",
        clock="22 min late",
        cause="Tom was expected 10:30 to 11:30.",
        minutes=60,
        version=1,
    )


@pytest.fixture
def show(chromium, settings):
    """Opens a page under the product's policy, static files from the source; no script may fail.

    `answers` maps a path to the keywords of what the server says there; every other address
    answers 204. The page remembers what it asked in `asked`: method, path, fields.
    """
    settings.ROOT_URLCONF = __name__
    faults, pages = [], []

    def opened(body=None, *, theme="light", width=1280, answers=None):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        page.asked = []
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        shown = {"/page": a_page(body or showcase(theme)), **(answers or {})}
        page.route("**/*", lambda route: serve(route, shown, page.asked))
        page.goto("http://desk.test/page")
        return page

    yield opened
    for page in pages:
        page.close()
    assert faults == []


def a_page(body: str) -> dict:
    """The answer that is a whole page."""
    headers = {"Content-Security-Policy": POLICY}
    return {"body": body, "content_type": "text/html; charset=utf-8", "headers": headers}


def serve(route, shown: dict, asked: list) -> None:
    """One request of the browser: a static file, what `shown` says, or nothing."""
    address = urlsplit(route.request.url)
    if address.path.startswith("/static/"):
        file = finders.find(address.path.removeprefix("/static/"))
        route.fulfill(path=file, content_type=mimetypes.guess_type(file)[0])
        return
    fields = parse_qs(route.request.post_data or address.query)
    asked.append((route.request.method, address.path, {name: value[0] for name, value in fields.items()}))
    route.fulfill(**shown.get(address.path, {"status": 204, "body": ""}))


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


# The second visit of the first lane.
FITS = {
    "/visits/confirmed/fit/": {
        "body": '{"says": "Meets the 15:40 promise.", "fits": true}',
        "content_type": "application/json",
    }
}


def carry(page, visit: str, lane: str, hour: float) -> None:
    """Take a visit by its left edge and hold it over an hour of a lane (8 to 18 run across)."""
    source, track = page.locator(visit), page.locator(f"{lane} .lane__time")
    source.scroll_into_view_if_needed()
    start, box = source.bounding_box(), track.bounding_box()
    page.mouse.move(start["x"] + 4, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (hour - 8) / 10 + 4, box["y"] + 20, steps=4)


@pytest.mark.browser
def test_dragging_snaps_to_a_quarter_asks_whether_it_fits_and_posts_the_move(show):
    page = show(answers=FITS)
    carry(page, "#lane-1 .visit >> nth=1", "#lane-2", 16.3)
    expect(page.locator("#toasts")).to_contain_text("Lou, 16:15 to 17:15. Meets the 15:40 promise.")
    page.mouse.up()
    expect(page.locator(".visit[data-lifted]")).to_have_count(0)
    posts = [asked for asked in page.asked if asked[0] == "POST"]
    fields = {"technician": "t2", "day": "2026-03-05", "start": "16:15", "version": "3"}
    assert posts == [("POST", "/visits/confirmed/move/", fields)]


@pytest.mark.browser
def test_escape_returns_what_is_being_dragged(show):
    page = show(answers=FITS)
    ghosts = page.locator("#lane-2 [data-state=drop]").count()
    carry(page, "#lane-1 .visit >> nth=1", "#lane-2", 16)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert page.locator("#lane-2 [data-state=drop]").count() == ghosts
    assert [asked for asked in page.asked if asked[0] == "POST"] == []


@pytest.mark.browser
def test_arrows_go_along_a_lane_and_to_the_nearest_visit_of_the_next(show):
    page = show()
    page.locator("#lane-1 .visit").nth(2).focus()
    names = []
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
        names.append(page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
    assert names == [
        "11:00 to 12:00, Kestrel Law, Lou Baptiste, risk, something must be raised",
        "11:00 to 12:00, Kestrel Law, Lou Baptiste, noaccess, something must be raised",
        "10:00 to 11:00, Kestrel Law, Lou Baptiste, missed, something must be raised",
    ]


@pytest.mark.browser
def test_news_waits_in_the_lane_that_someone_is_in(show):
    fresh = '<div class="lane" id="lane-{}" data-technician="t{}" hx-swap-oob="true"><p>New {}</p></div>'
    body = "".join(fresh.format(lane, lane, lane) for lane in (1, 2))
    page = show(answers={"/since/": {"body": body, "content_type": "text/html"}})
    page.locator("#lane-1 .visit").first.focus()
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lane-2")).to_contain_text("New 2")
    expect(page.locator("#lane-1")).to_contain_text("Kestrel Law")
    page.get_by_role("button", name="1 change in this lane. Show").click()
    expect(page.locator("#lane-1")).to_have_text("New 1")
    assert page.asked[-1] == ("GET", "/since/", {"v": "4"})


@pytest.mark.browser
def test_search_offers_what_the_server_found_and_enter_opens_the_first(show):
    found = '<a href="/customers/1/"><b>Margaret</b></a><a href="/customers/2/"><b>Max</b></a>'
    page = show(answers={"/d/northgate/find/": {"body": found, "content_type": "text/html"}})
    page.keyboard.press("/")
    page.keyboard.type("ma")
    expect(page.locator("#found").get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("combobox", name="Find").get_attribute("aria-activedescendant")
    with page.expect_request("**/customers/1/"):
        page.keyboard.press("Enter")
    assert chosen == "found-0"


@pytest.mark.browser
@pytest.mark.parametrize("name", ["403", "404", "409", "500"])
def test_error_page_is_accessible_and_fits(show, name):
    page = show(render_to_string(f"errors/{name}.html"), width=320)
    assert axe_violations(page) == []
    assert sideways_scroll(page) == 0
    assert page.get_by_role("heading", level=1).count() == 1


def test_people_s_text_is_escaped_once_however_it_is_passed():
    name = "Fennel & <b>Rye</b>"
    written = "Fennel &amp; &lt;b&gt;Rye&lt;/b&gt;"
    by_text = draw('<c-promise what="{{ name }}" />', name=name)
    by_value = draw('<c-promise :what="name" />', name=name)
    assert by_text.count(written) == by_value.count(written) == 1
    assert "<b>Rye" not in by_text + by_value


def test_field_says_its_hint_and_error_to_a_screen_reader():
    html = draw('<c-field label="Mail" name="mail" hint="Yours" :errors="errors" />', errors=["Give one."])
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
    [["caller", "booking"], ["contract-check"], ["messages"], ["find"]],
    ids=lambda screens: screens[0],
)
def test_desk_page_keeps_its_weight(screens):
    assert weight(*BUNDLES["desk"], *(f"screens/{screen}" for screen in screens)) <= 60_000


def test_board_keeps_its_weight_in_all_its_views():
    assert weight(*BUNDLES["board"], "screens/board", "components/table", "screens/week") <= 60_000


def weight(*names: str) -> int:
    """Bytes of the stylesheets before compression."""
    return sum(Path(finders.find(f"css/{name}.css")).stat().st_size for name in names)
