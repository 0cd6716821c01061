"""A duty has one cause, an owner, a due time, and closes only with an outcome."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction

from cases.duties import (
    OverdueDuties,
    close_duties_about,
    close_duty,
    open_duties,
    open_duty,
    overdue_duties,
)
from cases.models import Duty
from messaging.keys import key_of
from tenancy.models import Membership, Role
from tenancy.scope import tenant


def open_one(now, cause="a", subject=None, kind=Duty.Kind.REBOOK):
    return open_duty(
        "test",
        cause,
        kind=kind,
        title="Ring",
        due_at=now,
        now=now,
        owner_role=Role.DISPATCHER,
        subject=subject,
    )


def test_the_same_cause_makes_one_duty(north, now):
    first, second = open_one(now), open_one(now + dt.timedelta(days=1))
    assert first == second
    assert second.due_at == now
    assert open_one(now, "b") != first


def test_it_closes_only_with_an_outcome_and_the_first_one_stands(north, now):
    duty = open_one(now)
    with pytest.raises(ValueError, match="Say what came of it"):
        close_duty(duty, by=north.manager, now=now, outcome=" ")
    close_duty(duty, by=north.manager, now=now, outcome="Rebooked")
    close_duty(duty, by=north.sales, now=now + dt.timedelta(days=1), outcome="Again")
    assert (duty.closed_at, duty.closed_by, duty.outcome) == (now, north.manager, "Rebooked")


def test_the_database_refuses_a_silent_end(north, now):
    duty = open_one(now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Duty.objects.filter(pk=duty.pk).update(closed_at=now)


def test_all_about_a_thing_close_together_by_kind(north, now):
    subject = uuid.UUID(int=1)
    rebook = open_one(now, "a", subject)
    ring = open_one(now, "b", subject, Duty.Kind.CALL_CUSTOMER)
    closed = close_duties_about(subject, Duty.Kind.REBOOK, by=north.manager, now=now, outcome="Done")
    assert closed == 1
    assert list(Duty.objects.open()) == [ring]
    assert rebook not in Duty.objects.open()


def test_many_open_in_two_statements_and_only_new_causes_count(north, now, django_assert_num_queries):
    def duties():
        return [
            Duty(
                key=key_of("many", number),
                kind=Duty.Kind.REBOOK,
                title="Ring",
                owner_role=Role.DISPATCHER,
                opened_at=now,
                due_at=now,
            )
            for number in range(1500)
        ]

    assert open_duties(duties()[:10]) == 10
    with django_assert_num_queries(2):
        assert open_duties(duties()) == 1490
    assert open_duties(duties()) == 0


def test_overdue_are_those_past_their_due_time_and_still_open(north, now):
    later = now + dt.timedelta(seconds=1)
    first, second = open_one(now), open_one(now, "b")
    assert overdue_duties(now=now) == OverdueDuties(0, 0)
    assert overdue_duties(now=later) == OverdueDuties(2, 2)
    close_duty(first, by=north.manager, now=now, outcome="Rebooked")
    Duty.objects.filter(pk=second.pk).update(owner=north.dispatcher)
    assert overdue_duties(now=later) == OverdueDuties(1, 0)


def test_a_duty_of_whoever_left_is_nobodys(north, now):
    Duty.objects.filter(pk=open_one(now).pk).update(owner=north.dispatcher)
    Membership.objects.filter(pk=north.dispatcher.pk).update(ended_at=now)
    assert overdue_duties(now=now + dt.timedelta(seconds=1)) == OverdueDuties(1, 1)


def test_another_desks_duties_are_not_overdue_here(cast, now):
    later = now + dt.timedelta(seconds=1)
    with tenant(cast.south.tenant):
        open_one(now)
        assert overdue_duties(now=later) == OverdueDuties(1, 1)
    with tenant(cast.north.tenant):
        assert overdue_duties(now=later) == OverdueDuties(0, 0)
