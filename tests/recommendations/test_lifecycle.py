import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from customers.models import TimelineEntry
from recommendations import lifecycle
from recommendations.lifecycle import NotPossible
from recommendations.models import Recommendation, StateChange

DAY = dt.timedelta(days=1)


def test_raising_leaves_a_change_and_a_line_in_the_time_line(north, now):
    raised = lifecycle.raise_recommendation(
        equipment=north.sorter, finding=" Feed tray spring is weak ", severity=2, by=north.technician, now=now
    )
    assert (raised.finding, raised.state, raised.severity) == ("Feed tray spring is weak", "open", 2)
    assert changes(raised) == [("", "open", north.technician.pk, "")]
    line = TimelineEntry.objects.get(subject=raised.public_id)
    assert (line.customer, line.title) == (north.customer, "Recommended: Feed tray spring is weak")


def test_raising_without_words_is_refused(north, now):
    with pytest.raises(NotPossible, match="Say what should be done"):
        lifecycle.raise_recommendation(
            equipment=north.sorter, finding="  ", severity=2, by=north.technician, now=now
        )


def test_each_change_names_person_time_and_reason(north, now):
    rec, by = north.recommendation, north.technician
    lifecycle.quote(rec, estimate=Decimal("180.00"), by=by, now=now)
    lifecycle.accept(rec, by=by, now=now + DAY, reason="Margaret said yes", by_customer=True)
    lifecycle.schedule(rec, by=by, now=now + 2 * DAY)
    lifecycle.mark_done(rec, by=by, now=now + 3 * DAY)
    assert changes(rec) == [
        ("open", "quoted", by.pk, ""),
        ("quoted", "accepted", by.pk, "Margaret said yes"),
        ("accepted", "scheduled", by.pk, ""),
        ("scheduled", "done", by.pk, ""),
    ]
    rec.refresh_from_db()
    assert (rec.state, rec.estimate) == ("done", Decimal("180.00"))
    assert TimelineEntry.objects.filter(subject=rec.public_id).count() == 4


@pytest.mark.parametrize("act", ["decline", "invalidate"])
def test_no_and_not_valid_need_a_reason(north, now, act):
    with pytest.raises(NotPossible):
        getattr(lifecycle, act)(north.recommendation, by=north.technician, now=now, reason=" ")
    assert changes(north.recommendation) == []


def test_put_off_for_180_days_at_most_and_not_into_the_past(north, now):
    rec, today = north.recommendation, now.date()
    for day in (today, today + 181 * DAY):
        with pytest.raises(NotPossible):
            lifecycle.defer(rec, until=day, by=north.technician, now=now, reason="Next budget")
    lifecycle.defer(rec, until=today + 180 * DAY, by=north.technician, now=now, reason="Next budget")
    rec.refresh_from_db()
    assert (rec.state, rec.deferred_until) == ("deferred", today + 180 * DAY)
    assert rec not in Recommendation.objects.open(today + 179 * DAY)
    assert rec in Recommendation.objects.open(today + 180 * DAY)


def test_the_180_days_count_in_the_desks_zone(north):
    # 23:30 UTC on 30 March is 31 March in London: a day later is 1 April.
    late = dt.datetime(2026, 3, 30, 23, 30, tzinfo=dt.UTC)
    rec = north.recommendation
    with pytest.raises(NotPossible):
        lifecycle.defer(rec, until=dt.date(2026, 3, 31), by=north.technician, now=late, reason="x")
    lifecycle.defer(rec, until=dt.date(2026, 4, 1), by=north.technician, now=late, reason="x")


def test_worse_raises_the_severity_and_never_lowers_it(north, now):
    rec = north.recommendation
    lifecycle.worsen(rec, severity=4, by=north.technician, now=now)
    lifecycle.worsen(rec, severity=1, by=north.technician, now=now)
    rec.refresh_from_db()
    assert (rec.severity, rec.state) == (4, "open")


def test_worse_takes_a_deferred_one_back_to_open(north, now):
    rec = north.recommendation
    lifecycle.defer(rec, until=now.date() + DAY, by=north.technician, now=now, reason="x")
    lifecycle.worsen(rec, severity=4, by=north.technician, now=now)
    rec.refresh_from_db()
    assert (rec.state, rec.deferred_until) == ("open", None)


def test_a_declined_one_may_still_be_accepted(north, now):
    rec = north.recommendation
    lifecycle.decline(rec, by=None, now=now, reason="Too dear", by_customer=True)
    lifecycle.accept(rec, by=None, now=now, by_customer=True)
    assert rec.state == "accepted"


@pytest.mark.parametrize("end", ["mark_done", "supersede", "invalidate"])
def test_done_superseded_and_invalid_are_final(north, now, end):
    rec = north.recommendation
    other = lifecycle.raise_recommendation(
        equipment=north.copier, finding="New fuser and rollers", severity=3, by=north.technician, now=now
    )
    fields = {"invalidate": {"reason": "Machine gone"}, "supersede": {"by_recommendation": other}}
    getattr(lifecycle, end)(rec, by=north.technician, now=now, **fields.get(end, {}))
    with pytest.raises(NotPossible, match="already"):
        lifecycle.accept(rec, by=north.technician, now=now)
    assert len(changes(rec)) == 1


def test_the_database_deletes_none(north):
    refused = pytest.raises(IntegrityError, match="never deleted")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM recommendations_recommendation WHERE id = %s", [north.recommendation.pk])


def changes(recommendation):
    rows = StateChange.objects.filter(recommendation=recommendation).order_by("id")
    return list(rows.values_list("before", "after", "by_id", "reason"))
