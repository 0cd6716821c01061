"""A sales rep's day in a real browser: the list, the verdict with its evidence, and no wrong pitch."""

import datetime as dt
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from cases.models import Case, Promise
from contracts.evidence import confirm_evidence, log_claim, log_evidence
from contracts.models import Contract, ContractCheck, ContractTerm, RenewalEvidence
from customers.models import Contact, Customer, Hold
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.cast import a_promise

TODAY = dt.date(2026, 3, 5)


def add_customer(name, ends_on, *, phone="07700 900 111"):
    """A customer with one contract of a year that ends on a day."""
    customer = Customer.objects.create(name=name)
    Contact.objects.create(customer=customer, name=name, phone=phone, is_main=True)
    contract = Contract.objects.create(
        number=f"N-{20500 + customer.pk}",
        customer=customer,
        price=Decimal("480"),
        currency="GBP",
        visits_per_term=1,
    )
    ContractTerm.objects.create(
        contract=contract,
        starts_on=ends_on - dt.timedelta(days=364),
        ends_on=ends_on,
        price=contract.price,
        created_at=dt.datetime.combine(ends_on - dt.timedelta(days=364), dt.time(9), tzinfo=dt.UTC),
    )
    return customer


@pytest.fixture
def scene(live_desk, now):
    """A call list of four, a customer who has renewed, and one whose renewal is in review."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        ContractTerm.objects.filter(pk=north.term.pk).update(
            starts_on=dt.date(2025, 3, 15),
            ends_on=dt.date(2026, 3, 14),
            created_at=dt.datetime(2025, 3, 15, 9, 0, tzinfo=dt.UTC),
        )
        ContractTerm.objects.create(
            contract=north.contract,
            starts_on=dt.date(2024, 3, 15),
            ends_on=dt.date(2025, 3, 14),
            price=Decimal("590"),
            created_at=dt.datetime(2024, 3, 15, 9, 0, tzinfo=dt.UTC),
        )
        Contract.objects.filter(pk=north.contract.pk).update(
            imported_status="expired", imported_at=dt.datetime(2026, 2, 1, 6, 0, tzinfo=dt.UTC)
        )
        cheque = log_evidence(
            contract=north.contract,
            kind="cheque",
            reference="004417",
            amount=Decimal("612"),
            dated_on=dt.date(2026, 3, 2),
            note="Received by post",
            by=north.people["accounts"],
            now=now - dt.timedelta(days=3),
        )
        log_evidence(
            contract=north.contract,
            kind="signed form",
            dated_on=dt.date(2026, 3, 2),
            by=north.people["accounts"],
            now=now - dt.timedelta(days=3),
        )
        confirm_evidence(cheque, by=north.people["accounts"], now=now - dt.timedelta(days=2))
        Case.objects.create(
            customer=north.customer,
            kind=Case.Kind.COMPLAINT,
            title="nobody came",
            opened_at=now - dt.timedelta(days=9),
            owner=north.people["dispatcher"],
        )
        a_promise(
            north,
            now=now - dt.timedelta(days=1),
            text="Ring with a new day",
            due_at=now + dt.timedelta(minutes=90),
            owner=north.people["dispatcher"],
        )
        for name, ends_on in {
            "Pell Street Studio": dt.date(2026, 3, 19),
            "Abbot Hall": dt.date(2026, 3, 22),
            "Ogden Tax Advisers": dt.date(2026, 2, 20),
            "Weir House": dt.date(2026, 1, 31),
        }.items():
            add_customer(name, ends_on)
        asked = add_customer("Sable Dental", dt.date(2026, 1, 14))
        log_claim(contract=asked.contracts.get(), by=north.people["dispatcher"], now=now)
        add_customer("Moor End School", dt.date(2026, 11, 30))
    return live_desk


def address(scene, name):
    """The contract check of a customer."""
    north = scene.cast.north
    with tenant(north.tenant):
        return scene.url(f"calls/{Customer.objects.get(name=name).public_id}/")


def press(page, key):
    """Press a key once the page listens to keys: its scripts come after its text."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)


@pytest.mark.browser
def test_from_the_list_to_the_verdict_by_keys(page_as, scene):
    page = page_as("sales")
    page.goto(scene.url())
    expect(page.get_by_role("heading", name="To call today")).to_be_visible()
    expect(page.get_by_text("3 held back:")).to_be_visible()
    press(page, "j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pell Street Studio")
    expect(page.get_by_role("heading", name="Ends in 14 days")).to_be_visible()
    expect(page.get_by_role("link", name="Call 07700 900 111")).to_have_attribute("href", "tel:07700900111")
    press(page, "j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Abbot Hall")
    press(page, "k")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pell Street Studio")
    press(page, "p")
    expect(page.get_by_label("You said you would")).to_be_focused()


@pytest.mark.browser
def test_a_renewed_customer_shows_the_evidence_and_no_pitch(page_as, scene):
    page = page_as("sales")
    page.goto(scene.url("calls/?show=held"))
    page.get_by_role("link", name="The Harbour Letter").first.click()
    expect(page.get_by_role("heading", name="Active until 14 Mar 2027, renewal paid")).to_be_visible()
    ledger = page.get_by_role("main")
    expect(ledger.get_by_role("row").filter(has_text="Cheque 004417, £612.00")).to_contain_text(
        "Hollis Grant"
    )
    expect(ledger.locator("s")).to_have_text("The old program said “expired”")
    expect(page.get_by_text("A complaint is open (nobody came): manager first.")).to_be_visible()
    expect(page.get_by_text("Not in the list: Active until 14 Mar 2027")).to_be_visible()
    expect(page.get_by_text("the next term is")).to_have_count(0)
    expect(page.get_by_text("Checked by you at 13:0")).to_be_visible()
    with tenant(scene.cast.north.tenant):
        assert ContractCheck.objects.get().contract_id == scene.cast.north.contract.pk


@pytest.mark.browser
def test_in_review_there_is_no_phone_but_accounts_to_ask(page_as, scene):
    page = page_as("sales")
    page.goto(address(scene, "Sable Dental"))
    expect(page.get_by_role("heading", name="Renewal in review: customer's word of 5 March")).to_be_visible()
    expect(page.locator('a[href^="tel:"]')).to_have_count(0)
    page.get_by_role("button", name="Ask accounts").click()
    expect(page.get_by_role("status")).to_contain_text("Accounts look at it by 17:30.")


@pytest.mark.browser
def test_the_customers_word_is_one_button_and_leaves_the_list(page_as, scene):
    page = page_as("sales")
    page.goto(address(scene, "Weir House"))
    page.get_by_role("button", name="Customer says it is renewed").click()
    expect(page.get_by_text("Not in the list: Renewal in review")).to_be_visible()
    expect(page.locator('a[href^="tel:"]')).to_have_count(0)
    page.goto(scene.url("calls/"))
    expect(page.get_by_role("link", name="Pell Street Studio").first).to_be_visible()
    expect(page.get_by_role("link", name="Weir House")).to_have_count(0)
    expect(page.get_by_text("4 held back:")).to_be_visible()
    with tenant(scene.cast.north.tenant):
        claimed = Customer.objects.get(name="Weir House")
        assert RenewalEvidence.objects.get(contract__customer=claimed).state == "waiting"
        assert Hold.objects.get(customer=claimed).released_at is None


@pytest.mark.browser
def test_a_promise_takes_three_interactions(page_as, scene):
    page = page_as("sales")
    page.goto(address(scene, "Abbot Hall"))
    press(page, "p")
    page.keyboard.type("Send the price")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Promised by 13:3")
    with tenant(scene.cast.north.tenant):
        assert Promise.objects.get(text="Send the price").owner_id == scene.cast.north.people["sales"].pk


@pytest.mark.browser
def test_accounts_judge_what_waits(page_as, scene):
    page = page_as("accounts")
    page.goto(scene.url("calls/"))
    page.get_by_role("link", name="Verify the renewal of").click()
    page.get_by_label("What you looked at").fill("Bank line of 4 March")
    page.get_by_role("button", name="Confirm the renewal").click()
    expect(page.get_by_role("status")).to_contain_text("Confirmed. Active until 14 Jan 2027")
    expect(page.get_by_role("main")).to_contain_text("Bank line of 4 March, Hollis Grant")


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_every_page_is_accessible(page_as, scene, theme, width):
    page = page_as("manager", theme=theme, width=width)
    contract = f"contracts/{scene.cast.north.contract.public_id}/"
    with tenant(scene.cast.north.tenant):
        waiting = RenewalEvidence.objects.select_related("contract").get(state="waiting")
        verdict = f"contracts/{waiting.contract.public_id}/evidence/{waiting.public_id}/"
    lapsed, review, active = (
        address(scene, name) for name in ("Weir House", "Sable Dental", "Margaret Ellison")
    )
    pages = [scene.url("calls/"), scene.url("calls/?show=held"), lapsed, review, active]
    pages += [scene.url(path) for path in (contract, f"{contract}evidence/new/", verdict)]
    for url in pages:
        page.goto(url)
        assert axe_violations(page) == [], url
        assert sideways_scroll(page) == 0, url
