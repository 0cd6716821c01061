"""The register of cases, one case on one screen, and what is done there."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.interactions import note_interaction
from cases.life import note_try, seen_of
from cases.models import Case, Duty, Interaction
from customers.models import Customer
from recommendations.faults import link_warnings
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import faults_of
from tests.cast import a_case, a_promise, make_plain_visit
from tests.reading import text

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def desk(north, client):
    """Northgate, its dispatcher signed in."""
    client.force_login(north.dispatcher.user)
    return north


def call(desk, case, now, **fields):
    said = {"summary": "Again", "channel": "call", "by": desk.dispatcher} | fields
    return note_interaction(customer=case.customer, case=case, now=now, **said)


def shown(client, desk, **query):
    answer = client.get(desk.url("cases/"), query)
    assert answer.status_code == 200
    return [item["row"].title for item in answer.context["rows"]]


def tallies(client, desk):
    tabs = client.get(desk.url("cases/")).context["tabs"]
    return {parse_qs(urlsplit(url).query)["show"][0]: count for _, count, url, _ in tabs if count}


def post(client, desk, case, act, **fields):
    return client.post(desk.url(f"cases/{case.public_id}/{act}/"), {"seen": seen_of(case), **fields})


def test_each_stands_where_its_clock_and_state_say(client, desk, now):
    a_case(desk, "New", now)
    a_case(desk, "At risk", now - HOUR, response_due_at=now + 10 * dt.timedelta(minutes=1))
    a_case(desk, "Late", now - 2 * HOUR, response_due_at=now - HOUR)
    a_case(desk, "Old", now - 20 * DAY, kind="question")
    waiting = a_case(desk, "Waits", now - 20 * DAY, kind="question")
    Case.objects.filter(pk=waiting.pk).update(
        state="waiting", waiting_since=now - 19 * DAY, waiting_for="A photo"
    )
    done = a_case(desk, "Done", now - DAY)
    Case.objects.filter(pk=done.pk).update(state="closed", closed_on="ours", closed_at=now, outcome="Mended")
    warned = a_case(desk, "Foreseen", now - 3 * HOUR, equipment=desk.copier)
    link_warnings(warned, [desk.copier], now=now)
    assert tallies(client, desk) == {"open": 6, "late": 2, "risk": 1, "waiting": 1, "warned": 1, "closed": 1}
    assert shown(client, desk) == ["New", "At risk", "Late", "Foreseen", "Waits", "Old"]
    assert shown(client, desk, show="late") == ["Late", "Old"]
    assert shown(client, desk, show="risk") == ["At risk"]
    assert shown(client, desk, show="waiting") == ["Waits"]
    assert shown(client, desk, show="warned") == ["Foreseen"]
    assert shown(client, desk, show="closed") == ["Done"]
    assert shown(client, desk, show="no such list") == shown(client, desk)


def test_kind_and_owner_narrow_the_list_and_its_tallies(client, desk, now):
    a_case(desk, "Bands", now)
    a_case(desk, "Rude", now - HOUR, kind="complaint")
    sold = a_case(desk, "Price", now - 2 * HOUR, kind="question")
    Case.objects.filter(pk=sold.pk).update(owner=desk.sales)
    gone = a_case(desk, "Nobody's", now - 3 * HOUR)
    Case.objects.filter(pk=gone.pk).update(owner=None)
    assert shown(client, desk, kind="complaint") == ["Rude"]
    assert shown(client, desk, owner="me") == ["Bands", "Rude"]
    assert shown(client, desk, owner="nobody") == ["Nobody's"]
    assert shown(client, desk, owner=str(desk.sales.public_id)) == ["Price"]
    assert shown(client, desk, owner="x", kind="x") == shown(client, desk)
    answer = client.get(desk.url("cases/"), {"kind": "fault", "owner": "me"})
    assert [count for _, count, _, _ in answer.context["tabs"]][0] == 1


def test_the_register_is_read_on_page_by_page(client, desk, now):
    for number in range(27):
        a_case(desk, f"Case {number}", now - number * HOUR)
    first = client.get(desk.url("cases/"))
    assert [item["row"].title for item in first.context["rows"]][-1] == "Case 24"
    second = client.get(desk.url("cases/") + first.context["older_url"])
    assert [item["row"].title for item in second.context["rows"]] == ["Case 25", "Case 26"]
    assert second.context["older_url"] == ""
    assert second.context["front_url"] == "?show=open"


def test_the_register_asks_as_often_for_three_rows_as_for_one(client, desk, now):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(desk.url("cases/"))
        return len(asked)

    full(desk, a_case(desk, "First", now, equipment=desk.copier), now)
    queries()
    one = queries()
    for number in range(2):
        other = Customer.objects.create(name=f"Other {number}", number=f"C{number + 2}")
        full(desk, a_case(desk, f"More {number}", now, customer=other), now)
    assert queries() == one


def full(desk, case, now):
    """A case with one of everything that hangs on one."""
    call(desk, case, now - HOUR)
    a_promise(desk, customer=case.customer, text="Ring back", due_at=now + HOUR, now=now - HOUR, case=case)
    make_plain_visit(desk, now=now, case=case, start=now + 3 * case.pk * HOUR)
    link_warnings(case, [desk.copier], now=now)
    return case


def test_one_screen_says_all_of_a_case(client, desk, now):
    case = full(
        desk, a_case(desk, "Grey bands", now - DAY, equipment=desk.copier, words="On every page"), now
    )
    page = text(client.get(desk.url(f"cases/{case.public_id}/")))
    for words in (
        "Grey bands",
        "The Harbour Letter",
        "On every page",
        "Owner Dana Whitlock",
        "Replace the fuser unit",
        "Ring back",
        "Call from Margaret Ellison",
        "Promised: Ring back",
        "Settle by",
    ):
        assert words in page, words


def test_one_screen_asks_as_often_for_three_of_each_as_for_one(client, desk, now):
    case = full(desk, a_case(desk, "Grey bands", now - 2 * DAY, equipment=desk.copier), now)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert client.get(desk.url(f"cases/{case.public_id}/")).status_code == 200
        return len(asked)

    queries()
    one = queries()
    for number in range(1, 3):
        call(desk, case, now - number * DAY)
        a_promise(desk, text=f"Ring {number}", due_at=now + HOUR, now=now - HOUR, case=case)
        make_plain_visit(desk, now=now, case=case, start=now + (30 + number * 5) * HOUR)
        a_case(desk, f"Other {number}", now)
    assert queries() == one


def test_the_thread_is_read_on_page_by_page(client, desk, now):
    case = a_case(desk, "Grey bands", now - 3 * DAY)
    for number in range(30):
        call(
            desk, case, now - (60 - number) * HOUR, channel="mail", summary=f"Mail {number}", direction="out"
        )
    first = client.get(desk.url(f"cases/{case.public_id}/"))
    assert first.context["thread"][0]["entry"].detail == "Mail 29"
    second = client.get(first.context["older_url"])
    assert [line["entry"].detail for line in second.context["thread"]] == [
        *(f"Mail {number}" for number in range(4, -1, -1)),
        "",
    ]


def test_a_call_a_word_of_ours_and_a_try_are_noted(client, desk, now):
    case = a_case(desk, "Nobody came", now - DAY, kind="complaint")
    for way, words in (("in", "Still nobody"), ("out", "On the way"), ("try", "")):
        answer = post(client, desk, case, "note", way=way, channel="call", words=words)
        assert answer.status_code == 302
    noted = Interaction.objects.order_by("pk").values_list("direction", "is_try", "summary")
    assert list(noted) == [
        ("in", False, "Still nobody"),
        ("out", False, "On the way"),
        ("out", True, "Nobody answered"),
    ]


@pytest.mark.parametrize(
    ("act", "fields", "says"),
    [
        ("note", {"way": "in", "channel": "call", "words": " "}, "Write down what was said."),
        ("note", {"way": "x", "channel": "x", "words": "y"}, "Choose who spoke."),
        ("wait", {"what": ""}, "Write what we wait for."),
        ("hand-over", {"to": ""}, "Choose who goes on with it."),
        ("close", {"on": "ours", "outcome": "Enough"}, "A complaint closes on the customer’s word"),
        ("close", {"on": "tries", "outcome": "Enough"}, "0 of 3 days with a try, over 0 of 5 business days."),
        ("close", {"on": "word", "outcome": "Enough"}, "Write what the customer said."),
        ("close", {"on": "word", "word": "Thanks"}, "Write what came of it."),
        ("reopen", {"because": "x"}, "It is not closed."),
        ("back", {}, "Nobody waits for the customer in this case."),
        ("split", {"kind": "fault", "title": "x"}, "Choose the contact."),
        ("join", {"other": ""}, "Choose the case that is the same matter."),
    ],
)
def test_what_cannot_be_done_is_said_and_what_was_typed_is_kept(client, desk, now, act, fields, says):
    case = a_case(desk, "Nobody came", now - DAY, kind="complaint")
    answer = post(client, desk, case, act, **fields)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in text(answer)
    for typed in ("Enough", "Thanks"):
        assert (typed in page) == (typed in fields.values())
    assert Case.objects.get().version == 1


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("wait", {"what": "A photo"}),
        ("back", {}),
        ("hand-over", {"note": "Hello"}),
        ("close", {"on": "word", "word": "Thanks", "outcome": "Enough"}),
        ("reopen", {"because": "It is back"}),
        ("join", {}),
        ("supervisor", {"wants": "A lower bill"}),
    ],
)
def test_of_two_at_once_the_second_hears_of_the_first(client, desk, now, act, fields):
    case, other = a_case(desk, "Nobody came", now - DAY), a_case(desk, "Nor on Friday", now)
    fields |= {"hand-over": {"to": desk.sales.public_id}, "join": {"other": other.public_id}}.get(act, {})
    if act == "reopen":
        Case.objects.filter(pk=case.pk).update(
            state="closed", closed_on="ours", closed_at=now, outcome="Mended"
        )
        case.refresh_from_db()
    state, seen = case.state, seen_of(case)
    Case.objects.filter(pk=case.pk).update(version=2)
    answer = post(client, desk, case, act, **fields | {"seen": seen})
    assert answer.status_code == 409
    assert "Somebody acted on this case meanwhile" in text(answer)
    for typed in fields.values():
        assert str(typed) in answer.content.decode()
    case.refresh_from_db()
    assert (case.version, case.state, case.supervisor) == (2, state, None)


def test_a_whole_life_by_forms_alone(client, desk, now, moment):
    case = a_case(desk, "Nobody came", now, kind="complaint")

    def done(act, **fields):
        case.refresh_from_db()
        answer = post(client, desk, case, act, **fields)
        assert (answer.status_code, answer.url) == (302, desk.url(f"cases/{case.public_id}/"))
        case.refresh_from_db()
        return case

    assert done("wait", what="Which day suits").waiting_for == "Which day suits"
    assert done("back").state == "open"
    assert done("hand-over", to=desk.sales.public_id, note="Yours").owner == desk.sales
    assert done("taken").duties.get(kind=Duty.Kind.TAKE_CASE).outcome == "Read, and goes on with it"
    assert done("supervisor", wants="A lower bill").supervisor == desk.manager
    assert done("close", on="word", word="Thank you", outcome="Free visit").closed_on == "word"
    assert Duty.objects.open().get(kind=Duty.Kind.CHECK_CALL).case == case
    assert done("reopen", because="Nobody came again").state == "open"


def test_a_contact_is_split_off_and_the_new_case_is_shown(client, desk, now):
    case = a_case(desk, "Grey bands", now - DAY)
    contact = call(desk, case, now - HOUR, summary="Where is my invoice?")
    answer = post(client, desk, case, "split", contact=contact.public_id, kind="question", title="Invoice")
    new = Case.objects.get(title="Invoice")
    assert answer.url == desk.url(f"cases/{new.public_id}/")
    assert list(new.interactions.all()) == [contact]


def test_the_address_of_a_joined_case_leads_on(client, desk, now):
    kept, gone = a_case(desk, "Bands", now - DAY), a_case(desk, "Noise", now)
    assert post(client, desk, kept, "join", other=gone.public_id).status_code == 302
    answer = client.get(desk.url(f"cases/{gone.public_id}/"))
    assert answer.url == desk.url(f"cases/{kept.public_id}/")
    assert "“Noise” is a part of it" in text(client.get(answer.url))


def test_tries_are_counted_where_it_closes(client, desk, now):
    case = a_case(desk, "Nobody came", now - 2 * DAY, kind="complaint")
    for days in (2, 1, 0):
        note_try(case, channel="call", words="", by=desk.dispatcher, now=now - days * DAY)
    page = text(client.get(desk.url(f"cases/{case.public_id}/")))
    assert "3 of 3 days with a try, over 3 of 5 business days so far" in page
    assert "Closed by us" not in page


def test_a_technician_notes_but_does_not_decide(client, desk, now):
    case = a_case(desk, "Nobody came", now - DAY)
    client.force_login(desk.people[Role.TECHNICIAN].user)
    assert client.get(desk.url("cases/")).status_code == 403
    assert client.get(desk.url(f"cases/{case.public_id}/")).status_code == 200
    assert post(client, desk, case, "note", way="in", channel="call", words="x").status_code == 302
    case.refresh_from_db()
    assert post(client, desk, case, "close", on="ours", outcome="x").status_code == 403


def test_a_case_of_another_desk_is_not_there(client, cast, desk, now):
    with tenant(cast.south.tenant):
        theirs = a_case(cast.south, "Theirs", now)
    assert client.get(desk.url(f"cases/{theirs.public_id}/")).status_code == 404
    assert client.post(desk.url(f"cases/{theirs.public_id}/note/"), {}).status_code == 404
    assert shown(client, desk) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_in_the_browser(live_desk, page_as, now, theme, width):
    north = live_desk.cast.north
    with tenant(north.tenant):
        case = full(north, a_case(north, "Grey bands", now - DAY, equipment=north.copier), now)
        a_case(north, "Another matter with a rather long name that has to wrap", now)
    page = page_as("dispatcher", theme=theme, width=width)
    page.goto(live_desk.url("cases/"))
    assert faults_of(page) == []
    page.get_by_role("link", name="Grey bands").click()
    page.get_by_role("heading", name="In ten seconds").wait_for()
    for act in page.locator(".case__act > summary").all():
        act.click()
    assert faults_of(page) == []
    page.get_by_label("What came of it").fill("Mended")
    page.get_by_role("button", name="Close the case").click()
    page.get_by_role("button", name="Open the case again").wait_for()
    assert faults_of(page) == []
    with tenant(north.tenant):
        case.refresh_from_db()
        assert (case.state, case.outcome) == ("closed", "Mended")


def test_taken_in_by_the_keyboard_alone(live_desk, page_as):
    page = page_as("dispatcher")
    north = live_desk.cast.north
    page.goto(live_desk.url(f"customers/{north.customer.public_id}/cases/new/"))
    assert faults_of(page) == []
    page.keyboard.type("It jams again")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    with tenant(north.tenant):
        assert Case.objects.get().title == "It jams again"
