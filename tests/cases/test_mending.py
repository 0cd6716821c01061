"""A message that is not fine has an owner; one without is counted (R4.9)."""

import pytest

from cases.duties import close_duty
from cases.mending import failed_without_owner
from cases.models import Duty
from messaging import faults, outbox
from messaging.models import Message
from messaging.outbox import FAULTY_STATES
from tenancy.scope import tenant
from tests.messaging.conftest import make_message


@pytest.mark.parametrize("state", FAULTY_STATES)
def test_a_fault_that_was_reported_has_an_owner(north, now, state):
    message = make_message(north, now=now, state=state)
    assert failed_without_owner() == 1
    faults.report(message, now=now)
    assert failed_without_owner() == 0
    outbox.settle(message, by=north.dispatcher, now=now, outcome="Rang them")
    assert failed_without_owner() == 0


def test_whose_duty_is_closed_while_it_is_still_faulty_has_none(north, now):
    faults.report(make_message(north, now=now, state=Message.State.FAILED), now=now)
    close_duty(Duty.objects.get(), by=north.dispatcher, now=now, outcome="Somebody else will")
    assert failed_without_owner() == 1


def test_what_is_fine_and_another_desks_fault_do_not_count(cast, now):
    with tenant(cast.south.tenant):
        make_message(cast.south, now=now, state=Message.State.FAILED)
    with tenant(cast.north.tenant):
        for number, state in enumerate(set(Message.State) - set(FAULTY_STATES)):
            make_message(cast.north, now=now, number=number, state=state, sent_at=now)
        assert failed_without_owner() == 0
    with tenant(cast.south.tenant):
        assert failed_without_owner() == 1
