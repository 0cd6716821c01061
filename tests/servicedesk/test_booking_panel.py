"""The booking panel: what it offers and says, and what a booking through it leaves behind."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from contracts.models import AllowanceEntry, ContractEquipment, ContractTerm
from customers.models import Contact, Customer, Equipment, Site
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.servicedesk.booking_scene import HTMX, MINUTE, clock, desk, form, key, slots, url, words
from visits.models import Absence, Technician, Visit, WorkType

__all__ = ["clock", "desk"]


def test_the_panel_offers_the_preferred_technician_first_and_says_what_it_means(desk, client):
    answer = client.get(url(desk), headers=HTMX)
    assert slots(answer) == [key(desk.lou, 13, 30), key(desk.lou, 14, 30), key(desk.marek, 13, 30)]
    page = words(answer)
    assert "Lou, today 13:30 to 14:30" in page
    assert "Meets the 17:07 promise." in page
    assert "Lou will raise the recommendation.</b> Replace the fuser unit." in page
    assert "Nothing to pay.</b> Labour and parts: in the contract." in page
    assert (
        "“Lou will be with you <b>today between 1:30 and 2:30 pm</b>. "
        "Lou will phone you <b>half an hour before</b>, on 07700 900412.”" in page
    )
    assert "Book Lou, today 13:30 to 14:30 <kbd" in page


def test_a_slot_that_breaks_the_promise_says_by_how_much_working_time(desk, client, now):
    with tenant(desk.tenant):
        for technician in (desk.lou, desk.marek):
            Absence.objects.create(technician=technician, starts_at=now, ends_at=now + 8 * 60 * MINUTE)
    # Due 17:07; half past five ends the day, eight begins the next.
    page = words(client.get(url(desk), headers=HTMX))
    assert "Lou, tomorrow 08:00 to 09:00" in page
    assert "Breaks the 17:07 promise by 1 h 23 of working time." in page


def test_another_choice_draws_only_what_depends_on_it(desk, client):
    chosen = {**form(desk), "slot": key(desk.marek, 13, 30)}
    end = client.get(url(desk), chosen, headers={**HTMX, "HX-Target": "book-end"})
    assert end.text.strip().startswith('<div id="book-end"')
    assert "Book Marek, today 13:30 to 14:30" in words(end)
    rest = client.get(url(desk), chosen, headers={**HTMX, "HX-Target": "book-rest"})
    assert rest.text.strip().startswith('<div id="book-rest"')
    assert "What is wrong" not in rest.text


def test_without_scripts_the_panel_is_a_page_and_a_booking_ends_at_its_receipt(desk, client):
    assert "<html" in client.get(url(desk)).text
    answer = client.post(url(desk), form(desk))
    with tenant(desk.tenant):
        visit = Visit.objects.get()
    assert answer["Location"] == desk.url(f"visits/{visit.public_id}/booked/")
    receipt = words(client.get(answer["Location"]))
    assert "<html" in receipt
    assert "Lou Baptiste, Thursday 5 March, 13:30 to 14:30" in receipt
    assert "told by text and mail at 13:09" in receipt


def test_a_booking_keeps_what_was_said(desk, client, now):
    answer = client.post(url(desk), form(desk, tell=["mail"]), headers=HTMX)
    assert answer.status_code == 200
    with tenant(desk.tenant):
        visit = Visit.objects.get()
        assert (visit.problem, visit.site, visit.contact, visit.booked_by) == (
            "Grey bands",
            desk.site,
            desk.contact,
            desk.dispatcher,
        )
        assert visit.case.response_due_at == dt.datetime(2026, 3, 5, 17, 7, tzinfo=dt.UTC)
        assert [m.equipment for m in visit.machines.all()] == [desk.copier]
        assert [(m.channel, m.send_after) for m in Message.objects.filter(kind="booked")] == [
            ("mail", now + 2 * MINUTE)
        ]


def test_a_taken_slot_is_a_409_with_fresh_slots_and_everything_typed(desk, client, clock, now):
    client.post(url(desk), form(desk), headers=HTMX)
    clock.move_to(now + dt.timedelta(seconds=20), tick=False)
    answer = client.post(
        url(desk), form(desk, problem="Smoke", machine=str(desk.sorter.public_id)), headers=HTMX
    )
    assert answer.status_code == 409
    assert "Lou’s 13:30 was taken 20 seconds ago. These are free:" in words(answer)
    assert slots(answer) == [key(desk.lou, 15, 0), key(desk.lou, 16, 0), key(desk.marek, 13, 30)]
    # Only the times come back, into their place: what is typed beside them stands where it was.
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#book-slots", "outerHTML")
    assert set(re.findall(r'id="(book-[a-z]+)"', answer.text)) == {"book-slots", "book-raised", "book-foot"}
    assert re.findall(r'id="(book-[a-z]+)" hx-swap-oob', answer.text) == ["book-raised", "book-foot"]
    with tenant(desk.tenant):
        assert Visit.objects.count() == 1


def test_without_scripts_a_taken_slot_brings_the_whole_page_with_everything_typed(desk, client, clock, now):
    client.post(url(desk), form(desk))
    clock.move_to(now + dt.timedelta(seconds=20), tick=False)
    answer = client.post(url(desk), form(desk, problem="Smoke", machine=str(desk.sorter.public_id)))
    assert answer.status_code == 409
    assert "Lou’s 13:30 was taken 20 seconds ago. These are free:" in words(answer)
    assert slots(answer) == [key(desk.lou, 15, 0), key(desk.lou, 16, 0), key(desk.marek, 13, 30)]
    assert 'value="Smoke"' in answer.text
    assert re.search(rf'value="{desk.sorter.public_id}"\s+checked', answer.text)
    assert not re.search(rf'value="{desk.copier.public_id}"\s+checked', answer.text)
    with tenant(desk.tenant):
        assert Visit.objects.count() == 1


def test_a_slot_that_nobody_offered_cannot_be_booked(desk, client):
    outside = key(desk.lou, 22)
    answer = client.post(url(desk), form(desk, slot=outside), headers=HTMX)
    assert answer.status_code == 409
    assert "Lou’s 22:00 is not free any more." in words(answer)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"machine": ""}, "Choose the machine."),
        ({"slot": ""}, "Choose a time."),
        ({"slot": "x@y"}, "Choose a time."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_booked(desk, client, change, says):
    answer = client.post(url(desk), form(desk, **change), headers=HTMX)
    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="Grey bands"' in answer.text
    with tenant(desk.tenant):
        assert not Visit.objects.exists()


def test_a_technician_or_machine_of_another_desk_is_as_if_not_sent(cast, desk, client):
    south = cast.south
    answer = client.post(url(desk), form(desk, slot=key(south.lou, 13, 30)), headers=HTMX)
    assert answer.status_code == 422
    answer = client.post(url(desk), form(desk, machine=str(south.copier.public_id)), headers=HTMX)
    assert answer.status_code == 422


def test_of_several_sites_none_is_guessed(desk, client):
    with tenant(desk.tenant):
        Contact.objects.update(site=None)
        second = Site.objects.create(customer=desk.customer, name="Warehouse", street="1 Dock Road")
        machine = Equipment.objects.create(site=second, model="TC-9", serial_number="TC9")
    answer = client.get(url(desk), headers=HTMX)
    assert "Choose the site" in answer.text
    assert slots(answer) == []
    refused = client.post(url(desk), form(desk), headers=HTMX)
    assert refused.status_code == 422
    assert "Choose where the technician should come." in refused.text
    chosen = {"site": str(second.public_id), "machine": str(machine.public_id)}
    assert client.post(url(desk), form(desk, **chosen), headers=HTMX).status_code == 200
    with tenant(desk.tenant):
        assert Visit.objects.get().site == second


def test_a_tune_up_that_would_lapse_is_ticked_and_makes_the_visit_longer(desk, client, now):
    with tenant(desk.tenant):
        ContractTerm.objects.update(ends_on=now.date() + dt.timedelta(days=9))
    page = client.get(url(desk), headers=HTMX)
    assert re.search(r'name="tune_up"\s+value="1"\s+checked', page.text)
    assert "It lapses on 14 March." in words(page)
    client.post(url(desk), form(desk, tune_up="1"), headers=HTMX)
    with tenant(desk.tenant):
        visit = Visit.objects.get()
        assert visit.planned_end - visit.planned_start == 105 * MINUTE
        assert AllowanceEntry.objects.get().kind == "booked"


def test_a_tune_up_that_does_not_lapse_soon_is_offered_but_not_ticked(desk, client):
    page = client.get(url(desk), headers=HTMX)
    assert re.search(r'name="tune_up"\s+value="1"\s+hx-get', page.text)


def test_a_tune_up_visit_uses_a_granted_one_and_promises_no_response(desk, client):
    assert "promise" not in words(client.get(url(desk), form(desk, kind="tune-up"), headers=HTMX)).lower()
    client.post(url(desk), form(desk, kind="tune-up"), headers=HTMX)
    with tenant(desk.tenant):
        visit = Visit.objects.get()
        assert (visit.entitlement.term, visit.case) == (desk.term, None)


def test_without_a_contract_the_cost_is_said(desk, client):
    Tenant.objects.filter(pk=desk.tenant.pk).update(callout_price=Decimal("95.00"))
    with tenant(desk.tenant):
        stranger = Customer.objects.create(name="Zoë Finch")
        Site.objects.create(customer=stranger, street="9 Mill Row")
    page = words(client.get(desk.url(f"customers/{stranger.public_id}/book/"), headers=HTMX))
    assert "No contract.</b> Visits are charged: £95." in page
    assert "No machine known here." in page


def test_a_machine_that_no_contract_names_is_charged_and_promised_nothing(desk, client):
    Tenant.objects.filter(pk=desk.tenant.pk).update(callout_price=Decimal("95.50"))
    with tenant(desk.tenant):
        ContractEquipment.objects.filter(equipment=desk.sorter).delete()
    page = words(client.get(url(desk), form(desk, machine=str(desk.sorter.public_id)), headers=HTMX))
    assert "No contract for Corvane SF-12 sorter.</b> Visits are charged: £95.50." in page
    assert "17:07 promise" not in page
    both = [str(desk.copier.public_id), str(desk.sorter.public_id)]
    page = words(client.get(url(desk), form(desk, machine=both), headers=HTMX))
    assert "No contract for Corvane SF-12 sorter." in page
    assert "Meets the 17:07 promise." in page


def test_another_day_and_technician_are_looked_for(desk, client):
    asked = {**form(desk), "more": "1", "day": "2026-03-09", "technician": str(desk.marek.public_id)}
    found = slots(client.get(url(desk), asked, headers=HTMX))
    assert found[0] == key(desk.marek, 8, day=9)
    assert {slot.split("@")[0] for slot in found} == {str(desk.marek.public_id)}
    nothing = client.get(url(desk), {**asked, "day": "2026-04-03"}, headers=HTMX)
    assert "Nobody is free then." in nothing.text
    # A day that has passed is today; what is no day as well.
    for day in ("2025-01-01", "soon", "0001-01-01", "9999-12-31"):
        assert slots(client.get(url(desk), {**asked, "day": day}, headers=HTMX))[0] == key(desk.marek, 13, 30)


@pytest.mark.parametrize("start", ["99991231T233000Z", "00010101T000000Z"])
def test_a_time_thousands_of_years_away_is_none(desk, client, start):
    answer = client.post(url(desk), {**form(desk), "slot": f"{desk.lou.public_id}@{start}"}, headers=HTMX)
    assert (answer.status_code, "Choose a time." in answer.text) == (422, True)


def test_the_panel_says_why_these_times_and_who_is_left_out(desk, client):
    with tenant(desk.tenant):
        WorkType.objects.create(visit_kind="fault", minutes=60, skills=["copier"])
        for name in ("Sam Vane", "Ida Lund"):
            Technician.objects.create(name=name)
    page = words(client.get(url(desk), headers=HTMX))
    assert "Preferred. Soonest, copier skill." in page
    assert "<summary>Why these times?</summary>" in page
    assert "Looked for 60 min, copier skill." in page
    assert '<b class="strong">Ida, Sam:</b> no copier skill' in page
    # Drawn again beside another choice, the end has nothing of it.
    end = client.get(url(desk), form(desk), headers={**HTMX, "HX-Target": "book-end"})
    assert "Looked for" not in end.text


def test_where_nobody_is_free_it_says_why_at_once(desk, client, now):
    with tenant(desk.tenant):
        for technician in (desk.lou, desk.marek):
            Absence.objects.create(
                technician=technician, starts_at=now, ends_at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
            )
    page = words(client.get(url(desk)))
    assert "Nobody is free within 60 days." in page
    assert '<details class="why" open><summary>Why none?</summary>' in page
    assert '<b class="strong">Lou, Marek:</b> away until Mon 1 Jun' in page
    asked = {**form(desk), "more": "1", "day": "2026-03-09", "technician": str(desk.marek.public_id)}
    assert '<b class="strong">Marek:</b> away until Mon 1 Jun' in words(
        client.get(url(desk), asked, headers=HTMX)
    )


def test_a_crew_is_named_and_booked_together(desk, client):
    with tenant(desk.tenant):
        WorkType.objects.create(visit_kind="install", minutes=90, crew=2)
    asked = form(desk, kind="install")
    page = words(client.get(url(desk), asked, headers=HTMX))
    assert "Lou and Marek, today 13:30 to 14:30" in page
    assert "Book Lou and Marek, today 13:30 to 14:30" in page
    assert "“Lou and Marek will be with you" in page
    assert client.post(url(desk), asked, headers=HTMX).status_code == 200
    with tenant(desk.tenant):
        visit = Visit.objects.get()
        assert [a.technician for a in visit.assignments.order_by("pk")] == [desk.lou, desk.marek]
        assert visit.planned_end - visit.planned_start == 90 * MINUTE
    # Both are taken: nobody else could come along.
    assert slots(client.get(url(desk), asked, headers=HTMX))[0] == key(desk.lou, 15, 30)


def test_a_booking_can_be_undone_for_two_minutes(desk, client, clock, now):
    client.post(url(desk), form(desk), headers=HTMX)
    with tenant(desk.tenant):
        visit = Visit.objects.get()
    undo = desk.url(f"visits/{visit.public_id}/undo/")
    clock.move_to(now + 2 * MINUTE, tick=False)
    late = client.post(undo, headers=HTMX)
    assert late.status_code == 409
    assert "Two minutes are over" in late.text
    clock.move_to(now + MINUTE, tick=False)
    assert "Booking undone" in client.post(undo, headers=HTMX).text
    with tenant(desk.tenant):
        assert Visit.objects.get().state == "cancelled by us"


def test_as_many_queries_for_one_machine_and_technician_as_for_three(desk, client, django_assert_num_queries):
    client.get(url(desk))
    with django_assert_num_queries(25):
        client.get(url(desk), headers=HTMX)
    with tenant(desk.tenant):
        for n in range(2):
            Equipment.objects.create(site=desk.site, model=f"M{n}", serial_number=f"M{n}")
            Technician.objects.create(name=f"Extra {n}")
            Contact.objects.create(customer=desk.customer, name=f"Colleague {n}")
    with django_assert_num_queries(25):
        client.get(url(desk), headers=HTMX)


def test_of_many_coming_visits_the_next_three_are_named(desk, client, now):
    with tenant(desk.tenant):
        start = now.replace(minute=0) + dt.timedelta(hours=20)
        for n in range(4):
            make_visit(desk, start=start + n * dt.timedelta(days=1), technician=desk.lou, number=f"V-8{n}")
    said = words(client.get(url(desk)))
    assert re.findall(r"Visit (V-8\d)", said) == ["V-80", "V-81", "V-82"]
    assert said.count("More visits are booked after these.") == 1


def test_who_comes_to_the_site_already_is_said_with_a_link_and_stops_nobody(desk, client, now):
    with tenant(desk.tenant):
        elsewhere = Site.objects.create(customer=desk.customer, street="1 Mill Street", city="Eastmouth")
        start = now.replace(minute=0) + dt.timedelta(hours=20)
        there = make_visit(desk, start=start, technician=desk.lou, number="V-77")
        make_visit(desk, start=start, technician=desk.marek, number="V-78", site=elsewhere)
        make_visit(desk, start=start, number="V-79", state=Visit.State.CANCELLED_BY_CUSTOMER)
    chosen = {"site": str(desk.site.public_id)}
    page = words(client.get(url(desk), chosen, headers=HTMX))
    link = f'<a href="/d/northgate/visits/{there.public_id}/">Visit V-77</a>'
    assert f"Lou comes tomorrow 09:00 to 10:00 already. {link}" in page
    assert "V-78" not in page
    assert "V-79" not in page
    assert client.post(url(desk), form(desk, **chosen), headers=HTMX).status_code == 200
