"""What the drag's toast says, and what a move minds."""

import datetime as dt

import pytest

from tests.cast import make_visit
from tests.visits.conftest import TOMORROW_AT_TWO as START
from visits.fitting import fit
from visits.models import Absence, Technician, Visit, WorkingHours, WorkType
from visits.moving import move_visit
from visits.places import NeedsAgreement

HOUR = dt.timedelta(hours=1)


def would(visit, *crew, start=START + HOUR, now, length=HOUR):
    verdict = fit(visit, crew=crew, start=start, length=length, now=now)
    return verdict.fits, verdict.says


def give(visit, technician, now, **values):
    return move_visit(
        visit, technician=technician, start=START, now=now, version=visit.version,
        **{"reason": "", **values},
    )  # fmt: skip


@pytest.fixture
def needs_drums(north, visit):
    """What Lou has learnt and Marek has not."""
    Technician.objects.filter(pk=north.lou.pk).update(skills=["Drums", "copier"])
    WorkType.objects.create(visit_kind=visit.kind, minutes=75, skills=["drums", "copier"])
    north.lou.refresh_from_db()


def test_the_response_promise_is_met_or_broken_by_the_whole_window(north, visit, now):
    case = north.customer.cases.create(
        kind="fault", title="Grey bands", opened_at=now, response_due_at=START + HOUR * 2
    )
    Visit.objects.filter(pk=visit.pk).update(case=case)
    visit.refresh_from_db()
    says = [
        fit(visit, crew=[north.lou], start=start, length=HOUR, now=now)
        for start in (START + HOUR, START + HOUR * 1.25)
    ]
    assert [(f.fits, f.says, f.meets) for f in says] == [
        (True, "Meets the 16:00 promise.", True),
        (True, "Breaks the 16:00 promise.", False),
    ]


def test_outside_working_hours_is_said_and_allowed(north, visit, now):
    assert would(visit, north.lou, start=START + HOUR * 4, now=now) == (True, "Free. Outside Lou’s hours.")


def test_outside_the_hours_an_absence_and_a_visit_still_stand_in_the_way(north, visit, now):
    evening = START + HOUR * 5
    Absence.objects.create(
        technician=north.lou, starts_at=evening, ends_at=evening + HOUR * 24, reason="Leave"
    )
    make_visit(north, start=evening, technician=north.marek, number="late")
    assert would(visit, north.lou, start=evening, now=now) == (False, "Lou is away until Sat 7 Mar (Leave).")
    assert would(visit, north.marek, start=evening, now=now) == (
        False,
        "Overlaps The Harbour Letter, 19:00 to 20:15.",
    )


def test_of_a_crew_everybody_is_looked_at(north, visit, now):
    WorkingHours.objects.create(technician=north.marek, weekday=4, starts=dt.time(8), ends=dt.time(12))
    assert would(visit, north.lou, north.marek, now=now) == (True, "Free. Outside Marek’s hours.")
    make_visit(north, start=START + HOUR * 1.5, technician=north.marek, number="other")
    assert would(visit, north.lou, north.marek, now=now) == (
        False,
        "Overlaps The Harbour Letter, 15:30 to 16:45.",
    )


def test_too_little_time_for_the_way_is_said(north, visit, now):
    """A quarter of an hour to the next place, where nobody knows better."""
    make_visit(north, start=START + HOUR * 2.2, technician=north.lou, number="next")
    assert would(visit, north.lou, now=now) == (True, "Free. Too little time for Lou’s way.")
    assert would(visit, north.lou, start=START + HOUR * 0.9, now=now) == (True, "Free.")


class TestSkills:
    """Slots leave out who knows not how; a person may still decide, with a reason (R2.3)."""

    def test_what_would_be_missing_is_said(self, north, visit, needs_drums, now):
        assert would(visit, north.marek, now=now) == (True, "Free. Marek lacks: drums.")
        assert would(visit, north.lou, now=now) == (True, "Free.")
        Technician.objects.filter(pk=north.marek.pk).update(skills=[])
        north.marek.refresh_from_db()
        assert would(visit, north.marek, now=now) == (True, "Free. Marek lacks: copier, drums.")

    def test_a_crew_has_them_together(self, north, visit, needs_drums, now):
        assert would(visit, north.marek, north.lou, now=now) == (True, "Free.")
        third = Technician.objects.create(name="Ada Third")
        assert would(visit, north.marek, third, now=now) == (True, "Free. Together they lack: drums.")

    def test_what_was_missing_before_is_nobodys_news(self, north, visit, needs_drums, now):
        visit.assignments.update(technician=north.marek)
        assert would(visit, north.marek, now=now) == (True, "Free.")

    def test_a_move_to_who_lacks_one_takes_a_reason(self, north, visit, needs_drums, now):
        with pytest.raises(NeedsAgreement, match=r"^Marek lacks: drums\. Say why it has to be\.$"):
            give(visit, north.marek, now, by=north.dispatcher, reason=" ")
        assert visit.assignments.get().technician == north.lou
        give(visit, north.marek, now, by=north.dispatcher, reason="Lou is ill, Marek has done it before")
        assert visit.assignments.get().technician == north.marek


def test_the_queries_are_the_same_for_one_technician_and_for_three(
    north, visit, now, django_assert_num_queries
):
    crew = [north.lou, north.marek, Technician.objects.create(name="Ada Third")]
    for asked in (crew[:1], crew):
        with django_assert_num_queries(7):
            fit(visit, crew=asked, start=START + HOUR, length=HOUR, now=now)
    for who in crew[1:]:
        make_visit(north, start=START, technician=who, number=who.name)
    for asked in (crew[1:2], crew[1:]):
        with django_assert_num_queries(8):
            fit(visit, crew=asked, start=START, length=HOUR, now=now)
