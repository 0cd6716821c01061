"""What proves a renewal is logged in two interactions from any screen that shows the customer (R1.3)."""

import datetime as dt
import io
import re
from decimal import Decimal
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cases.models import Duty, Promise
from contracts.evidence import log_claim
from contracts.models import Cancellation, Contract, ContractTerm, Payment, RenewalEvidence
from customers.models import Customer, Hold
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.contracts.test_what_next import add_offer
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")

TODAY = dt.date(2026, 3, 5)
KINDS = ["cheque", "bank line", "signed form", "photo", "mail", "customer's word"]


@pytest.fixture
def north(cast, now):
    """Northgate's desk; its contract ended on 1 January 2026; a technician is with the customer."""
    with tenant(cast.north.tenant):
        set_end(cast.north.contract, dt.date(2026, 1, 1))
        cast.north.visit = make_visit(
            cast.north,
            start=now - dt.timedelta(minutes=30),
            technician=cast.north.lou,
            state="on site",
            arrived_at=now - dt.timedelta(minutes=20),
        )
    return cast.north


def set_end(contract, ends_on):
    starts_on = ends_on - dt.timedelta(days=364)
    if contract.terms.update(starts_on=starts_on, ends_on=ends_on) == 0:
        ContractTerm.objects.create(
            contract=contract,
            starts_on=starts_on,
            ends_on=ends_on,
            price=contract.price,
            created_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
        )


def add_contract(north, number, ends_on):
    contract = Contract.objects.create(
        number=number, customer=north.customer, price=Decimal("100"), currency="GBP"
    )
    set_end(contract, ends_on)
    return contract


def screens(desk):
    """Every screen that shows the customer, and who reads it."""
    customer, visit = desk.customer.public_id, desk.visit.public_id
    return {
        "caller screen": ("dispatcher", f"customers/{customer}/"),
        "caller screen in a call": ("dispatcher", f"customers/{customer}/?tel=07700900412"),
        "booking panel": ("dispatcher", f"customers/{customer}/book/"),
        "visit": ("dispatcher", f"visits/{visit}/"),
        "equipment": ("dispatcher", f"equipment/{desk.copier.public_id}/"),
        "contract": ("sales", f"contracts/{desk.contract.public_id}/"),
        "contract check": ("sales", f"calls/{customer}/"),
        "call list": ("sales", "calls/"),
        "renewals board": ("sales", "renewals/?state=lapsed"),
        "brief": ("technician", f"today/{visit}/"),
        "finish": ("technician", f"today/{visit}/finish/"),
    }


SCREENS = [
    "caller screen",
    "caller screen in a call",
    "booking panel",
    "visit",
    "equipment",
    "contract",
    "contract check",
    "call list",
    "renewals board",
    "brief",
    "finish",
]


def links(response):
    """The addresses behind "Log evidence" on a page."""
    body = response.content.decode()
    found = re.findall(r'<a[^>]*href="([^"]*/evidence/[^"]*)"[^>]*>(?:(?!</a>).)*Log evidence', body, re.S)
    return [unescape(address) for address in found]


def press(client, address, page, kind="cheque"):
    """Press one of the buttons as the page stands: nothing is typed."""
    body = page.content.decode()
    data = {"kind": kind}
    for name, pattern in {
        "next": r'name="next" value="([^"]*)"',
        "dated_on": r'name="dated_on" type="date" value="([^"]*)"',
        "contract": r'name="contract" value="([^"]*)" checked',
    }.items():
        if found := re.search(pattern, body):
            data[name] = unescape(found.group(1))
    return client.post(address, data)


@pytest.mark.parametrize("screen", SCREENS)
def test_two_interactions_from_any_screen(client, north, screen):
    role, path = screens(north)[screen]
    client.force_login(north.people[role].user)
    shown = client.get(north.url(path))
    assert shown.status_code == 200
    (address,) = links(shown)
    # One: follow the link. Two: press one button.
    opened = client.get(address)
    logged = press(client, address, opened)
    assert logged.status_code == 302
    with tenant(north.tenant):
        evidence = RenewalEvidence.objects.get()
        assert (evidence.kind, evidence.dated_on, evidence.contract) == ("cheque", TODAY, north.contract)
        assert Hold.objects.get().released_at is None
    after = text(client.get(logged.url))
    if screen not in ("booking panel", "finish"):
        # What is typed there stays open beside; everywhere else one is back where one was.
        assert logged.url == north.url(path)
    assert "Evidence logged: Cheque for N-20418. Renewal in review: cheque of 5 March." in after


@pytest.mark.parametrize("screen", ["unused visits", "offer", "payments", "payment"])
def test_two_interactions_from_the_desks_lists(client, north, screen, now):
    with tenant(north.tenant):
        set_end(north.contract, dt.date(2026, 3, 14))
        offer = add_offer(north.contract, now)
        payment = Payment.objects.create(
            customer=north.customer, paid_on=TODAY, amount=10, currency="GBP", recorded_at=now
        )
    path = {
        "unused visits": "unused/",
        "offer": f"offers/{offer.public_id}/",
        "payments": "payments/",
        "payment": f"payments/{payment.public_id}/",
    }[screen]
    client.force_login(north.people["manager"].user)
    (address,) = links(client.get(north.url(path)))
    logged = press(client, address, client.get(address))
    assert logged.url == north.url(path)
    with tenant(north.tenant):
        assert RenewalEvidence.objects.get().contract == north.contract


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_one_button(client, north, kind):
    client.force_login(north.people["technician"].user)
    address = north.url(f"customers/{north.customer.public_id}/evidence/")
    opened = client.get(address)
    assert f'name="kind" value="{kind}"'.replace("'", "&#x27;") in opened.content.decode()
    assert press(client, address, opened, kind).status_code == 302
    with tenant(north.tenant):
        assert RenewalEvidence.objects.get().kind == kind
        assert Duty.objects.open().get().kind == Duty.Kind.VERIFY_RENEWAL
        assert Promise.objects.by_hand().count() == (kind == "customer's word")


def test_the_customers_word_said_twice_is_one_claim(client, north):
    client.force_login(north.people["dispatcher"].user)
    address = north.url(f"customers/{north.customer.public_id}/evidence/")
    for _ in range(2):
        press(client, address, client.get(address), "customer's word")
    with tenant(north.tenant):
        assert RenewalEvidence.objects.count() == 1


def test_what_is_known_may_be_said_with_it(client, north, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(north.people["sales"].user)
    file = io.BytesIO()
    Image.new("RGB", (20, 30), "white").save(file, "PNG")
    client.post(
        north.url(f"customers/{north.customer.public_id}/evidence/"),
        {
            "kind": "bank line",
            "dated_on": "2026-03-02",
            "reference": "TRX 9",
            "amount": "612.00",
            "note": "Shown on the phone",
            "scan": SimpleUploadedFile("line.png", file.getvalue(), content_type="image/png"),
        },
    )
    with tenant(north.tenant):
        evidence = RenewalEvidence.objects.get()
        assert (evidence.reference, evidence.amount, evidence.note, evidence.dated_on) == (
            "TRX 9",
            Decimal("612.00"),
            "Shown on the phone",
            dt.date(2026, 3, 2),
        )
        assert evidence.scan == StoredFile.objects.get()


def test_of_several_contracts_the_likely_one_is_chosen(client, north):
    with tenant(north.tenant):
        add_contract(north, "N-1", dt.date(2026, 12, 31))
        due = add_contract(north, "N-2", dt.date(2026, 3, 31))
        gone = add_contract(north, "N-3", dt.date(2026, 3, 20))
        Cancellation.objects.create(
            contract=gone, effective_on=TODAY, reason="Sold", recorded_at="2026-03-01T00:00Z"
        )
    client.force_login(north.people["dispatcher"].user)
    address = north.url(f"customers/{north.customer.public_id}/evidence/")
    opened = client.get(address)
    read = text(opened)
    places = [read.index(number) for number in ("N-2 Ends in 26", "N-20418 Ended 1", "N-1 Active", "N-3 Can")]
    assert places == sorted(places)
    press(client, address, opened)
    with tenant(north.tenant):
        assert RenewalEvidence.objects.get().contract == due


def test_the_contract_that_is_looked_at_is_chosen(client, north):
    with tenant(north.tenant):
        other = add_contract(north, "N-2", dt.date(2026, 3, 31))
    client.force_login(north.people["sales"].user)
    (address,) = links(client.get(north.url(f"calls/{north.customer.public_id}/?contract={other.public_id}")))
    press(client, address, client.get(address))
    (address,) = links(client.get(north.url(f"contracts/{north.contract.public_id}/")))
    press(client, address, client.get(address), "mail")
    with tenant(north.tenant):
        logged = RenewalEvidence.objects.order_by("pk").values_list("contract__number", "kind")
        assert list(logged) == [("N-2", "cheque"), ("N-20418", "mail")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dated_on": "2026-03-06"}, "Evidence cannot be dated after today."),
        ({"kind": "accepted offer"}, "Choose what it is."),
        ({"amount": "much"}, "Write the amount in figures, like 612.00."),
        ({"amount": "100000000"}, "Write an amount below 100,000,000."),
        ({"contract": "11111111-1111-7111-8111-111111111111"}, "Choose one of the customer’s contracts."),
    ],
)
def test_what_is_not_accepted_is_said_and_kept(client, north, changes, words):
    client.force_login(north.people["sales"].user)
    data = {"kind": "cheque", "reference": "004417", **changes}
    answer = client.post(north.url(f"customers/{north.customer.public_id}/evidence/"), data)
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert 'value="004417"' in answer.content.decode()
    with tenant(north.tenant):
        assert not RenewalEvidence.objects.exists()


def test_another_customers_contract_is_none_to_choose(client, north):
    with tenant(north.tenant):
        neighbour = Customer.objects.create(name="Neighbour")
        theirs = Contract.objects.create(number="X-1", customer=neighbour, price=1, currency="GBP")
    client.force_login(north.people["sales"].user)
    data = {"kind": "cheque", "contract": str(theirs.public_id)}
    address = north.url(f"customers/{north.customer.public_id}/evidence/")
    assert client.post(address, data).status_code == 422


def test_a_customer_without_a_contract_and_one_that_was_merged(client, north):
    with tenant(north.tenant):
        nobody = Customer.objects.create(name="New here")
        merged = Customer.objects.create(name="Same", merged_into=north.customer)
    client.force_login(north.people["sales"].user)
    read = text(client.get(north.url(f"customers/{nobody.public_id}/evidence/")))
    assert "New here has no contract that could be renewed" in read
    assert (
        client.post(north.url(f"customers/{nobody.public_id}/evidence/"), {"kind": "cheque"}).status_code
        == 422
    )
    answer = client.get(north.url(f"customers/{merged.public_id}/evidence/"))
    assert answer.url == north.url(f"customers/{north.customer.public_id}/evidence/")


@pytest.mark.parametrize("screen", ["caller screen", "contract check", "contract", "call list"])
def test_the_word_on_the_phone_is_one_button_and_comes_back(client, north, screen):
    role, path = screens(north)[screen]
    client.force_login(north.people[role].user)
    body = client.get(north.url(path)).content.decode()
    (action,) = re.findall(r'action="([^"]*/claim/)"', body)
    back = unescape(re.search(r'/claim/">.*?name="next" value="([^"]*)"', body, re.S).group(1))
    answer = client.post(action, {"next": back})
    assert answer.url == north.url(path)
    with tenant(north.tenant):
        assert RenewalEvidence.objects.get().kind == "customer's word"
    assert "/claim/" not in client.get(north.url(path)).content.decode()


def test_where_cover_is_settled_there_is_no_such_button(client, north, now):
    with tenant(north.tenant):
        set_end(north.contract, dt.date(2026, 12, 31))
    client.force_login(north.people["dispatcher"].user)
    assert "/claim/" not in client.get(north.url(f"customers/{north.customer.public_id}/")).content.decode()
    with tenant(north.tenant):
        set_end(north.contract, dt.date(2026, 3, 14))
        log_claim(contract=north.contract, by=north.sales, now=now)
    assert "/claim/" not in client.get(north.url(f"customers/{north.customer.public_id}/")).content.decode()
