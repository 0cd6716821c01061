"""Recommendations as the export has them: open ones stay open, done ones are history."""

import hashlib

from customers.models import Equipment, TimelineEntry
from imports.loading.again import Change, compare, count, remember, take_over
from imports.loading.desk import Desk, in_batches, insert
from imports.reading import visit_key
from imports.reading.recommendations import RecommendationRow
from imports.words import CAN_WAIT, LIKELY_TO_FAIL, SAFETY, SOON
from recommendations.models import Recommendation, StateChange
from visits.models import Assignment

TABLE = "recommendations"
_SEVERITIES = {
    CAN_WAIT: Recommendation.Severity.CAN_WAIT,
    SOON: Recommendation.Severity.SOON,
    LIKELY_TO_FAIL: Recommendation.Severity.LIKELY_TO_FAIL,
    SAFETY: Recommendation.Severity.SAFETY,
}
_IN_OLD_PROGRAM = "Told by the old program"


def load_recommendations(desk: Desk, rows: list[RecommendationRow]) -> None:
    """Add new recommendations; settle those that the export says are done by now."""
    compared = compare(TABLE, rows, said)
    technicians = _technicians_of(compared.new)
    customers = dict(Equipment.objects.values_list("pk", "site__customer"))
    done = 0
    for batch in in_batches(compared.new):
        _add(desk, batch, technicians, customers)
        done += len(batch)
        desk.say(TABLE, done, len(compared.new))
    updated = sum(_change(desk, change) for change in compared.changed)
    remember(desk, TABLE, compared.new, compared.changed, said)
    left = len(compared.changed) - updated
    count(desk, TABLE, added=len(compared.new), updated=updated, unchanged=compared.same + left)


def said(row: RecommendationRow) -> dict:
    """What the export says of a recommendation, by field."""
    return {
        "severity": _SEVERITIES[row.severity].value,
        "estimate": row.estimate,
        "signed_by": row.signed_by,
        "done": row.done,
    }


def external_number(row: RecommendationRow) -> str:
    """By which a recommendation is known again: the export gives it no number of its own."""
    digest = hashlib.sha256(row.key.encode()).hexdigest()[:16]
    return f"{row.visit[:60]}|{row.serial[:40]}|{row.date.isoformat()}|{digest}"


def _add(
    desk: Desk, rows: list[RecommendationRow], technicians: dict[str, str], customers: dict[int, int]
) -> None:
    recommendations = [
        Recommendation(
            equipment_id=desk.machines[row.serial],
            finding=row.text,
            severity=_SEVERITIES[row.severity],
            estimate=row.estimate,
            state=Recommendation.State.DONE if row.done else Recommendation.State.OPEN,
            raised_at=desk.midday(row.date),
            raised_by_name=technicians.get(visit_key(row.visit), ""),
            signed_by=row.signed_by,
            is_imported=True,
            external_number=external_number(row),
        )
        for row in rows
    ]
    insert(recommendations)
    pairs = list(zip(recommendations, rows, strict=True))
    insert(
        [
            StateChange(
                recommendation=recommendation,
                after=Recommendation.State.OPEN,
                at=recommendation.raised_at,
                reason=_IN_OLD_PROGRAM,
            )
            for recommendation in recommendations
        ]
        + [_done(desk, recommendation, row) for recommendation, row in pairs if row.done]
    )
    insert(
        [
            TimelineEntry(
                customer_id=customers[recommendation.equipment_id],
                at=recommendation.raised_at,
                kind=TimelineEntry.Kind.RECOMMENDATION,
                title=f"Recommended: {recommendation.finding}"[:200],
                detail=f"Done {row.done.isoformat()}" if row.done else "",
                subject=recommendation.public_id,
                step="imported",
            )
            for recommendation, row in pairs
        ],
        ignore_conflicts=True,
    )


def _done(desk: Desk, recommendation: Recommendation, row: RecommendationRow) -> StateChange:
    return StateChange(
        recommendation=recommendation,
        before=Recommendation.State.OPEN,
        after=Recommendation.State.DONE,
        at=desk.midday(row.done),
        reason=_IN_OLD_PROGRAM,
    )


def _change(desk: Desk, change: Change) -> int:
    row = change.row
    recommendation = Recommendation.objects.get(external_number=external_number(row))
    attributes = {"severity": "severity", "estimate": "estimate", "signed_by": "signed_by"}
    taken, kept = take_over(recommendation, change.values, attributes)
    if "done" in change.values:
        if row.done and recommendation.state in Recommendation.OPEN_STATES:
            before = recommendation.state
            recommendation.state = Recommendation.State.DONE
            taken.append("state")
            StateChange.objects.create(
                recommendation=recommendation,
                before=before,
                after=Recommendation.State.DONE,
                at=desk.midday(row.done),
                reason=_IN_OLD_PROGRAM,
            )
        elif bool(row.done) != (recommendation.state == Recommendation.State.DONE):
            kept.append("done")
    if taken:
        recommendation.save(update_fields=taken)
    for name in kept:
        desk.warn(TABLE, row.line, f"{name} of a recommendation for {row.serial} was changed here and stays")
    count(desk, TABLE, kept=len(kept))
    return 1 if taken else 0


def _technicians_of(rows: list[RecommendationRow]) -> dict[str, str]:
    """Who made the visit at which a recommendation was raised."""
    keys = {visit_key(row.visit) for row in rows if row.visit}
    return dict(
        Assignment.objects.filter(visit__number_key__in=keys).values_list(
            "visit__number_key", "technician__name"
        )
    )
