"""A visit on one page, made to be printed as well: what, when, who, what was promised, said and done."""

from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from messaging.models import Message
from servicedesk.moments import moment_word, window_word
from servicedesk.series_pages import again_url
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_staff, the_one
from tenancy.models import Role
from tenancy.papers import kept_paper, paper_response
from visits.goodwill_visits import goodwill_of
from visits.models import Review, ServiceReport, Visit, VisitStep
from visits.phone_times import in_words, speaks_for, was_sent_later
from visits.places import UNDO_TIME
from visits.rearranging import latest_rearrangement
from visits.report_document import document_of
from visits.restoring import CANCELLED, can_restore
from visits.standing import standing_of

PROMISE_TONES = {"open": "open", "kept": "kept", "kept late": "kept", "broken": "late", "released": "kept"}


@require_GET
@for_staff
def visit(request, id):
    """Everything that is known of one visit; as many queries, however much it is."""
    found = the_one(_whole_visits(), id)
    now, zone = timezone.now(), zone_of(request.tenant)
    today = local_day(now, zone)
    may_move = request.membership.has_role(Role.DISPATCHER)
    by_phone = speaks_for(found, found.steps.all(), zone)
    context = {
        "can_be_moved": may_move and found.state in Visit.WAITING_STATES and found.missed_at is None,
        "needs_approval": may_move and found.awaits_approval and found.state in Visit.WAITING_STATES,
        "needs_outcome": may_move and found.missed_at and not found.miss_closed_at and not found.is_history,
        "visit": found,
        "customer": found.customer,
        "standing": standing_of(found, now=now, desk=request.tenant),
        "told": window_word(found.window_start, found.window_end, zone=zone, today=today),
        "technicians": [a.technician for a in found.assignments.all()],
        "machines": [m.equipment for m in found.machines.all()],
        "promises": [_promise(p.promise, zone, today, by_phone) for p in found.promises.all()],
        "messages_sent": Message.objects.filter(subject=found.public_id).order_by("send_after", "id"),
        "by_phone": by_phone,
        "steps": [(s, _sent_later(s, zone)) for s in found.steps.all() if s.undone_at is None],
        "reviews": list(found.reviews.all()),
        "parts": list(found.parts_used.all()),
        "report": getattr(found, "report", None),
        "free": goodwill_of(found),
        "left": getattr(found, "work_left", None),
        "may_give_up": may_move,
        "is_over": found.state in Visit.OVER_STATES,
        "can_be_undone": found.state == Visit.State.BOOKED and found.held_until and now < found.held_until,
        "series_visits": list(found.series.visits.order_by("planned_start", "pk")) if found.series else [],
        "again_url": again_url(request, found) if may_move and found.series is None else "",
        "visits_of_case": _visits_of_case(found),
        "warnings": found.case.warnings.select_related("recommendation").order_by("pk") if found.case else (),
        **_what_can_be_undone(found, may_move, now),
    }
    return render(request, "servicedesk/visit.html", context)


@require_GET
@for_staff
def report_paper(request, id):
    """The report as the customer has it: every copy has the same bytes."""
    found = the_one(Visit.objects.all(), id)
    try:
        kept = document_of(found, now=timezone.now())
    except ServiceReport.DoesNotExist:
        raise Http404("No report yet") from None
    return paper_response(kept_paper(kept), kept.name)


@require_GET
@for_staff
def sheet(request, id):
    """One visit to be printed: its report once there is one, until then its page."""
    found = the_one(Visit.objects.all(), id)
    has_report = ServiceReport.objects.filter(visit=found).exists()
    return redirect(desk_url(request.tenant, "visit-report" if has_report else "visit", id=found.public_id))


def _visits_of_case(visit) -> list[Visit]:
    """Every visit for the same case, in order; one query where there is a case."""
    if visit.case is None:
        return []
    rows = visit.case.visits.prefetch_related("assignments__technician")
    return list(rows.order_by("planned_start", "pk"))


def _what_can_be_undone(visit, may_move, now) -> dict:
    """The last cancelling or move; no query once two minutes have passed."""
    if not may_move or now >= visit.changed_at + UNDO_TIME:
        return {}
    if visit.state in CANCELLED:
        return {"can_be_restored": can_restore(visit, now=now), "until": visit.changed_at + UNDO_TIME}
    return {"moved_by": latest_rearrangement(visit, now=now)}


def _whole_visits():
    return (
        Visit.objects.select_related(
            "customer",
            "site",
            "contact",
            "case",
            "entitlement__term__contract",
            "series",
            "booked_by__user",
            "backup",
        )
        .prefetch_related(
            "assignments__technician",
            "machines__equipment",
            "promises__promise__owner__user",
            Prefetch("steps", VisitStep.objects.select_related("by__user").order_by("at", "id")),
            Prefetch("reviews", Review.objects.select_related("recommendation").order_by("at", "id")),
            "parts_used__part",
            Prefetch(
                "report", ServiceReport.objects.select_related("signature", "recommendations_signature")
            ),
            "work_left__settled_by__user",
            "work_left__settled_at_visit",
        )
        .order_by("id")
    )


def _sent_later(step, zone) -> str:
    """When the phone says that it was, where it told us later."""
    return in_words(step, zone) if was_sent_later(step) else ""


def _promise(promise, zone, today, by_phone):
    """A broken promise stays broken; what the phone says for whoever was there stands beside it."""
    said = promise.evidence or (f"Owner {promise.owner.name}" if promise.owner else "")
    if by_phone and promise.kind == promise.Kind.WINDOW and by_phone not in said:
        said = f"{said}. {by_phone}"
    return {
        "row": promise,
        "state": PROMISE_TONES[promise.state],
        "by": moment_word(promise.due_at, zone=zone, today=today),
        "detail": said,
    }


urlpatterns = [
    path("visits/<uuid:id>/", visit, name="visit"),
    path("visits/<uuid:id>/report.pdf", report_paper, name="visit-report"),
    path("visits/<uuid:id>/sheet/", sheet, name="visit-sheet"),
]
