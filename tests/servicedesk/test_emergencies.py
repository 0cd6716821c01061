"""An emergency is put in between: whom it delays is read before the button, and undone as one."""

import datetime as dt
import re

import pytest

from cases.models import Case
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR
from visits.models import Assignment, Rearrangement, TechnicianPreference, Visit, WorkType

DAY = dt.timedelta(days=1)


@pytest.fixture
def day(north, now):
    """Tomorrow Lou is at 10:00, 75 minutes; the emergency has nobody yet."""
    TechnicianPreference.objects.all().delete()
    ten = dt.datetime(2026, 3, 6, 10, tzinfo=dt.UTC)
    waits = make_visit(north, start=ten, technician=north.lou, number="waits", machines=())
    emergency = make_visit(north, start=ten + 5 * HOUR, number="emergency", machines=())
    return emergency, waits


def place(north, start="09:55"):
    return {"technician": north.lou.public_id, "day": "2026-03-06", "start": start}


def key_on(page):
    return re.search(r'name="key" value="([^"]*)"', page)[1]


def test_it_says_whom_it_delays_and_what_becomes_of_the_promise(north, day, dispatcher):
    url = north.url(f"visits/{day[0].public_id}/between/")
    assert "Whom does it delay?" in dispatcher.get(url).text
    page = dispatcher.get(url, place(north)).text
    assert "Whom it delays" in page
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert re.search(r"The Harbour Letter : 10:00 becomes \d\d:\d\d , \d+ min later\.", text)
    assert "Breaks the 10:00 to 11:00 that was promised." in text


def test_one_button_puts_it_in_and_it_is_undone_as_one(north, day, dispatcher):
    emergency, waits = day
    url = north.url(f"visits/{emergency.public_id}/between/")
    key = key_on(dispatcher.get(url, place(north)).text)
    assert dispatcher.post(url, {**place(north), "key": key}).status_code == 422
    answer = dispatcher.post(url, {**place(north), "key": key, "reason": "Dead in the water"})
    made = Rearrangement.objects.get()
    assert answer["Location"] == north.url(f"board/?day=2026-03-06&moved={made.public_id}")
    for visit in day:
        visit.refresh_from_db()
    assert (f"{emergency.planned_start:%H:%M}", waits.planned_start > emergency.planned_end) == (
        "09:55",
        True,
    )
    assert emergency.assignments.get().technician == north.lou
    dispatcher.post(north.url(f"board/moves/{made.public_id}/undo/"))
    for visit in day:
        visit.refresh_from_db()
    assert f"{waits.planned_start:%H:%M}" == "10:00"
    assert not emergency.assignments.exists()


def test_a_confirmed_one_is_moved_out_of_its_window_only_by_somebodys_word(north, day, dispatcher, now):
    emergency, waits = day
    Visit.objects.filter(pk=waits.pk).update(state=Visit.State.CONFIRMED, confirmed_at=now)
    url = north.url(f"visits/{emergency.public_id}/between/")
    page = dispatcher.get(url, place(north)).text
    assert "It must be, though nobody asked The Harbour Letter" in page
    data = {**place(north), "key": key_on(page), "reason": "Dead"}
    refused = dispatcher.post(url, data)
    assert (refused.status_code, "Say that it must be." in refused.text) == (422, True)
    assert dispatcher.post(url, {**data, "despite": waits.public_id}).status_code == 302


def test_what_takes_two_asks_who_comes_along_and_keeps_both(north, day, dispatcher):
    WorkType.objects.create(visit_kind="fault", minutes=75, crew=2, skills=["drums"])
    url = north.url(f"customers/{north.customer.public_id}/between/")
    chosen = {"kind": "fault", "problem": "Smoke", "machine": north.copier.public_id, **place(north)}
    page = dispatcher.get(url, chosen).text
    assert "It takes 2 technicians. Choose who comes along." in page
    assert page.count('name="along"') == 1
    assert "Put it in with" not in page
    strange = dispatcher.get(url, {**chosen, "along": "nobody"})
    assert "Choose who comes along among your technicians." in strange.text
    chosen["along"] = north.marek.public_id
    page = dispatcher.get(url, chosen).text
    assert "Put it in with Lou and Marek" in page
    assert "Together they lack: drums. Say below why Lou and Marek should go all the same." in page
    post = {**chosen, "key": key_on(page), "customer_agreed": "yes"}
    refused = dispatcher.post(url, post)
    assert refused.status_code == 422
    assert re.search(r'name="customer_agreed" value="yes" checked', refused.text)
    assert f'value="{north.marek.public_id}" selected' in refused.text
    assert dispatcher.post(url, {**post, "reason": "Smoke"}).status_code == 302
    booked = Visit.objects.get(problem="Smoke")
    assert [one.technician for one in booked.assignments.order_by("pk")] == [north.lou, north.marek]
    assert booked.state == Visit.State.CONFIRMED


def test_a_confirmed_emergency_goes_to_another_by_its_customers_yes(north, day, dispatcher, now):
    emergency, _ = day
    Assignment.objects.create(
        visit=emergency, technician=north.marek, starts_at=emergency.planned_start,
        ends_at=emergency.planned_end,
    )  # fmt: skip
    Visit.objects.filter(pk=emergency.pk).update(
        state=Visit.State.CONFIRMED, confirmed_at=now, first_confirmed_at=now
    )
    url = north.url(f"visits/{emergency.public_id}/between/")
    page = dispatcher.get(url, place(north)).text
    assert "The Harbour Letter agreed to 09:55 with Lou" in page
    data = {**place(north), "key": key_on(page), "reason": "Dead"}
    assert dispatcher.post(url, data).status_code == 422
    assert dispatcher.post(url, {**data, "customer_agreed": "yes"}).status_code == 302
    emergency.refresh_from_db()
    assert emergency.state == Visit.State.CONFIRMED


def test_a_day_that_changed_is_409_and_shows_whom_it_delays_now(north, day, dispatcher):
    emergency, waits = day
    url = north.url(f"visits/{emergency.public_id}/between/")
    data = {**place(north), "key": key_on(dispatcher.get(url, place(north)).text), "reason": "Dead"}
    Visit.objects.filter(pk=waits.pk).update(version=5)
    answer = dispatcher.post(url, data)
    assert (answer.status_code, "The day has changed since." in answer.text) == (409, True)
    assert dispatcher.post(url, {**data, "key": key_on(answer.text)}).status_code == 302


def test_what_cannot_be_is_said_without_a_button(north, day, dispatcher):
    url = north.url(f"visits/{day[0].public_id}/between/")
    page = dispatcher.get(url, place(north, "10:30")).text
    assert "Lou is with The Harbour Letter until 11:15." in page
    assert "Put it in with" not in page
    assert (
        "Choose a technician." in dispatcher.get(url, {**place(north), "technician": day[0].public_id}).text
    )
    assert "a day within a year" in dispatcher.get(url, {**place(north), "day": "9999-12-31"}).text


def test_from_the_booking_panel_it_is_booked_with_all_that_was_chosen(north, day, dispatcher):
    url = north.url(f"customers/{north.customer.public_id}/between/")
    chosen = {"kind": "fault", "problem": "Smoke", "machine": north.copier.public_id, **place(north)}
    page = dispatcher.get(url, chosen).text
    carried = dict(re.findall(r'<input type="hidden" name="(kind|problem|machine)" value="([^"]*)"', page))
    assert carried == {"kind": "fault", "problem": "Smoke", "machine": str(north.copier.public_id)}
    answer = dispatcher.post(url, {**chosen, "key": key_on(page), "reason": "Smoke"})
    assert answer.status_code == 302
    booked = Visit.objects.get(problem="Smoke")
    assert (f"{booked.planned_start:%H:%M}", booked.assignments.get().technician) == ("09:55", north.lou)


def test_one_more_visit_for_a_case_stays_with_the_case(north, day, dispatcher, now):
    case = Case.objects.create(customer=north.customer, title="It squeaks", opened_at=now, kind="complaint")
    url = north.url(f"customers/{north.customer.public_id}/between/")
    asked = {"kind": "return", "case": str(case.public_id), "machine": str(north.copier.public_id)} | place(
        north
    )
    page = dispatcher.get(url, asked)
    dispatcher.post(url, {**asked, "key": key_on(page.text), "reason": "Flood"})
    assert Visit.objects.latest("pk").case == case


def test_an_emergency_that_somebody_moved_meanwhile_is_looked_at_again(north, day, dispatcher):
    emergency, _ = day
    url = north.url(f"visits/{emergency.public_id}/between/")
    data = {**place(north), "key": key_on(dispatcher.get(url, place(north)).text), "reason": "Dead"}
    Visit.objects.filter(pk=emergency.pk).update(version=5)
    answer = dispatcher.post(url, data)
    assert (answer.status_code, "The day has changed since." in answer.text) == (409, True)
    assert not emergency.assignments.exists()


def test_whom_the_customer_does_not_want_is_not_put_in(north, day, dispatcher):
    TechnicianPreference.objects.create(customer=north.customer, technician=north.lou, level="excluded")
    for path in (f"visits/{day[0].public_id}/between/", f"customers/{north.customer.public_id}/between/"):
        page = dispatcher.get(north.url(path), place(north)).text
        assert "The customer wants somebody other than Lou." in page
        assert "Put it in with" not in page


def test_undone_what_was_booked_in_between_is_said_to_be_undone(north, day, dispatcher):
    url = north.url(f"customers/{north.customer.public_id}/between/")
    chosen = {"kind": "fault", "problem": "Smoke", "machine": north.copier.public_id}
    for start, said in (
        ("12:30", "Undone: the booking of The Harbour Letter."),
        ("09:55", "Undone: the booking of The Harbour Letter; 1 visit stands as before."),
    ):
        asked = {**chosen, **place(north, start)}
        dispatcher.post(url, {**asked, "key": key_on(dispatcher.get(url, asked).text), "reason": "Smoke"})
        made = Rearrangement.objects.order_by("-pk").first()
        answer = dispatcher.post(north.url(f"board/moves/{made.public_id}/undo/"))
        assert said in dispatcher.get(answer["Location"]).text
