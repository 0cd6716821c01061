"""The page of one visit: the case that it is for, and the way to a further visit."""

import datetime as dt

import pytest

from cases.models import Case
from tests.cast import make_visit
from tests.reading import text
from visits import fieldwork
from visits.models import Visit

DAY = dt.timedelta(days=1)


@pytest.fixture
def case(north, now):
    """Streaks at the copier, as the customer said it."""
    return Case.objects.create(
        customer=north.customer,
        site=north.site,
        equipment=north.copier,
        kind=Case.Kind.FAULT,
        title="Streaks on every page",
        words="It streaks again",
        opened_at=now - 3 * DAY,
    )


@pytest.fixture
def visit(north, case, now):
    """The first visit for it, tomorrow with Lou."""
    return make_visit(north, start=now + DAY, technician=north.lou, case=case)


def page_of(north, visit):
    return north.url(f"visits/{visit.public_id}/")


def book(north, rest=""):
    return north.url(f"customers/{north.customer.public_id}/book/{rest}")


def test_from_a_visit_a_further_one_for_the_same_case_is_booked(dispatcher, north, case, visit, now):
    page = dispatcher.get(page_of(north, visit))
    assert "The case Book a further visit Streaks on every page since 2 Mar 2026" in text(page)
    assert f'href="{book(north)}?case={case.public_id}"' in page.text
    panel = dispatcher.get(book(north, f"?case={case.public_id}"))
    choices = panel.context["choices"]
    assert (choices.kind, choices.problem) == ("return visit", "It streaks again")
    assert choices.machines == [north.copier]
    assert "For the same case: Streaks on every page, since 2 Mar 2026." in text(panel)
    assert f'name="case" value="{case.public_id}"' in panel.text
    sent = {"kind": "tune-up", "machine": str(north.copier.public_id), "case": str(case.public_id)}
    slot = f"{north.marek.public_id}@20260309T113000Z"
    assert (
        dispatcher.post(book(north), {**sent, "slot": slot, "more": "1", "day": "2026-03-09"}).status_code
        == 302
    )
    further = Visit.objects.exclude(pk=visit.pk).get()
    assert further.case == case
    read = text(dispatcher.get(page_of(north, further)))
    assert (
        "6 Mar 26 Fault, Lou Baptiste Not confirmed 9 Mar 26 Tune-up, Marek Novak Not confirmed, this one"
        in read
    )


def test_a_case_that_was_closed_is_open_again_with_a_further_visit(dispatcher, north, case, visit, now):
    Case.objects.filter(pk=case.pk).update(state=Case.State.CLOSED, closed_at=now, outcome="Mended")
    panel = dispatcher.get(book(north, f"?case={case.public_id}"))
    assert "It was closed and will be open again." in text(panel)
    sent = {"kind": "return visit", "machine": str(north.copier.public_id), "case": str(case.public_id)}
    slot = f"{north.marek.public_id}@20260309T113000Z"
    dispatcher.post(book(north), {**sent, "slot": slot, "more": "1", "day": "2026-03-09"})
    case.refresh_from_db()
    assert (case.state, case.visits.count()) == (Case.State.OPEN, 2)


def test_a_strangers_case_is_as_if_it_had_not_been_sent(cast, dispatcher, north):
    for named in ("nonsense", "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"):
        choices = dispatcher.get(book(north, f"?case={named}")).context["choices"]
        assert (choices.case, choices.kind) == (None, "fault")


@pytest.mark.parametrize("further", [1, 3])
def test_as_many_queries_for_three_visits_of_a_case_as_for_one(
    dispatcher, north, case, visit, now, further, django_assert_num_queries
):
    for number in range(further):
        make_visit(north, start=now + (2 + number) * DAY, technician=north.lou, case=case)
    dispatcher.get(page_of(north, visit))
    with django_assert_num_queries(29):
        dispatcher.get(page_of(north, visit))


def test_a_miss_says_what_the_phone_says(north, visit, dispatcher, now, time_machine):
    """Our clock rules the miss and the promise; a manager reads what the phone says beside both."""
    lou = north.technician
    for act, at in ((fieldwork.call_ahead, 12), (fieldwork.read_brief, 12), (fieldwork.set_out, 13)):
        result = {"result": "spoke"} if act is fieldwork.call_ahead else {}
        act(visit, by=lou, now=now.replace(day=6, hour=at, minute=0), **result)
    sent, tapped = now.replace(day=6, hour=15, minute=40), now.replace(day=6, hour=13, minute=55)
    fieldwork.arrive(visit, by=lou, now=sent, device_at=tapped)
    time_machine.move_to(sent, tick=False)
    page = text(dispatcher.get(page_of(north, visit)))
    said = "Arrived 13:55 by Lou’s phone, sent 15:40"
    assert "Missed by us on 6 Mar 2026 15:40." in page
    assert f"{said}. The window ended at 14:07." in page
    assert f"Broken. The window ended and nobody had arrived. {said}" in page
    assert f"Lou Baptiste. {said}" in page
    assert f"did not come. {said}." in text(dispatcher.get(north.url(f"visits/{visit.public_id}/outcome/")))
