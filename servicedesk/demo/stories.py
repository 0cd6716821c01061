"""The five stories, each visible on the screen that prevents it."""

import datetime as dt
from decimal import Decimal

from cases.models import Case, Interaction, Promise
from cases.promising import break_promise, make_promise
from contracts.allowance import grant_visits
from contracts.evidence import confirm_evidence, log_evidence
from contracts.matching import match_payments
from contracts.models import Contract, ContractEquipment, ContractTerm, Payment, RenewalEvidence
from customers.models import Customer, DuplicateProposal, TimelineEntry
from customers.timeline import add_line
from recommendations.lifecycle import defer, raise_recommendation
from recommendations.models import Recommendation
from servicedesk.demo.day import place_visit, report
from servicedesk.demo.people import YEAR, Built, index_contracts, prefer
from tenancy.models import Role
from visits.models import Review, Visit

HOUR = dt.timedelta(hours=1)
Severity = Recommendation.Severity


def add_stories(built: Built) -> None:
    """What happened before today; the day itself is in `day`."""
    the_cheque(built)
    where_are_you(built)
    the_cup_of_coffee(built)
    the_script(built)
    press_one_for(built)


def the_cheque(built: Built) -> None:
    """Story 1: the old program says expired; the cheque has come, the contract reads active."""
    accounts, sales = built.people[Role.ACCOUNTS], built.people[Role.SALES]
    customer = built.customers["letter"]
    Customer.objects.filter(pk=customer.pk).update(customer_since=built.today - dt.timedelta(days=3680))
    contract = Contract.objects.create(
        number="N-20418", customer=customer, kind="Labour and parts", not_covered="Drums and paper",
        price=Decimal("612.00"), currency=built.desk.currency, visits_per_term=2, response_hours=4,
        owner=sales, imported_status="X", imported_at=built.days_ago(32, 6),
    )  # fmt: skip
    built.contracts["letter"] = contract
    index_contracts([contract])
    ends_on = built.today + dt.timedelta(days=9)
    term = ContractTerm.objects.create(
        contract=contract, starts_on=ends_on - YEAR, ends_on=ends_on, price=contract.price,
        created_at=built.days_ago(355), created_by=sales,
    )  # fmt: skip
    grant_visits([term], {term.pk: 2}, by=sales, now=term.created_at)
    for machine in built.machines["letter"]:
        ContractEquipment.objects.create(contract=contract, equipment=machine)
    cheque = Payment.objects.create(
        number="B-004417", customer=customer, paid_on=built.today - dt.timedelta(days=3),
        amount=Decimal("612.00"), currency=built.desk.currency, method="Cheque", reference="004417",
        payer=customer.company, contract_written="n 20418", recorded_at=built.days_ago(3, 10, 14),
        recorded_by=accounts,
    )  # fmt: skip
    match_payments([cheque], by=accounts, now=built.days_ago(2, 9, 2))
    form = log_evidence(
        contract=contract, kind=RenewalEvidence.Kind.SIGNED_FORM, dated_on=built.today - dt.timedelta(days=3),
        by=accounts, now=built.days_ago(3, 10, 20), note="Signed by the customer, for one year",
    )  # fmt: skip
    confirm_evidence(form, by=accounts, now=built.days_ago(2, 9, 5))
    # The same on its way: evidence is in, nobody has judged it, nobody may sell.
    log_evidence(
        contract=built.contracts["sable"], kind=RenewalEvidence.Kind.CHEQUE,
        dated_on=built.today - dt.timedelta(days=4), by=built.people[Role.TECHNICIAN],
        now=built.days_ago(4, 15), reference="000812", amount=built.contracts["sable"].price,
        note="Handed to me at the visit",
    )  # fmt: skip
    Payment.objects.create(
        number="B-004391", customer=built.customers["weir"], paid_on=built.today - dt.timedelta(days=30),
        amount=built.contracts["weir"].price, currency=built.desk.currency, method="Transfer",
        payer=built.customers["weir"].company, contract_written="see letter",
        recorded_at=built.days_ago(29, 9), recorded_by=accounts,
    )  # fmt: skip


def where_are_you(built: Built) -> None:
    """Story 2: missed three weeks ago, missed again today; the board does not let it go."""
    start = built.days_ago(21, 9)
    place_visit(
        built, "bakery", start, start + HOUR, technician=built.technicians[3], kind=Visit.Kind.FAULT,
        problem="Till printer jams", state=Visit.State.MISSED, is_history=True,
        missed_at=start + 1.5 * HOUR, miss_closed_at=start + 3 * HOUR,
        miss_outcome="Van broke down, rebooked by phone",
    )  # fmt: skip
    _line(
        built,
        "bakery",
        TimelineEntry.Kind.MISSED,
        "Missed visit",
        21,
        10,
        "Tom's van broke down, no call made",
    )


def the_cup_of_coffee(built: Built) -> None:
    """Story 3: warned in September, mentioned at no visit since; Lou must raise it today."""
    lou, priya = built.technicians[0], built.technicians[2]
    copier = built.machines["letter"][0]
    prefer(built, "letter", lou)
    first = past_visit(built, "letter", 183, lou, "Toner fault", "Toner cleared. New fuser recommended.")
    fuser = raise_recommendation(
        equipment=copier, finding="Replace the fuser unit", severity=Severity.LIKELY_TO_FAIL,
        risk="Edges are worn. If it goes, printing stops for two to three days",
        action="Fit a new FU-240", by=built.people[Role.TECHNICIAN], now=built.days_ago(183, 11),
    )  # fmt: skip
    Review.objects.create(
        visit=first, recommendation=fuser, outcome=Review.Outcome.RAISED, customer_told=True,
        at=built.days_ago(183, 11), by=built.people[Role.TECHNICIAN],
    )  # fmt: skip
    past_visit(built, "letter", 136, built.technicians[3], "Jam", "Fixed first time.")
    third = past_visit(built, "letter", 111, priya, "Tune-up", "Rollers cleaned.", kind=Visit.Kind.TUNE_UP)
    cable = raise_recommendation(
        equipment=copier, finding="Move off the extension lead", severity=Severity.CAN_WAIT,
        risk="It drops out when the heater is on", action="A socket beside the machine",
        by=None, now=built.days_ago(111, 11),
    )  # fmt: skip
    Review.objects.create(
        visit=third, recommendation=cable, outcome=Review.Outcome.RAISED, customer_told=True,
        at=built.days_ago(111, 11),
    )  # fmt: skip
    defer(
        cable, until=built.today, by=built.people[Role.DISPATCHER], now=built.days_ago(111, 12),
        reason="Put off to spring", by_customer=True,
    )  # fmt: skip
    _missed_by_tom(built)
    for key, finding, severity in (
        ("care", "Fan bearing is noisy, it may seize", Severity.SAFETY),
        ("tallis", "Feed rollers are glazed", Severity.SOON),
    ):
        raise_recommendation(
            equipment=built.machines[key][0], finding=finding, severity=severity,
            risk="It will stop in the middle of a day", action="Replace it",
            by=None, now=built.days_ago(40, 14),
        )  # fmt: skip


def the_script(built: Built) -> None:
    """Story 4: ten years a customer, three contacts on one matter, one promise broken."""
    customer, dispatcher = built.customers["hotel"], built.people[Role.DISPATCHER]
    Customer.objects.filter(pk=customer.pk).update(customer_since=built.today - dt.timedelta(days=3900))
    case = Case.objects.create(
        customer=customer, site=built.sites["hotel"], equipment=built.machines["hotel"][0],
        kind=Case.Kind.COMPLAINT, title="Lobby printer still asks for a code", opened_at=built.days_ago(9, 9),
        words="I have told three of you the same story.", opened_by=dispatcher, owner=dispatcher,
        supervisor=built.people[Role.MANAGER],
    )  # fmt: skip
    for days, words in (
        (9, "Guests cannot print"),
        (6, "Still the same"),
        (2, "Third call, nobody rang back"),
    ):
        contact = Interaction.objects.create(
            customer=customer, case=case, contact=built.contacts["hotel"], channel="call", direction="in",
            at=built.days_ago(days, 9), by=dispatcher, summary=words,
        )  # fmt: skip
        _line(
            built, "hotel", TimelineEntry.Kind.CALL, "Called us", days, 9, words, subject=contact.public_id
        )  # fmt: skip
    broken = make_promise(
        customer=customer, kind=Promise.Kind.CALL_BACK, text="Ring back with the supplier's answer",
        due_at=built.days_ago(4, 15), owner=dispatcher, by=dispatcher, now=built.days_ago(6, 9), case=case,
    )  # fmt: skip
    break_promise(broken, now=built.days_ago(4, 15, 1), evidence="Its time passed and nobody had kept it")
    make_promise(
        customer=customer, kind=Promise.Kind.ANSWER, text="Say what the free visit will mend",
        due_at=built.now + 3 * HOUR, owner=built.people[Role.MANAGER], by=built.people[Role.MANAGER],
        now=built.days_ago(1, 16), case=case, expects="A name and a time",
    )  # fmt: skip


def press_one_for(built: Built) -> None:
    """Story 5: a number that two customers share; everything else about a caller is known at once."""
    shared = built.contacts["tax"].phone
    contact = built.contacts["brook"]
    contact.phone2 = shared
    contact.save(update_fields=["phone2"])
    first, second = sorted((built.customers["tax"], built.customers["brook"]), key=lambda each: each.pk)
    DuplicateProposal.objects.create(
        first=first, second=second, reason=f"The same phone number: {shared}", proposed_at=built.now
    )


def _missed_by_tom(built):
    """Missed nine days ago; Lou apologised the next day and promised a new visit by today."""
    start, lou = built.days_ago(9, 14), built.people[Role.TECHNICIAN]
    place_visit(
        built, "letter", start, start + HOUR, technician=built.technicians[3], kind=Visit.Kind.FAULT,
        problem="Grey bands", state=Visit.State.MISSED, is_history=True, missed_at=start + 1.5 * HOUR,
        miss_closed_at=start + 20 * HOUR, miss_outcome="Lou apologised by phone and promised a new visit",
    )  # fmt: skip
    _line(built, "letter", TimelineEntry.Kind.MISSED, "Missed visit", 9, 15, "Van broke down, no call made")
    _line(built, "letter", TimelineEntry.Kind.CALL, "Apologised by phone", 8, 10, "Promised a new visit", lou)
    Interaction.objects.create(
        customer=built.customers["letter"], contact=built.contacts["letter"], channel="call",
        direction="out", at=built.days_ago(8, 10), by=lou, summary="Apologised for the missed visit",
    )  # fmt: skip
    make_promise(
        customer=built.customers["letter"], kind=Promise.Kind.VISIT, text="New visit by today",
        due_at=built.now + 4 * HOUR, owner=lou, by=lou, now=built.days_ago(8, 10),
    )  # fmt: skip


def past_visit(built: Built, key: str, days: int, technician, problem, work, kind=Visit.Kind.FAULT) -> Visit:
    """A visit for a customer's machines that was done so many days ago, with its report and its line."""
    start = built.days_ago(days, 10)
    visit = place_visit(
        built, key, start, start + HOUR, technician=technician, kind=kind, problem=problem,
        state=Visit.State.DONE, is_history=True, arrived_at=start, completed_at=start + HOUR,
        completed_on=built.today - dt.timedelta(days=days),
    )  # fmt: skip
    report(visit, work, start + HOUR)
    title = f"{problem}, {technician.name}"
    add_line(
        visit.customer, TimelineEntry.Kind.VISIT, title, at=start, detail=work, subject=visit.public_id,
        step="done",
    )  # fmt: skip
    return visit


def _line(built, key, kind, title, days, hour, detail, actor=None, subject=None):
    at = built.days_ago(days, hour)
    add_line(built.customers[key], kind, title, at=at, detail=detail, actor=actor, subject=subject)
