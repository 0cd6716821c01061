"""A promise of somebody who is away or gone is kept by somebody else, on the record (R6.2)."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Case, Duty, Leave, Promise, PromiseHandover
from cases.promise_breaks import BROKEN
from cases.promise_owners import HANDED, add_leave, end_leave, hand_over, mind_promises
from cases.promise_reminders import REMINDER, plan_reminders, remind_before
from cases.promising import SettledMeanwhile, break_promise, keep_promise
from messaging.judging import judge
from messaging.models import Message
from tenancy.desk_settings import SettingRefused
from tenancy.models import Membership, Role, User
from tenancy.scope import tenant
from tests.cast import a_promise
from visits.absences import add_absence

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def promised(desk, now, owner=None, due_in=2 * HOUR, **fields):
    return a_promise(desk, now=now, due_at=now + due_in, owner=owner or desk.sales, by=desk.sales, **fields)


@pytest.fixture
def promise(north, now):
    """Jamie's, due at 15:07."""
    return promised(north, now)


def owner_of(promise):
    promise.refresh_from_db()
    return promise.owner


def reminded_at(**filters):
    rows = Message.objects.filter(kind=REMINDER, **filters).order_by("send_after")
    return [f"{message.send_after:%H:%M}" for message in rows]


class TestReminders:
    def test_the_owner_is_reminded_half_an_hour_and_ten_minutes_before(self, north, promise, now):
        assert reminded_at(colleague=north.sales) == ["14:37", "14:57"]

    def test_planned_again_nobody_is_reminded_twice(self, north, promise, now):
        plan_reminders(promise, now=now)
        assert len(reminded_at()) == 2

    def test_of_two_that_a_standstill_held_up_only_the_later_goes(self, north, promise, now):
        first, second = Message.objects.filter(kind=REMINDER).order_by("send_after")
        late = now + 115 * MINUTE
        assert judge(first, now=late).state == Message.State.SKIPPED
        assert judge(second, now=late).outgoing.title == (
            "By 15:07: Margaret Ellison, The Harbour Letter"
        )  # fmt: skip

    def test_a_settled_one_is_reminded_of_no_more(self, north, promise, now):
        keep_promise(promise, by=north.sales, now=now, evidence="Rang")
        for message in Message.objects.filter(kind=REMINDER):
            assert judge(message, now=message.send_after).state == Message.State.CANCELLED

    def test_a_desk_chooses_its_own_times(self, north, now):
        remind_before([5, 60, 5], by=north.manager)
        promised(north, now)
        assert reminded_at() == ["14:07", "15:02"]
        for wrong in ([], [0], [2000], range(1, 9)):
            with pytest.raises(SettingRefused):
                remind_before(wrong, by=north.manager)


class TestHandingOver:
    def test_it_is_on_the_record_and_the_new_owner_hears(self, north, promise, now):
        hand_over(promise, to=north.dispatcher, by=north.sales, now=now, reason="In a meeting")
        line = PromiseHandover.objects.get()
        assert (line.from_owner, line.to_owner, line.by, line.at, line.reason) == (
            north.sales,
            north.dispatcher,
            north.sales,
            now,
            "In a meeting",
        )
        told = Message.objects.get(kind=HANDED)
        assert (told.colleague, told.send_after) == (north.dispatcher, now)
        assert "by 15:07: Ring with the price" in judge(told, now=now).outgoing.text
        assert reminded_at(colleague=north.dispatcher) == ["14:37", "14:57"]
        for message in Message.objects.filter(kind=REMINDER, colleague=north.sales):
            assert judge(message, now=message.send_after).state == Message.State.CANCELLED

    def test_who_takes_it_is_not_told_what_they_know(self, north, promise, now):
        hand_over(promise, to=north.dispatcher, by=north.dispatcher, now=now, reason="I ring anyway")
        assert not Message.objects.filter(kind=HANDED).exists()

    def test_without_a_reason_or_to_nobody_it_is_refused(self, north, promise, now):
        north.accounts.ended_at = now
        north.accounts.save()
        for to, reason in ((north.dispatcher, " "), (north.sales, "x"), (north.accounts, "x")):
            with pytest.raises(ValueError):
                hand_over(promise, to=to, by=north.sales, now=now, reason=reason)
        assert owner_of(promise) == north.sales

    def test_who_was_first_wins(self, north, promise, now):
        stale = Promise.objects.get(pk=promise.pk)
        hand_over(promise, to=north.dispatcher, by=north.sales, now=now, reason="Ill")
        with pytest.raises(SettledMeanwhile, match="Dana Whitlock has it"):
            hand_over(stale, to=north.accounts, by=north.sales, now=now, reason="Ill")
        assert PromiseHandover.objects.count() == 1

    def test_its_record_is_never_rewritten(self, north, promise, now):
        hand_over(promise, to=north.dispatcher, by=north.sales, now=now, reason="Ill")
        for change in (
            lambda: PromiseHandover.objects.update(reason="Other"),
            lambda: PromiseHandover.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
                change()


class TestByRule:
    def test_an_absence_hands_on_at_once_what_falls_due_in_it(self, north, promise, now):
        later = promised(north, now, due_in=30 * HOUR)
        add_leave(north.sales, starts_at=now, ends_at=now + 4 * HOUR, reason="Ill", now=now)
        assert (owner_of(promise), owner_of(later)) == (north.manager, north.sales)
        assert PromiseHandover.objects.get().reason == "Jamie Mercer is away"

    def test_the_cases_owner_comes_first_then_the_lead_then_a_manager(self, north, now):
        case = Case.objects.create(
            customer=north.customer, kind="fault", title="Bands", opened_at=now, owner=north.dispatcher
        )
        north.sales.lead = north.accounts
        north.sales.save()
        of_case, other = promised(north, now, case=case), promised(north, now)
        add_leave(north.sales, starts_at=now, ends_at=now + DAY, reason="Ill", now=now)
        assert (owner_of(of_case), owner_of(other)) == (north.dispatcher, north.accounts)

    def test_who_is_away_themselves_is_passed_over(self, north, promise, now):
        north.sales.lead = north.accounts
        north.sales.save()
        add_leave(north.accounts, starts_at=now, ends_at=now + DAY, reason="Leave", now=now)
        add_leave(north.sales, starts_at=now, ends_at=now + DAY, reason="Ill", now=now)
        assert owner_of(promise) == north.manager

    def test_a_technicians_absence_counts_as_well(self, north, now):
        promise = promised(north, now, owner=north.technician)
        add_absence(north.lou, starts_at=now, ends_at=now + DAY, reason="Ill", by=north.manager, now=now)
        assert owner_of(promise) == north.manager

    def test_who_was_away_before_is_found_when_a_reminder_is_due(self, cast, now):
        desk = cast.north
        with tenant(desk.tenant):
            add_leave(desk.sales, starts_at=now, ends_at=now + DAY, reason="Ill", now=now)
            promise = promised(desk, now)
        assert mind_promises(now=now + 89 * MINUTE) == 0
        assert mind_promises(now=now + 90 * MINUTE) == 1
        assert mind_promises(now=now + 90 * MINUTE) == 0
        with tenant(desk.tenant):
            assert owner_of(promise) == desk.manager

    def test_who_has_left_keeps_nothing_and_nobodys_gets_an_owner(self, cast, now):
        desk = cast.north
        with tenant(desk.tenant):
            lefts = promised(desk, now, due_in=9 * DAY)
            nobodys = promised(desk, now, due_in=9 * DAY)
            Promise.objects.filter(pk=nobodys.pk).update(owner=None)
            Membership.objects.filter(pk=desk.sales.pk).update(ended_at=now)
        assert mind_promises(now=now + MINUTE) == 2
        with tenant(desk.tenant):
            assert owner_of(lefts) == owner_of(nobodys) == desk.manager
            reasons = set(PromiseHandover.objects.values_list("reason", flat=True))
            assert reasons == {"Jamie Mercer works here no more", "Nobody had it"}

    def test_history_and_silent_desks_are_let_be(self, cast, now):
        desk = cast.north
        with tenant(desk.tenant):
            old = promised(desk, now)
            Promise.objects.filter(pk=old.pk).update(owner=None, is_imported=True)
        assert mind_promises(now=now + MINUTE) == 0
        with tenant(desk.tenant):
            Promise.objects.filter(pk=old.pk).update(is_imported=False)
            type(desk.tenant).objects.filter(pk=desk.tenant.pk).update(messages_from=None)
        assert mind_promises(now=now + MINUTE) == 0

    def test_a_leave_that_ends_early_is_over(self, north, now):
        leave = add_leave(north.sales, starts_at=now, ends_at=now + 9 * DAY, reason="Ill", now=now)
        end_leave(leave, now=now + HOUR)
        assert Leave.objects.get().ends_at == now + HOUR
        coming = add_leave(north.sales, starts_at=now + DAY, ends_at=now + 2 * DAY, reason="", now=now)
        end_leave(coming, now=now)
        assert Leave.objects.count() == 1

    @pytest.mark.parametrize(("begin", "end"), [(2, 1), (-2, -1), (0, 367 * 24)])
    def test_a_leave_that_cannot_be_is_refused(self, north, now, begin, end):
        with pytest.raises(SettingRefused):
            add_leave(north.sales, starts_at=now + begin * HOUR, ends_at=now + end * HOUR, reason="", now=now)


class TestALeadHears:
    def test_of_a_break_once_with_a_duty_and_a_mail(self, north, promise, now):
        at = now + 2 * HOUR + MINUTE
        break_promise(promise, now=at, evidence="Its time passed")
        break_promise(promise, now=at + MINUTE, evidence="Once more")
        duty = Duty.objects.get(subject=promise.public_id)
        assert (duty.owner, duty.due_at) == (north.manager, at + HOUR)
        mail = Message.objects.get(kind=BROKEN)
        assert (mail.colleague, mail.send_after) == (north.manager, at)
        assert judge(mail, now=at).outgoing.text == (
            "Jamie Mercer did not keep a promise to Margaret Ellison, The Harbour Letter, due by 15:07: "
            "Ring with the price\nRing them: 07700 900412. It stands on the page of promises.\n"
        )

    def test_also_when_a_person_did_it_too_late(self, north, promise, now):
        keep_promise(promise, by=north.sales, now=now + 3 * HOUR, evidence="Rang")
        assert Duty.objects.filter(subject=promise.public_id).count() == 1

    def test_an_absent_lead_is_passed_over(self, north, promise, now):
        user = User.objects.create_user("kit@northgate.example", "a long password", name="Kit Doyle")
        kit = Membership.objects.create(user=user, role=Role.MANAGER)
        add_leave(north.manager, starts_at=now, ends_at=now + DAY, reason="Leave", now=now)
        break_promise(promise, now=now + 3 * HOUR, evidence="Its time passed")
        assert Duty.objects.get(subject=promise.public_id).owner == kit

    def test_a_manager_without_a_lead_hears_of_their_own(self, north, now):
        own = promised(north, now, owner=north.manager)
        break_promise(own, now=now + 3 * HOUR, evidence="Its time passed")
        assert Duty.objects.get(subject=own.public_id).owner == north.manager
