"""Taking in a bank's file by its pages: looked at first, then taken in, once."""

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import expect

from contracts.models import Payment, Statement
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.reading import text
from tests.servicedesk.money_scene import prepare

pytestmark = pytest.mark.usefixtures("moment")

CSV = (
    "Date,Amount,Payer,Reference\n"
    "02/03/2026,612.00,M Ellison,N-20418\n"
    "02/03/2026,17.20,Somebody,For the visit\n"
    "02/03/2026,-40.00,Landlord,Rent\n"
    "02/03/2026,six,Somebody,x\n"
)


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    with tenant(cast.north.tenant):
        prepare(cast.north)
    return cast.north


def look(browser, desk, data=CSV, name="march.csv", **more):
    data = data.encode() if isinstance(data, str) else data
    file = SimpleUploadedFile(name, data)
    return browser.post(desk.url("payments/statements/new/"), {"file": file, "date_order": "", **more})


def take_in(browser, desk, preview):
    return browser.post(
        desk.url("payments/statements/take-in/"), {"digest": preview.context["digest"]}, follow=True
    )


def test_a_file_is_looked_at_before_anything_is_saved(accounts, north):
    page = look(accounts, north)
    read = text(page)
    assert (
        "1 renews a contract 1 waits to be matched 1 is other money out, left alone 1 cannot be read" in read
    )
    assert "2 Mar 2026 M Ellison N-20418 £612.00 Renews N-20418" in read
    assert "Somebody For the visit £17.20 Waits to be matched" in read
    assert "Landlord Rent −£40.00 Is other money out, left alone" in read
    assert "line 5, Amount six an amount as 1,234.50" in read
    assert "Date order: DMY, as 20.11.2026 (AMBIGUOUS" in read
    with tenant(north.tenant):
        assert not Payment.objects.exists()


def test_then_it_is_taken_in_and_its_page_says_what_became_of_it(accounts, north):
    answer = take_in(accounts, north, look(accounts, north))
    with tenant(north.tenant):
        statement = Statement.objects.get()
    assert answer.redirect_chain == [(north.url(f"payments/statements/{statement.public_id}/"), 302)]
    read = text(answer)
    assert "CSV, 2 Mar 2026 to 2 Mar 2026. Taken in 5 Mar 2026 13:07 by Hollis Grant." in read
    assert "1 renews a contract" in read
    assert "Match what waits" in read


def test_the_same_file_again_says_when_and_by_whom(accounts, north):
    preview = look(accounts, north)
    take_in(accounts, north, preview)
    for answer in (look(accounts, north), look(accounts, north, name="copy.csv")):
        assert answer.status_code == 409
        assert "This file was taken in on 5 Mar 2026 by Hollis Grant, as march.csv." in text(answer)
    with tenant(north.tenant):
        assert Payment.objects.count() == 2


def again(browser, desk, preview):
    return browser.post(desk.url("payments/statements/take-in/"), {"digest": preview.context["digest"]})


def test_a_second_click_lands_on_the_page_of_what_the_first_one_made(accounts, north):
    preview = look(accounts, north)
    first = take_in(accounts, north, preview)
    answer = again(accounts, north, preview)
    assert (answer.status_code, answer.url) == (302, first.redirect_chain[0][0])
    with tenant(north.tenant):
        assert (Statement.objects.count(), Payment.objects.count()) == (1, 2)


def test_a_file_that_is_still_kept_is_not_taken_in_twice_by_a_second_click(accounts, north):
    preview = look(accounts, north)
    place = f"statement:{north.tenant.pk}:{north.accounts.pk}:{preview.context['digest']}"
    told = cache.get(place)
    take_in(accounts, north, preview)
    cache.set(place, told)
    assert again(accounts, north, preview).status_code == 302
    with tenant(north.tenant):
        assert Payment.objects.count() == 2


def test_a_file_taken_in_by_somebody_else_or_long_ago_is_not_taken_in_twice(accounts, client, north, now):
    preview = look(accounts, north)
    client.force_login(north.people["manager"].user)
    take_in(client, north, look(client, north))
    client.force_login(north.people["accounts"].user)
    answer = again(client, north, preview)
    assert answer.status_code == 409
    assert "by Robin Vale" in text(answer)
    with tenant(north.tenant):
        assert Payment.objects.count() == 2


def test_what_one_person_looked_at_another_cannot_take_in(accounts, client, north, cast):
    digest = look(accounts, north).context["digest"]
    client.force_login(north.people["manager"].user)
    answer = client.post(north.url("payments/statements/take-in/"), {"digest": digest})
    assert answer.status_code == 409
    assert "The file waited too long. Choose it again." in text(answer)
    with tenant(north.tenant):
        assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.4", "This is a PDF"),
        (b"Name,Town\nMoss,Harbour\n", "no column of days and amounts"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><Document/>", "entities of its own"),
        (b"", "The file is empty."),
    ],
)
def test_a_file_of_another_kind_says_so(accounts, north, data, words):
    answer = look(accounts, north, data)
    assert answer.status_code == 422
    assert words in text(answer)


def test_no_file_at_all_says_so(accounts, north):
    answer = accounts.post(north.url("payments/statements/new/"), {"date_order": "DMY"})
    assert answer.status_code == 422
    assert "Choose the bank’s file." in text(answer)


def test_a_person_may_say_how_dates_are_written(accounts, north):
    assert "2 Mar 2026 to 2 Mar 2026" in text(look(accounts, north))
    assert "3 Feb 2026 to 3 Feb 2026" in text(look(accounts, north, date_order="MDY"))


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_from_the_file_to_the_match_in_the_browser(live_desk, page_as, theme, width):
    north = live_desk.cast.north
    with tenant(north.tenant):
        prepare(north)
    page = page_as("accounts", theme=theme, width=width)
    page.goto(live_desk.url("payments/"))
    page.get_by_role("link", name="Take in a bank file").first.click()
    swapped = CSV.replace("N-20418", "N-20481")
    file = {"name": "march.csv", "mimeType": "text/csv", "buffer": swapped.encode()}
    page.get_by_label("The bank’s or the bookkeeping’s file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="What march.csv says")).to_be_visible()
    page.wait_for_load_state()
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.get_by_role("button", name="Take it in").click()
    page.get_by_role("link", name="Match what waits").click()
    page.get_by_role("button", name="Renew N-20418").click()
    expect(page.get_by_role("status")).to_contain_text("£612.00: Matched to N-20418.")
    page.get_by_role("link", name="Look at £17.20").click()
    page.get_by_label("What it was for").fill("The visit of 2 March")
    page.get_by_role("button", name="Set it aside").click()
    expect(page.get_by_text("Set aside: The visit of 2 March").first).to_be_visible()
    page.wait_for_load_state()
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    with tenant(north.tenant):
        assert not Payment.objects.unmatched().exists()
