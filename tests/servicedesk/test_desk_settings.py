"""The page of the desk's settings: each part saved for itself, with its consequence in words."""

import datetime as dt
import re

import pytest

from tenancy.models import BusinessHours, Closure, Tenant
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    return cast.north


def form_of(page, part):
    """What the page's form of a part would send."""
    html = page.content.decode()
    form = re.search(rf'action="[^"]*/settings/{part}/".*?</form>', html, re.S)[0]
    boxes = re.findall(r"<input [^>]*>", form)
    found = {}
    for box in boxes:
        name, value = re.search(r'name="([^"]*)"', box), re.search(r'value="([^"]*)"', box)
        found[name[1]] = value[1] if value else ""
    return found


def save(browser, desk, part, **changes):
    sent = form_of(browser.get(desk.url("settings/")), part)
    return browser.post(desk.url(f"settings/{part}/"), {**sent, **changes})


def fresh(desk):
    return Tenant.objects.get(pk=desk.tenant.pk)


def test_the_page_says_what_the_settings_lead_to(manager, north):
    read = text(manager.get(north.url("settings/")))
    assert "At the desk it is 13:07 now, on Thursday. Amounts are in GBP." in read
    assert "A 4-hour promise made at 15:30 ends at 10:00 on the next working day." in read
    assert "Public holidays of GB in the year that follows" in read
    assert "Fri 3 Apr 2026, Good Friday" in read
    assert 'aria-current="page">Settings' in manager.get(north.url("settings/")).content.decode()


@pytest.mark.parametrize(
    ("part", "changes", "field", "value"),
    [
        ("place", {"country": "de", "subdivision": "by", "time_zone": "Europe/Berlin"}, "subdivision", "BY"),
        ("visits", {"visit_minutes": "90", "callout_price": "95.00"}, "visit_minutes", 90),
        ("promises", {"call_ahead_minutes": "45"}, "call_ahead_minutes", 45),
        ("reminders", {"reminder_minutes": "2h; 3 days"}, "reminder_minutes", [4320, 120]),
        ("asking", {"follow_up_days": "0"}, "follow_up_days", 0),
        ("asking", {"follow_up_days": ""}, "follow_up_days", None),
    ],
)
def test_each_part_is_saved_for_itself(manager, north, part, changes, field, value):
    answer = save(manager, north, part, **changes)
    assert (answer.status_code, answer.url) == (302, north.url(f"settings/#{part}"))
    assert getattr(fresh(north), field) == value
    again = manager.get(north.url("settings/"))
    shown = {"reminder_minutes": "3 days, 2 hours"}.get(field, "" if value is None else str(value))
    assert form_of(again, part)[field] == shown


@pytest.mark.parametrize(
    ("part", "changes", "words"),
    [
        ("place", {"name": "", "email": "x"}, "Write the desk’s name. Write a mail address"),
        ("place", {"time_zone": "Mars/North"}, "“Mars/North” is no time zone."),
        ("place", {"country": "QQ"}, "Write the two letters of a country, like GB."),
        ("visits", {"visit_minutes": "many"}, "Write the minutes: a whole number from 5 to 720."),
        ("promises", {"call_ahead_minutes": "-1"}, "Write the minutes: a whole number from 0 to 1440."),
        ("reminders", {"reminder_minutes": "soon"}, "“soon” is no length of time"),
        ("hours", {"day0_from": "08:00", "day0_until": ""}, "Monday: write both from when and until when."),
        ("hours", {"day1_from": "18:00", "day1_until": "17:00"}, "Tuesday: 17:00 is not after 18:00."),
        ("hours", {"day2_from": "noon"}, "Write Wednesday’s hours like 08:30."),
        ("closures", {"day": "2026-03-04", "name": "Fair"}, "Choose a day to come, within ten years."),
        ("closures", {"day": "", "name": ""}, "Choose the day. Write why, like “Stocktaking”."),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(manager, north, part, changes, words):
    before = fresh(north)
    answer = save(manager, north, part, **changes)
    assert answer.status_code == 422
    assert words in text(answer)
    assert "<title>Error: Settings" in answer.content.decode()
    kept = form_of(answer, part)
    assert {name: kept[name] for name in changes} == changes
    assert fresh(north).__dict__.keys() == before.__dict__.keys()
    with tenant(north.tenant):
        assert (BusinessHours.objects.count(), Closure.objects.count()) == (0, 0)


def test_of_two_at_once_the_second_is_told_and_may_decide(manager, north):
    sent = form_of(manager.get(north.url("settings/")), "visits")
    save(manager, north, "visits", visit_minutes="90")
    answer = manager.post(north.url("settings/visits/"), {**sent, "visit_minutes": "60"})
    assert answer.status_code == 409
    assert "Somebody changed this meanwhile." in text(answer)
    assert form_of(answer, "visits")["visit_minutes"] == "60"
    assert manager.post(north.url("settings/visits/"), form_of(answer, "visits")).status_code == 302
    assert fresh(north).visit_minutes == 60


def test_hours_with_a_break_are_saved_and_their_consequence_follows(manager, north):
    hours = {"day3_from": "09:00", "day3_until": "12:00", "day3_from_2": "13:00", "day3_until_2": "16:00"}
    answer = save(manager, north, "hours", **hours)
    assert answer.status_code == 302
    with tenant(north.tenant):
        thursday = BusinessHours.objects.filter(weekday=3).order_by("opens").values_list("opens", "closes")
        assert list(thursday) == [(dt.time(9), dt.time(12)), (dt.time(13), dt.time(16))]
        assert BusinessHours.objects.count() == 6
    read = text(manager.get(north.url("settings/")))
    assert "A 4-hour promise made at 15:30 ends at 11:30 on the next working day." in read
    stale = {**form_of(manager.get(north.url("settings/")), "hours"), "seen": "x"}
    assert manager.post(north.url("settings/hours/"), stale).status_code == 409
    empty = dict.fromkeys(stale, "") | {"seen": form_of(manager.get(north.url("settings/")), "hours")["seen"]}
    assert manager.post(north.url("settings/hours/"), empty).status_code == 422


def test_a_day_off_names_the_visits_that_it_hits_and_can_be_taken_back(manager, north, now):
    with tenant(north.tenant):
        visit = make_visit(north, start=now + dt.timedelta(days=1), technician=north.lou)
    asked = save(manager, north, "closures", day="2026-03-06", name="Stocktaking")
    assert asked.status_code == 422
    assert "1 visit stands on that day" in text(asked)
    assert north.url(f"visits/{visit.public_id}/") in asked.content.decode()
    assert form_of(asked, "closures")["name"] == "Stocktaking"
    with tenant(north.tenant):
        assert not Closure.objects.exists()
    answer = save(manager, north, "closures", day="2026-03-06", name="Stocktaking", known=visit.public_id)
    page = manager.get(answer.url)
    assert "1 visit is booked on that day. Nothing was moved: move it with the customer." in text(page)
    assert north.url(f"visits/{visit.public_id}/") in page.content.decode()
    assert "Fri 6 Mar 2026, Stocktaking" in text(page)
    assert "already" in text(save(manager, north, "closures", day="2026-03-06", name="Fair"))
    with tenant(north.tenant):
        closure = Closure.objects.get()
    assert manager.post(north.url(f"settings/closures/{closure.public_id}/open/")).status_code == 302
    assert "Stocktaking" not in text(manager.get(north.url("settings/")))
    assert manager.get(north.url("settings/?hit=nonsense")).status_code == 200


def test_hours_that_leave_visits_outside_name_them_first(manager, north, now):
    with tenant(north.tenant):
        hit = [
            make_visit(north, start=now + dt.timedelta(days=days), technician=who)
            for days, who in ((1, north.lou), (4, north.marek))
        ]
    asked = save(manager, north, "hours", day4_from="08:00", day4_until="12:00", day0_from="", day0_until="")
    assert asked.status_code == 422
    assert "2 visits stand outside these hours" in text(asked)
    assert form_of(asked, "hours")["day4_until"] == "12:00"
    with tenant(north.tenant):
        assert not BusinessHours.objects.exists()
    sent = form_of(asked, "hours")
    knows = {**sent, "known": [hit[0].public_id, "nonsense"]}
    assert manager.post(north.url("settings/hours/"), knows).status_code == 422
    knows["known"] = [visit.public_id for visit in hit]
    answer = manager.post(north.url("settings/hours/"), knows, follow=True)
    assert "Saved. 2 visits need another place" in text(answer)


def test_messages_are_switched_off_and_on(manager, north, now):
    assert "On since" in text(manager.get(north.url("settings/")))
    save(manager, north, "messages")
    assert fresh(north).messages_from is None
    assert "Nothing leaves and nobody is alarmed." in text(manager.get(north.url("settings/")))
    save(manager, north, "messages")
    assert fresh(north).messages_from == now


def test_it_is_for_managers(client, north):
    client.force_login(north.dispatcher.user)
    assert client.get(north.url("settings/")).status_code == 403
    assert client.post(north.url("settings/visits/"), {}).status_code == 403
    assert "Settings" not in text(client.get(north.url("customers/")))


def test_the_page_asks_no_more_for_more_days_off(manager, north, django_assert_max_num_queries):
    with tenant(north.tenant):
        for day in range(10, 20):
            Closure.objects.create(day=dt.date(2026, 3, day), name="Fair")
    with django_assert_max_num_queries(23):
        manager.get(north.url("settings/"))


def test_what_waiting_gives_back_is_chosen(manager, north):
    page = manager.get(north.url("settings/"))
    seen = page.context["seen"]["matters"]
    address = north.url("settings/matters/")
    refused = manager.post(address, {"seen": seen, "waiting_counts_working_time": "maybe"})
    assert (refused.status_code, "Choose what is given back." in text(refused)) == (422, True)
    answer = manager.post(address, {"seen": seen, "waiting_counts_working_time": "no"})
    assert (answer.status_code, answer.url) == (302, north.url("settings/#matters"))
    assert fresh(north).waiting_counts_working_time is False
    assert manager.post(address, {"seen": seen, "waiting_counts_working_time": "yes"}).status_code == 409
    again = manager.get(north.url("settings/"))
    assert again.context["forms"]["matters"]["waiting_counts_working_time"].value() == "no"
