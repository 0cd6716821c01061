"""What comes of an answer: each once, whatever is pressed, amended or changed afterwards."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.duties import close_duty
from cases.matters import open_case
from cases.models import Case, Duty, Interaction, Promise
from cases.promising import keep_by_hand
from customers.models import TimelineEntry
from messaging.models import Message
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.visits.followed_scene import done_visit
from visits.follow_up_answers import NothingSaid, answer_follow_up
from visits.follow_up_figures import answers_by_face, answers_in
from visits.models import Assignment, FollowUp, Praise

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
WORST, POOR, FAIR, GOOD, BEST = FollowUp.Face.values


@pytest.fixture
def done(north, now):
    """Done two days ago by Lou, whose lead is the manager."""
    north.technician.lead = north.manager
    north.technician.save(update_fields=["lead"])
    return done_visit(north, now - 2 * DAY, booked_by=north.dispatcher)


def effects():
    """How many rows an answer may have made: cases, contacts, duties, praise, mails of praise."""
    praise_mails = Message.objects.filter(kind="praise")
    tables = (Case.objects, Interaction.objects, Duty.objects, Praise.objects, praise_mails)
    return [rows.count() for rows in tables]


def test_a_poor_answer_is_a_complaint_with_an_owner_clocks_and_a_call(north, done, now):
    said = answer_follow_up(done, face=POOR, words="The bands came back", now=now)
    case = Case.objects.get()
    assert (case.kind, case.title, case.words) == (
        "complaint",
        f"Poor: visit {done.number}",
        "The bands came back",
    )
    assert (case.owner, case.site, case.equipment) == (north.manager, north.site, north.sorter)
    assert (case.response_due_at, case.resolution_due_at is not None) == (now + HOUR, True)
    duty = Duty.objects.get()
    assert (duty.kind, duty.title, duty.detail) == (
        "call customer",
        f"Ring Margaret Ellison: visit {done.number} was poor",
        "The bands came back",
    )
    assert (duty.owner, duty.due_at, duty.case, duty.customer) == (
        north.manager,
        now + HOUR,
        case,
        north.customer,
    )
    contact = Interaction.objects.get()
    assert (contact.case, contact.channel, contact.contact) == (case, "message", north.contact)
    assert (said.case, said.contact_noted) == (case, contact)


@pytest.mark.parametrize("face", FollowUp.Face.values)
def test_every_press_again_changes_nothing(north, done, now, face):
    answer_follow_up(done, face=face, words="As it was", needs="Toner", now=now)
    before = effects(), TimelineEntry.objects.count()
    for minutes in range(3):
        at = now + dt.timedelta(minutes=minutes)
        answer_follow_up(done, face=face, words="As it was", needs="Toner", now=at)
    assert (effects(), TimelineEntry.objects.count()) == before
    assert FollowUp.objects.get().changed_at == now
    is_poor, is_praise = face in (WORST, POOR), face in (GOOD, BEST)
    # What else they need; and somebody rings, or answers.
    assert before[0] == [is_poor, is_poor, 2 - is_praise, is_praise, is_praise]


def test_it_goes_to_the_open_matter_of_the_visit(north, now):
    case = open_case(
        customer=north.customer, kind="fault", title="Grey bands", by=north.sales, now=now - 9 * DAY
    )
    visit = done_visit(north, now - 2 * DAY, case=case)
    answer_follow_up(visit, face=WORST, words="Still bands", now=now)
    case.refresh_from_db()
    assert (case.kind, case.owner, case.words) == ("complaint", north.sales, "")
    assert Case.objects.count() == 1
    assert case.interactions.get().summary == f"Very poor: visit {visit.number}\nStill bands"
    assert Duty.objects.get().case == case


def test_words_that_come_after_the_tap_are_where_it_is_seen_to(north, done, now):
    answer_follow_up(done, face=POOR, now=now)
    before = effects()
    answer_follow_up(done, words="Nobody said hello", now=now + HOUR / 4)
    assert effects() == before
    assert (Duty.objects.get().detail, Case.objects.get().words) == ("Nobody said hello", "Nobody said hello")
    assert Interaction.objects.get().summary == f"Poor: visit {done.number}\nNobody said hello"
    lines = TimelineEntry.objects.filter(subject=done.public_id).order_by("at")
    assert list(lines.values_list("title", "detail")) == [
        (f"Asked how visit {done.number} was: Poor", ""),
        (f"Asked how visit {done.number} was: more words", "Nobody said hello"),
    ]


def test_words_that_come_after_the_call_are_a_contact_and_call_again(north, done, now):
    answer_follow_up(done, face=POOR, words="Late", now=now)
    close_duty(Duty.objects.get(), by=north.manager, now=now + HOUR, outcome="Spoke to her")
    answer_follow_up(done, words="Late, and rude", now=now + 2 * HOUR)
    assert Duty.objects.open().get().detail == "Late, and rude"
    assert Case.objects.get().interactions.count() == 2


def test_a_better_face_leaves_the_complaint_and_a_worse_one_opens_it(north, done, now):
    answer_follow_up(done, face=BEST, words="Lovely", now=now)
    assert (Case.objects.count(), Praise.objects.get().withdrawn_at) == (0, None)
    answer_follow_up(done, face=WORST, now=now + HOUR)
    assert (Case.objects.count(), Praise.objects.get().withdrawn_at) == (1, now + HOUR)
    answer_follow_up(done, face=BEST, now=now + 2 * HOUR)
    assert (Case.objects.get().state, Praise.objects.get().withdrawn_at) == ("open", None)
    assert Duty.objects.get().title == f"Ring Margaret Ellison: visit {done.number} was very good"


@pytest.mark.parametrize("again", [None, "", "He broke my door"])
def test_words_of_a_complaint_are_no_praise_whatever_is_tapped_next(north, done, now, again):
    answer_follow_up(done, words="He broke my door", now=now)
    answer_follow_up(done, face=WORST, now=now)
    answer_follow_up(done, face=BEST, words=again, now=now + HOUR)
    answer_follow_up(done, face=GOOD, words=again, now=now + HOUR)
    assert (Praise.objects.count(), Message.objects.filter(kind="praise").count()) == (0, 0)
    assert FollowUp.objects.get().words == ("" if again == "" else "He broke my door")
    answer_follow_up(done, words="He mended it at once", now=now + 2 * HOUR)
    assert Praise.objects.get().words == "He mended it at once"


def test_what_is_sent_empty_is_taken_back(north, done, now):
    answer_follow_up(done, face=BEST, words="Lovely", needs="Toner", now=now)
    answer_follow_up(done, words="", needs="", now=now + HOUR)
    said = FollowUp.objects.get()
    assert (said.face, said.words, said.needs) == (BEST, "", "")
    assert Praise.objects.get().withdrawn_at == now + HOUR
    duty = Duty.objects.get()
    assert (duty.closed_at, duty.outcome) == (now + HOUR, "They took it back on their page")
    line = TimelineEntry.objects.filter(subject=done.public_id).order_by("pk").last()
    assert line.title == f"Asked how visit {done.number} was: taken back"


def test_praise_given_again_is_told_after_all(north, done, now):
    letters = Message.objects.filter(kind="praise").values_list("state", flat=True)
    answer_follow_up(done, face=BEST, words="Quick and kind", now=now)
    for face, state in ((BEST, "planned"), (POOR, "cancelled"), (GOOD, "planned"), (BEST, "planned")):
        answer_follow_up(done, face=face, now=now)
        assert list(letters.all()) == [state]


def test_praise_reaches_everybody_who_was_there_and_their_lead(north, done, now):
    start = done.planned_start
    Assignment.objects.create(
        visit=done, technician=north.marek, starts_at=start, ends_at=done.planned_end, state="done"
    )
    answer_follow_up(done, face=GOOD, now=now)
    assert Praise.objects.count() == 0
    answer_follow_up(done, words="Quick and kind", now=now)
    rows = Praise.objects.order_by("name").values_list("name", "person", "words", "said_by", "visit")
    assert list(rows) == [
        ("Lou Baptiste", north.technician.pk, "Quick and kind", "Margaret Ellison", done.pk),
        ("Marek Novak", None, "Quick and kind", "Margaret Ellison", done.pk),
    ]
    told = Message.objects.filter(kind="praise").values_list("colleague", "channel")
    assert list(told) == [(north.manager.pk, "mail")] * 2


@pytest.mark.parametrize(("face", "shown"), [(None, ""), (FAIR, "All right: visit {}\n")])
def test_words_that_neither_praise_nor_complain_are_read_and_answered(north, done, now, face, shown):
    answer_follow_up(done, face=face, words="It leaks again", now=now)
    duty = Duty.objects.get()
    assert (duty.kind, duty.title, duty.owner, duty.detail) == (
        "check call",
        f"Read and answer: Margaret Ellison about visit {done.number}",
        north.dispatcher,
        f"{shown.format(done.number)}It leaks again",
    )
    promise = Promise.objects.get()
    assert (promise.kind, promise.due_at, promise.subject) == ("answer", duty.due_at, duty.public_id)
    answer_follow_up(done, words="It leaks again, ring me", now=now)
    assert Duty.objects.get().detail.endswith("It leaks again, ring me")
    close_duty(duty, by=north.dispatcher, now=now, outcome="Rang her")
    answer_follow_up(done, face=BEST, now=now + HOUR)
    assert Duty.objects.open().count() == 0
    answer_follow_up(done, face=FAIR, words="Still leaks", now=now + HOUR)
    answer_follow_up(done, words="", now=now + 2 * HOUR)
    assert (Duty.objects.open().count(), Promise.objects.order_by("pk").last().state) == (0, "released")


def test_the_middle_face_alone_does_nothing_but_stand_there(north, done, now):
    answer_follow_up(done, face=FAIR, now=now)
    assert effects() == [0, 0, 0, 0, 0]


def test_what_else_they_need_is_a_duty_until_somebody_has_seen_to_it(north, done, now):
    said = answer_follow_up(done, needs="Toner, and a spare tray", now=now)
    duty = Duty.objects.get()
    assert (duty.kind, duty.title, duty.detail) == (
        "see to need",
        "Margaret Ellison also needs: Toner, and a spare tray",
        "Toner, and a spare tray",
    )
    # Eight working hours on from Thursday 13:07.
    due = dt.datetime(2026, 3, 6, 11, 37, tzinfo=dt.UTC)
    assert (duty.owner, duty.owner_role, duty.due_at) == (north.dispatcher, "dispatcher", due)
    assert (duty.subject, said.face) == (said.public_id, None)
    answer_follow_up(done, needs="Toner, and two trays", now=now + HOUR)
    assert Duty.objects.get().detail == "Toner, and two trays"
    close_duty(Duty.objects.get(), by=north.dispatcher, now=now + HOUR, outcome="Ordered")
    answer_follow_up(done, needs="And paper", now=now + DAY)
    assert Duty.objects.open().get().detail == "And paper"
    assert Duty.objects.count() == 2


def test_what_their_page_promises_is_promised(north, done, now):
    answer_follow_up(done, face=WORST, words="Late", needs="Toner", now=now)
    ring, need = Duty.objects.order_by("due_at")
    rows = Promise.objects.order_by("due_at").values_list(
        "kind", "text", "owner", "due_at", "case", "subject"
    )
    assert list(rows) == [
        (
            "call back",
            f"Ring them about visit {done.number}",
            north.manager.pk,
            now + HOUR,
            ring.case_id,
            ring.public_id,
        ),
        (
            "answer",
            "See to what else they need, and tell them",
            north.dispatcher.pk,
            need.due_at,
            ring.case_id,
            need.public_id,
        ),
    ]
    # Either ends the other.
    keep_by_hand(Promise.objects.get(kind="answer"), by=north.dispatcher, now=now, evidence="Sent it")
    need.refresh_from_db()
    assert (need.closed_at, need.outcome) == (now, "Sent it")


@pytest.mark.parametrize(("late", "state"), [(False, "released"), (True, "broken")])
def test_a_need_that_is_taken_back_ends_its_promise(north, done, now, late, state):
    answer_follow_up(done, needs="Toner", face=GOOD, now=now)
    answer_follow_up(done, needs="", now=now + (3 * DAY if late else HOUR))
    assert Promise.objects.get().state == state
    assert not Duty.objects.open().filter(kind="see to need").exists()


def test_nothing_said_is_nothing(north, done, now):
    with pytest.raises(NothingSaid):
        answer_follow_up(done, words="  ", now=now)
    with pytest.raises(ValueError, match="6"):
        answer_follow_up(done, face=6, now=now)
    assert FollowUp.objects.count() == 0


def test_the_database_keeps_one_answer_for_a_visit(north, done, now):
    for fields in ({"face": 5}, {"face": 6}, {"face": None}):
        if fields == {"face": 5}:
            FollowUp.objects.create(visit=done, answered_at=now, changed_at=now, **fields)
        with pytest.raises(IntegrityError), transaction.atomic():
            FollowUp.objects.create(visit=done, answered_at=now, changed_at=now, **fields)


def test_answers_are_counted_by_face_and_day(cast, north, now):
    with tenant(cast.south.tenant):
        answer_follow_up(done_visit(cast.south, now), face=BEST, now=now)
    with tenant(north.tenant):
        faces = (BEST, BEST, POOR, None)
        visits = [done_visit(north, now - hours * 2 * HOUR) for hours in range(1, 5)]
        for visit, face in zip(visits, faces, strict=True):
            answer_follow_up(visit, face=face, needs="Paper" if face is None else "", now=now)
        answer_follow_up(done_visit(north, now - 9 * DAY), face=WORST, now=now - DAY)
        today = now.date()
        assert answers_by_face(north.tenant, today, today) == {5: 2, 4: 0, 3: 0, 2: 1, 1: 0}
        assert [row.visit for row in answers_in(north.tenant, today, today, face=BEST)] == [
            visits[1],
            visits[0],
        ]
        assert answers_in(north.tenant, today - DAY, today).count() == 5


def test_two_taps_at_the_same_moment_count_once(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = done_visit(desk, now - 2 * DAY)

    def tap():
        answer_follow_up(visit, face=WORST, words="Late", needs="Toner", now=now)

    at_once(tap, tap, tap, desk=desk)
    with tenant(desk.tenant):
        assert (FollowUp.objects.count(), effects()) == (1, [1, 1, 2, 0, 0])
