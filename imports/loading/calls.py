"""Calls as the export has them: complaints open cases, claims put a renewal in review."""

import datetime as dt
import hashlib
from collections import defaultdict

from cases.models import Case, Interaction, Promise
from contracts.matching import end_meant
from contracts.models import Contract, ContractTerm, Renewal, RenewalEvidence
from contracts.terms import ONE_DAY
from contracts.verifying import hold_source
from customers.models import Hold, SearchWord, TimelineEntry
from imports.loading.again import compare, count, remember
from imports.loading.desk import Desk, in_batches, insert
from imports.loading.numbers import insert_numbers
from imports.reading import contract_key, customer_key
from imports.reading.calls import CallRow
from imports.words import COMPLAINT, RENEWAL_CLAIM
from tenancy.calendars import local_day, local_time

TABLE = "calls"


def load_calls(desk: Desk, rows: list[CallRow]) -> None:
    """Add new calls. What was said is history: a call that is told differently now stays as it is."""
    compared = compare(TABLE, rows, said)
    done = 0
    for batch in in_batches(compared.new):
        _add(desk, batch)
        done += len(batch)
        desk.say(TABLE, done, len(compared.new))
    for change in compared.changed:
        names = ", ".join(sorted(change.values))
        desk.warn(
            TABLE, change.row.line, f"the export changed {names} of a call of {change.row.customer}: it stays"
        )
    remember(desk, TABLE, compared.new, compared.changed, said)
    kept = len(compared.changed)
    count(desk, TABLE, added=len(compared.new), unchanged=compared.same + kept, kept=kept)


def said(row: CallRow) -> dict:
    """What the export says of a call, by field."""
    return {
        "contract": row.contract,
        "taken_by": row.taken_by,
        "kind": row.kind,
        "promise_by": row.promise_by,
    }


def external_number(row: CallRow) -> str:
    """By which a call is known again: the export gives it no number of its own."""
    return f"call {row.at.isoformat()} {hashlib.sha256(row.key.encode()).hexdigest()[:32]}"


def _add(desk: Desk, rows: list[CallRow]) -> None:
    cases = {row.key: _case(desk, row) for row in rows if row.kind == COMPLAINT}
    Case.count_on(cases.values())
    insert(list(cases.values()))
    insert_numbers(SearchWord.Kind.CASE, list(cases.values()))
    insert([_promise(desk, row, cases.get(row.key)) for row in rows if row.promise_by])
    interactions = [
        Interaction(
            customer_id=desk.places[customer_key(row.customer)].customer,
            contact_id=desk.places[customer_key(row.customer)].contact,
            case=cases.get(row.key),
            channel=Interaction.Channel.CALL,
            direction=Interaction.Direction.IN,
            at=desk.instant(row.at),
            taken_by=row.taken_by,
            summary=row.text or row.kind_written,
            external_number=external_number(row),
        )
        for row in rows
    ]
    insert(interactions)
    insert(
        [
            TimelineEntry(
                customer_id=interaction.customer_id,
                at=interaction.at,
                kind=TimelineEntry.Kind.CALL,
                title=f"{row.kind.capitalize()}: {interaction.summary}"[:200],
                detail=f"Taken by {row.taken_by}" if row.taken_by else "",
                subject=interaction.public_id,
                step="imported",
            )
            for interaction, row in zip(interactions, rows, strict=True)
        ],
        ignore_conflicts=True,
    )
    _claim(desk, [row for row in rows if row.kind == RENEWAL_CLAIM and row.contract])


def _case(desk: Desk, row: CallRow) -> Case:
    return Case(
        customer_id=desk.places[customer_key(row.customer)].customer,
        kind=Case.Kind.COMPLAINT,
        title=(row.text or row.kind_written)[:200],
        words=row.text,
        opened_at=desk.instant(row.at),
        external_number=external_number(row),
    )


def _promise(desk: Desk, row: CallRow, case: Case | None) -> Promise:
    due_at = desk.instant(row.promise_by)
    day = local_time(due_at, desk.zone)
    return Promise(
        customer_id=desk.places[customer_key(row.customer)].customer,
        case=case,
        kind=Promise.Kind.ANSWER,
        text=f"An answer by {day.day} {day:%b %Y %H:%M}",
        made_at=desk.instant(row.at),
        due_at=due_at,
        # Overdue when it came in: it stands in a list and alarms nobody. One still to come is kept like ours.
        is_imported=due_at <= desk.moment,
        external_number=external_number(row),
    )


def _claim(desk: Desk, rows: list[CallRow]) -> None:
    """The customer's word that a contract is renewed: evidence that waits, and a hold on selling (R1.3)."""
    contracts = {contract.number_key: contract for contract in Contract.objects.all()} if rows else {}
    settled = _settled_days() if rows else {}
    evidence = []
    for row in rows:
        contract = contracts[contract_key(row.contract)]
        dated_on = local_day(desk.instant(row.at), desk.zone)
        renewed, given = settled.get(contract.pk, ({}, {}))
        renewal = renewed.get(end_meant(dated_on, renewed, given))
        evidence.append(
            RenewalEvidence(
                contract=contract,
                kind=RenewalEvidence.Kind.WORD,
                dated_on=dated_on,
                note=row.text[:300],
                recorded_at=desk.instant(row.at),
                recorded_by_name=row.taken_by,
                external_number=external_number(row),
                state=RenewalEvidence.State.CONFIRMED if renewal else RenewalEvidence.State.WAITING,
                renewal_id=renewal,
                decided_at=desk.now if renewal else None,
                decision_reason="The renewal stands" if renewal else "",
            )
        )
    insert(evidence)
    insert(
        [
            Hold(
                customer_id=each.contract.customer_id,
                reason=f"Says that {each.contract.number} is renewed",
                source=hold_source(each),
                set_at=each.recorded_at,
            )
            for each in evidence
            if each.state == RenewalEvidence.State.WAITING
        ],
        ignore_conflicts=True,
    )


def _settled_days() -> dict[int, tuple[dict[dt.date, int], dict[dt.date, int]]]:
    """Of each renewed contract: ends with their renewals, and its terms' ends with the days given there."""
    found = defaultdict(lambda: ({}, {}))
    renewals = Renewal.objects.filter(taken_back_at__isnull=True).order_by("pk")
    for contract, starts_on, renewal in renewals.values_list("contract", "starts_on", "pk"):
        found[contract][0][starts_on - ONE_DAY] = renewal
    terms = ContractTerm.objects.filter(
        taken_back_at__isnull=True, contract__in=renewals.order_by().values("contract")
    )
    for contract, ends_on, given_days in terms.values_list("contract", "ends_on", "given_days"):
        found[contract][1][ends_on] = given_days
    return found
