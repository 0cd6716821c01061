"""The mail of an offer: what it says, when it stays here, how it is sent again (R3.3)."""

import datetime as dt

import pytest
from django.core import mail

from contracts.evidence import log_claim
from contracts.models import Cancellation
from contracts.offer_answers import accept_offer
from contracts.offers import NotOpen, send_again, withdraw_offer
from contracts.renewals import renew
from customers.links import find_link
from customers.models import CustomerLink
from messaging.models import Message
from tenancy.scope import tenant
from tests.contracts.offer_scene import DAY, deliver, scene, sent


def test_the_mail_says_it_all_with_one_link_and_one_number(cast, now):
    with tenant(cast.north.tenant):
        offer = sent(scene(cast.north, now), now, words="Thank you for ten years.")
    deliver(now)
    (letter,) = mail.outbox
    address = letter.body.split("until 4 Apr 2026:\n")[1].split("\n")[0]
    stop = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.subject == "Our renewal offer for your contract N-20418"
    assert letter.body == (
        "Dear Margaret Ellison,\n\n"
        "your contract N-20418 runs until 14 Mar 2026. We would be glad to go on looking after you.\n\n"
        "Our offer N-20418/1: 15 Mar 2026 to 14 Mar 2027, for £612.00, with 2 visits.\n"
        "Of the present term: 1 of 2 visits used, 1 forfeited.\n\n"
        "Thank you for ten years.\n\n"
        "The attached letter says all of it. To accept or decline, until 4 Apr 2026:\n"
        f"{address}\n\n"
        "Or ring 01632 960 118; a person answers.\n\n"
        "Jamie Mercer\nNorthgate\n\n"
        f"No more mail of this sort: {stop}\n"
    )
    assert [file[0] for file in letter.attachments] == ["Offer N-20418-1.pdf"]
    found = find_link(address.rstrip("/").rsplit("/", 1)[1], now=now)
    assert (found.link.purpose, found.link.subject) == ("offer", offer.public_id)
    # Midnight after the last day; London's clocks have gone forward by then.
    assert found.link.expires_at == dt.datetime(2026, 4, 4, 23, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("withdrawn", "Withdrawn: Wrong price"),
        ("review", "A renewal of the contract is in review."),
        ("renewed", "The renewal stands"),
        ("cancelled", "The contract is cancelled."),
        ("accepted", "The offer is: accepted, being checked."),
    ],
)
def test_a_mail_that_is_no_longer_true_stays_here(cast, now, what, reason):
    north = cast.north
    with tenant(north.tenant):
        offer = sent(scene(north, now), now)
        match what:
            case "withdrawn":
                withdraw_offer(offer, because="Wrong price", by=north.sales, now=now)
            case "review":
                log_claim(contract=north.contract, by=north.sales, now=now)
            case "renewed":
                renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
            case "cancelled":
                Cancellation.objects.create(contract=north.contract, reason="Moved", recorded_at=now)
            case "accepted":
                accept_offer(offer, name="Margaret", now=now)
    deliver(now)
    with tenant(north.tenant):
        message = Message.objects.get(subject=offer.public_id)
        assert (message.state, message.reason) == (Message.State.CANCELLED, reason)
    assert mail.outbox == []


def test_a_mail_past_the_last_day_is_a_fault_that_a_person_sees(cast, now):
    with tenant(cast.north.tenant):
        sent(scene(cast.north, now), now)
    deliver(now + dt.timedelta(days=40))
    with tenant(cast.north.tenant):
        message = Message.objects.get()
        assert (message.state, message.reason) == (
            Message.State.MISSED,
            "The offer went out of date before its mail could leave.",
        )


def test_sent_again_it_has_another_link_and_the_first_still_opens(cast, now):
    north = cast.north
    with tenant(north.tenant):
        offer = sent(scene(north, now), now)
        with pytest.raises(NotOpen, match="Its mail is on the way already."):
            send_again(offer, by=north.sales, now=now + DAY)
    deliver(now)
    with tenant(north.tenant):
        send_again(offer, by=north.sales, now=now + DAY)
    deliver(now + DAY)
    assert len(mail.outbox) == 2
    with tenant(north.tenant):
        assert CustomerLink.objects.filter(subject=offer.public_id, revoked_at=None).count() == 2
        withdraw_offer(offer, because="Wrong price", by=north.sales, now=now + DAY)
        assert CustomerLink.objects.filter(subject=offer.public_id, revoked_at=None).count() == 0
        with pytest.raises(NotOpen, match="It has ended already. Withdrawn: Wrong price."):
            send_again(offer, by=north.sales, now=now + DAY)
