"""Renewal offers at the desk: what is in the way, sending, withdrawing, what became of one (R3.3)."""

import datetime as dt
import io
import uuid
from decimal import Decimal

import pytest
import time_machine
from playwright.sync_api import expect
from pypdf import PdfReader

from cases.models import Duty
from contracts.evidence import confirm_evidence, log_claim, reject_evidence
from contracts.models import ContractEquipment, ContractTerm, Entitlement, OfferEquipment, RenewalOffer
from contracts.offer_answers import accept_offer, decline_offer
from contracts.offers import draft_offer, send_offer
from contracts.renewals import renew
from customers.models import Equipment
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.contracts.offer_scene import scene
from tests.messaging.conftest import make_message
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, now):
    with tenant(cast.north.tenant):
        return scene(cast.north, now)


def sign_in(client, desk, role="sales"):
    client.force_login(desk.people[role].user)
    return client


def new_url(desk):
    return desk.url(f"contracts/{desk.contract.public_id}/offers/new/")


def offer_url(desk, offer, path=""):
    return desk.url(f"offers/{offer.public_id}/{path}")


def drafted(desk, now):
    with tenant(desk.tenant):
        return draft_offer(desk.contract, by=desk.sales, now=now)


def sent(desk, now):
    with tenant(desk.tenant):
        return send_offer(draft_offer(desk.contract, by=desk.sales, now=now), by=desk.sales, now=now)


def the_offer(desk):
    with tenant(desk.tenant):
        return RenewalOffer.objects.get()


def posted(desk, **changes):
    """What the form sends for the next term as it was."""
    return {
        "ends_on": "2027-03-14",
        "amount": "612.00",
        "visits": "2",
        "response_hours": "4",
        "machines": [str(desk.copier.public_id), str(desk.sorter.public_id)],
        "valid_until": "2026-04-04",
        "words": "",
        "then": "send",
        **changes,
    }


# Making one


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
            "There is no e-mail address of Margaret Ellison that takes messages. Add one.",
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


# One offer


def test_a_draft_can_be_changed_and_looked_at_before_it_goes(client, north, now):
    offer = drafted(north, now)
    sign_in(client, north).post(offer_url(north, offer, "change/"), posted(north, amount="599.00"))
    assert the_offer(north).amount == Decimal("599.00")
    answer = client.get(offer_url(north, offer, "offer.pdf"))
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert "£599.00" in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()


def test_what_was_sent_is_changed_no_more(client, north, now):
    offer = sent(north, now)
    sign_in(client, north)
    for ask in (client.get, client.post):
        answer = ask(offer_url(north, offer, "change/"), posted(north, amount="1"))
        assert answer.status_code == 409
    assert "Only a draft can be changed. Withdraw it and make another." in text(
        client.get(offer_url(north, offer, "change/"))
    )
    answer = client.post(offer_url(north, offer, "send/"))
    assert answer.status_code == 409
    assert "It was sent on 5 Mar 2026 already and stays as it was." in text(answer)
    with tenant(north.tenant), the_offer(north).document.content.open("rb") as content:
        assert client.get(offer_url(north, offer, "offer.pdf")).content == content.read()


def test_the_page_says_of_a_new_mail_what_the_sender_was_told(client, north, now):
    offer = sent(north, now)
    address = offer_url(north, offer)
    assert "Mail: leaves within a minute" in text(sign_in(client, north).get(address))
    with time_machine.travel(now + dt.timedelta(hours=1), tick=False):
        assert "Mail: waiting" in text(client.get(address))


def test_the_page_says_who_did_what_and_when(client, north, now):
    offer = sent(north, now)
    deliver_due(clock=lambda: now + dt.timedelta(minutes=1))
    with tenant(north.tenant):
        accept_offer(offer, name="Margaret E.", now=now + dt.timedelta(hours=1))
        evidence = RenewalOffer.objects.select_related("evidence").get().evidence
    page = sign_in(client, north).get(offer_url(north, offer))
    assert [(line.what, line.detail) for line in page.context["history"]] == [
        ("Drafted", "Jamie Mercer"),
        ("Renewal offer N-20418/1 sent to Margaret Ellison", "Jamie Mercer"),
        ("Mail: sent", "margaret@harbourletter.example"),
        ("Accepted", "Margaret E., on their page"),
    ]
    address = north.url(f"contracts/{north.contract.public_id}/evidence/{evidence.public_id}/")
    assert f'<a href="{address}">Accepted</a>' in page.content.decode()
    assert "Withdraw the offer" not in text(page)
    with tenant(north.tenant):
        confirm_evidence(evidence, by=north.accounts, now=now + dt.timedelta(hours=2))
    page = client.get(offer_url(north, offer))
    last = page.context["history"][-1]
    assert (last.what, last.detail, page.context["state"]) == (
        "The renewal stands",
        "Hollis Grant",
        "renewed",
    )
    assert "Active until 14 Mar 2027, renewal paid" in text(page)


def test_a_mail_that_did_not_leave_is_seen_and_sent_again(client, north, now):
    offer = sent(north, now)
    with tenant(north.tenant):
        evidence = log_claim(contract=north.contract, by=north.sales, now=now)
    deliver_due(clock=lambda: now)
    read = text(sign_in(client, north).get(offer_url(north, offer)))
    assert "Mail: cancelled A renewal of the contract is in review." in read
    assert "A renewal is in review. Accounts have to decide on it first." in read
    assert client.post(offer_url(north, offer, "send-again/")).status_code == 409
    with tenant(north.tenant):
        reject_evidence(evidence, by=north.accounts, now=now, reason="Another contract")
    later = now + dt.timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        assert client.post(offer_url(north, offer, "send-again/")).status_code == 302
    deliver_due(clock=lambda: later)
    with tenant(north.tenant):
        assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "sent"]


def test_withdrawing_asks_why(client, north, now):
    offer = sent(north, now)
    answer = sign_in(client, north).post(offer_url(north, offer, "withdraw/"), {"because": " "})
    assert answer.status_code == 422
    assert "Say why it is withdrawn." in text(answer)
    assert client.post(offer_url(north, offer, "withdraw/"), {"because": "Wrong price"}).status_code == 302
    read = text(client.get(offer_url(north, offer)))
    assert "No longer open" in read
    assert "Withdrawn: Wrong price Jamie Mercer" in read
    answer = client.post(offer_url(north, offer, "withdraw/"), {"because": "Again"})
    assert answer.status_code == 409


def test_after_a_no_somebody_says_what_came_of_the_call(client, north, now):
    offer = sent(north, now)
    with tenant(north.tenant):
        decline_offer(offer, because="Too dear", now=now)
    read = text(sign_in(client, north).get(offer_url(north, offer)))
    assert "Declined by the customer Too dear" in read
    assert "Speak with them due 6 Mar 17:30" in read
    assert client.post(offer_url(north, offer, "spoke/"), {"outcome": ""}).status_code == 422
    client.post(offer_url(north, offer, "spoke/"), {"outcome": "They buy a new one"})
    with tenant(north.tenant):
        duty = Duty.objects.get()
        assert (duty.outcome, duty.closed_by) == ("They buy a new one", north.sales)
    assert "Speak with them" not in text(client.get(offer_url(north, offer)))


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


def test_the_page_asks_the_same_number_of_queries_however_much_it_lists(
    client, north, now, django_assert_num_queries
):
    offer = sent(north, now)
    sign_in(client, north)
    client.get(offer_url(north, offer))
    counts = []
    for number in range(3):
        with django_assert_num_queries(40, exact=False) as asked:
            client.get(offer_url(north, offer))
        counts.append(len(asked))
        with tenant(north.tenant):
            machine = Equipment.objects.create(site=north.site, make="M", serial_number=f"X{number}")
            ContractEquipment.objects.create(contract=north.contract, equipment=machine)
            Message.objects.filter(subject=offer.public_id).update(state="cancelled")
            make_message(north, now=now, number=number, kind="renewal offer", subject=offer.public_id)
    assert counts[0] == counts[2]


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
