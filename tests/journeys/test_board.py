"""A dispatcher's board in a real browser: by keys, by mouse, and beside another dispatcher."""

import re

import pytest
from playwright.sync_api import Page, expect

from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.servicedesk.board_scene import make_scene
from visits.models import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(live_desk):
    """Thursday 5 March at Northgate, in full swing."""
    with tenant(live_desk.cast.north.tenant):
        return make_scene(live_desk.cast.north)


@pytest.fixture
def board(live_desk, page_as, scene):
    """Opens the board as one of its people."""

    def open_board(role="dispatcher", path="board/", **options) -> Page:
        page = page_as(role, **options)
        page.goto(live_desk.url(path))
        return page

    return open_board


def block(page: Page, customer: str):
    return page.locator(".grid a.visit").filter(has_text=customer)


def starts(clock: str) -> re.Pattern:
    """The full name of a visit that begins then."""
    return re.compile(f"^{clock} to ")


def hear_news(page: Page) -> None:
    """As if the tab came to the front: the board asks for news at once."""
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def stored(live_desk, visit: Visit) -> tuple[str, str]:
    """With whom and when (in UTC) a visit stands."""
    with tenant(live_desk.cast.north.tenant):
        visit.refresh_from_db()
        return visit.assignments.get().technician.name, f"{visit.planned_start:%H:%M}"


def test_choose_m_1_enter_moves_and_another_dispatcher_sees_it(live_desk, board, scene):
    """Four interactions, no drag: choose it, M, a digit, Enter; and a fifth takes it back."""
    page, other = board(), board("manager")
    block(page, "Mayfield Vets").click()
    expect(block(page, "Mayfield Vets")).to_have_attribute("aria-current", "true")
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Move Mayfield Vets")).to_be_visible()
    expect(dialog.locator(".slot__when").first).to_have_text("Lou, today 15:30 to 16:30")
    page.keyboard.press("1")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Mayfield Vets is now with Lou, Thursday 15:30.")
    expect(dialog).to_have_count(0)
    expect(block(page, "Mayfield Vets")).to_have_accessible_name(starts("15:30"))
    # Focus stands on the visit, for the next key.
    expect(block(page, "Mayfield Vets")).to_be_focused()
    assert stored(live_desk, scene["Mayfield Vets"]) == ("Lou Baptiste", "15:30")

    expect(block(other, "Mayfield Vets")).to_have_accessible_name(starts("15:45"))
    hear_news(other)
    expect(block(other, "Mayfield Vets")).to_have_accessible_name(starts("15:30"))
    assert axe_violations(page) == []

    page.keyboard.press("z")
    expect(page.get_by_role("status")).to_contain_text(
        "Undone: Mayfield Vets is back with Lou, Thursday 15:45."
    )
    expect(block(page, "Mayfield Vets")).to_have_accessible_name(starts("15:45"))
    assert stored(live_desk, scene["Mayfield Vets"]) == ("Lou Baptiste", "15:45")


def test_a_click_chooses_its_menu_acts_and_a_double_click_opens(live_desk, board, scene):
    page = board()
    block(page, "Mayfield Vets").click()
    expect(page).to_have_url(live_desk.url("board/"))
    page.get_by_role("button", name=re.compile("^What to do with 15:45 to 17:00, Mayfield Vets")).click()
    menu = page.get_by_role("dialog")
    expect(menu.get_by_role("heading", name="Mayfield Vets")).to_be_visible()
    assert axe_violations(page) == []
    menu.get_by_role("link", name="Swap with…").click()
    expect(page.get_by_role("heading", name="Swap Mayfield Vets")).to_be_visible()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    # Chosen, then Shift and a click on another: the two are to be swapped.
    block(page, "Mayfield Vets").click()
    block(page, "Grange Hotel").click(modifiers=["Shift"])
    expect(page.get_by_role("radio", name=re.compile("Grange Hotel, 15:45"))).to_be_checked()
    page.keyboard.press("Escape")
    block(page, "Grange Hotel").dblclick()
    expect(page).to_have_url(re.compile(f"visits/{scene['Grange Hotel'].public_id}/$"))


def test_the_keys_go_to_the_tray_and_are_all_listed(board, scene):
    page = board(width=1100)
    page.keyboard.press(".")
    expect(page.get_by_role("link", name="Fennel & Rye").first).to_be_focused()
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keys on this page")
    for words in (
        "Choose a visit, by a click too",
        "Move the chosen visit",
        "Today",
        "Day before",
        "Undo, while it can be",
    ):
        expect(listed.get_by_text(words, exact=True)).to_be_visible()


def test_a_conflict_is_explained_and_nothing_typed_is_lost(live_desk, board, scene):
    first, second = board("manager"), board()
    for page in (first, second):
        block(page, "Grange Hotel").focus()
        page.keyboard.press("m")
        page.get_by_label("Another place").check()
    first.get_by_label("Starts").fill("14:00")
    first.get_by_role("button", name="Move").click()
    expect(block(first, "Grange Hotel")).to_have_accessible_name(starts("14:00"))

    second.get_by_label("Starts").fill("16:00")
    second.get_by_role("dialog").get_by_role("button", name="Move").click()
    problem = second.get_by_role("alert")
    expect(problem).to_contain_text(
        re.compile(r"Robin Vale changed this visit at 13:0\d\. It stands with Sam")
    )
    expect(second.get_by_label("Starts")).to_have_value("16:00")
    expect(second.get_by_label("Another place")).to_be_checked()
    assert axe_violations(second) == []
    # Seen now, it is the dispatcher's to decide.
    second.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(block(second, "Grange Hotel")).to_have_accessible_name(starts("16:00"))
    assert stored(live_desk, scene["Grange Hotel"]) == ("Sam Okoro", "16:00")


def drag(page: Page, source, lane: str, hour: float) -> None:
    """Press on a block, carry its left edge to an hour of a lane, hold it there."""
    source.scroll_into_view_if_needed()
    box = source.bounding_box()
    track = page.locator(f".lane[data-name={lane}] .lane__time").bounding_box()
    first, count = 8, 10
    page.mouse.move(box["x"] + 4, box["y"] + 20)
    page.mouse.down()
    x = track["x"] + track["width"] * (hour - first) / count
    page.mouse.move(x - 30, track["y"] + 30, steps=4)
    page.mouse.move(x + 4, track["y"] + 30, steps=4)


def test_a_visit_is_dragged_to_another_lane(live_desk, board, scene):
    page = board()
    drag(page, block(page, "Wren & Co"), "Ines", 14.75)
    toast = page.get_by_role("status")
    expect(toast).to_contain_text("Ines, 14:45 to 16:00. Free.")
    page.mouse.up()
    expect(toast).to_contain_text("Wren & Co is now with Ines, Thursday 14:45.")
    lane = page.locator(".lane[data-name=Ines]")
    expect(lane.locator("a.visit").filter(has_text="Wren & Co")).to_have_accessible_name(starts("14:45"))
    expect(page.locator(".lane[data-name=Marek] a.visit").filter(has_text="Wren & Co")).to_have_count(0)
    assert stored(live_desk, scene["Wren & Co"]) == ("Ines Duarte", "14:45")


def test_a_drop_on_a_taken_hour_is_refused_in_words(live_desk, board, scene):
    page = board()
    drag(page, block(page, "Wren & Co"), "Ines", 16)
    expect(page.get_by_role("status")).to_contain_text("Overlaps Moor End School, 16:00 to 17:15.")
    page.mouse.up()
    expect(page.get_by_role("alert")).to_contain_text("Overlaps Moor End School, 16:00 to 17:15.")
    assert stored(live_desk, scene["Wren & Co"]) == ("Marek Novak", "16:00")


def test_without_an_answer_it_says_that_it_is_old_and_takes_no_drop(live_desk, board, scene, page_as):
    page = board()
    expect(page.locator("[data-live-says]")).to_have_text("Live")
    page.route("**/board/since/**", lambda route: route.abort())
    page.clock.fast_forward("01:05")
    says = page.locator("[data-live-says]")
    expect(says).to_have_text(re.compile(r"Last updated 13:0\d, reconnecting"))
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    drag(page, block(page, "Wren & Co"), "Ines", 14.75)
    page.mouse.up()
    expect(page.get_by_role("status")).to_contain_text("The board is reconnecting, so it may be out of date.")
    assert stored(live_desk, scene["Wren & Co"]) == ("Marek Novak", "16:00")
    page.unroute("**/board/since/**")
    hear_news(page)
    expect(says).to_have_text("Live")
    # What the console says of the connection that was cut is no fault of the page.
    page_as.__self__.faults.clear()


def test_escape_returns_what_is_dragged(live_desk, board, scene):
    page = board()
    drag(page, block(page, "Wren & Co"), "Ines", 14.75)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(block(page, "Wren & Co")).to_have_accessible_name(starts("16:00"))
    assert stored(live_desk, scene["Wren & Co"]) == ("Marek Novak", "16:00")


def test_what_nobody_has_is_dragged_from_the_tray(live_desk, board, scene):
    page = board()
    drag(page, page.locator(".todo").filter(has_text="Quayside Dental"), "Sam", 14)
    expect(page.get_by_role("status")).to_contain_text("Sam, 14:00 to 15:15. Free.")
    page.mouse.up()
    expect(block(page, "Quayside Dental")).to_have_accessible_name(starts("14:00"))
    assert stored(live_desk, scene["Quayside Dental"]) == ("Sam Okoro", "14:00")


def test_a_miss_is_settled_and_rebooked_in_five_interactions(live_desk, board, scene):
    page = board()
    missed = scene["Fennel & Rye"]
    expect(page).to_have_title(re.compile(r"^\(8\) Board"))
    block(page, "Fennel & Rye").click()  # 1
    page.keyboard.press("o")  # 2
    page.get_by_role("dialog").get_by_text("Van broke down").click()  # 3
    page.keyboard.press("1")  # 4
    page.keyboard.press("Control+Enter")  # 5
    expect(page.get_by_role("status")).to_contain_text("Fennel & Rye: settled.")
    expect(page.locator(".tray .todo").filter(has_text="Fennel & Rye")).to_have_count(0)
    expect(page).to_have_title(re.compile(r"^\(7\) Board"))
    # Red for ever in its lane, and the new visit beside it.
    expect(page.locator(f".grid a[href$='{missed.public_id}/']")).to_have_attribute("data-state", "missed")
    expect(block(page, "Fennel & Rye")).to_have_count(2)
    with tenant(live_desk.cast.north.tenant):
        missed.refresh_from_db()
        assert missed.miss_outcome.startswith(
            "Van broke down. Dana Whitlock spoke to Fennel & Rye on Thu 5 Mar"
        )


def test_calling_ahead_from_the_tray_takes_the_card_away(board, scene):
    page = board()
    card = page.locator(".todo").filter(has_text="The Harbour Letter")
    card.get_by_text("I called", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Spoke").click()
    expect(card).to_have_count(0)
    expect(block(page, "The Harbour Letter")).to_have_attribute("data-state", "called")


def test_news_do_not_pull_a_lane_from_under_the_hands(live_desk, board, scene):
    page, other = board(), board("manager")
    block(page, "Mayfield Vets").focus()
    block(other, "Mayfield Vets").focus()
    other.keyboard.press("m")
    expect(other.get_by_role("dialog")).to_be_visible()
    other.keyboard.press("1")
    other.keyboard.press("Enter")
    expect(block(other, "Mayfield Vets")).to_have_accessible_name(starts("15:30"))
    hear_news(page)
    show = page.get_by_role("button", name="1 change in this lane. Show")
    expect(show).to_be_visible()
    expect(block(page, "Mayfield Vets")).to_have_accessible_name(starts("15:45"))
    show.click()
    expect(block(page, "Mayfield Vets")).to_have_accessible_name(starts("15:30"))


PATHS = ("board/", "board/?view=week", "board/?view=list", "board/?day=2026-03-12", "board/?only=late")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_it(live_desk, board, theme):
    found = {}
    for width in (1440, 1100, 800, 320):
        page = board(theme=theme, width=width)
        for path in PATHS:
            page.goto(live_desk.url(path))
            found[path, width] = (axe_violations(page), sideways_scroll(page))
    assert {where: what for where, what in found.items() if what != ([], 0)} == {}


def test_the_dialogs_can_be_used_by_everybody(live_desk, board, scene):
    page = board(width=320)
    names = ("move", "assign", "cancel", "menu", "message", "swap", "crew", "between")
    paths = [f"visits/{scene['Mayfield Vets'].public_id}/{name}/" for name in names]
    marek = live_desk.cast.north.marek.public_id
    paths.append(f"{paths[-1]}?technician={marek}&day=2026-03-05&start=14:30")
    for path in ["board/sheets/", *paths, f"visits/{scene['Fennel & Rye'].public_id}/outcome/"]:
        page.goto(live_desk.url(path))
        assert (path, axe_violations(page), sideways_scroll(page)) == (path, [], 0)
