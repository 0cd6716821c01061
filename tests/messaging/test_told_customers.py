"""What left to a customer stands on their time line, and what did not reach them as well (R7.1, R4.9)."""

import pytest

from messaging.by_hand import written_by
from messaging.channels import Refused
from messaging.delivery import deliver_due
from tenancy.scope import tenant
from tests.messaging.delivering import Answering, answering, planned
from tests.told import told

pytestmark = pytest.mark.usefixtures("answers")


def lines(desk):
    with tenant(desk.tenant):
        return told(desk.customer)


def test_a_mail_is_a_mail_and_names_whom_it_went_to(north, clock):
    planned(north, clock.now)
    deliver_due(clock=clock)
    assert lines(north) == [("mail", "Mail to Margaret Ellison: test", "Text: (their link)", "")]


def test_what_a_colleague_wrote_is_theirs(north, clock):
    planned(north, clock.now, fields=written_by(north.dispatcher, "Dana’s words"))
    deliver_due(clock=clock)
    assert [line[3] for line in lines(north)] == ["Dana Whitlock"]


def test_what_a_colleague_is_told_about_a_customer_is_not_told_to_them(north, clock):
    planned(north, clock.now, contact=None, colleague=north.manager)
    deliver_due(clock=clock)
    assert lines(north) == []


def test_what_did_not_reach_them_is_told_with_the_reason(north, clock, monkeypatch):
    answering(monkeypatch, Answering(Refused("No such mailbox")))
    planned(north, clock.now)
    deliver_due(clock=clock)
    assert lines(north) == [
        ("mail", "Mail to Margaret Ellison did not reach them: test", "No such mailbox", "")
    ]
