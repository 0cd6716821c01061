import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Duty, Promise
from contracts.models import AllowanceEntry, Entitlement
from customers.models import TimelineEntry
from tests.cast import make_plain_visit
from visits import fieldwork
from visits.access import access_from, no_access, steps_of
from visits.commitments import make_promises
from visits.fieldwork import StepRefused
from visits.models import Visit

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def visit(north, now):
    visit = make_plain_visit(north, now=now, start=now.replace(hour=14, minute=0))
    make_promises(visit, by=north.dispatcher, now=now - 60 * MINUTE)
    return visit


def test_no_access_needs_arrival_ten_minutes_and_a_call(visit, lou, now):
    with pytest.raises(StepRefused, match="Tap Arrived first"):
        no_access(visit, because="Nobody opened", by=lou, now=now)
    arrived = on_site(visit, lou, now)
    with pytest.raises(StepRefused, match="until 13:17"):
        no_access(visit, because="Nobody opened", by=lou, now=now + 9 * MINUTE)
    then = access_from(arrived, steps_of(arrived))
    with pytest.raises(StepRefused, match="log the call"):
        no_access(visit, because="Nobody opened", by=lou, now=then)
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now + 5 * MINUTE)
    with pytest.raises(StepRefused, match="kept you out"):
        no_access(visit, because=" ", by=lou, now=then)
    ended = no_access(visit, because="Nobody opened", by=lou, now=then)
    assert (ended.state, ended.ended_because, ended.missed_at) == ("no access", "Nobody opened", None)
    assert Duty.objects.get(subject=visit.public_id).kind == "call customer"
    assert not Promise.objects.open().filter(of_visit__visit=visit).exists()


def test_the_database_knows_no_access_without_arrival(visit, now):
    with pytest.raises(IntegrityError, match="visit_no_access_has_arrival"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(state="no access")


def test_no_access_is_an_outcome_of_its_own_in_ledger_and_time_line(north, visit, lou, now):
    Visit.objects.filter(pk=visit.pk).update(entitlement=Entitlement.objects.get())
    on_site(visit, lou, now)
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now + MINUTE)
    no_access(visit, because="Gate locked", by=lou, now=now + 10 * MINUTE)
    assert AllowanceEntry.objects.get().kind == "no access"
    line = TimelineEntry.objects.get(subject=visit.public_id, kind="visit")
    assert (line.title, line.detail) == ("No access: Lou Baptiste came and could not get in", "Gate locked")


def test_it_is_final(north, visit, lou, now):
    on_site(visit, lou, now)
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now + MINUTE)
    no_access(visit, because="Gate locked", by=lou, now=now + 10 * MINUTE)
    with pytest.raises(StepRefused):
        fieldwork.undo_step(visit, by=lou, now=now + 10 * MINUTE)


def on_site(visit, person, now):
    fieldwork.skip_step(visit, "call ahead", because="Margaret rang us", by=person, now=now)
    fieldwork.read_brief(visit, by=person, now=now)
    fieldwork.set_out(visit, by=person, now=now)
    return fieldwork.arrive(visit, by=person, now=now)
