"""A second miss in 90 days: a supervisor, a back-up, goodwill, and a third appointment that waits (R4.6)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case, Duty, Goodwill, GoodwillItem, Promise
from customers.models import Customer
from messaging.models import Message
from tenancy.models import Membership, Role, User
from tenancy.scope import tenant
from tests.cast import make_visit
from visits import fieldwork
from visits.approval import ApprovalRefused, approve_visit, decline_visit
from visits.booking import book_visit, undo_booking
from visits.call_ahead import alarm
from visits.confirming import CannotConfirm, confirm_visit
from visits.models import Absence, Technician, Visit, WorkType
from visits.moving import move_visit
from visits.outcomes import cannot_come
from visits.rearranging import latest_rearrangement, undo
from visits.reminders import plan_reminders
from visits.second_miss import is_let_down
from visits.sweeper import sweep

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
# Thursday 5 March 2026, 11:00 in London; the window ends at 12:00, the half hour after it at 12:30.
START = dt.datetime(2026, 3, 5, 11, 0, tzinfo=dt.UTC)
MISSED_AT = START + 1.5 * HOUR
# Thursday a week later.
AGAIN = START + 7 * DAY


@pytest.fixture
def north(cast):
    """Southgate missed its look-alike customer twice as well; Northgate once, twenty days ago."""
    with tenant(cast.south.tenant):
        for days in (1, 2):
            missed_before(cast.south, days)
    with tenant(cast.north.tenant):
        missed_before(cast.north, 20)
        yield cast.north


def missed_before(desk, days, **fields):
    start = START - days * DAY
    return make_visit(
        desk, start=start, technician=desk.lou, state=Visit.State.MISSED,
        missed_at=start + 1.5 * HOUR, late_at=start + HOUR, number=f"M-{days}", **fields,
    )  # fmt: skip


@pytest.fixture
def missed(north):
    """The second: nobody came at eleven, and at half past twelve the sweep says so."""
    visit = make_visit(north, start=START, technician=north.lou)
    sweep(now=MISSED_AT)
    visit.refresh_from_db()
    assert visit.state == Visit.State.MISSED
    return visit


def booked(desk, *, by="dispatcher", start=AGAIN, now=MISSED_AT, technician=None, **fields):
    return book_visit(
        customer=desk.customer,
        site=desk.site,
        contact=desk.contact,
        machines=[desk.copier],
        kind=Visit.Kind.FAULT,
        problem="Still grey bands",
        technician=technician or desk.lou,
        start=start,
        end=start + 75 * MINUTE,
        window_end=start + HOUR,
        by=by and desk.people[by],
        now=now,
        **fields,
    )


def duties(kind, **fields):
    return list(Duty.objects.filter(kind=kind, **fields).order_by("pk"))


class TestTheSecondMiss:
    def test_a_supervisor_takes_the_customer_over_within_one_business_hour(self, north, missed):
        case = Case.objects.get()
        assert (case.owner, case.supervisor, case.kind) == (north.manager, north.manager, "complaint")
        assert missed.case == case
        (duty,) = duties(Duty.Kind.OWN_CASE)
        assert (duty.owner, duty.owner_role, duty.due_at) == (north.manager, "manager", MISSED_AT + HOUR)
        assert (duty.case, duty.customer, duty.subject) == (case, north.customer, missed.public_id)
        assert duty.detail == (
            "We missed 2 visits in 90 days: 13 February, 5 March. "
            "Nothing to propose: the goodwill catalogue is empty."
        )
        assert duties(Duty.Kind.REBOOK)[0].case == case

    def test_a_first_miss_stays_with_the_dispatcher(self, cast):
        with tenant(cast.north.tenant):
            make_visit(cast.north, start=START, technician=cast.north.lou)
            sweep(now=MISSED_AT)
            assert [duty.kind for duty in Duty.objects.order_by("pk")] == [
                # The technician and the dispatcher hear that it is late; then it is missed.
                Duty.Kind.TELL_CUSTOMER,
                Duty.Kind.TELL_CUSTOMER,
                Duty.Kind.REBOOK,
            ]
            assert not Case.objects.exists()

    def test_another_customers_miss_does_not_count(self, north):
        other = Customer.objects.create(name="Somebody else", number="C2")
        Visit.objects.update(customer=other)
        make_visit(north, start=START, technician=north.lou)
        sweep(now=MISSED_AT)
        assert duties(Duty.Kind.OWN_CASE) == []

    @pytest.mark.parametrize(("ago", "is_second"), [(90 * DAY, True), (90 * DAY + MINUTE, False)])
    def test_ninety_days_count(self, cast, ago, is_second):
        with tenant(cast.north.tenant):
            before = missed_before(cast.north, 90)
            Visit.objects.filter(pk=before.pk).update(missed_at=before.missed_at)
            make_visit(cast.north, start=START, technician=cast.north.lou)
            sweep(now=before.missed_at + ago)
            assert bool(duties(Duty.Kind.OWN_CASE)) is is_second

    def test_the_visits_own_case_is_taken_over_and_the_bookers_lead_takes_it(self, north):
        user = User.objects.create_user("kit@northgate.example", "a long password", name="Kit")
        lead = Membership.objects.create(user=user, role=Role.MANAGER)
        Membership.objects.filter(pk=north.dispatcher.pk).update(lead=lead)
        case = Case.objects.create(customer=north.customer, kind="fault", title="Bands", opened_at=START)
        visit = make_visit(north, start=START, technician=north.lou, case=case)
        cannot_come(visit, because="The van broke down", by=north.dispatcher, now=START)
        case.refresh_from_db()
        assert (case.owner, case.supervisor) == (lead, lead)
        assert Case.objects.count() == 1
        assert duties(Duty.Kind.OWN_CASE)[0].owner == lead

    def test_the_third_miss_comes_to_the_same_case_with_a_duty_of_its_own(self, north, missed):
        make_visit(north, start=AGAIN, technician=north.lou)
        sweep(now=AGAIN + 2 * HOUR)
        assert Case.objects.count() == 1
        assert [duty.title for duty in duties(Duty.Kind.OWN_CASE)] == [
            "Take Margaret Ellison over: missed 2 times in 90 days",
            "Take Margaret Ellison over: missed 3 times in 90 days",
        ]

    def test_what_the_catalogue_holds_is_proposed(self, north):
        GoodwillItem.objects.create(name="A credit", kind="credit", limit=Decimal(25))
        make_visit(north, start=START, technician=north.lou)
        sweep(now=MISSED_AT)
        goodwill = Goodwill.objects.get()
        assert (goodwill.item.name, goodwill.state, goodwill.case) == (
            "A credit",
            "proposed",
            Case.objects.get(),
        )
        assert duties(Duty.Kind.OWN_CASE)[0].detail.endswith("Proposed: A credit.")
        sweep(now=MISSED_AT)
        assert Goodwill.objects.count() == 1

    def test_a_visit_they_were_told_of_before_gets_a_back_up_and_needs_no_approval(self, north):
        coming = make_visit(north, start=AGAIN, technician=north.lou)
        make_visit(north, start=START, technician=north.lou)
        sweep(now=MISSED_AT)
        coming.refresh_from_db()
        assert (coming.backup, coming.approval_asked_at) == (north.marek, None)


class TestTheThirdAppointment:
    def test_its_time_is_kept_and_a_supervisor_is_asked(self, north, missed):
        visit = booked(north)
        assert (visit.state, visit.approval_asked_at, visit.approved_at) == ("booked", MISSED_AT, None)
        assert visit.assignments.get().technician == north.lou
        assert visit.backup == north.marek
        (duty,) = duties(Duty.Kind.APPROVE_VISIT)
        assert (duty.owner, duty.owner_role, duty.subject) == (north.manager, "manager", visit.public_id)
        assert duty.due_at == MISSED_AT + HOUR
        assert duty.detail.startswith(
            f"Visit {visit.number}, booked by Dana Whitlock. Marek Novak stands by."
        )

    def test_nobody_is_told_or_promised_anything_before(self, north, missed):
        visit = booked(north)
        for ahead in (AGAIN - 7 * DAY, AGAIN - DAY, AGAIN - 2 * HOUR, AGAIN - 20 * MINUTE):
            plan_reminders(now=ahead)
            alarm(now=ahead)
        assert not Message.objects.filter(subject=visit.public_id).exists()
        assert not visit.promises.exists()
        assert duties(Duty.Kind.CALL_AHEAD) == []

    def test_approved_it_is_promised_and_told_and_reminded_of_like_any_other(self, north, missed):
        visit = booked(north)
        at = MISSED_AT + 20 * MINUTE
        visit = approve_visit(visit, by=north.manager, now=at, version=visit.version)
        assert (visit.approved_at, visit.approved_by, visit.awaits_approval) == (at, north.manager, False)
        told = Message.objects.filter(subject=visit.public_id)
        assert {(m.kind, m.state, m.send_after) for m in told} == {("booked", "planned", at)}
        assert {p.promise.kind for p in visit.promises.all()} == set(Promise.OF_VISITS)
        (duty,) = duties(Duty.Kind.APPROVE_VISIT)
        assert (duty.outcome, duty.closed_by) == ("Approved by Robin Vale", north.manager)
        version = visit.version
        assert approve_visit(visit, by=north.manager, now=at + HOUR, version=visit.version).version == version
        plan_reminders(now=AGAIN - DAY)
        assert told.filter(kind="reminder").exists()
        assert confirm_visit(visit, by=None, now=at, said="Yes").state == Visit.State.CONFIRMED

    def test_a_managers_own_booking_is_approved_by_itself(self, north, missed):
        visit = booked(north, by="manager")
        assert (visit.approved_at, visit.approved_by, visit.backup) == (MISSED_AT, north.manager, north.marek)
        assert duties(Duty.Kind.APPROVE_VISIT) == []
        assert Message.objects.filter(subject=visit.public_id, kind="booked").exists()

    def test_one_that_the_customer_books_waits_as_well(self, north, missed):
        assert booked(north, by=None).awaits_approval
        assert "booked by the customer" in duties(Duty.Kind.APPROVE_VISIT)[0].detail

    def test_declined_it_is_off_without_a_message_and_somebody_rings(self, north, missed):
        visit = booked(north)
        with pytest.raises(ApprovalRefused, match="Say why"):
            decline_visit(visit, because=" ", by=north.manager, now=MISSED_AT, version=visit.version)
        visit = decline_visit(
            visit, because="Send Marek", by=north.manager, now=MISSED_AT, version=visit.version
        )
        assert (visit.state, visit.ended_because) == ("cancelled by us", "Not approved: Send Marek")
        assert not Message.objects.filter(subject=visit.public_id).exists()
        assert not Promise.objects.filter(subject=visit.public_id).exists()
        assert [duty.closed_at for duty in duties(Duty.Kind.APPROVE_VISIT)] == [MISSED_AT]
        (call,) = duties(Duty.Kind.CALL_CUSTOMER, subject=visit.public_id)
        assert (call.owner, call.due_at, call.detail) == (north.dispatcher, MISSED_AT + HOUR, "Send Marek")
        with pytest.raises(ApprovalRefused, match="cancelled by us already"):
            approve_visit(visit, by=north.manager, now=MISSED_AT, version=visit.version)

    def test_only_a_manager_decides(self, north, missed):
        visit = booked(north)
        with pytest.raises(ApprovalRefused, match="by a manager"):
            approve_visit(visit, by=north.dispatcher, now=MISSED_AT, version=visit.version)
        with pytest.raises(ApprovalRefused, match="by a manager"):
            decline_visit(visit, because="x", by=north.dispatcher, now=MISSED_AT, version=visit.version)

    def test_a_visit_that_needs_none_is_neither_approved_nor_declined(self, north):
        visit = make_visit(north, start=AGAIN, technician=north.lou)
        with pytest.raises(ApprovalRefused, match="needs no approval"):
            approve_visit(visit, by=north.manager, now=MISSED_AT, version=visit.version)
        with pytest.raises(ApprovalRefused, match="needs no approval"):
            decline_visit(visit, because="x", by=north.manager, now=MISSED_AT, version=visit.version)

    def test_unapproved_it_is_neither_confirmed_nor_under_way(self, north, missed):
        visit = booked(north)
        with pytest.raises(CannotConfirm, match="not approved"):
            confirm_visit(visit, by=None, now=MISSED_AT, said="Yes")
        visit.refresh_from_db()
        for act in (
            lambda: fieldwork.call_ahead(visit, result="spoke", by=north.technician, now=AGAIN - HOUR),
            lambda: fieldwork.set_out(visit, by=north.technician, now=AGAIN - HOUR),
        ):
            with pytest.raises(fieldwork.StepRefused, match="not approved this visit yet"):
                act()
        moved = move_visit(
            visit, technician=north.marek, start=AGAIN + DAY, reason="", by=north.dispatcher,
            now=MISSED_AT, version=visit.version, agreed_by_customer=True,
        )  # fmt: skip
        assert (moved.state, moved.confirmed_at, moved.backup) == ("booked", None, north.lou)
        assert not Promise.objects.filter(subject=visit.public_id).exists()
        assert not Message.objects.filter(subject=visit.public_id).exists()

    def test_undone_a_move_leaves_somebody_else_standing_by(self, north, missed):
        visit = booked(north, by="manager")
        moved = move_visit(
            visit, technician=north.marek, start=AGAIN, reason="x", by=north.manager, now=MISSED_AT,
            version=visit.version,
        )  # fmt: skip
        assert moved.backup == north.lou
        undo(latest_rearrangement(moved, now=MISSED_AT), by=north.manager, now=MISSED_AT)
        visit.refresh_from_db()
        assert (visit.assignments.get().technician, visit.backup) == (north.lou, north.marek)

    @pytest.mark.parametrize("state", ["confirmed", "on the way", "on site"])
    def test_the_database_refuses_it_whatever_the_path(self, north, missed, state):
        visit = booked(north)
        with pytest.raises(IntegrityError, match="visit_unapproved_waits"), transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(state=state, arrived_at=AGAIN)

    def test_the_database_lets_nobody_unsay_it(self, north, missed):
        visit = booked(north)
        refused = pytest.raises(IntegrityError, match="stands")
        with refused, transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(approval_asked_at=None)
        approve_visit(visit, by=north.manager, now=MISSED_AT, version=visit.version)
        with pytest.raises(IntegrityError, match="stands"), transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(approved_at=None, approved_by=None)

    def test_undone_nothing_is_left_to_approve(self, north, missed):
        visit = undo_booking(booked(north), by=north.dispatcher, now=MISSED_AT)
        assert visit.state == "cancelled by us"
        assert [duty.outcome for duty in duties(Duty.Kind.APPROVE_VISIT)] == ["The booking was undone"]

    def test_once_somebody_came_the_next_booking_is_an_ordinary_one(self, north, missed):
        make_visit(
            north,
            start=START + DAY,
            technician=north.lou,
            arrived_at=START + DAY,
            state=Visit.State.NO_ACCESS,
        )
        assert booked(north).approval_asked_at is None

    def test_a_miss_that_was_done_late_after_all_still_counts(self, north, missed):
        Visit.objects.filter(pk=missed.pk).update(state=Visit.State.ON_SITE, arrived_at=MISSED_AT + MINUTE)
        assert booked(north).awaits_approval

    @pytest.mark.parametrize(("later", "needed"), [(90 * DAY, True), (90 * DAY + MINUTE, False)])
    def test_ninety_days_after_the_second_miss_it_is_over(self, north, missed, later, needed):
        assert is_let_down(north.customer, now=MISSED_AT + later) is needed

    def test_its_back_up_is_free_all_through_and_wanted(self, north, missed):
        other = Technician.objects.create(name="Ada Stand-In", skills=["copier"])
        make_visit(north, start=AGAIN + HOUR, technician=other)
        assert booked(north).backup == north.marek
        Absence.objects.create(technician=north.marek, starts_at=AGAIN + 8 * DAY, ends_at=AGAIN + 9 * DAY)
        away = booked(north, start=AGAIN + 8 * DAY)
        assert away.backup == other
        Technician.objects.filter(pk=other.pk).update(is_active=False)
        nobody = booked(north, start=AGAIN + 8 * DAY + 3 * HOUR)
        assert nobody.backup is None
        assert "Nobody is free to stand by." in duties(Duty.Kind.APPROVE_VISIT)[-1].detail

    def test_its_back_up_has_the_skills_that_the_work_takes(self, north, missed):
        WorkType.objects.create(visit_kind="fault", minutes=75, skills=["drums"])
        assert booked(north).backup is None
        Technician.objects.create(name="Zoe Drum", skills=["drums", "copier"])
        assert booked(north, start=AGAIN + DAY).backup.name == "Zoe Drum"

    def test_who_stands_by_and_arrives_makes_no_miss(self, north, missed):
        user = User.objects.create_user("marek@northgate.example", "a long password", name="Marek Novak")
        person = Membership.objects.create(user=user, role=Role.TECHNICIAN)
        Technician.objects.filter(pk=north.marek.pk).update(membership=person)
        visit = booked(north, by="manager")
        at = AGAIN - HOUR
        fieldwork.read_brief(visit, by=person, now=at)
        fieldwork.call_ahead(visit, result="spoke", by=person, now=at)
        fieldwork.set_out(visit, by=person, now=at)
        fieldwork.arrive(visit, by=person, now=AGAIN)
        assert sweep(now=AGAIN + 2 * HOUR).missed == 0
        assert visit.promises.get(promise__kind="window").promise.state == Promise.State.KEPT


class TestNobodyDecides:
    def test_the_dispatcher_is_alarmed_once_when_the_supervisors_hour_is_over(self, north, missed):
        visit = booked(north)
        due = MISSED_AT + HOUR
        assert sweep(now=due - MINUTE).unapproved == 0
        assert sweep(now=due).unapproved == 1
        assert sweep(now=due + MINUTE).unapproved == 0
        alarm_duty = duties(Duty.Kind.APPROVE_VISIT, owner_role="dispatcher")
        assert [(d.owner, d.subject) for d in alarm_duty] == [(north.dispatcher, visit.public_id)]
        approve_visit(visit, by=north.manager, now=due + HOUR, version=visit.version)
        assert not Duty.objects.open().filter(kind=Duty.Kind.APPROVE_VISIT).exists()

    def test_booked_for_soon_the_supervisor_has_until_it_begins(self, north, missed):
        booked(north, start=MISSED_AT + HOUR / 2)
        assert duties(Duty.Kind.APPROVE_VISIT)[0].due_at == MISSED_AT + HOUR / 2

    def test_unapproved_it_is_a_miss_like_any_other_and_still_told_to_nobody(self, north, missed):
        visit = booked(north)
        sweep(now=AGAIN + 2 * HOUR)
        visit.refresh_from_db()
        assert (visit.state, visit.awaits_approval) == (Visit.State.MISSED, True)
        assert not Message.objects.filter(subject=visit.public_id).exists()
        assert [d.closed_at is None for d in duties(Duty.Kind.APPROVE_VISIT)] == [False]
        rebook = duties(Duty.Kind.REBOOK, subject=visit.public_id)
        assert [duty.owner for duty in rebook] == [north.dispatcher]

    def test_once_missed_it_is_not_approved_any_more(self, north, missed):
        visit = booked(north)
        with pytest.raises(ApprovalRefused, match="missed already"):
            approve_visit(visit, by=north.manager, now=AGAIN + 2 * HOUR, version=visit.version)
