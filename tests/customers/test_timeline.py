"""What is asked of a customer's time line: each filter, its edges, and the index that answers it."""

import datetime as dt

import pytest

from customers.models import Customer, TimelineEntry
from customers.timeline import Asked, add_line, add_lines, lines_of, people_on
from tenancy.calendars import zone_of

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
Kind = TimelineEntry.Kind


@pytest.fixture
def asked(north):
    """The titles that a question finds, the oldest first."""

    def titles(**what):
        zone = zone_of(north.tenant)
        found = lines_of(north.customer, Asked(**what), zone=zone).order_by("at", "pk")
        return [line.title for line in found]

    return titles


@pytest.fixture
def three(north, now):
    """A call of Dana's yesterday, a visit of Lou's and a mail of the customer's today; another's as well."""
    add_line(
        north.customer, Kind.CALL, "Call", at=now - DAY, detail="The 50 % feeder", actor=north.dispatcher
    )
    add_line(
        north.customer, Kind.VISIT, "Visit", at=now - HOUR, detail="Roller changed", actor=north.technician
    )
    add_line(north.customer, Kind.MAIL, "Mail about the feeder", at=now)
    other = Customer.objects.create(name="Other")
    add_line(other, Kind.CALL, "Feeder of another", at=now, actor=north.sales)


@pytest.mark.usefixtures("three")
def test_each_filter_and_all_together(north, asked, now):
    today = now.date()
    assert asked() == ["Call", "Visit", "Mail about the feeder"]
    assert asked(kinds=(Kind.CALL, Kind.MAIL)) == ["Call", "Mail about the feeder"]
    assert asked(person=north.technician) == ["Visit"]
    assert asked(is_nobodys=True) == ["Mail about the feeder"]
    assert asked(first=today) == ["Visit", "Mail about the feeder"]
    assert asked(last=today - DAY) == ["Call"]
    assert asked(first=today - DAY, last=today - DAY) == ["Call"]
    assert asked(words="FEEDER") == ["Call", "Mail about the feeder"]
    assert asked(words="changed roller") == ["Visit"]
    assert asked(words="50 %") == ["Call"]
    assert asked(words="%") == ["Call"]
    assert asked(kinds=(Kind.MAIL,), is_nobodys=True, first=today, last=today, words="mail") == [
        "Mail about the feeder"
    ]
    assert asked(kinds=(Kind.VISIT,), words="feeder") == []


def test_days_are_the_desks_days_also_when_the_clocks_change(north, asked):
    """On 29 March 2026 the clocks go forward in London: its last hour is an hour of UTC before midnight."""
    for at in ("2026-03-28T23:59", "2026-03-29T00:00", "2026-03-29T22:59", "2026-03-29T23:00"):
        add_line(north.customer, Kind.NOTE, at[8:], at=dt.datetime.fromisoformat(f"{at}:00+00:00"))
    day = dt.date(2026, 3, 29)
    assert asked(first=day, last=day) == ["29T00:00", "29T22:59"]


@pytest.mark.usefixtures("three")
def test_the_people_are_those_of_whom_it_tells(north):
    assert list(people_on(north.customer)) == [north.dispatcher, north.technician]


def test_one_index_answers_every_filter_of_five_thousand_lines(north, now):
    other = Customer.objects.create(name="Other")
    kinds = list(Kind)
    add_lines(
        TimelineEntry(
            customer=north.customer if n % 2 else other,
            kind=kinds[n % len(kinds)],
            title=f"Line {n}",
            detail="A call about the drum" * (n % 9),
            at=now - n * HOUR,
            actor=north.dispatcher if n % 3 else None,
        )
        for n in range(10_000)
    )
    questions = (
        Asked(),
        Asked(kinds=(Kind.CALL, Kind.MAIL)),
        Asked(person=north.dispatcher),
        Asked(is_nobodys=True),
        Asked(first=now.date() - 90 * DAY, last=now.date() - 80 * DAY),
        Asked(words="drum"),
    )
    for question in questions:
        found = lines_of(north.customer, question, zone=zone_of(north.tenant)).order_by("-at", "-pk")
        plan = found[:41].explain()
        assert "timeline_by_customer" in plan, plan
        # In the index's own order: a page reads a page, and sorts nothing.
        assert "Sort" not in plan
