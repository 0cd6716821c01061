"""A customer's page of a renewal offer: opening it changes nothing, every answer counts once."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core import mail
from playwright.sync_api import expect

from cases.models import Duty
from contracts.call_list import call_list
from contracts.cover import cover_of
from contracts.evidence import confirm_evidence, reject_evidence
from contracts.models import RenewalEvidence, RenewalOffer
from contracts.offer_answers import accept_offer, decline_offer
from contracts.offers import Offered, draft_offer, send_offer, usual_offer, withdraw_offer
from contracts.renewals import renew
from customers.links import make_link, revoke_links
from customers.models import CustomerLink
from messaging import mailbox
from messaging.delivery import deliver_due
from messaging.management.commands.mailbox import Catcher
from messaging.models import Message
from servicedesk.embedded import ports
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.contracts.offer_scene import NEXT, TODAY, scene
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")


def send(desk, now, **changes):
    """An offer that was sent, and a token of its page; the desk is open."""
    scene(desk, now)
    usual = usual_offer(desk.contract, day=TODAY)
    offered = Offered(**{**usual.__dict__, **changes})
    offer = send_offer(
        draft_offer(desk.contract, by=desk.sales, now=now, offered=offered), by=desk.sales, now=now
    )
    return offer, token_of(offer, now)


def token_of(offer, now, expires_at=None):
    return make_link(
        offer.contract.customer, CustomerLink.Purpose.OFFER, offer.public_id, now=now, expires_at=expires_at
    )


@pytest.fixture
def link(cast, now):
    with tenant(cast.north.tenant):
        return send(cast.north, now, words="Thank you for ten years.\n\n<b>& more</b>")


def now_is(cast, offer):
    with tenant(cast.north.tenant):
        return RenewalOffer.objects.select_related("evidence").get(pk=offer.pk)


def test_the_page_says_what_is_offered_and_changes_nothing(client, cast, link):
    offer, token = link
    for _ in range(3):
        page = client.get(f"/v/{token}/")
        assert page.status_code == 200
    read = text(page)
    for words in (
        "Your contract, for another term Thank you for ten years. <b>& more</b> Contract N-20418",
        "Term 15 Mar 2026 to 14 Mar 2027 Price £612.00 Covered Labour and parts Visits 2 visits in the term",
        "We come Within 4 working hours Present term 1 of 2 visits used, 1 forfeited",
        "Machines Corvane SF-12 sorter SF12-077-0923 Corvane TC-240 copier TC240-118-4471",
        "Valid until 4 Apr 2026",
        "This page is for Margaret Ellison only.",
    ):
        assert words in read
    after = now_is(cast, offer)
    assert (after.accepted_at, after.declined_at, after.settled_at) == (None, None, None)
    with tenant(cast.north.tenant):
        assert not Duty.objects.exists()
    assert page["Referrer-Policy"] == "same-origin"
    assert 'name="robots" content="noindex"' in page.content.decode()


def test_the_page_needs_no_script_and_weighs_little(client, link):
    page = client.get(f"/v/{link[1]}/").content
    assert b"<script" not in page
    assert len(page) < 20_000


def test_accepting_counts_once_and_says_thank_you(client, cast, link, now):
    offer, token = link
    for name in ("Margaret Ellison", "Somebody else"):
        answer = client.post(f"/v/{token}/accept/", {"name": name})
        assert (answer.status_code, answer["Location"]) == (302, f"/v/{token}/")
    read = text(client.get(f"/v/{token}/"))
    assert "Thank you You accepted this offer. We are checking it. There is nothing more to do." in read
    assert "Accept this offer" not in read
    after = now_is(cast, offer)
    assert (after.accepted_name, after.accepted_at) == ("Margaret Ellison", now)
    with tenant(cast.north.tenant):
        assert RenewalEvidence.objects.get() == after.evidence


@pytest.mark.parametrize(
    ("name", "words"), [("", "Please type your name."), ("x" * 121, "Please type a shorter name.")]
)
def test_without_a_name_nothing_is_accepted(client, cast, link, name, words):
    offer, token = link
    answer = client.post(f"/v/{token}/accept/", {"name": name})
    assert answer.status_code == 422
    assert words in text(answer)
    assert "<title>Error: " in answer.content.decode()
    assert now_is(cast, offer).accepted_at is None


def test_declining_counts_once_with_or_without_a_reason(client, cast, link, now):
    offer, token = link
    for because in ("Too dear", ""):
        assert client.post(f"/v/{token}/decline/", {"because": because}).status_code == 302
    read = text(client.get(f"/v/{token}/"))
    assert "You declined this offer Should you change your mind, please ring us." in read
    assert now_is(cast, offer).declined_because == "Too dear"
    with tenant(cast.north.tenant):
        assert Duty.objects.get().detail == "Too dear"
    answer = client.post(f"/v/{token}/accept/", {"name": "Margaret"})
    assert answer.status_code == 409
    assert "You declined this offer. Please ring us: a person answers and helps you on." in text(answer)


@pytest.mark.parametrize("because", ["Too\x00dear", "x" * 301])
def test_a_reason_that_cannot_be_kept_is_asked_for_again(client, cast, link, because):
    offer, token = link
    answer = client.post(f"/v/{token}/decline/", {"because": because})
    assert answer.status_code == 422
    assert "Please say it in plain letters, 300 at most, or leave it out." in text(answer)
    assert now_is(cast, offer).declined_at is None


def test_a_yes_is_not_turned_into_a_no(client, cast, link):
    offer, token = link
    client.post(f"/v/{token}/accept/", {"name": "Margaret"})
    answer = client.post(f"/v/{token}/decline/", {})
    assert answer.status_code == 409
    assert now_is(cast, offer).declined_at is None


def test_ring_me_opens_one_duty_due_within_a_working_hour(client, cast, link, now):
    offer, token = link
    for _ in range(2):
        assert client.post(f"/v/{token}/call-me/").status_code == 302
    with tenant(cast.north.tenant):
        duty = Duty.objects.get(subject=offer.public_id)
        assert (duty.kind, duty.due_at) == (Duty.Kind.CALL_CUSTOMER, now + dt.timedelta(hours=1))
        assert duty.detail == "About renewal offer N-20418/1"
    assert "We will ring you today by 2:07 pm." in text(client.get(f"/v/{token}/"))


def test_the_letter_opens_as_it_was_sent(client, cast, link):
    offer, token = link
    answer = client.get(f"/v/{token}/offer.pdf")
    with tenant(cast.north.tenant), offer.document.content.open("rb") as content:
        assert answer.content == content.read()
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "application/pdf",
        'inline; filename="Offer N-20418-1.pdf"',
    )
    assert answer["X-Content-Type-Options"] == "nosniff"


PATHS = ["", "accept/", "decline/", "call-me/", "offer.pdf"]


def ask(client, token, path):
    address = f"/v/{token}/{path}"
    return client.get(address) if path in ("", "offer.pdf") else client.post(address, {"name": "Margaret"})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("revoked", ""),
        ("late", "This offer was open until 4 Apr 2026."),
        ("withdrawn", "This offer is no longer open."),
        ("rejected", "This offer is no longer open."),
        ("confirmed", "Your contract is renewed. There is nothing more to do."),
        ("renewed", "Your contract is renewed. There is nothing more to do."),
    ],
)
def test_an_ended_link_says_what_became_of_it_and_no_detail(
    client, cast, now, time_machine, path, what, words
):
    north = cast.north
    with tenant(north.tenant):
        offer, _ = send(north, now)
        token = token_of(offer, now, expires_at=now + dt.timedelta(days=31))
        match what:
            case "revoked":
                revoke_links(offer.public_id, now=now)
            case "late":
                time_machine.move_to(now + dt.timedelta(days=31), tick=False)
            case "withdrawn":
                withdraw_offer(offer, because="Wrong price", by=north.sales, now=now)
            case "rejected":
                evidence = accept_offer(offer, name="Margaret", now=now).evidence
                reject_evidence(evidence, by=north.accounts, now=now, reason="A mistake")
            case "confirmed":
                evidence = accept_offer(offer, name="Margaret", now=now).evidence
                confirm_evidence(evidence, by=north.accounts, now=now)
            case "renewed":
                renew(north.contract, channel="call", amount=None, by=north.accounts, now=now)
    answer = ask(client, token, path)
    assert answer.status_code == 410
    read = text(answer)
    assert f"This link has ended {words}".strip() in read
    assert "01632 960 118" in read
    assert not [word for word in ("Margaret", "612", "N-20418", "Wrong price", "A mistake") if word in read]


@pytest.mark.parametrize("path", PATHS)
def test_a_visits_link_opens_nothing_of_offers_and_an_offers_nothing_of_visits(client, cast, link, now, path):
    offer, token = link
    with tenant(cast.north.tenant):
        other = make_link(
            cast.north.customer, CustomerLink.Purpose.LABEL, offer.public_id, now=now, expires_at=None
        )
    assert ask(client, other, path).status_code == 404
    assert client.post(f"/v/{token}/confirm/").status_code == 404
    assert client.get(f"/v/{token}/change/").status_code == 404


@pytest.mark.parametrize("token", ["x", "A" * 22, "é" * 22])
@pytest.mark.parametrize("path", PATHS)
def test_a_token_that_never_was_is_not_found(client, db, token, path):
    assert ask(client, token, path).status_code == 404


# From the desk to the customer's telephone and back


@pytest.fixture
def catcher(settings, tmp_path):
    """The mail server of development: what is sent goes over SMTP and is kept as files."""
    settings.DEVELOPMENT, settings.MAILBOX_DIR = True, tmp_path / "mailbox"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", ports.first_free("127.0.0.1", 18725)
    settings.SMS_URL = ""
    with Catcher() as catcher:
        yield catcher


def mailed(desk, now):
    """The letter that the delivery brought over SMTP, and the address of the offer in it."""
    deliver_due(clock=lambda: now)
    with tenant(desk.tenant):
        assert Message.objects.get().state == Message.State.SENT
    (letter,) = mailbox.letters(desk.tenant.slug)
    address, stopping = re.findall(r"https?://\S+", letter.text)
    assert "/no-more/" in stopping
    return letter, address


def test_from_sending_to_the_next_term(client, catcher, cast, now):
    north = cast.north
    with tenant(north.tenant):
        offer, _ = send(north, now, amount=Decimal("650.00"), visits=3, response_hours=8)
    letter, address = mailed(north, now)
    assert mail.outbox == []
    assert (letter.to, letter.title) == (
        "margaret@harbourletter.example",
        "Our renewal offer for your contract N-20418",
    )
    file = mailbox.attachment("northgate", letter.name, 1)
    with tenant(north.tenant), offer.document.content.open("rb") as content:
        assert (file.name, file.content_type, file.content) == (
            "Offer N-20418-1.pdf",
            "application/pdf",
            content.read(),
        )
    path = address[address.index("/v/") :]
    assert "£650.00" in text(client.get(path))
    client.post(f"{path}accept/", {"name": "Margaret Ellison"})
    with tenant(north.tenant):
        cover = cover_of(north.contract, TODAY)
        assert cover.sentence == "Active until 14 Mar 2026, renewal in review: accepted offer of 5 March"
        assert call_list(TODAY).held_back == {"in review": 1}
    client.force_login(north.accounts.user)
    evidence = now_is(cast, offer).evidence
    answer = client.post(
        north.url(f"contracts/{north.contract.public_id}/evidence/{evidence.public_id}/confirm/"),
        {"after": north.term.public_id},
    )
    assert answer.status_code == 302
    with tenant(north.tenant):
        cover = cover_of(north.contract, TODAY)
        assert cover.sentence == "Active until 14 Mar 2027, renewal paid"
        assert north.contract.renewals.get().amount == Decimal("650.00")
        in_april = cover_of(north.contract, NEXT)
        assert (in_april.visits_granted, in_april.response_hours) == (3, 8)
    assert "Your contract is renewed." in text(client.get(path))


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible_at_320_pixels(live_desk, page_as, now, theme):
    north = live_desk.cast.north
    with tenant(north.tenant):
        offer, token = send(north, now, words="W" * 90)
    page = page_as(width=320, height=640, theme=theme)
    address = f"{live_desk.address}/v/{token}/"

    def look():
        page.goto(address)
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0

    look()
    page.get_by_text("No, thank you").click()
    assert axe_violations(page) == []
    with tenant(north.tenant):
        accept_offer(offer, name="Margaret", now=now)
    look()
    with tenant(north.tenant):
        confirm_evidence(RenewalEvidence.objects.get(), by=north.accounts, now=now)
    look()


@pytest.mark.browser
def test_a_customer_accepts_on_a_telephone(live_desk, page_as, now):
    north = live_desk.cast.north
    with tenant(north.tenant):
        offer, token = send(north, now)
    page = page_as(width=390, height=844)
    page.goto(f"{live_desk.address}/v/{token}/")
    page.get_by_role("button", name="Accept this offer").click()
    # The browser itself asks for the name.
    expect(page.get_by_label("Your name")).to_be_focused()
    page.get_by_label("Your name").fill("Margaret Ellison")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    expect(page.get_by_text("There is nothing more to do.")).to_be_visible()
    page.get_by_role("button", name="Please ring me").click()
    expect(page.get_by_text("We will ring you today by")).to_be_visible()
    with tenant(north.tenant):
        assert RenewalOffer.objects.get(pk=offer.pk).accepted_name == "Margaret Ellison"


@pytest.mark.browser
def test_a_customer_declines_on_a_telephone(live_desk, page_as, now):
    north = live_desk.cast.north
    with tenant(north.tenant):
        offer, token = send(north, now)
    page = page_as(width=390, height=844)
    page.goto(f"{live_desk.address}/v/{token}/")
    page.get_by_text("No, thank you").click()
    page.get_by_label("Why, if you like to say").fill("Too dear")
    page.get_by_role("button", name="Decline this offer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You declined this offer")
    with tenant(north.tenant):
        decline_offer(offer, because="Once more", now=now)
        assert RenewalOffer.objects.get(pk=offer.pk).declined_because == "Too dear"
