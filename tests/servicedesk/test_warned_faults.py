"""A fault on a machine with something open is flagged where it is booked, and on its visit (R5.7)."""

from recommendations.models import WarnedFault
from tests.reading import text
from visits.models import Visit

FLAG = "We had warned of a breakdown here. It is noted with the fault."


def book(north):
    return north.url(f"customers/{north.customer.public_id}/book/")


def chosen(north, kind="fault", machine=None):
    return {"kind": kind, "machine": str((machine or north.copier).public_id), "problem": "It jams"}


def test_the_panel_flags_a_fault_that_we_had_warned_of(north, dispatcher):
    assert FLAG in text(dispatcher.get(book(north)))
    assert FLAG in text(dispatcher.get(book(north), chosen(north)))
    for other in (chosen(north, kind="tune-up"), chosen(north, machine=north.sorter)):
        assert FLAG not in text(dispatcher.get(book(north), other))


def test_the_visit_says_what_we_had_warned_of(north, dispatcher):
    panel = dispatcher.get(book(north), chosen(north))
    slot = panel.context["choices"].offered[0].key
    assert dispatcher.post(book(north), {**chosen(north), "slot": slot}).status_code == 302
    visit = Visit.objects.order_by("pk").last()
    assert WarnedFault.objects.get().case == visit.case
    page = text(dispatcher.get(north.url(f"visits/{visit.public_id}/")))
    assert "We had warned of this: Replace the fuser unit , 3 Sep 2025" in page
    register = text(dispatcher.get(north.url("recommendations/"), {"section": "warned"}))
    assert "It jams 5 Mar 2026 Replace the fuser unit Corvane TC-240 copier, raised 3 Sep 2025" in register
