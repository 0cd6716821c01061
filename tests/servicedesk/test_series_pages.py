"""Visits that come again: looked at, booked in one act, seen as one, and the rest given up."""

import datetime as dt

import pytest

from customers.models import Site
from tests.cast import make_visit
from tests.reading import text
from tests.servicedesk.board_scene import HTMX
from visits.models import Absence, TechnicianPreference, Visit, VisitSeries

FIRST = dt.datetime(2026, 3, 6, 10, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def url(desk):
    return desk.url(f"customers/{desk.customer.public_id}/series/")


def asked(north, **values):
    return {
        "kind": "tune-up",
        "machine": str(north.copier.public_id),
        "tell": "mail",
        "technician": str(north.lou.public_id),
        "day": "2026-03-06",
        "start": "10:00",
        "every_weeks": "1",
        "ends": "times",
        "times": "3",
        "until": "",
        **values,
    }


@pytest.fixture
def away(north):
    """Lou is away on the second Friday."""
    Absence.objects.create(
        technician=north.lou, starts_at=FIRST + 6 * DAY, ends_at=FIRST + 7 * DAY + dt.timedelta(hours=8)
    )


def booked_series(dispatcher, north, **values):
    answer = dispatcher.post(url(north), asked(north, **values))
    assert answer.status_code == 302
    return VisitSeries.objects.get(), answer["Location"]


def test_it_opens_with_what_the_booking_panel_has_chosen(dispatcher, north):
    slot = f"{north.marek.public_id}@20260309T113000Z"
    page = dispatcher.get(url(north), {"kind": "tune-up", "slot": slot, "problem": "Clean it"})
    form = page.context["form"]
    assert form["technician"].value() == str(north.marek.public_id)
    assert (form["day"].value(), form["start"].value()) == (dt.date(2026, 3, 9), "11:30")
    assert '<input type="hidden" name="problem" value="Clean it">' in page.text
    assert "“Clean it”" in text(page)


def test_from_the_panel_with_scripts_it_is_a_page_of_its_own(dispatcher, north):
    answer = dispatcher.get(url(north), {"kind": "tune-up"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == f"{url(north)}?kind=tune-up"
    panel = dispatcher.get(north.url(f"customers/{north.customer.public_id}/book/"))
    assert f'formaction="{url(north)}"' in panel.text


def test_from_a_visit_others_like_it_are_looked_at(dispatcher, north):
    visit = make_visit(north, start=FIRST, technician=north.marek, tell_by_sms=False)
    page = dispatcher.get(north.url(f"visits/{visit.public_id}/"))
    opened = dispatcher.get(page.context["again_url"])
    form, choices = opened.context["form"], opened.context["choices"]
    assert [form[name].value() for name in ("technician", "day", "start")] == [
        str(north.marek.public_id), "2026-04-03", "10:00"
    ]  # fmt: skip
    assert (choices.kind, choices.machines, choices.channels) == (
        "fault", [north.copier, north.sorter], {"mail"}
    )  # fmt: skip


def test_looking_shows_each_day_and_books_nothing(dispatcher, north, away):
    page = dispatcher.get(url(north), asked(north))
    assert page.status_code == 200
    read = text(page)
    assert "2 of 3 days can be nothing is booked yet" in read
    assert "tomorrow free Fri 13 Mar Lou is away. Mon 16 Mar 10:00 instead Fri 20 Mar free" in read
    assert not VisitSeries.objects.exists()
    assert not Visit.objects.exists()
    assert "csrfmiddlewaretoken" not in page.text.split('method="get"')[1].split("</form>")[0]


def test_all_that_can_be_is_booked_in_one_act_and_the_rest_is_told(dispatcher, north, away):
    series, there = booked_series(dispatcher, north)
    assert there == north.url(f"series/{series.public_id}/?not=2026-03-13")
    visits = Visit.objects.order_by("planned_start")
    assert [visit.planned_start for visit in visits] == [FIRST, FIRST + 14 * DAY]
    assert {(v.kind, v.tell_by_mail, v.tell_by_sms, v.series) for v in visits} == {
        ("tune-up", True, False, series)
    }
    assert {machine.equipment for v in visits for machine in v.machines.all()} == {north.copier}
    page = dispatcher.get(there)
    assert "Not booked Fri 13 Mar Lou is away. Book Mon 16 Mar 10:00" in text(page)
    assert "day=2026-03-16" in page.text


def test_the_other_day_that_is_ticked_is_booked_instead(dispatcher, north, away):
    series, there = booked_series(dispatcher, north, instead="2026-03-13@20260316T100000Z")
    assert there == north.url(f"series/{series.public_id}/")
    starts = Visit.objects.order_by("planned_start").values_list("planned_start", flat=True)
    assert list(starts) == [FIRST, FIRST + 10 * DAY, FIRST + 14 * DAY]


def test_another_time_than_the_one_proposed_is_not_taken(dispatcher, north, away):
    _, there = booked_series(dispatcher, north, instead="2026-03-13@20260317T030000Z")
    assert there.endswith("?not=2026-03-13")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"every_weeks": "0"}, "Write the weeks: a whole number from 1 to 26."),
        ({"times": ""}, "Write how many times."),
        ({"ends": "until"}, "Choose the last day."),
        ({"ends": ""}, "Choose how it ends."),
        ({"day": "2026-03-04"}, "That time has passed."),
        ({"ends": "until", "until": "2026-03-01"}, "The last day lies before the first one"),
        ({"technician": "nobody"}, "Choose a technician."),
        ({"start": "03:00"}, "None of these days can be. Outside Lou’s hours."),
    ],
)
def test_what_is_no_series_is_refused_with_what_was_typed(dispatcher, north, values, says):
    answer = dispatcher.post(url(north), asked(north, **values))
    assert answer.status_code == 422
    assert says in text(answer)
    assert answer.context["form"]["every_weeks"].value() == values.get("every_weeks", "1")
    assert not VisitSeries.objects.exists()


def test_where_of_several_places_has_to_be_said(dispatcher, north):
    north.contact.site = None
    north.contact.save(update_fields=["site"])
    other = Site.objects.create(customer=north.customer, street="9 Dock Road")
    answer = dispatcher.post(url(north), asked(north))
    assert (answer.status_code, "Choose where the technician should come." in text(answer)) == (422, True)
    booked_series(dispatcher, north, site=str(other.public_id), machine="")
    assert set(Visit.objects.values_list("site", flat=True)) == {other.pk}


def test_only_who_may_come_there_is_offered(dispatcher, north):
    TechnicianPreference.objects.filter(technician=north.lou).update(level="excluded")
    form = dispatcher.get(url(north)).context["form"]
    assert [name for _, name in form.fields["technician"].choices] == ["Marek Novak"]


def test_a_visit_shows_its_series(dispatcher, north):
    series, _ = booked_series(dispatcher, north)
    second = Visit.objects.order_by("planned_start")[1]
    page = dispatcher.get(north.url(f"visits/{second.public_id}/"))
    read = text(page)
    assert "Every week The series" in read
    assert "6 Mar 2026 not confirmed 13 Mar 2026, this one not confirmed 20 Mar 2026 not confirmed" in read
    assert north.url(f"series/{series.public_id}/") in page.text


def test_the_rest_is_given_up_and_what_stands_is_told(dispatcher, north, moment):
    series, _ = booked_series(dispatcher, north)
    moment.move_to(FIRST + dt.timedelta(minutes=10))
    address = north.url(f"series/{series.public_id}/cancel/")
    answer = dispatcher.post(address, {"from_day": "2026-03-06", "whose": "us", "because": ""})
    assert answer.status_code == 422
    assert "Write why." in text(answer)
    assert 'value="us" checked' in answer.text
    answer = dispatcher.post(address, {"from_day": "2026-03-06", "whose": "us", "because": "No parts."})
    assert answer.status_code == 200
    first = Visit.objects.order_by("planned_start").first()
    assert "2 visits cancelled." in text(answer)
    assert f"Visit {first.number} stands: Its window has begun" in text(answer)
    states = list(Visit.objects.order_by("planned_start").values_list("state", flat=True))
    assert states == ["booked", "cancelled by us", "cancelled by us"]
    again = dispatcher.post(address, {"from_day": "2026-03-07", "whose": "us", "because": "No parts."})
    assert "Nothing was cancelled." in text(again)


def test_looking_at_a_series_changes_nothing_whatever_the_address_says(dispatcher, north):
    series, _ = booked_series(dispatcher, north)
    page = north.url(f"series/{series.public_id}/")
    before = Visit.objects.values_list("version", "state").order_by("pk")
    for query in ("", "?not=nonsense&not=2026-02-31&not=9999-01-01&not=2020-01-01"):
        assert "Not booked" not in text(dispatcher.get(page + query))
    assert list(before) == [(1, "booked")] * 3
    assert dispatcher.get(f"{page}cancel/").status_code == 405


def test_it_is_the_dispatchers_and_of_this_desk(cast, client, dispatcher, north):
    series, _ = booked_series(dispatcher, north)
    client.force_login(north.sales.user)
    assert client.get(url(north)).status_code == 403
    assert client.post(north.url(f"series/{series.public_id}/cancel/")).status_code == 403
    client.force_login(cast.south.dispatcher.user)
    assert client.get(cast.south.url(f"series/{series.public_id}/")).status_code == 404
    assert client.get(cast.south.url(f"customers/{north.customer.public_id}/series/")).status_code == 404


@pytest.mark.parametrize("times", ["2", "5"])
def test_as_many_queries_for_five_visits_as_for_two(dispatcher, north, times, django_assert_num_queries):
    make_visit(north, start=FIRST + 100 * DAY, technician=north.lou)
    series, _ = booked_series(dispatcher, north, times=times)
    page = north.url(f"series/{series.public_id}/")
    dispatcher.get(page)
    with django_assert_num_queries(15):
        dispatcher.get(page)
