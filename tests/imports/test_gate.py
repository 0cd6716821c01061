"""An import completes no visit: what was over is history, nothing else becomes done (R5.4)."""

import datetime as dt

from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.imports.dealer import DAY, a_dealer, write
from tests.imports.dialects import GERMAN
from tests.imports.test_importing import berlin, bring, folder
from visits.models import Visit

__all__ = ["berlin", "folder"]

NINE = dt.time(9)


def write_again(folder, number, **values):
    """The export once more, with one visit as the old program tells it now."""
    dealer = a_dealer()
    rows = dealer.tables["visits"]
    for row in rows:
        if row["number"] == number:
            row.update(values)
    write(dealer, folder, GERMAN)


def states(desk):
    with tenant(desk):
        return {v.number: (v.state, v.is_history, v.completed_at) for v in Visit.objects.all()}


def test_a_visit_that_the_desk_has_as_booked_is_not_completed_by_a_row(berlin, folder):
    """The machine of visit 7001 has an open recommendation; a visit of ours there is told as done."""
    bring(folder, berlin)
    before = states(berlin)
    assert before["7006"] == ("booked", False, None)
    start = dt.datetime.combine(DAY, NINE)
    write_again(folder, "7006", status="~done", arrived=start, completed=start + dt.timedelta(hours=1))

    bring(folder, berlin)

    assert states(berlin) == before


def test_nor_by_a_number_that_was_booked_here(berlin, folder):
    dealer = a_dealer()
    dealer.tables["visits"] = [row for row in dealer.tables["visits"] if row["number"] != "7001"]
    write(dealer, folder, GERMAN)
    bring(folder, berlin)
    with tenant(berlin):
        Visit.objects.filter(number="7006").update(number="7001", number_key="7001")
    before = states(berlin)
    write(a_dealer(), folder, GERMAN)

    bring(folder, berlin)

    assert states(berlin)["7001"] == before["7001"] == ("booked", False, None)


def test_what_says_done_and_lies_ahead_is_booked(berlin, folder):
    """A row told as done for next week would be completed, past every recommendation, before it began."""
    write_again(folder, "7006", customer="K1001", serial="RB100177", status="~done")

    report = bring(folder, berlin)

    assert states(berlin)["7006"] == ("booked", False, None)
    assert [w for w in report.warnings if "7006" in str(w) and "is still to come" in str(w)]


def test_what_was_done_before_is_history_and_exempt(berlin, folder):
    bring(folder, berlin)
    with tenant(berlin):
        assert Recommendation.objects.open(DAY).get().equipment.serial_number == "rb 100177"
    state, is_history, completed_at = states(berlin)["7001"]
    assert (state, is_history) == ("done", True)
    assert completed_at.date() == dt.date(2026, 8, 13)
