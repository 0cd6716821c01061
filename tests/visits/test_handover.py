from cases.models import Duty
from recommendations import lifecycle
from tests.visits.gate_scene import SIGNED, answer, finish, on_site_visit, visit

__all__ = ["visit"]


def test_what_nobody_signed_for_makes_a_mail_due_the_same_day(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.detail) == (
        "mail recommendation",
        "dispatcher",
        "Visit V-1, not handed over",
    )
    assert duty.title == "Mail Replace the fuser unit: Margaret Ellison"
    assert duty.due_at == now.replace(hour=17, minute=30)
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == ""


def test_after_hours_the_mail_is_due_by_the_end_of_the_day(north, lou, now):
    late = now.replace(hour=20)
    visit = on_site_visit(north, late)
    finish(visit, late, lou, answer(north.recommendation))
    assert Duty.objects.get().due_at == now.replace(hour=23, minute=59, second=59)


def test_what_was_signed_for_is_handed_over(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation), report=SIGNED)
    assert not Duty.objects.exists()
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == "M. Ellison"


def test_nobody_to_ask_is_mailed_whoever_signed(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation, told=False), report=SIGNED)
    assert Duty.objects.get().kind == "mail recommendation"
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == ""


def test_accepted_for_another_visit_makes_a_duty_to_book_it(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation, "accepted"), report=SIGNED)
    duty = Duty.objects.get()
    assert (duty.kind, duty.title) == (
        "call customer",
        "Book a visit for Replace the fuser unit: Margaret Ellison",
    )


def test_nothing_to_hand_over_makes_no_duty(north, visit, lou, now):
    lifecycle.mark_done(north.recommendation, by=lou, now=now)
    finish(visit, now, lou)
    assert not Duty.objects.exists()
