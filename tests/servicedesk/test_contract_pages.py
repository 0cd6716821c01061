"""The contract page, logging evidence and judging it (R1.3, R1.6, R1.8)."""

import datetime as dt
import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cases.models import Duty
from contracts.disposing import decline_visit
from contracts.evidence import log_claim, log_evidence
from contracts.models import Contract, ContractTerm, Entitlement, RenewalEvidence
from contracts.verifying import ask_to_judge
from tenancy.calendars import calendar_of
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")

TODAY = dt.date(2026, 3, 5)


@pytest.fixture(autouse=True)
def files_of_the_test(settings, tmp_path):
    """Scans go where the test ends."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def north(cast):
    """Northgate's desk; its contract ends on 14 March 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(
            starts_on=dt.date(2025, 3, 15), ends_on=dt.date(2026, 3, 14)
        )
    return cast.north


def sign_in(client, desk, role):
    client.force_login(desk.people[role].user)
    return client


def contract_url(desk, path=""):
    return desk.url(f"contracts/{desk.contract.public_id}/{path}")


def evidence_url(desk, evidence, path=""):
    return contract_url(desk, f"evidence/{evidence.public_id}/{path}")


def add_cheque(desk, now):
    with tenant(desk.tenant):
        return log_evidence(
            contract=desk.contract,
            kind="cheque",
            reference="004417",
            amount="612.00",
            dated_on=TODAY,
            by=desk.people["dispatcher"],
            now=now,
        )


def picture():
    file = io.BytesIO()
    Image.new("RGB", (20, 30), "white").save(file, "PNG")
    return SimpleUploadedFile("cheque.png", file.getvalue(), content_type="image/png")


# The contract


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales", "accounts", "manager"])
def test_every_member_may_read_a_contract(client, north, role):
    read = text(sign_in(client, north, role).get(contract_url(north)))
    assert "Ends in 9 days Term 15 Mar 2025 to 14 Mar 2026" in read
    assert "15 Mar 2025 14 Mar 2026 Entered 612.00" in read
    assert "Covered Labour and parts" in read
    assert "Corvane TC-240 copier TC240-118-4471" in read
    assert "Response within 4 working hours" in read


def test_the_history_says_who_changed_what(client, north):
    sign_in(client, north, "accounts").post(
        contract_url(north, "evidence/new/"),
        {"kind": "cheque", "dated_on": "2026-03-02", "reference": "004417"},
    )
    read = text(client.get(contract_url(north)))
    assert "Hollis Grant Evidence added kind: cheque; reference: 004417; dated: 2 Mar 2026" in read


@pytest.mark.parametrize("kind", ["other desk", "random"])
def test_a_strangers_contract_is_not_found(client, cast, north, kind, now):
    sign_in(client, north, "manager")
    id = cast.south.contract.public_id if kind == "other desk" else uuid.uuid4()
    theirs = uuid.uuid4()
    if kind == "other desk":
        with tenant(cast.south.tenant):
            theirs = log_claim(contract=cast.south.contract, by=cast.south.sales, now=now).public_id
    assert client.get(north.url(f"contracts/{id}/")).status_code == 404
    assert client.get(north.url(f"contracts/{id}/evidence/new/")).status_code == 404
    assert client.post(north.url(f"contracts/{id}/claim/")).status_code == 404
    for contract in (id, north.contract.public_id):
        assert client.get(north.url(f"contracts/{contract}/evidence/{theirs}/")).status_code == 404
        for verdict in ("confirm", "reject", "returned"):
            address = north.url(f"contracts/{contract}/evidence/{theirs}/{verdict}/")
            assert client.post(address, {"reason": "x"}).status_code == 404
    with tenant(cast.south.tenant):
        assert not RenewalEvidence.objects.exclude(state="waiting").exists()


def test_evidence_is_not_found_under_another_contract(client, north, now):
    cheque = add_cheque(north, now)
    with tenant(north.tenant):
        other = Contract.objects.create(number="N-2", customer=north.customer, price=1, currency="GBP")
    address = north.url(f"contracts/{other.public_id}/evidence/{cheque.public_id}/")
    assert sign_in(client, north, "accounts").get(address).status_code == 404


# Logging


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales", "accounts", "manager"])
def test_anyone_on_staff_may_log_evidence(client, north, role):
    answer = sign_in(client, north, role).post(
        contract_url(north, "evidence/new/"),
        {
            "kind": "cheque",
            "dated_on": "2026-03-02",
            "reference": "004417",
            "amount": "612.00",
            "note": "By post",
        },
        follow=True,
    )
    assert answer.redirect_chain == [(contract_url(north), 302)]
    read = text(answer)
    assert (
        "Evidence logged: Cheque 004417, £612.00 for N-20418. "
        "Active until 14 Mar 2026, renewal in review: cheque of 2 March."
    ) in read
    assert "Still uncertain: cheque 004417, £612.00" in read
    with tenant(north.tenant):
        logged = RenewalEvidence.objects.get()
        assert (logged.recorded_by_id, str(logged.amount), logged.note) == (
            north.people[role].pk,
            "612.00",
            "By post",
        )


def test_a_scan_is_kept_and_linked(client, north):
    sign_in(client, north, "sales").post(
        contract_url(north, "evidence/new/"),
        {"kind": "photo", "dated_on": "2026-03-02", "scan": picture()},
    )
    with tenant(north.tenant):
        scan = RenewalEvidence.objects.get().scan
    assert scan.content_type == "image/jpeg"
    page = client.get(contract_url(north)).content.decode()
    assert north.url(f"files/{scan.public_id}/") in page
    assert client.get(north.url(f"files/{scan.public_id}/")).status_code == 200


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"kind": "cheque", "dated_on": ""}, "Choose its date, or the day it was said."),
        ({"kind": "rumour", "dated_on": "2026-03-02"}, "Choose what it is."),
        ({"kind": "cheque", "dated_on": "2026-03-06"}, "Evidence cannot be dated after today."),
        ({"kind": "cheque", "dated_on": "2026-03-02", "amount": "-1"}, "Write the amount as 0 or more."),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_nothing_is_lost(client, north, data, words):
    answer = sign_in(client, north, "sales").post(
        contract_url(north, "evidence/new/"), {**data, "note": "By post"}
    )
    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="By post"' in answer.content.decode()
    assert "<title>Error: " in answer.content.decode()
    with tenant(north.tenant):
        assert RenewalEvidence.objects.count() == 0


def test_a_refused_day_leaves_no_scan_behind(client, north, tmp_path):
    answer = sign_in(client, north, "sales").post(
        contract_url(north, "evidence/new/"), {"kind": "photo", "dated_on": "2026-03-06", "scan": picture()}
    )
    assert (answer.status_code, "cannot be dated after today" in text(answer)) == (422, True)
    with tenant(north.tenant):
        assert StoredFile.objects.count() == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_no_picture_is_refused(client, north):
    fake = SimpleUploadedFile("scan.png", b"<script>alert(1)</script>", content_type="image/png")
    answer = sign_in(client, north, "sales").post(
        contract_url(north, "evidence/new/"), {"kind": "photo", "dated_on": "2026-03-02", "scan": fake}
    )
    assert answer.status_code == 422
    assert "Choose a photo (JPEG or PNG)." in text(answer)
    with tenant(north.tenant):
        assert RenewalEvidence.objects.count() == 0


def test_a_way_back_leads_to_our_own_pages_only(client, north):
    sign_in(client, north, "sales")
    data = {"kind": "mail", "dated_on": "2026-03-02"}
    own = client.post(contract_url(north, "evidence/new/"), {**data, "next": north.url("calls/")})
    assert own.url == north.url("calls/")
    foreign = client.post(contract_url(north, "evidence/new/"), {**data, "next": "https://evil.example/"})
    assert foreign.url == contract_url(north)


@pytest.mark.parametrize("role", ["dispatcher", "technician"])
def test_anyone_on_staff_may_log_the_customers_word(client, north, role):
    answer = sign_in(client, north, role).post(contract_url(north, "claim/"), follow=True)
    assert "Claim logged. Accounts verify it by 17:30" in text(answer)
    with tenant(north.tenant):
        assert RenewalEvidence.objects.get().recorded_by_id == north.people[role].pk


# Judging


def test_accounts_confirm_and_the_next_term_stands(client, north, now):
    cheque = add_cheque(north, now)
    sign_in(client, north, "accounts")
    page = text(client.get(evidence_url(north, cheque)))
    assert "The next term, 15 Mar 2026 to 14 Mar 2027, stands from then on" in page
    answer = client.post(evidence_url(north, cheque, "confirm/"), {"reason": "Banked"}, follow=True)
    assert "Confirmed. Active until 14 Mar 2027, renewal paid." in text(answer)
    with tenant(north.tenant):
        cheque.refresh_from_db()
        assert (cheque.state, cheque.decision_reason, cheque.decided_by_id) == (
            "confirmed",
            "Banked",
            north.people["accounts"].pk,
        )
        assert north.customer.holds.filter(released_at__isnull=True).count() == 0
        assert Duty.objects.open().count() == 0


def test_a_proof_judged_beside_another_term_is_refused(client, north, now):
    cheque = add_cheque(north, now)
    with tenant(north.tenant):
        seen = north.term.public_id
        ContractTerm.objects.create(
            contract=north.contract,
            starts_on=dt.date(2026, 3, 15),
            ends_on=dt.date(2027, 3, 14),
            price=612,
            created_at=now,
        )
    page = sign_in(client, north, "accounts").get(evidence_url(north, cheque)).text
    assert f'name="after" value="{seen}"' not in page
    answer = client.post(evidence_url(north, cheque, "confirm/"), {"reason": "Banked", "after": str(seen)})
    assert answer.status_code == 409
    assert "Somebody was quicker: N-20418 has a term to 14 Mar 2027 by now." in text(answer)
    with tenant(north.tenant):
        assert north.contract.terms.count() == 2


def test_rejecting_without_a_reason_is_refused(client, north, now):
    cheque = add_cheque(north, now)
    answer = sign_in(client, north, "accounts").post(evidence_url(north, cheque, "reject/"), {"reason": " "})
    assert answer.status_code == 422
    assert "Say why: evidence closes only with an outcome." in text(answer)
    with tenant(north.tenant):
        cheque.refresh_from_db()
        assert cheque.state == "waiting"


def test_rejecting_ends_the_review(client, north, now):
    cheque = add_cheque(north, now)
    answer = sign_in(client, north, "manager").post(
        evidence_url(north, cheque, "reject/"), {"reason": "Another customer's"}, follow=True
    )
    read = text(answer)
    assert "Rejected. Ends in 9 days." in read
    assert (
        "Cheque 004417, £612.00 view Cheque 004417, £612.00 Dated 5 Mar 2026; Another customer's, Robin Vale"
        in read
    )


def test_the_history_leaves_out_what_says_nothing(client, north):
    with tenant(north.tenant):
        ContractTerm.objects.update(created_by=north.people["sales"])
    changes = sign_in(client, north, "sales").get(contract_url(north)).context["changes"]
    assert [(c.what, c.detail) for c in changes if c.what.startswith("Term")] == [
        ("Term changed", "first day: 15 Mar 2025; last day: 14 Mar 2026"),
        ("Term added", changes[-2].detail),
    ]


def test_visits_that_were_given_up_leave_their_trace(client, north, now):
    with tenant(north.tenant):
        granted = Entitlement.objects.get(term=north.term)
        decline_visit(granted, because="On holiday", visits=2, by=north.people["dispatcher"], now=now)
    page = sign_in(client, north, "sales").get(contract_url(north))
    read = text(page)
    assert "Visits this term 0 of 2 used, 2 not wanted" in read
    assert "5 Mar 2026 13:07 Declined by the customer 2 Dana Whitlock On holiday" in read
    with tenant(north.tenant):
        ContractTerm.objects.update(ends_on=dt.date(2026, 3, 1))
    assert "Visits of the last term 0 of 2 used, 2 not wanted" in text(client.get(contract_url(north)))


def test_a_second_verdict_says_who_was_quicker(client, north, now):
    cheque = add_cheque(north, now)
    sign_in(client, north, "manager").post(evidence_url(north, cheque, "reject/"), {"reason": "No"})
    answer = sign_in(client, north, "accounts").post(evidence_url(north, cheque, "confirm/"))
    assert answer.status_code == 409
    assert "Rejected by Robin Vale on 5 Mar 2026 already." in text(answer)


def test_returned_money_takes_the_term_back(client, north, now):
    cheque = add_cheque(north, now)
    sign_in(client, north, "accounts").post(evidence_url(north, cheque, "confirm/"))
    answer = client.post(evidence_url(north, cheque, "returned/"), {"reason": "Refer to drawer"}, follow=True)
    read = text(answer)
    assert "Returned. Active until 14 Mar 2026, renewal in review: cheque of 5 March." in read
    assert "15 Mar 2026 14 Mar 2027 Taken back: Cheque 004417, £612.00 returned" in read


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales"])
def test_only_accounts_and_managers_judge(client, north, now, role):
    cheque = add_cheque(north, now)
    sign_in(client, north, role)
    page = client.get(evidence_url(north, cheque))
    assert "Accounts decide. Until then the contract is in review." in text(page)
    assert "Confirm the renewal" not in text(page)
    for verdict in ("confirm", "reject", "returned"):
        assert client.post(evidence_url(north, cheque, f"{verdict}/"), {"reason": "x"}).status_code == 403
    with tenant(north.tenant):
        cheque.refresh_from_db()
        assert cheque.state == "waiting"


def test_a_question_to_accounts_is_answered_with_what_was_found(client, north, now):
    with tenant(north.tenant):
        duty = ask_to_judge(
            contract=north.contract,
            calendar=calendar_of(north.tenant),
            by=north.people["sales"],
            now=now,
        )
    address = contract_url(north, f"duties/{duty.public_id}/")
    assert sign_in(client, north, "sales").post(address, {"outcome": "x"}).status_code == 403
    sign_in(client, north, "accounts")
    assert "Is N-20418 renewed? Jamie Mercer asks" in text(client.get(contract_url(north)))
    assert client.post(address, {"outcome": ""}).status_code == 422
    answer = client.post(address, {"outcome": "Nothing came in"}, follow=True)
    assert "Is N-20418 renewed?" not in text(answer)
    with tenant(north.tenant):
        duty.refresh_from_db()
        assert (duty.outcome, duty.closed_by_id) == ("Nothing came in", north.people["accounts"].pk)
