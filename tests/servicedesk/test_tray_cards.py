"""Cards of the tray that are no visit: duties with a page of their own, and messages that failed."""

import datetime as dt

import pytest

from cases.duties import open_duty
from cases.models import Duty
from messaging.keys import key_of
from messaging.models import Message
from servicedesk.tray_cards import SHOWN_OF_A_KIND, other_cards
from tenancy.calendars import calendar_of
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, the_tray

Kind = Duty.Kind


def duty(north, now, kind, number=0, **values):
    return open_duty(
        "card",
        kind,
        number,
        kind=kind,
        title=f"{kind} {number}",
        due_at=now + number * HOUR,
        now=now,
        owner_role="dispatcher",
        customer=north.customer,
        **values,
    )


def groups(north, now):
    return other_cards(north.tenant, now=now, calendar=calendar_of(north.tenant), leave_out=())


def failed(north, visit, now, **values):
    return Message.objects.create(
        **{
            "key": key_of("failed", visit.public_id, values.get("kind", "booked")),
            "kind": "booked",
            "channel": "mail",
            "customer": north.customer,
            "contact": north.contact,
            "subject": visit.public_id,
            "state": Message.State.FAILED,
            "reason": "No such mailbox",
            "send_after": now,
            "planned_at": now,
            **values,
        }
    )


@pytest.mark.parametrize(
    ("kind", "heading", "act", "path"),
    [
        (Kind.OFFER_VISIT, "Paid visits to offer", "Book it", "customers/{customer}/book/"),
        (Kind.BOOK_SERVICE, "Maintenance to book", "Book it", "customers/{customer}/book/"),
        (Kind.PLACE_VISIT, "A technician to find", "Find somebody", "visits/{subject}/move/"),
        (Kind.OWN_CASE, "To be taken over", "Take it over", "duties/{duty}/take-over/"),
        (Kind.ANSWER_REPLY, "Replies to answer", "Answer", "replies/{subject}/"),
        (
            Kind.APPROVE_VISIT,
            "Waiting for a supervisor’s yes",
            "Approve or decline",
            "visits/{subject}/approval/",
        ),
    ],
)
def test_each_kind_of_duty_has_one_act_on_the_right_page(north, now, kind, heading, act, path):
    visit = make_visit(north, start=now + 48 * HOUR, technician=north.lou)
    made = duty(north, now, kind, subject=visit.public_id)
    (group,) = groups(north, now)
    (card,) = group.cards
    ids = {"customer": north.customer.public_id, "duty": made.public_id, "subject": visit.public_id}
    assert (group.heading, card.act, card.customer) == (heading, act, "The Harbour Letter")
    assert card.url == north.url(path.format(**ids))


def test_the_most_urgent_stand_first_and_the_rest_is_counted(north, now, dispatcher):
    for number in range(SHOWN_OF_A_KIND + 3, 0, -1):
        duty(north, now, Kind.OFFER_VISIT, number)
    (group,) = groups(north, now)
    assert [card.title for card in group.cards] == [f"offer visit {n}" for n in range(1, SHOWN_OF_A_KIND + 1)]
    assert (group.count, group.left_out, group.more_url) == (8, 3, north.url("unused/"))
    assert the_tray(north, now).count == 8
    assert f'<a href="{north.url("unused/")}">3 more</a>' in dispatcher.get(north.url("board/")).text


def test_a_message_that_failed_stands_there_while_its_visit_is_near(north, now):
    near = make_visit(north, start=now + 3 * HOUR, technician=north.lou)
    far = make_visit(north, start=now + dt.timedelta(days=9), technician=north.lou)
    message = failed(north, near, now)
    failed(north, far, now)
    failed(north, near, now, kind="reminder", state=Message.State.SENT, sent_at=now)
    (group,) = groups(north, now)
    assert [(card.title, card.url) for card in group.cards] == [
        (
            "The message “booked” did not reach them: No such mailbox",
            north.url(f"messages/{message.public_id}/"),
        )
    ]


def test_what_another_desk_owes_is_not_there(north, cast, now):
    assert groups(north, now) == ()
