"""Exports in two dialects, imported once and again."""

import datetime as dt
from collections import Counter

import pytest
from django.apps import apps

from cases.models import Case, Duty, Promise
from contracts.models import Contract, Payment
from customers.models import Contact, Customer, DuplicateProposal, Equipment, Hold
from imports.given import given_by
from imports.importing import import_folder
from messaging.models import Message
from recommendations.models import Recommendation
from tenancy.models import Tenant, TenantModel
from tenancy.scope import tenant
from tests.imports.dealer import DAY, a_dealer, write
from tests.imports.dialects import FRENCH, GERMAN
from visits.models import Assignment, Technician, Visit

NOW = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def berlin(db):
    """A desk in Berlin with nothing in it."""
    return Tenant.objects.create(
        slug="berlin", name="Berlin", time_zone="Europe/Berlin", country="DE", currency="EUR"
    )


@pytest.fixture
def folder(tmp_path):
    """The dealer's export in German."""
    write(a_dealer(), tmp_path / "export", GERMAN)
    return tmp_path / "export"


def bring(folder, desk, *, on=DAY, now=NOW, **options):
    given = given_by(**options.pop("given", {}))
    return import_folder(folder, desk=desk, given=given, now=now, on=on, **options)


def told(report):
    """The report under the truth's names, in the truth's shape."""
    json = report.as_json()
    for contract in json["contracts"].values():
        del contract["state"]
    return json


def counts_of(desk):
    """How many rows each table of the desk has."""
    models = [m for m in apps.get_models() if issubclass(m, TenantModel)]
    with tenant(desk):
        return {model._meta.label: model.objects.count() for model in models}


@pytest.mark.parametrize("dialect", [GERMAN, FRENCH], ids=["German", "French"])
def test_export_of_any_dialect_equals_the_truth(berlin, tmp_path, dialect):
    dealer = a_dealer()
    write(dealer, tmp_path, dialect)
    if dialect is GERMAN:
        dealer.truth["rejects"]["customers"] = []

    report = told(bring(tmp_path, berlin))

    assert {name: report[name] for name in dealer.truth} == dealer.truth


def test_second_import_of_the_same_folder_changes_nothing(berlin, folder):
    first = bring(folder, berlin)
    before = counts_of(berlin)

    second = bring(folder, berlin, now=NOW + dt.timedelta(hours=1))

    assert counts_of(berlin) == before
    assert {name: (t.added, t.updated) for name, t in second.tables.items()} == dict.fromkeys(
        second.tables, (0, 0)
    )
    assert [t.unchanged for t in second.tables.values()] == [t.added for t in first.tables.values()]
    assert second.facts == first.facts


def test_dry_run_reports_all_and_keeps_nothing(berlin, folder):
    before = counts_of(berlin)

    report = bring(folder, berlin, dry_run=True)

    assert report.tables["customers"].added == 9
    assert report.facts["missed_visits"] == 2
    assert counts_of(berlin) == before


def test_dry_run_into_a_desk_that_is_not_there_makes_none(db, folder):
    desk = Tenant(slug="lyon", name="Lyon", time_zone="Europe/Paris", country="FR", currency="EUR")

    bring(folder, desk, dry_run=True)

    assert not Tenant.objects.filter(slug="lyon").exists()


def test_import_sends_nothing_and_opens_no_duty(berlin, folder):
    Tenant.objects.filter(pk=berlin.pk).update(messages_from=NOW - dt.timedelta(days=900))

    bring(folder, berlin)

    with tenant(berlin):
        assert Message.objects.count() == 0
        assert Duty.objects.count() == 0


def test_import_of_one_desk_leaves_the_other_empty(berlin, folder):
    other = Tenant.objects.create(slug="other", name="Other", time_zone="Europe/Berlin", country="DE")

    bring(folder, berlin)

    assert Counter(counts_of(other).values()).keys() == {0}


def test_value_changed_here_stays_and_is_told(berlin, folder):
    bring(folder, berlin)
    with tenant(berlin):
        Customer.objects.filter(number="K1001").update(name="Bäckerei Müller & Tochter")
    dealer = a_dealer()
    dealer.tables["customers"][0] |= {"name": "Müller GmbH", "city": "Potsdam"}
    write(dealer, folder, GERMAN)

    report = bring(folder, berlin)

    with tenant(berlin):
        customer = Customer.objects.get(number="K1001")
        assert customer.name == "Bäckerei Müller & Tochter"
        assert customer.sites.get().city == "Potsdam"
    assert report.tables["customers"].updated == 1
    assert report.tables["customers"].kept_as_changed_here == 1
    assert [str(w) for w in report.tables["customers"].warnings] == [
        "customers, line 2: name was changed here and stays: the export says 'Müller GmbH'"
    ]


def test_next_term_of_the_old_program_becomes_a_term(berlin, folder):
    bring(folder, berlin)
    dealer = a_dealer()
    dealer.tables["contracts"][5] |= {"start": dt.date(2026, 10, 21), "end": dt.date(2027, 10, 20)}
    write(dealer, folder, GERMAN)

    report = bring(folder, berlin)

    assert report.facts["contracts"]["V-5006"]["expect"] == "active"
    with tenant(berlin):
        assert Contract.objects.get(number="V-5006").terms.count() == 2


def test_payment_that_comes_later_renews(berlin, folder):
    bring(folder, berlin)
    dealer = a_dealer()
    row = {"number": "6", "date": dt.date(2026, 11, 19), "amount": 1250.0, "contract": "V-5006"}
    dealer.tables["payments"].append(row)
    write(dealer, folder, GERMAN)

    report = bring(folder, berlin)

    assert report.tables["payments"].added == 1
    assert report.facts["contracts"]["V-5006"]["expect"] == "active"
    assert report.facts["contracts"]["V-5006"]["term_end"] == "2027-10-20"


def test_recommendation_done_meanwhile_is_settled(berlin, folder):
    bring(folder, berlin)
    dealer = a_dealer()
    dealer.tables["recommendations"][0]["done"] = dt.date(2026, 11, 20)
    write(dealer, folder, GERMAN)

    report = bring(folder, berlin)

    assert report.facts["open_recommendations"] == 0
    with tenant(berlin):
        changes = Recommendation.objects.get(finding="Fixiereinheit tauschen").changes.order_by("pk")
        assert [change.after for change in changes] == ["open", "done"]


def test_first_visit_in_the_file_keeps_the_technician(berlin, folder):
    bring(folder, berlin)

    with tenant(berlin):
        ahead = Visit.objects.filter(is_history=False).order_by("number")
        assert [(v.number, v.needs_placing, v.assignments.count()) for v in ahead] == [
            ("7006", False, 1),
            ("7007", True, 0),
            ("7008", False, 1),
        ]
        assert ahead[0].window_start == dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
        assert [p.promise.kind for p in ahead[0].promises.order_by("pk")] == [
            "window",
            "confirmation",
            "call ahead",
        ]
        assert Technician.objects.get().name == "Jörg Öztürk"


def test_appointment_yields_to_one_that_the_desk_has_already(berlin, folder):
    dealer = a_dealer()
    dealer.tables["visits"] = dealer.tables["visits"][:-4]
    write(dealer, folder, GERMAN)
    bring(folder, berlin)
    with tenant(berlin):
        done = Visit.objects.get(number="7001")
        here = Visit.objects.create(
            number="N1",
            number_key="N1",
            customer=done.customer,
            site=done.site,
            kind=Visit.Kind.FAULT,
            window_start=dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC),
            window_end=dt.datetime(2026, 11, 23, 11, 30, tzinfo=dt.UTC),
            planned_start=dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC),
            planned_end=dt.datetime(2026, 11, 23, 11, 30, tzinfo=dt.UTC),
            told_day=dt.date(2026, 11, 23),
            told_from=dt.time(10, 30),
            told_until=dt.time(12, 30),
            booked_at=NOW,
            changed_at=NOW,
        )
        Assignment.objects.create(
            visit=here,
            technician=Technician.objects.get(),
            starts_at=here.planned_start,
            ends_at=here.planned_end,
        )
    write(a_dealer(), folder, GERMAN)

    bring(folder, berlin)

    with tenant(berlin):
        placed = Visit.objects.filter(is_history=False, needs_placing=False).order_by("number")
        assert [visit.number for visit in placed] == ["N1"]


def test_past_visit_nobody_closed_is_a_miss_of_history(berlin, folder):
    bring(folder, berlin)

    with tenant(berlin):
        missed = Visit.objects.get(number="7005")
        assert (missed.state, missed.is_history) == ("missed by us", True)
        assert missed.missed_at == dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)
        done = Visit.objects.get(number="7001")
        assert (done.state, done.completed_on, done.report.work_done) == (
            "done",
            dt.date(2026, 8, 13),
            "Gereinigt, geprüft",
        )
        assert sorted(use.part.name for use in done.parts_used.all()) == ["Rolle", "Trommel"]


def test_without_a_day_visits_later_today_are_still_to_come(berlin, folder):
    report = bring(folder, berlin, on=None, now=dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC))

    assert report.as_of == "2026-11-20"
    assert (report.facts["missed_visits"], report.facts["future_visits"]) == (1, 4)


def test_claim_holds_and_waits_complaint_opens_a_case(berlin, folder):
    bring(folder, berlin)

    with tenant(berlin):
        evidence = Contract.objects.get(number="V-5008").evidence.get()
        assert (evidence.kind, evidence.state, evidence.recorded_by_name) == (
            "customer's word",
            "waiting",
            "Bea",
        )
        assert Hold.objects.get().customer.number == "K1008"
        case = Case.objects.get()
        assert (case.kind, case.title) == ("complaint", "Niemand kam; niemand rief an")
        promise = Promise.objects.get(case=case)
        assert (promise.due_at, promise.state, promise.is_imported) == (
            dt.datetime(2026, 11, 18, 9, 0, tzinfo=dt.UTC),
            "open",
            True,
        )


def test_customer_comes_in_as_written_and_is_found_by_digits(berlin, folder):
    bring(folder, berlin)

    with tenant(berlin):
        customer = Customer.objects.get(number="K1002")
        assert customer.notes == 'Hintereingang; "Klingel" links\nZweite Zeile'
        assert customer.customer_since == dt.date(2011, 4, 17)
        contact = Contact.objects.get(customer=customer)
        assert (contact.phone, contact.phone_digits) == ("030 901821002", "4930901821002")
        assert Customer.objects.get(number="K1001").notes == '=HYPERLINK("x")'
        assert Equipment.objects.get(serial_key="RB100177").serial_number == "rb 100177"
        assert DuplicateProposal.objects.get().reason == "Same phone number"


def test_duplicate_decided_before_is_not_proposed_again(berlin, folder):
    bring(folder, berlin)
    with tenant(berlin):
        DuplicateProposal.objects.update(state=DuplicateProposal.State.DIFFERENT)

    report = bring(folder, berlin)

    assert report.facts["duplicate_customers"] == []


def test_money_that_names_no_contract_waits_unmatched(berlin, folder):
    bring(folder, berlin)

    with tenant(berlin):
        waiting = Payment.objects.unmatched()
        assert [(p.number, p.contract_written, p.amount) for p in waiting] == [("3", "V504", 1250)]
        paid = Payment.objects.get(number="2")
        assert (paid.contract.number, paid.renewal.term.ends_on) == ("V-5002", dt.date(2027, 9, 14))


def test_money_that_names_several_contracts_keeps_each_of_them(berlin, folder):
    dealer = a_dealer()
    more = {"number": "6", "date": dt.date(2026, 11, 19), "amount": 2500.0, "contract": "V-5005 + V-5006"}
    dealer.tables["payments"].append({**more, "customer": "K1005"})
    write(dealer, folder, GERMAN)
    bring(folder, berlin)

    with tenant(berlin):
        payment = Payment.objects.get(number="6")
        assert (payment.contract, payment.contract_written) == (None, "V-5005 + V-5006")
        assert sorted(payment.named.values_list("number_key", flat=True)) == ["V5005", "V5006"]

    dealer.tables["payments"][-1]["contract"] = "V-5006"
    write(dealer, folder, GERMAN)
    bring(folder, berlin)

    with tenant(berlin):
        payment = Payment.objects.get(number="6")
        assert (payment.contract_written, payment.named.count()) == ("V-5006", 0)


def test_a_number_that_grows_beyond_any_of_ours_names_none(berlin, folder):
    dealer = a_dealer()
    more = {"number": "6", "date": dt.date(2026, 11, 19), "amount": 5.0, "contract": "ﬃ" * 60}
    dealer.tables["payments"].append({**more, "customer": "K1005"})
    write(dealer, folder, GERMAN)
    bring(folder, berlin)

    with tenant(berlin):
        assert Payment.objects.get(number="6").written_key == ""


def test_one_table_alone_points_at_what_the_desk_has_already(berlin, folder, tmp_path):
    bring(folder, berlin)
    text = "Beleg;Datum;Betrag;Vertrag;Kunde\n6;19.11.2026;1.250,00;V-5006;K1006\n"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "Zahlungen.csv").write_bytes(text.encode("cp1252"))

    report = bring(tmp_path / "more", berlin)

    assert (report.tables["payments"].added, report.refusals) == (1, [])
    assert report.facts["contracts"]["V-5006"]["expect"] == "active"


@pytest.mark.parametrize(
    ("day", "state", "holds"),
    [
        (dt.date(2026, 11, 3), "confirmed", ["K1008"]),
        # The end that was renewed is 14 September: money 120 days before it can be meant for it.
        (dt.date(2026, 5, 17), "confirmed", ["K1008"]),
        (dt.date(2026, 5, 16), "waiting", ["K1002", "K1008"]),
    ],
)
def test_claim_about_a_renewal_that_stands_is_settled_at_once(berlin, folder, day, state, holds):
    dealer = a_dealer()
    claim = dealer.tables["calls"][0] | {"customer": "K1002", "contract": "V-5002"}
    claim["at"] = dt.datetime.combine(day, dt.time(9))
    dealer.tables["calls"].append(claim)
    write(dealer, folder, GERMAN)

    bring(folder, berlin)

    with tenant(berlin):
        evidence = Contract.objects.get(number="V-5002").evidence.get()
        renewed_until = evidence.renewal and evidence.renewal.term.ends_on
        assert (evidence.state, renewed_until) == (state, dt.date(2027, 9, 14) if evidence.renewal else None)
        assert sorted(hold.customer.number for hold in Hold.objects.all()) == holds
