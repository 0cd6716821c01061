"""Making a renewal offer at the desk: what is in the way, sending, who may (R3.3)."""

import datetime as dt
import uuid

import pytest
from playwright.sync_api import expect

from contracts.evidence import reject_evidence
from contracts.models import ContractEquipment, ContractTerm, Entitlement, OfferEquipment, RenewalOffer
from contracts.offer_answers import accept_offer
from contracts.offers import draft_offer
from contracts.renewals import renew
from messaging.models import Message
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.contracts.offer_scene import scene
from tests.reading import text
from tests.servicedesk.offers_scene import (
    drafted,
    new_url,
    north,
    offer_url,
    posted,
    sent,
    sign_in,
    the_offer,
)

pytestmark = pytest.mark.usefixtures("moment")

__all__ = ["north"]


def test_the_form_holds_the_next_term_as_it_was(client, north):
    page = sign_in(client, north).get(new_url(north))
    read = text(page)
    assert "The next term begins on 15 Mar 2026, the day after the last one ends" in read
    assert "It goes to Margaret Ellison, margaret@harbourletter.example" in read
    assert "It cannot be sent yet." not in read
    initial = page.context["form"].initial
    assert (initial["ends_on"], initial["amount"], initial["visits"]) == (dt.date(2027, 3, 14), 612, 2)
    assert (initial["response_hours"], initial["valid_until"]) == (4, dt.date(2026, 4, 4))
    assert set(initial["machines"]) == {str(north.copier.public_id), str(north.sorter.public_id)}
    assert page.content.decode().count('name="machines"') == 2


def test_sending_takes_one_press(client, north, now):
    data = posted(north, amount="700", visits="3", words="Thank you", machines=[str(north.copier.public_id)])
    answer = sign_in(client, north).post(new_url(north), data)
    offer = the_offer(north)
    assert (answer.status_code, answer["Location"]) == (302, offer_url(north, offer))
    assert (offer.amount, offer.visits, offer.words, offer.sent_at) == (700, 3, "Thank you", now)
    with tenant(north.tenant):
        assert OfferEquipment.objects.get().equipment == north.copier
        assert Message.objects.get().subject == offer.public_id
    assert "Offer N-20418/1 is sent. Its mail leaves within a minute." in text(client.get(answer["Location"]))


def test_a_draft_stays_here_until_it_is_sent(client, north, now):
    sign_in(client, north).post(new_url(north), posted(north, then="draft"))
    offer = the_offer(north)
    assert (offer.sent_at, offer.changes_scope) == (None, False)
    assert "Send it to margaret@harbourletter.example" in text(client.get(offer_url(north, offer)))
    assert client.post(offer_url(north, offer, "send/")).status_code == 302
    assert the_offer(north).sent_at == now


def test_what_is_in_the_way_stands_first_with_where_it_is_solved(client, north, now):
    with tenant(north.tenant):
        Entitlement.objects.update(quantity=3)
        north.contact.email = ""
        north.contact.save()
    page = sign_in(client, north).get(new_url(north))
    assert page.context["blocks"] == [
        (
            "1 visit that is paid for is neither done nor booked. Book it, or say that it was declined, "
            "carried over or forfeited.",
            north.url(f"unused/?contract={north.contract.public_id}"),
            "See to its visits",
        ),
        (
            "There is no mail address of Margaret Ellison that takes messages. Add one.",
            north.url(f"customers/{north.customer.public_id}/"),
            "Open the customer",
        ),
    ]
    assert "It cannot be sent yet." in text(page)
    answer = client.post(new_url(north), posted(north))
    assert answer.status_code == 409
    assert "Not made 1 visit that is paid for is neither done nor booked." in text(answer)
    # What was typed is still there.
    assert 'value="612.00"' in answer.content.decode()
    with tenant(north.tenant):
        assert not RenewalOffer.objects.exists()
        assert not Message.objects.exists()
    assert client.post(new_url(north), posted(north, then="draft")).status_code == 302


@pytest.mark.parametrize("role", ["sales", "accounts"])
def test_who_is_stopped_by_a_visit_comes_to_where_it_is_seen_to(client, north, role):
    """On the list while the contract covers it; of a lapsed contract on the page that gives it up."""
    with tenant(north.tenant):
        Entitlement.objects.update(quantity=3)
    sign_in(client, north, role)
    url = client.get(new_url(north)).context["blocks"][0][1]
    assert "Not wanted" in text(client.get(url))
    with tenant(north.tenant):
        lapsed = dt.date(2025, 6, 1)
        ContractTerm.objects.update(starts_on=lapsed - dt.timedelta(days=364), ends_on=lapsed)
        granted = Entitlement.objects.get(term__contract=north.contract)
    url = client.get(new_url(north)).context["blocks"][0][1]
    assert url == north.url(f"unused/{granted.public_id}/give-up/")
    assert "What becomes of it" in text(client.get(url))


def test_a_second_offer_is_refused_with_a_way_to_the_first(client, north, now):
    first = sent(north, now)
    page = sign_in(client, north).get(new_url(north))
    words = "Offer N-20418/1 was sent already. Withdraw it before you make another."
    assert page.context["blocks"] == [(words, offer_url(north, first), "Open the offer")]
    answer = client.post(new_url(north), posted(north))
    assert answer.status_code == 409
    assert words in text(answer)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_on": "2026-03-14"}, "The term ends before it begins on 15 Mar 2026."),
        ({"valid_until": "2026-03-04"}, "The day until which it is valid is over."),
        ({"machines": []}, "Choose at least one of the customer’s machines."),
        ({"amount": "-1"}, "Write the price as 0 or more."),
        ({"amount": "1e30"}, "Write an amount below 100,000,000."),
        ({"amount": "100000000.00"}, "Write an amount below 100,000,000."),
        ({"amount": "12.345"}, "Write the price with no more than two decimals."),
        ({"amount": ""}, "Write the price."),
        ({"visits": "1000"}, "Write how many visits: a whole number from 0 to 999."),
        ({"ends_on": "soon"}, "Choose the last day: a day of the calendar, like 2026-03-14."),
        ({"machines": [str(uuid.uuid4())]}, "Choose machines of this customer."),
    ],
)
def test_what_cannot_be_offered_is_said_beside_what_was_typed(client, north, changes, words):
    answer = sign_in(client, north).post(new_url(north), posted(north, **changes))
    assert answer.status_code == 422
    assert words in text(answer)
    with tenant(north.tenant):
        assert not RenewalOffer.objects.exists()


def test_a_contract_that_names_no_machine_stays_so_unless_some_are_chosen(client, north):
    with tenant(north.tenant):
        ContractEquipment.objects.all().delete()
    page = sign_in(client, north).get(new_url(north))
    assert page.context["form"].initial["machines"] == []
    client.post(new_url(north), posted(north, machines=[], then="draft"))
    offer = the_offer(north)
    assert not offer.changes_scope
    client.post(offer_url(north, offer, "change/"), posted(north, machines=[str(north.copier.public_id)]))
    with tenant(north.tenant):
        assert the_offer(north).changes_scope
        assert OfferEquipment.objects.get().equipment == north.copier
    page = client.get(offer_url(north, offer, "change/"))
    assert page.context["form"].initial["machines"] == [str(north.copier.public_id)]


def test_a_contract_without_a_term_says_what_to_do(client, north, now):
    with tenant(north.tenant):
        ContractTerm.objects.update(taken_back_at=now)
    read = text(sign_in(client, north).get(new_url(north)))
    assert "N-20418 has no term that stands. Enter its first one." in read
    assert "Send the offer" not in read
    assert client.post(new_url(north), posted(north)).status_code == 422


# Who may, and from where


@pytest.mark.parametrize(
    ("role", "may"),
    [("sales", True), ("accounts", True), ("manager", True), ("dispatcher", False), ("technician", False)],
)
def test_offers_are_for_sales_accounts_and_managers(client, north, now, role, may):
    offer = drafted(north, now)
    sign_in(client, north, role)
    addresses = [new_url(north), *(offer_url(north, offer, path) for path in ("", "change/", "offer.pdf"))]
    assert [client.get(address).status_code for address in addresses] == [200 if may else 403] * 4
    assert client.post(offer_url(north, offer, "send/")).status_code == (302 if may else 403)
    page = client.get(north.url(f"contracts/{north.contract.public_id}/"))
    assert ("Make an offer" in text(page)) is may


@pytest.mark.parametrize("kind", ["other desk", "random"])
def test_a_strangers_offer_is_not_found(client, cast, north, now, kind):
    id = uuid.uuid4()
    if kind == "other desk":
        with tenant(cast.south.tenant):
            id = draft_offer(cast.south.contract, by=cast.south.sales, now=now).public_id
        assert (
            sign_in(client, north)
            .get(north.url(f"contracts/{cast.south.contract.public_id}/offers/new/"))
            .status_code
            == 404
        )
    sign_in(client, north, "manager")
    for path in ("", "change/", "offer.pdf"):
        assert client.get(north.url(f"offers/{id}/{path}")).status_code == 404
    for path in ("send/", "send-again/", "withdraw/", "spoke/", "change/"):
        assert client.post(north.url(f"offers/{id}/{path}"), {"because": "x"}).status_code == 404


def test_the_contract_lists_its_offers_and_the_check_leads_to_a_new_one(client, north, now):
    sent(north, now)
    page = sign_in(client, north).get(north.url(f"contracts/{north.contract.public_id}/"))
    assert "N-20418/1 15 Mar 2026 to 14 Mar 2027 Sent 5 Mar 2026, valid until 4 Apr 2026 612.00" in text(page)
    assert "Offer added number: N-20418/1" in text(page)
    check = client.get(north.url(f"calls/{north.customer.public_id}/"))
    assert f'href="{new_url(north)}"' in check.content.decode()


def test_after_a_yes_nobody_offers_or_claims_again(client, north, now):
    offer = sent(north, now)
    with tenant(north.tenant):
        accept_offer(offer, name="Margaret E.", now=now)
    contract = sign_in(client, north).get(north.url(f"contracts/{north.contract.public_id}/"))
    check = client.get(north.url(f"calls/{north.customer.public_id}/"))
    for page in (contract, check):
        assert f'href="{new_url(north)}"' not in page.content.decode()
        assert "Customer says it is renewed" not in text(page)
    assert "They accepted a renewal offer." in text(check)
    with tenant(north.tenant):
        evidence = RenewalOffer.objects.select_related("evidence").get().evidence
        reject_evidence(evidence, by=north.accounts, now=now, reason="Signed by a stranger")
    contract = client.get(north.url(f"contracts/{north.contract.public_id}/"))
    assert f'href="{new_url(north)}"' in contract.content.decode()
    assert "Customer says it is renewed" in text(contract)


# In the browser


@pytest.fixture
def live(live_desk, now):
    with tenant(live_desk.cast.north.tenant):
        scene(live_desk.cast.north, now)
    return live_desk


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_every_page_is_accessible(live, page_as, now, theme, width):
    north = live.cast.north
    with tenant(north.tenant):
        Entitlement.objects.update(quantity=3)
        offer = draft_offer(north.contract, by=north.sales, now=now)
    page = page_as("sales", width=width, theme=theme)
    paths = (
        f"contracts/{north.contract.public_id}/offers/new/",
        f"offers/{offer.public_id}/",
        f"offers/{offer.public_id}/change/",
        f"contracts/{north.contract.public_id}/",
    )
    for path in paths:
        page.goto(live.url(path))
        assert axe_violations(page) == [], path
        assert sideways_scroll(page) == 0, path


@pytest.mark.browser
def test_what_was_in_the_way_goes_when_the_person_comes_back(live, page_as, now):
    north = live.cast.north
    with tenant(north.tenant):
        Entitlement.objects.update(quantity=3)
    page = page_as("sales")
    page.goto(live.url(f"contracts/{north.contract.public_id}/offers/new/"))
    expect(page.get_by_text("It cannot be sent yet.")).to_be_visible()
    page.get_by_label("Price in GBP").fill("700")
    with tenant(north.tenant):
        Entitlement.objects.update(quantity=2)
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("It cannot be sent yet.")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Renewal offer N-20418/1")
    with tenant(north.tenant):
        assert RenewalOffer.objects.get().amount == 700
        renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
    page.reload()
    expect(page.get_by_text("Renewed", exact=True)).to_be_visible()
