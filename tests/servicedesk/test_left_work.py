"""What a visit left, on the pages: told in the brief, asked at the finish, offered for booking, given up."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Duty
from recommendations.models import Recommendation
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import make_plain_visit
from tests.reading import text
from visits.models import Visit, WorkLeft

DAY = dt.timedelta(days=1)


@pytest.fixture
def case(north, now):
    """The fault that it is about; nothing else is open on the machine."""
    Recommendation.objects.update(state="invalid")
    return Case.objects.create(
        customer=north.customer, kind=Case.Kind.FAULT, title="Streaks", words="It streaks", opened_at=now
    )


@pytest.fixture
def left(north, case, now):
    """The drum was not fitted on Tuesday."""
    return leave(north, now, case=case)


@pytest.fixture
def visit(north, case, now):
    """Today's, for the same case: Lou stands there."""
    return make_plain_visit(
        north,
        now=now,
        start=now.replace(hour=12, minute=0),
        state="on site",
        arrived_at=now.replace(hour=12),
        case=case,
    )


def leave(desk, now, words="Fit the drum", days=2, **fields):
    over = make_plain_visit(
        desk,
        now=now,
        start=now - days * DAY,
        state="done",
        completed_at=now - days * DAY,
        completed_on=now.date() - days * DAY,
        **fields,
    )
    return WorkLeft.objects.create(visit=over, words=words, parts="Drum DR-9", left_at=now - days * DAY)


@pytest.fixture
def technician(client, north):
    client.force_login(north.people[Role.TECHNICIAN].user)
    return client


def finish_of(north, visit):
    return north.url(f"today/{visit.public_id}/finish/")


def typed(left, **more):
    sent = {"work_done": "Drum is in.", "fixed": "yes", "signed_name": "M. Ellison"}
    return {**sent, "left-shown": str(left.public_id), **more}


def field(left, name):
    return f"left-{left.public_id}-{name}"


def test_the_brief_and_the_finish_say_what_was_left(north, visit, left, technician):
    said = "Left from 3 Mar: Fit the drum Parts: Drum DR-9"
    assert said in text(technician.get(north.url(f"today/{visit.public_id}/")))
    page = technician.get(finish_of(north, visit))
    assert said in text(page)
    assert f'name="{field(left, "state")}"' in page.text


def test_done_at_the_finish_is_done(north, visit, left, technician):
    answer = technician.post(finish_of(north, visit), typed(left, **{field(left, "state"): "done"}))
    assert answer.status_code == 302
    left.refresh_from_db()
    assert (left.state, left.settled_at_visit, left.settled_by) == ("done", visit, north.technician)


def test_still_left_keeps_the_new_words(north, visit, left, technician):
    sent = typed(left, **{field(left, "state"): "still", field(left, "words"): "Only the blade"})
    assert technician.post(finish_of(north, visit), sent).status_code == 302
    left.refresh_from_db()
    assert (left.state, left.words) == ("open", "Only the blade")
    assert Duty.objects.filter(kind="book return", closed_at=None).count() == 1


def test_a_page_that_showed_it_must_say_whether_it_is_done(north, visit, left, technician):
    answer = technician.post(finish_of(north, visit), typed(left, work_done="Typed <b>words</b>"))
    assert answer.status_code == 422
    assert text(answer).count("Say whether it is done: “Fit the drum”.") == 2
    assert "Typed &lt;b&gt;words&lt;/b&gt;" in answer.text
    left.refresh_from_db()
    assert left.state == "open"


def test_a_page_that_never_showed_it_may_finish_and_it_stays(north, visit, left, technician):
    sent = {**typed(left), "left-shown": ""}
    assert technician.post(finish_of(north, visit), sent).status_code == 302
    left.refresh_from_db()
    assert left.state == "open"


def test_not_fixed_leaves_the_parts_that_it_needs(north, visit, technician):
    sent = {
        "work_done": "Opened it.",
        "fixed": "no",
        "not_fixed_because": "Worn",
        "next_step": "Fit a blade",
        "parts_needed": "Blade B-2",
        "signed_name": "M. Ellison",
    }
    assert technician.post(finish_of(north, visit), sent).status_code == 302
    work = WorkLeft.objects.get(visit=visit)
    assert (work.words, work.parts) == ("Fit a blade", "Blade B-2")


def book(north):
    return north.url(f"customers/{north.customer.public_id}/book/")


def test_the_booking_panel_offers_it_with_everything_filled_in(north, left, case, dispatcher):
    panel = dispatcher.get(book(north))
    assert "Left from 3 Mar: Fit the drum. Parts: Drum DR-9. Book it" in text(panel)
    (offered,) = panel.context["left"]()
    filled = dispatcher.get(offered["url"])
    choices = filled.context["choices"]
    assert (choices.kind, choices.problem, choices.case) == ("return visit", "Fit the drum", case)
    assert (choices.machines, choices.site) == ([north.copier], north.site)
    sent = {
        "kind": choices.kind,
        "case": str(case.public_id),
        "machine": str(north.copier.public_id),
        "slot": choices.offered[0].key,
    }
    assert dispatcher.post(book(north), sent).status_code == 302
    assert Visit.objects.order_by("pk").last().case == case
    assert "Left from 3 Mar: Fit the drum. Parts: Drum DR-9. A visit for it is booked." in text(
        dispatcher.get(book(north))
    )


def test_as_many_queries_for_three_left_as_for_one(north, left, now, dispatcher):
    dispatcher.get(book(north))
    with CaptureQueriesContext(
        connection,
    ) as one:
        dispatcher.get(book(north))
    for number in (3, 4):
        leave(north, now, words=f"Part {number}", days=number)
    with CaptureQueriesContext(connection) as three:
        page = dispatcher.get(book(north))
    assert text(page).count("Book it") == 3
    assert len(three) == len(one)


def test_a_dispatcher_gives_it_up_and_the_visit_says_who_and_why(north, left, dispatcher):
    page = north.url(f"visits/{left.visit.public_id}/")
    assert "Left to do Still left Fit the drum Parts: Drum DR-9" in text(dispatcher.get(page))
    assert dispatcher.post(f"{page}left/give-up/", {"reason": " "}).status_code == 302
    assert "Say why it is given up." in text(dispatcher.get(page))
    dispatcher.post(f"{page}left/give-up/", {"reason": "They bought another"})
    assert "Left to do Given up Fit the drum Parts: Drum DR-9 They bought another, Dana Whitlock" in text(
        dispatcher.get(page)
    )
    dispatcher.post(f"{page}left/give-up/", {"reason": "Again"})
    assert "It is settled already: given up." in text(dispatcher.get(page))


def test_others_do_not_give_it_up(north, left, technician, cast):
    act = f"visits/{left.visit.public_id}/left/give-up/"
    assert technician.post(north.url(act), {"reason": "x"}).status_code == 403
    technician.force_login(cast.south.dispatcher.user)
    assert technician.post(cast.south.url(act), {"reason": "x"}).status_code == 404
    with tenant(north.tenant):
        left.refresh_from_db()
        assert left.state == "open"


def test_a_visit_that_left_nothing_has_nothing_to_give_up(north, visit, dispatcher):
    page = north.url(f"visits/{visit.public_id}/")
    assert dispatcher.post(f"{page}left/give-up/", {"reason": "x"}).status_code == 404


def test_what_is_owed_stands_in_the_tray(north, left, now, dispatcher):
    Duty.objects.create(
        key=left.public_id,
        kind="book return",
        title="Book what is left",
        customer=north.customer,
        owner_role="dispatcher",
        opened_at=now,
        due_at=now,
        subject=left.visit.public_id,
    )
    board = dispatcher.get(north.url("board/"))
    assert "Work left to book" in text(board)
    assert f'href="{book(north)}"' in board.text


@pytest.mark.parametrize(("theme", "width"), [("light", 320), ("dark", 390)])
def test_in_the_browser(live_desk, page_as, now, theme, width):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        Recommendation.objects.update(state="invalid")
        work = leave(desk, now, words="Fit the drum that came too late for the visit of Tuesday")
        here = make_plain_visit(desk, now=now, start=now, state="on site", arrived_at=now)
    page = page_as("technician", theme=theme, width=width)
    page.goto(live_desk.url(f"today/{here.public_id}/"))
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.goto(live_desk.url(f"today/{here.public_id}/finish/"))
    words = page.get_by_label("What is left of it")
    assert not words.is_visible()
    page.get_by_text("Still left", exact=True).click()
    words.wait_for()
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page = page_as("dispatcher", theme=theme, width=width)
    for path in (f"visits/{work.visit.public_id}/", f"customers/{desk.customer.public_id}/book/"):
        page.goto(live_desk.url(path))
        assert [*axe_violations(page), sideways_scroll(page)] == [0]
