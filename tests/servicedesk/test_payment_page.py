"""One payment: what may be done with it, by whom, once, and the history of it."""

import datetime as dt

import pytest

from cases.models import Duty
from contracts.models import Contract, ContractTerm, Payment
from contracts.money_by_hand import Purpose, match_by_hand
from contracts.money_elsewhere import set_aside
from customers.models import Customer
from customers.search_words import index_customer
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.money_scene import END, START, last_end, pay, prepare

pytestmark = pytest.mark.usefixtures("moment")

NEXT_END = dt.date(2027, 3, 14)


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    with tenant(cast.north.tenant):
        prepare(cast.north)
    return cast.north


def add_contract(desk, number="N-30500", name="Leopold Moss"):
    customer = Customer.objects.create(name=name)
    index_customer(customer)
    contract = Contract.objects.create(number=number, customer=customer, price=306, currency="GBP")
    ContractTerm.objects.create(
        contract=contract, starts_on=START, ends_on=END, price=306, created_at="2025-03-01T00:00Z"
    )
    return contract


def address(desk, payment, act=""):
    return desk.url(f"payments/{payment.public_id}/{act}")


def act(browser, desk, payment, name, **data):
    return browser.post(address(desk, payment, f"{name}/"), data)


def fresh(desk, payment):
    with tenant(desk.tenant):
        return Payment.objects.select_related("contract", "customer").get(pk=payment.pk)


def test_the_page_shows_what_the_bank_said_and_every_proposal(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(
            now=now, contract_written="N-20481", payer="THE HARBOUR LETTER", reference="N-20481 spring"
        )
    read = text(accounts.get(address(north, payment)))
    assert "£612.00 Waiting Accounts, by Fri 12:00" in read
    assert "“N-20481 spring” Read as a contract’s number: N-20481" in read
    assert "two digits are swapped, the payer is called so, amount is exactly the price" in read
    assert "£612.00 of 2 Mar 2026 taken in entered or imported" in read


def test_what_is_perhaps_known_already_says_where_it_was_told(accounts, north, now):
    with tenant(north.tenant):
        first = pay(now=now, payer="M Ellison", reference="Renewal")
        again = pay(now=now, payer="M ELLISON", perhaps_again=first)
    read = text(accounts.get(address(north, again)))
    assert "Perhaps known already: we have £612.00 of 2 Mar 2026, M Ellison · Renewal" in read
    assert 'value="Known already"' in accounts.get(address(north, again)).content.decode()
    act(accounts, north, again, "aside", because="Known already")
    assert "Perhaps known already" not in text(accounts.get(address(north, again)))


def test_a_match_by_number_renews_and_says_so(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(now=now)
    answer = act(accounts, north, payment, "match", number="n 20418", purpose="renews")
    assert (answer.status_code, answer.url) == (302, address(north, payment))
    with tenant(north.tenant):
        assert last_end(north.contract) == NEXT_END
    read = text(accounts.get(address(north, payment)))
    assert "Renewed N-20418 , Margaret Ellison, The Harbour Letter, to 14 Mar 2027." in read
    assert "5 Mar 2026 13:07 Hollis Grant Renewed N-20418" in read
    assert "Likely for" not in read


def test_part_payments_are_ticked_together(accounts, north, now):
    with tenant(north.tenant):
        first, second = pay("306.00", customer=north.customer), pay("306.00", customer=north.customer)
        stranger = pay("306.00")
    read = text(accounts.get(address(north, second)))
    assert "Together with £306.00 of 2 Mar 2026" in read
    act(
        accounts,
        north,
        second,
        "match",
        number="N-20418",
        purpose="renews",
        together=[str(first.public_id), str(stranger.public_id), "nonsense"],
    )
    assert fresh(north, first).contract == north.contract
    assert fresh(north, stranger).contract is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"number": "N-99999", "purpose": "renews"}, "No contract has this number."),
        ({"number": "", "purpose": "renews"}, "Give the contract’s number."),
        ({"number": "N-20418", "purpose": "eat it"}, "Select a valid choice"),
    ],
)
def test_a_match_that_cannot_be_says_why_and_keeps_what_was_typed(accounts, north, data, words):
    with tenant(north.tenant):
        payment = pay()
    answer = act(accounts, north, payment, "match", **data)
    assert answer.status_code == 422
    assert words in text(answer)
    assert f'value="{data["number"]}"' in answer.content.decode()


def test_less_than_the_price_asks_for_a_reason(accounts, north):
    with tenant(north.tenant):
        payment = pay("500.00")
    answer = act(accounts, north, payment, "match", number="N-20418", purpose="renews")
    assert answer.status_code == 422
    assert "£112.00 is missing to the price. Say why it counts" in text(answer)
    answer = act(
        accounts, north, payment, "match", number="N-20418", purpose="renews", because="Discount agreed"
    )
    assert answer.status_code == 302


def test_the_second_of_two_people_reads_what_the_first_one_did(accounts, north, now):
    with tenant(north.tenant):
        payment, other = pay(now=now), add_contract(north)
        match_by_hand(payment, other, purpose=Purpose.RENEWS, by=north.manager, now=now)
    for name, data in (
        ("match", {"number": "N-20418", "purpose": "renews"}),
        ("aside", {"because": "A repair"}),
        ("split", {"amount_1": "306", "amount_2": "306"}),
        ("customer", {"words": "Margaret Ellison"}),
    ):
        answer = act(accounts, north, payment, name, **data)
        assert answer.status_code == 409, name
        assert "the payment was matched to N-30500 by Robin Vale on 5 Mar 2026" in text(answer)
    with tenant(north.tenant):
        assert last_end(north.contract) == END


def test_a_contract_renewed_meanwhile_is_not_renewed_over(accounts, north, now):
    with tenant(north.tenant):
        payment = pay()
        match_by_hand(pay(), north.contract, purpose=Purpose.RENEWS, by=north.manager, now=now)
    answer = act(
        accounts, north, payment, "match", number="N-20418", purpose="renews", after=str(north.term.public_id)
    )
    assert answer.status_code == 409
    assert "N-20418 has a term to 14 Mar 2027 by now" in text(answer)


def test_a_part_of_another_customers_money_asks_why_and_is_prefilled(accounts, north, now):
    with tenant(north.tenant):
        add_contract(north)
        payment = pay("918.00", now=now, customer=north.customer, reference="N-20418 and N-30500")
    page = accounts.get(address(north, payment))
    read = page.content.decode()
    assert 'value="612.00"' in read
    assert 'value="306.00"' in read
    assert "Split it so" not in read
    data = {"number_1": "N-20418", "amount_1": "612", "number_2": "N-30500", "amount_2": "306"}
    answer = act(accounts, north, payment, "split", **data)
    assert answer.status_code == 422
    assert "N-30500 belongs to Leopold Moss, the money is of Margaret Ellison" in text(answer)
    answer = act(accounts, north, payment, "split", **data, because="She pays for her neighbour")
    assert answer.status_code == 302


def test_a_split_goes_to_both_contracts_and_the_rest_waits(accounts, north, now):
    with tenant(north.tenant):
        payment, other = pay("1000.00", now=now), add_contract(north)
    answer = act(
        accounts,
        north,
        payment,
        "split",
        number_1="N-20418",
        amount_1="612.00",
        purpose_1="renews",
        number_2="N-30500",
        amount_2="306.00",
        purpose_2="renews",
        amount_3="82.00",
    )
    assert answer.status_code == 302
    with tenant(north.tenant):
        assert (last_end(north.contract), last_end(other)) == (NEXT_END, NEXT_END)
        assert [part.amount for part in Payment.objects.unmatched()] == [82]
    read = text(accounts.get(address(north, payment)))
    assert "£1,000.00 Taken apart" in read
    assert "Its parts Split into 3 parts" in read


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"number_1": "N-20418", "amount_1": "600"}, "A payment is split into two parts or more"),
        (
            {"number_1": "N-20418", "amount_1": "600", "amount_2": "2"},
            "The parts make £602.00 of £612.00: £10.00 is missing.",
        ),
        ({"number_1": "N-9", "amount_1": "1", "amount_2": "2"}, "No contract has the number N-9."),
        ({"number_1": "N-20418", "amount_2": "2"}, "How much of it is for N-20418?"),
        ({"number_1": "N-20418", "amount_1": "x"}, "Enter a number."),
        ({}, "A payment is split into two parts or more"),
    ],
)
def test_a_split_that_cannot_be_says_why(accounts, north, data, words):
    with tenant(north.tenant):
        payment = pay()
    answer = act(accounts, north, payment, "split", **data)
    assert answer.status_code == 422
    assert words in text(answer)


def test_setting_aside_and_taking_up_again_need_their_reasons(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(now=now)
    assert act(accounts, north, payment, "aside", because=" ").status_code == 422
    assert act(accounts, north, payment, "aside", because="For a repair").status_code == 302
    assert "Set aside: For a repair" in text(accounts.get(address(north, payment)))
    assert act(accounts, north, payment, "again", because="").status_code == 422
    assert act(accounts, north, payment, "again", because="No repair").status_code == 302
    with tenant(north.tenant):
        (again,) = Payment.objects.unmatched()
        assert Duty.objects.open().get().subject == again.public_id
    read = text(accounts.get(address(north, again)))
    assert "It was cut from another payment" in read
    assert "Hollis Grant £612.00 taken apart No repair" in read


def test_money_goes_back_whole_or_in_part(accounts, north, now):
    with tenant(north.tenant):
        payment = pay("700.00", now=now)
    missing = act(accounts, north, payment, "back", kind="refunded", because="Too much")
    assert missing.status_code == 422
    assert "Say on which day it went back." in text(missing)
    too_much = act(
        accounts,
        north,
        payment,
        "back",
        kind="refunded",
        amount="800",
        returned_on="2026-03-04",
        because="x",
    )
    assert too_much.status_code == 422
    assert "At most £700.00 can go back." in text(too_much)
    done = act(
        accounts,
        north,
        payment,
        "back",
        kind="refunded",
        amount="88",
        returned_on="2026-03-04",
        because="Too much",
    )
    assert done.status_code == 302
    with tenant(north.tenant):
        assert [part.amount for part in Payment.objects.unmatched()] == [612]


def test_whose_money_it_is_is_found_by_name_or_chosen(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(now=now)
        first = add_contract(north, "N-1", "Pat Lee").customer
        second = add_contract(north, "N-2", "Pat Leeward").customer
    nobody = act(accounts, north, payment, "customer", words="Zebra")
    assert (nobody.status_code, "Nobody is found by these words." in text(nobody)) == (422, True)
    several = act(accounts, north, payment, "customer", words="Pat")
    assert several.status_code == 422
    assert "Several are called so: choose one. Pat Lee Pat Leeward" in text(several)
    assert act(accounts, north, payment, "customer", customer=str(second.public_id)).status_code == 302
    assert fresh(north, payment).customer == second
    assert act(accounts, north, payment, "customer", words="Pat Lee", customer="nonsense").status_code == 422
    stranger = act(accounts, north, payment, "customer", customer=str(payment.public_id))
    assert stranger.status_code == 404
    assert first.pk != second.pk


def test_the_history_names_who_did_what(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(payer="Ellison")
        set_aside(payment, because="A repair", by=north.manager, now=now)
    read = text(accounts.get(address(north, payment)))
    assert "5 Mar 2026 13:07 Robin Vale Set aside A repair 2 Mar 2026 09:00 By itself £612.00" in read


def test_others_may_do_none_of_it(client, north):
    with tenant(north.tenant):
        payment = pay()
    for role in ("sales", "dispatcher", "technician"):
        client.force_login(north.people[role].user)
        assert client.get(address(north, payment)).status_code == 403
        for name in ("match", "split", "again", "aside", "back", "customer"):
            assert act(client, north, payment, name).status_code == 403
