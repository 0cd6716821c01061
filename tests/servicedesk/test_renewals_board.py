"""The renewals board (design 4.4): who may see it, its rows, and the one thing to do next."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.evidence import log_claim, log_evidence
from contracts.holds import set_hold
from contracts.models import Contract, Payment, RenewalOffer
from contracts.renewals import renew
from tenancy.scope import tenant
from tests.contracts.test_what_next import add, add_offer, in_days
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    return cast.north


def board(desk, query=""):
    return desk.url(f"renewals/{query}")


@pytest.mark.parametrize(
    ("role", "status"),
    [("dispatcher", 403), ("technician", 403), ("sales", 200), ("accounts", 200), ("manager", 200)],
)
def test_sales_accounts_and_managers_see_it(client, north, role, status):
    client.force_login(north.people[role].user)
    assert client.get(board(north)).status_code == status
    home = client.get(north.url("customers/")).content.decode()
    assert (f'href="{board(north)}"' in home) == (status == 200)


def test_a_row_says_all_that_a_call_needs(sales, north):
    with tenant(north.tenant):
        add("Weir House", in_days(14), owner=north.sales)
    read = text(sales.get(board(north, "?state=soon")))
    assert "Ends in 14 days Term 20 Mar 2025 to 19 Mar 2026" in read
    assert "Weir House W-Weir House Log evidence for Weir House" in read
    assert "100.00 GBP Jamie Mercer None granted None Make an offer: Weir House, W-Weir House" in read


def test_the_counts_open_their_rows(sales, north, now):
    with tenant(north.tenant):
        add("Soon", in_days(14))
        add("Later", in_days(45))
        log_claim(contract=add("Claim", in_days(-50)), by=north.sales, now=now)
    # The most pressing section with rows is shown unasked.
    answer = sales.get(board(north))
    read = text(answer)
    assert "In review 1 Offer accepted 0 In grace 0 Ends within 30 days 1 Ends within 60 days 1" in read
    assert [row.cover.contract.customer.name for row in answer.context["rows"]] == ["Claim"]
    for label, count, url, _ in answer.context["tabs"]:
        assert len(sales.get(board(north, url)).context["rows"]) == count, label


def test_the_owner_stands_in_the_address_and_stays(sales, north):
    with tenant(north.tenant):
        add("Mine", in_days(5), owner=north.sales)
        add("Theirs", in_days(6), owner=north.manager)
        add("Nobody's", in_days(7))
    mine = sales.get(board(north, f"?state=soon&owner={north.sales.public_id}"))
    assert [row.cover.contract.customer.name for row in mine.context["rows"]] == ["Mine"]
    assert all(f"owner={north.sales.public_id}" in url for _, _, url, _ in mine.context["tabs"])
    assert len(sales.get(board(north, "?state=soon&owner=nobody")).context["rows"]) == 1
    assert len(sales.get(board(north, "?state=soon&owner=")).context["rows"]) == 3
    stranger = sales.get(board(north, f"?state=soon&owner={north.customer.public_id}"))
    assert stranger.context["rows"] == []


def next_steps(client, desk, state):
    rows = client.get(board(desk, f"?state={state}")).context["rows"]
    return {row.cover.contract.customer.name: row for row in rows}


def test_each_row_has_one_next_step(client, north, now):
    with tenant(north.tenant):
        set_hold(customer=add("Held", in_days(5)).customer, source="x", reason="In court", by=None, now=now)
        add_offer(add("Offered", in_days(6)), now)
        cheque = log_evidence(
            contract=add("Cheque", in_days(7)), kind="cheque", dated_on=in_days(0), by=north.sales, now=now
        )
        paid = add("Money", in_days(-40)).customer
        payment = Payment.objects.create(
            customer=paid, paid_on=in_days(-5), amount=100, currency="GBP", recorded_at=now
        )
        add("Grace", in_days(-4))
        add("Lapsed", in_days(-40))
        renew(add("Renewed", in_days(20)), channel="post", amount=None, by=north.accounts, now=now)
    client.force_login(north.people["sales"].user)
    assert next_steps(client, north, "soon")["Held"].do == "See why it is held"
    assert "Do not sell" in text(client.get(board(north, "?state=soon")))
    offered = next_steps(client, north, "offered")["Offered"]
    assert (offered.do, offered.offer) == ("Call", "Out until 4 April")
    assert next_steps(client, north, "lapsed")["Lapsed"].do == "Call"
    assert next_steps(client, north, "renewed")["Renewed"].do == "Look"
    assert next_steps(client, north, "review")["Cheque"].do == "Ask accounts"
    client.force_login(north.people["accounts"].user)
    assert next_steps(client, north, "grace")["Grace"].do == "Make an offer"
    rows = next_steps(client, north, "review")
    assert rows["Money"].do == "Match the money"
    assert rows["Money"].url == north.url(f"payments/{payment.public_id}/")
    row = rows["Cheque"]
    assert row.do == "Confirm evidence"
    assert row.url == north.url(f"contracts/{cheque.contract.public_id}/evidence/{cheque.public_id}/")
    assert client.get(row.url).status_code == 200


def test_one_row_costs_what_three_cost(sales, north, now):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            assert sales.get(board(north, "?state=soon")).status_code == 200
        return len(captured)

    with tenant(north.tenant):
        add_offer(add("1", in_days(5), owner=north.sales), now)
    statements()
    one = statements()
    with tenant(north.tenant):
        for name in ("2", "3"):
            add_offer(add(name, in_days(5), owner=north.manager), now)
    assert statements() == one


def test_fifty_rows_a_page(sales, north):
    with tenant(north.tenant):
        for number in range(51):
            add(f"{number:02}", in_days(5))
    first = sales.get(board(north, "?state=soon"))
    assert len(first.context["rows"]) == 50
    second = sales.get(board(north, first.context["next_url"]))
    assert (len(second.context["rows"]), second.context["next_url"]) == (1, "")
    assert "From the front" in text(second)


def test_nothing_here_says_so(sales, north):
    assert "Nothing here Call list" in text(sales.get(board(north)))
    with tenant(north.tenant):
        assert not RenewalOffer.objects.exists() and Contract.objects.count() == 1
    assert sales.get(board(north, "?state=nonsense")).context["section"] == "soon"
