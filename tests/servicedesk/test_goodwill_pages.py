"""Asking for goodwill, saying yes or no to it, and the catalogue as a setting."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.goodwill import ask_for_goodwill
from cases.models import Goodwill, GoodwillItem, GoodwillLimit
from contracts.evidence import log_claim
from contracts.models import AllowanceEntry
from contracts.renewals import last_term
from contracts.wording import day_in_full
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_plain_visit, make_visit
from tests.reading import text
from visits.models import Visit

ATTEMPT = "0195a000-0000-7000-8000-000000000001"


@pytest.fixture
def items(north):
    return make_items()


def make_items():
    credit = GoodwillItem.objects.create(name="A credit", kind="credit", limit=Decimal(50))
    GoodwillLimit.objects.create(item=credit, role="dispatcher", up_to=Decimal(20))
    visit = GoodwillItem.objects.create(name="A free visit", kind="free visit", limit=Decimal(95))
    longer = GoodwillItem.objects.create(name="Some weeks more", kind="extension", days=30)
    GoodwillLimit.objects.create(item=longer, role="dispatcher", days=14)
    return {"credit": credit, "visit": visit, "longer": longer}


def asking(desk):
    return desk.url(f"customers/{desk.customer.public_id}/goodwill/")


def said(items, **changes):
    given = {"item": str(items["credit"].public_id), "amount": "20", "cause": "long wait", "place": ""}
    return given | {"reason": "Waited twice", "attempt": ATTEMPT} | changes


def longer(desk, items, **changes):
    place = f"contract:{desk.contract.public_id}"
    given = {"item": str(items["longer"].public_id), "amount": "", "days": "14", "place": place}
    return said(items, **given | changes)


def waiting_days(desk, items, now):
    return ask_for_goodwill(
        desk.customer, item=items["longer"], days=21, cause="long wait", reason="Waited in vain",
        by=desk.technician, now=now, place=("contract", desk.contract.public_id),
    )  # fmt: skip


def waiting(desk, items, now, amount=50, name="credit", place=None, **more):
    return ask_for_goodwill(
        desk.customer,
        item=items[name],
        amount=Decimal(amount),
        cause="missed visit",
        reason=more.pop("reason", "Waited in vain"),
        by=desk.people["technician"],
        now=now,
        place=place,
    )


def word(desk, goodwill):
    return desk.url(f"goodwill/{goodwill.public_id}/decide/")


# Asking


def test_everybody_on_staff_may_ask_and_above_ones_limit_it_waits(north, items, client):
    for role in ("technician", "sales", "accounts"):
        client.force_login(north.people[role].user)
        assert client.get(asking(north)).status_code == 200
    answer = client.post(asking(north), said(items), follow=True)
    assert "Waits for a yes from a colleague who may give it: A credit, £20.00." in text(answer)
    assert client.post(asking(north), said(items)).status_code == 302
    goodwill = Goodwill.objects.get()
    assert (goodwill.state, goodwill.amount, goodwill.reason) == ("proposed", 20, "Waited twice")


def test_within_ones_limit_it_is_given_at_once_and_stands_in_the_time_line(dispatcher, north, items):
    assert "Credit, up to £50.00: you give £20.00 yourself" in text(dispatcher.get(asking(north)))
    answer = dispatcher.post(asking(north), said(items), follow=True)
    assert "Given: A credit, £20.00." in text(answer)
    assert north.customer.timeline.get().title == "Goodwill: A credit"


def test_what_would_be_fair_stands_filled_in(dispatcher, north, items, now):
    make_visit(north, start=now, technician=north.lou, number="M-1", state=Visit.State.MISSED, missed_at=now)
    page = dispatcher.get(asking(north))
    fair = page.context["fair"]
    assert fair[0] == "A free visit"
    assert fair[2].startswith("1 missed visit, customer for ")
    assert page.context["form"].initial["cause"] == "missed visit"
    assert f"Fair would be A free visit, £95.00. {fair[2]}; failures of the last 12 months" in text(page)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": ""}, "Write the amount."),
        ({"amount": "50.01"}, "“A credit” is worth 50.00 at most."),
        ({"amount": "0"}, "“A credit” is worth 50.00 at most."),
        ({"amount": "many"}, "Write the amount in figures"),
        ({"reason": " "}, "Write why."),
        ({"cause": ""}, "Choose what it is for."),
        ({"item": "none"}, "Choose what to give."),
        ({"item": "visit"}, "Choose which contract or visit it is for."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(dispatcher, north, items, changes, words):
    if changes.get("item") == "visit":
        changes = {"item": str(items["visit"].public_id)}
    answer = dispatcher.post(asking(north), said(items, **{"reason": "Waited <twice>"} | changes))
    assert answer.status_code == 422
    assert words in text(answer)
    assert "<title>Error: Goodwill" in answer.text
    assert changes.get("reason") or 'value="Waited &lt;twice&gt;"' in answer.text
    assert not Goodwill.objects.exists()


def test_a_free_visit_on_a_visit_shows_on_its_page(manager, north, items, now):
    coming = make_plain_visit(north, now=now, start=now.replace(hour=16))
    sent = said(items, item=str(items["visit"].public_id), place=f"visit:{coming.public_id}")
    assert manager.post(asking(north), sent).status_code == 302
    page = manager.get(north.url(f"visits/{coming.public_id}/"))
    assert "Free of charge, goodwill: A free visit" in text(page)


def test_days_are_given_at_once_and_the_caller_screen_shows_the_true_end(dispatcher, north, items):
    before = last_term(north.contract).ends_on
    page = text(dispatcher.get(asking(north)))
    assert "Some weeks more Extension, up to 30 days: you give 14 days yourself" in page
    answer = dispatcher.post(asking(north), longer(north, items), follow=True)
    assert "Given: Some weeks more, 14 days." in text(answer)
    ends_on = day_in_full(before + dt.timedelta(days=14))
    assert last_term(north.contract).given_days == 14
    caller = text(dispatcher.get(north.url(f"customers/{north.customer.public_id}/")))
    assert f"Active until {ends_on}" in caller
    assert "Extended 14 days as goodwill: Waited twice" in caller


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"days": ""}, "Write how many days."),
        ({"days": "0"}, "Write how many days: a whole number from 1 to 366."),
        ({"days": "31"}, "“Some weeks more” is 1 to 30 days."),
        ({"place": ""}, "Choose which contract it is for."),
    ],
)
def test_days_that_cannot_be_are_said(dispatcher, north, items, changes, words):
    answer = dispatcher.post(asking(north), longer(north, items, **changes))
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert not Goodwill.objects.exists()


def test_without_a_catalogue_the_page_says_who_enters_it(dispatcher, north):
    assert "a manager enters in the settings what may be given" in text(dispatcher.get(asking(north)))


# Saying yes


def test_the_page_says_amount_reason_history_and_who_asks(manager, north, items, now):
    waiting(north, items, now)
    make_visit(north, start=now, technician=north.lou, number="M-1", state=Visit.State.MISSED, missed_at=now)
    page = text(manager.get(north.url("goodwill/")))
    assert "Waiting for a yes 1 Approved 0 Declined 0" in page
    row = "£50.00 A credit We missed a visit: Waited in vain 1 missed 0 promises broken given nothing yet"
    assert f"{row} Lou Baptiste 5 Mar 2026 13:07" in page


def test_one_tap_approves_and_it_is_booked_on_the_contract(manager, north, items, now):
    goodwill = waiting(north, items, now, 95, "visit", ("contract", north.contract.public_id))
    answer = manager.post(word(north, goodwill), {"word": "yes"}, follow=True)
    assert "A free visit given to Margaret Ellison, The Harbour Letter." in text(answer)
    assert AllowanceEntry.objects.get(subject=goodwill.public_id).kind == "granted"
    approved = text(manager.get(north.url("goodwill/?state=approved")))
    assert "A free visit, Contract" in approved
    assert "Month Given Amount March 2026 1 £95.00" in approved
    assert "We missed a visit 1 £95.00" in approved


def test_one_tap_gives_the_days_and_they_are_counted_apart(manager, north, items, now):
    goodwill = waiting_days(north, items, now)
    waiting(north, items, now)
    assert "21 days Some weeks more, Contract N-20418" in text(manager.get(north.url("goodwill/")))
    assert "Some weeks more (21 days), Margaret Ellison" in text(manager.get(north.url("overview/")))
    assert manager.post(word(north, goodwill), {"word": "yes"}).status_code == 302
    assert last_term(north.contract).given_days == 21
    approved = text(manager.get(north.url("goodwill/?state=approved")))
    assert "Month Given Amount Days March 2026 1 £0.00 21" in approved
    rows = csv.DictReader(io.StringIO(_file(manager, north).content.decode("utf-8-sig")))
    assert [(row["Amount"], row["Days"]) for row in rows] == [("", "21")]


def _file(manager, north):
    return manager.get(north.url("goodwill/rows.csv?state=approved"))


def test_what_cannot_be_booked_by_now_is_said(manager, north, items, now):
    goodwill = waiting_days(north, items, now)
    log_claim(contract=north.contract, by=north.dispatcher, now=now)
    answer = manager.post(word(north, goodwill), {"word": "yes"})
    assert (answer.status_code, "is in review. Accounts have to decide" in text(answer)) == (409, True)


def test_declining_asks_why(manager, north, items, now):
    goodwill = waiting(north, items, now)
    without = manager.post(word(north, goodwill), {"word": "no", "because": " "})
    assert (without.status_code, "Say why: whoever asked has to explain it." in text(without)) == (422, True)
    assert manager.post(word(north, goodwill), {"word": "no", "because": "Paid back"}).status_code == 302
    goodwill.refresh_from_db()
    assert (goodwill.state, goodwill.decision_reason) == ("declined", "Paid back")
    assert "Paid back" in text(manager.get(north.url("goodwill/?state=declined")))


def test_who_may_not_give_so_much_is_told_so(dispatcher, north, items, now):
    goodwill = waiting(north, items, now)
    assert "A manager decides" in text(dispatcher.get(north.url("goodwill/")))
    answer = dispatcher.post(word(north, goodwill), {"word": "yes"})
    assert (answer.status_code, "is given by a manager" in text(answer)) == (409, True)


def test_what_waits_is_decided_though_its_entry_was_made_smaller(manager, north, items, now):
    asked = waiting_days(north, items, now)
    items["longer"].limits.all().delete()
    GoodwillItem.objects.filter(pk=items["longer"].pk).update(days=asked.days - 1)
    assert f'{word(north, asked)}"' in manager.get(north.url("goodwill/")).text
    assert manager.post(word(north, asked), {"word": "no", "because": "Too long"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.decision_reason) == ("declined", "Too long")


def test_two_managers_at_once_book_it_once(committed_cast, now, time_machine):
    time_machine.move_to(now, tick=False)
    desk = committed_cast.north
    with tenant(desk.tenant):
        items = make_items()
        goodwill = waiting(desk, items, now, 15, "visit", ("contract", desk.contract.public_id))
        GoodwillLimit.objects.create(item=items["visit"], role="dispatcher", up_to=Decimal(20))

    def approve(person):
        client = Client()
        client.force_login(person.user)
        return lambda: client.post(word(desk, goodwill), {"word": "yes"}).status_code

    statuses = at_once(approve(desk.manager), approve(desk.dispatcher))
    assert sorted(statuses) == [302, 409]
    with tenant(desk.tenant):
        assert AllowanceEntry.objects.filter(subject=goodwill.public_id).count() == 1


def test_rows_are_read_on_by_a_cursor_and_cost_no_more_queries(manager, north, items, now, monkeypatch):
    monkeypatch.setattr("servicedesk.goodwill_pages.PAGE", 2)
    spent = []
    for number in range(3):
        waiting(north, items, now, reason=f"Reason {number}")
        if number in (0, 1):
            with CaptureQueriesContext(connection) as captured:
                manager.get(north.url("goodwill/"))
            spent.append(len(captured))
    assert spent[0] == spent[1]
    first = manager.get(north.url("goodwill/"))
    shown = [each["row"].reason for each in first.context["rows"]]
    second = manager.get(first.context["next_url"])
    shown += [each["row"].reason for each in second.context["rows"]]
    assert shown == ["Reason 0", "Reason 1", "Reason 2"]
    assert manager.get(north.url("goodwill/?state=none&after=none")).status_code == 200


def test_the_file_has_every_row_and_no_formula(manager, north, items, now):
    waiting(north, items, now, reason="=1+1")
    answer = manager.get(north.url("goodwill/rows.csv"))
    assert answer["Content-Disposition"] == 'attachment; filename="goodwill-proposed.csv"'
    heading, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert dict(zip(heading, row, strict=True)) == {
        "Customer": "Margaret Ellison, The Harbour Letter",
        "What": "A credit",
        "Amount": "50.00",
        "Currency": "GBP",
        "Days": "",
        "Counted under": "We missed a visit",
        "Reason": "'=1+1",
        "State": "Waiting for a yes",
        "Asked": "2026-03-05 13:07",
        "Asked by": "Lou Baptiste",
        "Decided": "",
        "Decided by": "",
        "Why": "",
    }


def test_only_who_may_and_no_stranger(cast, north, items, now, client):
    goodwill = waiting(north, items, now)
    client.force_login(north.people["sales"].user)
    assert [client.get(north.url(path)).status_code for path in ("goodwill/", "settings/goodwill/")] == [
        403,
        403,
    ]
    client.force_login(cast.south.manager.user)
    assert client.post(word(cast.south, goodwill), {"word": "yes"}).status_code == 404
    assert client.get(asking(north).replace("northgate", "southgate")).status_code == 404


# The catalogue


ENTRY = {"name": "A tune-up", "kind": "free visit", "limit": "95.00", "dispatcher": "95", "sales": ""}


def test_an_entry_is_made_changed_and_taken_out(manager, north):
    assert "nobody can give anything" in text(manager.get(north.url("settings/goodwill/")))
    assert manager.post(north.url("settings/goodwill/new/"), ENTRY).status_code == 302
    assert "A tune-up Free visit £95.00 Dispatcher up to £95.00" in text(
        manager.get(north.url("settings/goodwill/"))
    )
    item = GoodwillItem.objects.get()
    where = north.url(f"settings/goodwill/items/{item.public_id}/")
    assert 'value="95.00"' in manager.get(where).text
    assert (
        manager.post(where, ENTRY | {"dispatcher": "", "technician": "40", "limit": "80"}).status_code == 302
    )
    assert [(one.role, one.up_to) for one in GoodwillLimit.objects.all()] == [("technician", 40)]
    assert [event.limit for event in item.history.order_by("pgh_id")] == [95, 80]
    assert manager.post(f"{where}retire/").status_code == 302
    assert "nobody can give anything" in text(manager.get(north.url("settings/goodwill/")))
    # Its name is free for another.
    assert manager.post(north.url("settings/goodwill/new/"), ENTRY).status_code == 302
    assert manager.get(where).status_code == 404


def test_an_extension_is_entered_in_days(manager, north):
    given = {"name": "Two weeks more", "kind": "extension", "limit": "", "days": "30", "dispatcher": "14"}
    assert manager.post(north.url("settings/goodwill/new/"), given).status_code == 302
    assert "Two weeks more Extension 30 days Dispatcher up to 14 days" in text(
        manager.get(north.url("settings/goodwill/"))
    )
    item = GoodwillItem.objects.get()
    where = north.url(f"settings/goodwill/items/{item.public_id}/")
    assert manager.post(where, given | {"days": "20", "dispatcher": "7"}).status_code == 302
    item.refresh_from_db()
    assert (item.limit, item.days, [one.days for one in item.limits.all()]) == (None, 20, [7])
    answer = manager.post(where, given | {"kind": "credit", "limit": "20"})
    assert (answer.status_code, "Money does not become days" in text(answer)) == (422, True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Write what is given."),
        ({"limit": "0"}, "Write more than 0."),
        ({"limit": ""}, "Write what it is worth at most."),
        ({"kind": "upgrade"}, "Choose a free visit, a credit or an extension."),
        ({"kind": "extension"}, "Write how many days."),
        ({"kind": "extension", "days": "367"}, "Write how many days: a whole number from 1 to 366."),
        ({"kind": "extension", "days": "30", "dispatcher": "31"}, "nobody gives more than the entry’s limit"),
        ({"kind": "extension", "days": "30", "dispatcher": "1.5"}, "Write whole days, or nothing."),
        ({"dispatcher": "95.01"}, "nobody gives more than the entry’s limit"),
        ({}, "There is an entry “A tune-up” already."),
    ],
)
def test_what_an_entry_cannot_be(manager, north, changes, words):
    assert manager.post(north.url("settings/goodwill/new/"), ENTRY).status_code == 302
    answer = manager.post(north.url("settings/goodwill/new/"), ENTRY | changes)
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert GoodwillItem.objects.count() == 1
