"""Money that left: proposed, settled by a person, once."""

import pytest

from contracts.models import MoneyOut, Payment
from contracts.money_by_hand import match_by_hand
from contracts.money_out import settle_as_else
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.money_scene import END, last_end, money_out, pay, prepare

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def scene(cast, client, now):
    """Northgate's accountant, a payment that renewed, and its return."""
    north = cast.north
    client.force_login(north.people["accounts"].user)
    with tenant(north.tenant):
        prepare(north)
        payment = pay(payer="The Harbour Letter")
        match_by_hand(payment, north.contract, purpose="renews", by=north.accounts, now=now)
        return client, north, payment, money_out(now)


def address(north, line, act=""):
    return north.url(f"payments/money-out/{line.public_id}/{act}")


def test_the_likely_payment_is_shown_with_its_reasons_and_one_button(scene):
    client, north, payment, line = scene
    read = text(client.get(address(north, line)))
    assert "amount is exactly £612.00, it went to the payer, its contract number is named" in read
    assert "the bank calls it a return, 2 days later It returns this" in read
    answer = client.post(address(north, line, f"returns/{payment.public_id}/"))
    assert answer.status_code == 302
    with tenant(north.tenant):
        assert Payment.objects.get(pk=payment.pk).returned_on == line.booked_on
        assert last_end(north.contract) == END
    assert "Return of the payment of 2 Mar 2026, Hollis Grant" in text(client.get(address(north, line)))


def test_something_else_needs_words_and_is_settled_once(scene, now):
    client, north, payment, line = scene
    assert client.post(address(north, line, "else/"), {"because": ""}).status_code == 422
    with tenant(north.tenant):
        settle_as_else(line, because="Rent", by=north.manager, now=now)
    for path, data in (("else/", {"because": "Rent"}), (f"returns/{payment.public_id}/", {})):
        answer = client.post(address(north, line, path), data)
        assert answer.status_code == 409
        assert "Robin Vale settled it on 5 Mar 2026: Rent" in text(answer)
    with tenant(north.tenant):
        assert Payment.objects.get(pk=payment.pk).returned_on is None


def test_the_same_amount_alone_has_no_red_button_and_asks_how_one_knows(scene, now):
    client, north, payment, _ = scene
    with tenant(north.tenant):
        bare = money_out(now, reference="Returned unpaid", payee="")
    page = client.get(address(north, bare))
    assert "Same amount, nothing else says so: amount is exactly £612.00" in text(page)
    assert "It returns this" not in text(page)
    answer = client.post(address(north, bare, f"returns/{payment.public_id}/"))
    assert answer.status_code == 422
    assert "Say how you know." in text(answer)
    answer = client.post(address(north, bare, f"returns/{payment.public_id}/"), {"because": "The bank rang"})
    assert answer.status_code == 302


def test_less_than_was_paid_is_refused(scene, now):
    client, north, payment, _ = scene
    with tenant(north.tenant):
        small = money_out(now, "5.00", reference="?", payee="")
    answer = client.post(address(north, small, f"returns/{payment.public_id}/"))
    assert answer.status_code == 422
    assert "More was paid than went back" in text(answer)
    assert "No payment of this amount is known" in text(answer)
    with tenant(north.tenant):
        assert MoneyOut.objects.filter(settled_at__isnull=True).count() == 2
