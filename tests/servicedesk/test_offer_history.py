"""The page of one offer: changing, sending again, withdrawing, what became of it (R3.3)."""

import datetime as dt
import io
from decimal import Decimal

import pytest
import time_machine
from pypdf import PdfReader

from cases.models import Duty
from contracts.evidence import confirm_evidence, log_claim, reject_evidence
from contracts.models import ContractEquipment, RenewalOffer
from contracts.offer_answers import accept_offer, decline_offer
from customers.models import Equipment
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.scope import tenant
from tests.messaging.conftest import make_message
from tests.reading import text
from tests.servicedesk.offers_scene import drafted, north, offer_url, posted, sent, sign_in, the_offer

pytestmark = pytest.mark.usefixtures("moment")

__all__ = ["north"]


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
        mails = Message.objects.filter(subject=offer.public_id)
        assert sorted(mails.values_list("state", flat=True)) == ["cancelled", "sent"]


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
