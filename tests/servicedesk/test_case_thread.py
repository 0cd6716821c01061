"""Whoever is handed a case reads its whole matter: also what was written, what we wrote, what was given."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.goodwill import propose_goodwill
from cases.life import hand_over, seen_of
from cases.matters import open_case
from cases.models import GoodwillItem
from messaging.models import Message
from messaging.replies import Incoming, take_reply
from messaging.told_customers import tell_left
from recommendations.answers import ask_by_customer
from tests.told import told

pytestmark = pytest.mark.usefixtures("moment")

HOUR = dt.timedelta(hours=1)


def test_a_hand_over_carries_mails_messages_and_goodwill(north, sales, now):
    case = open_case(
        customer=north.customer,
        kind="complaint",
        title="Nobody came",
        by=north.dispatcher,
        now=now - 3 * HOUR,
    )
    mail = Incoming(
        channel=Message.Channel.SMS, provider_id="in-1", address="07700 900412", text="Where is he?"
    )
    take_reply(mail, now=now - 2 * HOUR)
    ours = Message.objects.create(
        key=case.public_id, kind="supervisor named", channel="sms", customer=north.customer,
        contact=north.contact, subject=case.public_id, state="sent", sent_at=now, send_after=now,
        planned_at=now, text="Robin rings you by three.",
    )  # fmt: skip
    tell_left(ours, now=now - HOUR)
    GoodwillItem.objects.create(name="A credit", kind="credit", limit=Decimal(60))
    propose_goodwill(
        north.customer, years=0, misses=1, broken=0, reason="They waited", subject=case.public_id, case=case,
        by=None, now=now,
    )  # fmt: skip
    case.refresh_from_db()
    hand_over(case, to=north.sales, note="Ring first", by=north.dispatcher, now=now, seen=seen_of(case))
    page = sales.get(north.url(f"cases/{case.public_id}/")).text
    thread = page[page.index('id="thread"') :]
    for said in (
        "Complaint: Nobody came",
        "Text from Margaret Ellison",
        "Text to Margaret Ellison: supervisor named",
        "Goodwill proposed: A credit",
        "Jamie Mercer takes over",
        "Ring first",
    ):
        assert said in thread, said


def test_what_a_customer_asks_on_their_page_stands_on_the_time_line_once(north, now):
    for _ in range(2):
        ask_by_customer(north.recommendation, question="Is it covered?", now=now)
    assert sorted(told(north.customer)) == [
        ("promise", "Promised: Answer them: Replace the fuser unit", "", ""),
        ("recommendation", "Asked about: Replace the fuser unit", "Is it covered?", ""),
    ]
