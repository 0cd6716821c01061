"""Use it or lose it: the list, and giving a visit up."""

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    RenewalEvidence,
)
from customers.models import Contact, Customer, Equipment, Site
from servicedesk import booking_panel
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.daily_round import see_to
from visits.maintenance import make_plan
from visits.models import MaintenancePlan, PlannedService, TechnicianPreference, Visit

DAY = dt.timedelta(days=1)
URL = "unused/"


@pytest.fixture
def desk(cast, client, now):
    """Northgate, signed in as its dispatcher, at the tests' moment."""
    client.force_login(cast.north.dispatcher.user)
    with time_machine.travel(now, tick=False):
        yield cast.north


def add_plan(desk, now, **fields):
    values = {
        "customer": desk.customer,
        "site": desk.site,
        "equipment": desk.copier,
        "title": "Tune-up",
        "counts_from": "calendar",
        "every": 12,
        "unit": "months",
        "starts_on": now.date() + 11 * DAY,
    }
    return make_plan(MaintenancePlan(**values | fields), by=desk.dispatcher, now=now)


def add_contracts(desk, now, count, ends_in=None):
    """Customers with a machine and a contract each, whose terms end one after the other."""
    for number in range(count):
        customer = Customer.objects.create(name=f"Person {number:03}")
        site = Site.objects.create(customer=customer, city="Eastmouth")
        Contact.objects.create(customer=customer, phone=f"0161 555 {number:04}", is_main=True)
        Equipment.objects.create(site=site, make="Corvane", model="TC-240", serial_number=f"S-{customer.pk}")
        contract = Contract.objects.create(
            number=f"X-{customer.pk}", customer=customer, price=1, currency="GBP", visits_per_term=1
        )
        ends_on = now.date() + (ends_in or number + 20) * DAY
        term = ContractTerm.objects.create(
            contract=contract, starts_on=now.date() - DAY, ends_on=ends_on, price=1, created_at=now
        )
        Entitlement.objects.create(term=term, kind="visits", quantity=1)


def whats(answer):
    """Each row as whom it is about and what is left, in their order."""
    return [
        (item["row"].customer.name, item["row"].left, item["row"].service and item["row"].service.plan.title)
        for item in answer.context["rows"]
    ]


# The list


def test_what_ends_first_stands_first_and_planned_services_are_on_it(desk, client, now):
    with tenant(desk.tenant):
        add_contracts(desk, now, 2)
        add_plan(desk, now)
        see_to(desk.tenant, now=now)
    answer = client.get(desk.url(URL))
    assert whats(answer) == [
        ("Margaret Ellison", 1, "Tune-up"),
        ("Person 000", 1, None),
        ("Person 001", 1, None),
        ("Margaret Ellison", 2, None),
    ]
    first, last = answer.context["rows"][0], answer.context["rows"][-1]
    assert (first["until"], last["until"]) == ("Mon 16 Mar", "Sun 16 Aug")
    # The round has nudged about the copier's term, which is more than half over.
    assert last["nudged"] == "Today" and not first["nudged"]
    assert (last["phone"], [machine.name for machine in last["row"].machines]) == (
        "07700 900412",
        ["Corvane TC-240 copier", "Corvane SF-12 sorter"],
    )


def test_times_of_the_preferred_technician_are_proposed_not_after_the_last_day(desk, client, now):
    answer = client.get(desk.url(URL))
    (item,) = answer.context["rows"]
    assert [(slot["who"], slot["when"], slot["is_preferred"]) for slot in item["slots"]] == [
        # At least four working hours from now.
        ("Lou", "tomorrow 08:00", True),
        ("Lou", "tomorrow 09:30", True),
    ]
    with tenant(desk.tenant):
        ContractTerm.objects.filter(pk=desk.term.pk).update(ends_on=now.date())
        make_plain_visit(desk, now=now, start=now, planned_end=now + dt.timedelta(hours=9))
        make_plain_visit(
            desk, now=now, start=now, planned_end=now + dt.timedelta(hours=9), technician=desk.marek
        )
    (item,) = client.get(desk.url(URL)).context["rows"]
    assert item["slots"] == []


def test_in_review_after_the_grace_the_visits_are_kept_and_times_proposed(desk, client, now):
    with tenant(desk.tenant):
        ContractTerm.objects.filter(pk=desk.term.pk).update(ends_on=now.date() - 60 * DAY)
        RenewalEvidence.objects.create(
            contract=desk.contract, kind="cheque", dated_on=now.date(), recorded_at=now
        )
    answer = client.get(desk.url(URL))
    (item,) = answer.context["rows"]
    assert (item["is_over"], item["is_in_review"], len(item["slots"])) == (False, True, 2)
    assert "Kept in review" in answer.text


@pytest.mark.parametrize("kind", ["booked", "done", "declined", "carried over", "forfeited"])
def test_what_is_booked_or_disposed_of_is_not_on_it(desk, client, now, kind):
    with tenant(desk.tenant):
        for number in (1, 2):
            AllowanceEntry.objects.create(
                entitlement=Entitlement.objects.get(),
                kind=kind,
                quantity=1,
                at=now,
                subject=f"{number:032x}",
            )
    answer = client.get(desk.url(URL))
    assert whats(answer) == []
    assert "Everything paid for is booked or done, and no planned service waits." in answer.text


def test_a_cancelled_contract_is_not_on_it_and_one_in_grace_is(desk, client, now):
    with tenant(desk.tenant):
        ContractTerm.objects.filter(pk=desk.term.pk).update(ends_on=now.date() - 10 * DAY)
    (item,) = client.get(desk.url(URL)).context["rows"]
    assert item["until"] == "Wed 25 Mar"
    with tenant(desk.tenant):
        Cancellation.objects.create(
            contract=desk.contract, effective_on=now.date(), reason="Sold", recorded_at=now
        )
    assert whats(client.get(desk.url(URL))) == []


def test_the_list_is_filtered_by_the_preferred_technician(desk, client, now):
    with tenant(desk.tenant):
        add_contracts(desk, now, 1)
        add_plan(desk, now, equipment=None)
        see_to(desk.tenant, now=now)
        marek = desk.marek
        TechnicianPreference.objects.create(technician=marek, level="preferred", equipment=desk.sorter)
    by_lou = client.get(desk.url(URL) + f"?technician={desk.lou.public_id}")
    assert whats(by_lou) == [("Margaret Ellison", 1, "Tune-up"), ("Margaret Ellison", 2, None)]
    # Said of one machine of the contract; of the plan's site nothing was said.
    by_marek = client.get(desk.url(URL) + f"?technician={desk.marek.public_id}")
    assert whats(by_marek) == [("Margaret Ellison", 2, None)]
    with tenant(desk.tenant):
        TechnicianPreference.objects.create(technician=desk.lou, level="excluded", equipment=desk.sorter)
    by_lou = client.get(desk.url(URL) + f"?technician={desk.lou.public_id}")
    assert whats(by_lou) == [("Margaret Ellison", 1, "Tune-up")]


@pytest.mark.parametrize("ends_in", [None, 30], ids=["one after the other", "all on one day"])
def test_the_list_is_paged_without_gap_or_repeat(desk, client, now, ends_in):
    with tenant(desk.tenant):
        add_contracts(desk, now, 60, ends_in=ends_in)
        add_plan(desk, now, starts_on=now.date() + 30 * DAY)
        see_to(desk.tenant, now=now)
    found, url = [], desk.url(URL)
    for _ in range(3):
        answer = client.get(url)
        found += whats(answer)
        url = desk.url(URL) + answer.context["next_url"]
    assert answer.context["next_url"] == ""
    assert len(found) == len(set(found)) == 62
    names = [name for name, left, _ in found if left == 1 and name.startswith("Person")]
    assert names == sorted(names)


@pytest.mark.parametrize("after", ["nonsense", "2026-03-05.g.x", "2026-03-05.q.0", "1.g.2"])
def test_a_page_after_nothing_is_the_first(desk, client, after):
    assert len(whats(client.get(desk.url(f"{URL}?after={after}")))) == 1


def test_as_many_queries_for_one_row_as_for_ten(desk, client, now, django_assert_num_queries):
    with tenant(desk.tenant):
        add_plan(desk, now)
        see_to(desk.tenant, now=now)
        add_contracts(desk, now, 1)
    client.get(desk.url(URL))
    with django_assert_num_queries(22):
        assert len(whats(client.get(desk.url(URL)))) == 3
    with tenant(desk.tenant):
        add_contracts(desk, now, 9)
        add_plan(desk, now, title="Another", equipment=desk.sorter)
        see_to(desk.tenant, now=now)
    with django_assert_num_queries(22):
        assert len(whats(client.get(desk.url(URL)))) == 13


@pytest.mark.parametrize(
    ("role", "status"),
    [("dispatcher", 200), ("sales", 200), ("manager", 200), ("accounts", 200), ("technician", 403)],
)
def test_who_may_see_it(desk, client, role, status):
    client.force_login(desk.people[role].user)
    assert client.get(desk.url(URL)).status_code == status


def test_no_time_is_offered_to_two_customers(desk, client, now):
    with tenant(desk.tenant):
        add_contracts(desk, now, 4)
    rows = client.get(desk.url(URL)).context["rows"]
    offered = [(slot.technician, slot.start) for item in rows for slot in item["row"].slots]
    assert (len(rows), len(offered), len(set(offered))) == (5, 10, 10)


def test_the_list_of_one_contract_leads_back_to_all(desk, client, now):
    with tenant(desk.tenant):
        add_contracts(desk, now, 2)
        wanted = Contract.objects.get(customer__name="Person 001")
    answer = client.get(desk.url(URL), {"contract": wanted.public_id})
    assert whats(answer) == [("Person 001", 1, None)]
    assert "Only of contract" in answer.text and "Show all" in answer.text
    with tenant(desk.tenant):
        Entitlement.objects.filter(term__contract=wanted).update(quantity=0)
    answer = client.get(desk.url(URL), {"contract": wanted.public_id})
    assert f"Everything paid for with {wanted.number} is booked, done or given up." in answer.text


def test_accounts_give_a_visit_up(desk, client):
    client.force_login(desk.people["accounts"].user)
    with tenant(desk.tenant):
        granted = Entitlement.objects.get(term__contract=desk.contract)
    assert client.get(desk.url(f"unused/{granted.public_id}/give-up/")).status_code == 200


def test_the_look_alikes_visits_are_not_on_it(cast, desk, client):
    client.force_login(cast.south.dispatcher.user)
    answer = client.get(cast.south.url(URL))
    assert [item["row"].contract for item in answer.context["rows"]] == [cast.south.contract]


# Booking from it


def book_from(desk, client, item):
    """Open the panel that the row's first button opens, and send what stands in it."""
    url = item["slots"][0]["url"]
    asked = parse_qs(urlsplit(url).query)
    panel = client.get(url)
    choices = panel.context["choices"]
    assert choices.slot.key == asked["slot"][0]
    return client.post(
        urlsplit(url).path,
        {
            name: values
            for name, values in {
                **asked,
                "tell": sorted(choices.channels),
                "contact": str(choices.contact.public_id),
            }.items()
            if name != "prefilled"
        },
    )


def test_one_button_books_the_granted_visit_with_its_time(desk, client, now):
    with tenant(desk.tenant):
        # Another contract of the same customer stands before it in the panel's own order.
        other = Contract.objects.create(number="A-1", customer=desk.customer, price=1, currency="GBP")
        term = ContractTerm.objects.create(
            contract=other, starts_on=now.date(), ends_on=now.date() + 700 * DAY, price=1, created_at=now
        )
        Entitlement.objects.create(term=term, kind="visits", quantity=1)
    item = client.get(desk.url(URL)).context["rows"][0]
    assert item["row"].contract == desk.contract
    answer = book_from(desk, client, item)
    assert answer.status_code == 302
    with tenant(desk.tenant):
        visit = Visit.objects.get()
        assert (visit.kind, visit.entitlement.term, visit.window_start) == (
            "tune-up",
            desk.term,
            dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC),
        )
        assert (visit.tell_by_sms, visit.tell_by_mail) == (True, True)
        assert [m.equipment for m in visit.machines.all()] == [desk.copier]
    assert whats(client.get(desk.url(URL)))[0] == ("Margaret Ellison", 1, None)


def test_one_button_books_a_planned_service(desk, client, now):
    with tenant(desk.tenant):
        add_plan(desk, now)
        see_to(desk.tenant, now=now)
    item = client.get(desk.url(URL)).context["rows"][0]
    assert item["slots"][0]["when"] == "Mon 16 Mar 08:00"
    panel = client.get(item["slots"][0]["url"])
    assert "Planned: Tune-up," in panel.text
    assert book_from(desk, client, item).status_code == 302
    with tenant(desk.tenant):
        service = PlannedService.objects.get()
        assert (service.state, service.visit) == ("booked", Visit.objects.get())
        # It is one of the granted visits as well.
        assert service.visit.entitlement == Entitlement.objects.get()


def test_a_service_that_went_meanwhile_is_said_so_and_nothing_is_booked(desk, client, now):
    with tenant(desk.tenant):
        plan = add_plan(desk, now)
        see_to(desk.tenant, now=now)
        Entitlement.objects.update(quantity=1)
    item = client.get(desk.url(URL)).context["rows"][0]

    with pytest.MonkeyPatch.context() as patch:
        # Somebody books it between the panel's look and the booking itself.
        def meanwhile(*args, **kwargs):
            PlannedService.objects.filter(plan=plan).update(state="left out", settled_because="Sold")
            return real(*args, **kwargs)

        real = booking_panel.book_visit
        patch.setattr(booking_panel, "book_visit", meanwhile)
        answer = book_from(desk, client, item)
    assert answer.status_code == 409
    assert "The planned maintenance was booked or left out meanwhile." in answer.text
    with tenant(desk.tenant):
        assert not Visit.objects.exists()


# Giving it up


def give_up_url(desk):
    with tenant(desk.tenant):
        return desk.url(f"unused/{Entitlement.objects.get().public_id}/give-up/")


def test_a_visit_is_given_up_with_its_reason(desk, client):
    url = give_up_url(desk)
    assert "How many of the 2" in client.get(url).text
    form = {"end": "declined", "visits": "1", "seen": "2", "because": "They moved away"}
    assert client.post(url, form)["Location"] == desk.url(URL)
    with tenant(desk.tenant):
        entry = AllowanceEntry.objects.get()
        assert (entry.kind, entry.by, entry.reason) == ("declined", desk.dispatcher, "They moved away")
    # Sent once more, it is done once.
    answer = client.post(url, form)
    assert answer.status_code == 409
    assert "1 visit is open by now. Look again." in answer.text
    assert 'value="They moved away"' in answer.text
    with tenant(desk.tenant):
        assert AllowanceEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("end", "Choose what becomes of it."),
        ("because", "Say why."),
        ("visits", "Say how many."),
    ],
)
def test_what_is_missing_is_said(desk, client, missing, says):
    form = {"end": "forfeited", "visits": "1", "seen": "2", "because": "They moved away"}
    answer = client.post(give_up_url(desk), form | {missing: ""})
    assert answer.status_code == 422
    assert says in answer.text
    with tenant(desk.tenant):
        assert not AllowanceEntry.objects.exists()


def test_where_nothing_is_left_there_is_no_form(desk, client):
    with tenant(desk.tenant):
        Entitlement.objects.update(quantity=0)
    answer = client.get(give_up_url(desk))
    assert "all are booked, done or given up" in answer.text and 'name="because"' not in answer.text
