"""A counter that is read when a visit is finished: kept with the visit, or the visit is not finished."""

import datetime as dt
from decimal import Decimal

import pytest

from customers.meters import record_reading, withdraw_reading
from customers.models import MeterReading
from servicedesk.finish_meters import STRAY, meter_forms
from tests.reading import text
from tests.servicedesk.finish_scene import typed, url, visit
from visits.gate import Answer, Completion, Counted, Report, complete_visit
from visits.models import Review, Visit

__all__ = ["visit"]

DONE = {"decision": "accepted", "how": "done"}


@pytest.fixture
def read_before(north, now):
    return record_reading(
        north.copier,
        kind="pages",
        value=Decimal(48210),
        read_at=now - dt.timedelta(days=30),
        by=north.technician,
        now=now,
    )


def field(desk, name, counter="pages"):
    return f"meter-{desk.copier.public_id}-{counter}-{name}"


def test_the_counter_is_shown_with_what_it_said_last(north, visit, read_before, lou, client):
    assert "Pages Last 48,210 on 3 Feb 2026" in text(client.get(url(north, visit)))


def test_what_was_read_is_kept_with_the_visit(north, visit, read_before, lou, client):
    sent = typed(north, **DONE) | {field(north, "value"): "51000"}
    assert client.post(url(north, visit), sent).status_code == 302
    kept = MeterReading.objects.latest("pk")
    assert (kept.value, kept.visit, kept.read_by) == (Decimal(51000), visit.public_id, north.technician)


def test_a_machine_that_was_never_read_says_what_it_counts(north, visit, lou, client):
    sent = typed(north, **DONE) | {
        field(north, "kind", "new"): "hours",
        field(north, "value", "new"): "12.5",
    }
    assert client.post(url(north, visit), sent).status_code == 302
    assert str(MeterReading.objects.get()) == "Hours run: 12"


def test_what_a_page_from_before_the_first_reading_says_is_kept(north, visit, read_before, lou, client):
    """The page was drawn while the counter had never been read."""
    sent = typed(north, **DONE) | {
        field(north, "kind", "new"): "pages",
        field(north, "value", "new"): "12",
    }
    answer = client.post(url(north, visit), sent)
    assert answer.status_code == 422
    assert "That is less than 48,210 on 3 Feb 2026. Was the counter replaced?" in text(answer)
    assert [form.prefix for form in answer.context["page"].meters] == [field(north, "new", "new")[:-4]]
    assert f'type="hidden" name="{field(north, "kind", "new")}" value="pages"' in answer.text
    sent[field(north, "value", "new")] = "51000"
    assert client.post(url(north, visit), sent).status_code == 302
    kept = MeterReading.objects.latest("pk")
    assert (kept.kind, kept.value, kept.visit) == ("pages", Decimal(51000), visit.public_id)


def test_another_counter_may_be_told_by_such_a_page(north, visit, read_before, lou, client):
    sent = typed(north, **DONE) | {
        field(north, "kind", "new"): "hours",
        field(north, "value", "new"): "12",
        field(north, "value"): "51000",
    }
    assert client.post(url(north, visit), sent).status_code == 302
    kept = MeterReading.objects.filter(visit=visit.public_id).values_list("kind", "value")
    assert set(kept) == {("pages", Decimal(51000)), ("hours", Decimal(12))}


def test_what_was_typed_for_a_counter_whose_reading_was_withdrawn_is_kept(north, visit, now, lou, client):
    act = {"by": north.technician, "now": now}
    wrong = record_reading(north.copier, kind="kilowatt hours", value=Decimal(9), read_at=now, **act)
    withdraw_reading(wrong, because="Of another machine", **act)
    sent = typed(north, **DONE) | {field(north, "value", "kilowatt-hours"): "7"}
    assert client.post(url(north, visit), sent).status_code == 302
    kept = MeterReading.objects.get(visit=visit.public_id)
    assert (kept.kind, kept.value) == ("kilowatt hours", Decimal(7))


@pytest.mark.parametrize("counter", ["stranger", "sheep"])
def test_a_figure_for_no_counter_of_the_visit_is_refused_where_it_stands(
    north, visit, read_before, lou, client, counter
):
    name = field(north, "value", "sheep")
    if counter == "stranger":
        name = f"meter-{north.sorter.public_id}-pages-value"
    answer = client.post(url(north, visit), typed(north, **DONE) | {name: "51000"})
    assert answer.status_code == 422
    assert answer.context["errors"] == [(name, STRAY)]
    assert (f'name="{name}"' in answer.text, 'value="51000"' in answer.text) == (True, True)
    assert Visit.objects.get(pk=visit.pk).state == Visit.State.ON_SITE
    assert client.post(url(north, visit), typed(north, **DONE) | {name: " "}).status_code == 302


def test_that_the_counter_was_replaced_can_be_said_before_anybody_asks(
    north, visit, read_before, lou, client
):
    """A page that is kept on a phone is filled in where no server can ask."""
    page = client.get(url(north, visit))
    assert f'name="{field(north, "was_replaced")}"' in page.text
    assert "The counter was replaced or set back" in text(page)
    sent = {field(north, "value"): "12", field(north, "was_replaced"): "on"}
    assert client.post(url(north, visit), typed(north, **DONE) | sent).status_code == 302
    assert MeterReading.objects.latest("pk").starts_anew


def test_nothing_typed_keeps_nothing(north, visit, read_before, lou, client):
    assert client.post(url(north, visit), typed(north, **DONE)).status_code == 302
    assert MeterReading.objects.get() == read_before


def test_less_than_before_is_asked_about_before_anything_is_written(north, visit, read_before, lou, client):
    sent = typed(north, **DONE) | {field(north, "value"): "12"}
    answer = client.post(url(north, visit), sent)
    assert answer.status_code == 422
    assert "That is less than 48,210 on 3 Feb 2026. Was the counter replaced?" in text(answer)
    assert 'value="12"' in answer.text
    assert f'name="{field(north, "was_replaced")}"' in answer.text
    assert Visit.objects.get(pk=visit.pk).state == Visit.State.ON_SITE
    assert client.post(url(north, visit), sent | {field(north, "was_replaced"): "on"}).status_code == 302
    assert MeterReading.objects.latest("pk").starts_anew


@pytest.mark.parametrize("value", ["many", "-1", "1.25"])
def test_what_no_counter_shows_is_refused_beside_its_field(north, visit, read_before, lou, client, value):
    answer = client.post(url(north, visit), typed(north, **DONE) | {field(north, "value"): value})
    assert answer.status_code == 422
    assert answer.context["errors"][0][0] == field(north, "value")
    assert not Review.objects.exists()


def test_a_higher_figure_that_came_in_meanwhile_keeps_the_visit_open(north, visit, read_before, now):
    """Between the page's look and the gate's: nothing of the visit is written."""
    record_reading(
        north.copier, kind="pages", value=Decimal(52000), read_at=now, by=north.dispatcher, now=now
    )
    answer = Answer(north.recommendation, Review.Outcome.DONE, customer_told=True)
    completion = Completion(
        report=Report(work_done="Fitted.", fixed_first_time=True, signing="typed", signed_by="M. Ellison"),
        answers=(answer,),
        readings=(Counted(north.copier, "pages", Decimal(51000)),),
    )
    with pytest.raises(ValueError, match="That is less than 52,000 on 5 Mar 2026"):
        complete_visit(visit, completion=completion, by=north.technician, now=now)
    assert Visit.objects.get(pk=visit.pk).state == Visit.State.ON_SITE


def test_three_machines_and_counters_are_one_query(north, visit, read_before, django_assert_num_queries):
    machines = [north.copier, north.sorter]
    with django_assert_num_queries(1):
        assert [form.label for form in meter_forms(machines, None)] == ["Pages", "It shows"]
