"""Finishing a visit on one page: recommendations, what I did, parts used, signature."""

import datetime as dt
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from customers.models import Equipment
from recommendations.lifecycle import NotPossible
from servicedesk.finish_forms import DECISIONS, WHY_NO, WHY_NOT_NOW, AnswerForm, FindingForm, ReportForm
from servicedesk.finish_left import left_forms
from servicedesk.finish_meters import meter_forms
from servicedesk.finish_parts import part_lines, read_parts
from servicedesk.finish_signatures import BrokenSignature, for_the_recommendations, for_the_work
from servicedesk.phone_pages import is_kept, kept_on_phones, phone_of, seen_of
from servicedesk.steps import device_at
from servicedesk.storable import storable
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.files import NotAPicture, discard, store_photo
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.prepared import DAY, Key, Prepared, PublicId, attach
from visits.fieldwork import StepRefused, may_work_on, to_raise_at
from visits.gate import (
    AlreadyOver,
    Completion,
    Finding,
    NotReviewed,
    Report,
    assigned_to,
    complete_visit,
    machines_of,
    raise_at_visit,
    technician_of,
    unreviewed,
    why_not_finish,
)
from visits.models import Review, Visit

MOST_PHOTOS = 6
FORM = "finish"
PHOTO_ALONE = "A photo is taken, and no words: say what should be done."
# Where a link to what is wrong leads, when the field itself cannot be seen.
PLACES = {"signature": "signature-block", "recommendations_signature": "handover"}


class FinishPage:
    """All that the page holds, from the database and from what was typed."""

    meanwhile = "while this page was open"

    def __init__(self, request, visit: Visit, now: dt.datetime):
        self.request, self.visit, self.now, self.by = request, visit, now, request.membership
        self.data = _typed(request.POST) if request.method == "POST" else None
        self.day = local_day(now, zone_of(request.tenant))
        self.machines = [link.equipment for link in visit.machines.all()]
        self.at_site = _AT_SITE.rows(site=visit.site_id)
        self.technician = technician_of(visit, self.by, assigned=list(visit.assignments.all()))
        self.errors: list[tuple[str, str]] = []
        required = _UNREVIEWED.rows(visit=visit.pk, day=self.day)
        others = _OTHERS.rows(site=visit.site_id, visit=visit.pk, day=self.day)
        others = [rec for rec in others if rec.pk not in {one.pk for one in required}]
        self.answers = [self._answer_form(rec, True) for rec in required]
        self.others = [self._answer_form(rec, False) for rec in others]
        self.report = ReportForm(self.data)
        self.finding = FindingForm(self.data, today=self.day)
        self.left = left_forms(visit, self.data)
        self.meters = meter_forms(self.machines, self.data)
        typed = read_parts(self.data)
        self.errors += typed.errors
        self.lines = part_lines(visit, self.technician, self.machines, typed, day=self.day, now=now)
        self.raised = [review.recommendation for review in _RAISED.rows(visit=visit.pk)]

    def is_valid(self) -> bool:
        """Whether everything is there; `errors` says what is not, each with the id of its place."""
        shown = set(self.data.getlist("shown"))
        for form in [*self.answers, *self.others]:
            if not form.is_valid():
                self._complain_of(form, shown)
        if not self.report.is_valid():
            self.errors += [(PLACES.get(name, name), words[0]) for name, words in self.report.errors.items()]
        if not self.finding.is_valid():
            self.errors += [(f"new-{name}", words[0]) for name, words in self.finding.errors.items()]
        elif self.request.FILES.getlist("photo") and not self.finding.cleaned_data["finding"]:
            self.errors.append(("new-finding", PHOTO_ALONE))
        for form in [*self.left, *self.meters]:
            self.errors += [(form.place, words[0]) for words in form.errors.values()]
        return not self.errors

    def has_finding(self) -> bool:
        """Whether a recommendation is typed and whole; `errors` says what is not."""
        if self.finding.is_valid() and self.finding.cleaned_data["finding"]:
            return True
        self.errors = [("new-finding", "Say what should be done.")]
        self.errors += [(f"new-{name}", words[0]) for name, words in self.finding.errors.items()]
        return False

    @property
    def others_are_wrong(self) -> bool:
        """Whether an answer that need not be given was begun and is not whole: then it must be seen."""
        return any(form.errors for form in self.others)

    @property
    def meter_is_typed(self) -> bool:
        """Whether a counter was read: then it must be seen."""
        return any(form.is_typed for form in self.meters)

    def completion(self, stored: list) -> Completion:
        """What was typed, as the gate takes it; stores the pictures, noting them in `stored`."""
        forms = [*self.answers, *self.others]
        return Completion(
            report=self._report(stored),
            answers=tuple(filter(None, (form.answer() for form in forms))),
            findings=self.new_findings(stored),
            parts={line.part: line.quantity for line in self.lines if line.quantity},
            left=tuple(filter(None, (form.answer() for form in self.left))),
            readings=tuple(filter(None, (form.reading() for form in self.meters))),
        )

    def complete(self) -> None:
        """Finish the visit with what the page holds. Raises what the gate and the pictures raise."""
        with _kept_or_discarded() as stored:
            complete_visit(
                self.visit,
                completion=self.completion(stored),
                by=self.by,
                now=self.now,
                device_at=device_at(self.request),
            )

    def add_finding(self) -> None:
        """Raise what was typed under "Add a recommendation". Raises NotAPicture, StepRefused."""
        with _kept_or_discarded() as stored:
            for finding in self.new_findings(stored):
                raise_at_visit(self.visit, finding, by=self.by, now=self.now)

    def new_findings(self, stored: list) -> tuple[Finding, ...]:
        """The recommendation typed on the page, with its photos; none where no words are."""
        said = self.finding.cleaned_data
        if not said["finding"] or not [*self.machines, *self.at_site]:
            return ()
        photos = self.request.FILES.getlist("photo")[:MOST_PHOTOS]
        for photo in photos:
            stored.append(store_photo(photo, by=self.by, now=self.now))
        machine = next((m for m in self.at_site if str(m.public_id) == self.data.get("new-machine")), None)
        return (
            Finding(
                equipment=machine or [*self.machines, *self.at_site][0],
                finding=said["finding"],
                severity=said["severity"],
                risk=said["risk"],
                estimate=said["estimate"],
                review_by=said["review_by"],
                public_id=said["public_id"],
                photos=tuple(stored[len(stored) - len(photos) :]),
            ),
        )

    def answer(self, status: int = 200):
        """The page as it stands."""
        left = [form for form in self.answers if not form.is_answered]
        name = self._usual_signer
        wrong = dict(reversed(self.errors))
        context = {
            "visit": self.visit,
            "phone": phone_of(self.request),
            "seen": seen_of(self.visit, self.now),
            "today": self.day,
            "customer": self.visit.customer.short_name,
            "signer": name,
            "called": name.split()[0],
            "page": self,
            "left": len(left),
            "left_forms": left,
            "minutes": int((self.now - (self.visit.arrived_at or self.now)).total_seconds() // 60),
            "decisions": DECISIONS,
            "why_no": WHY_NO,
            "why_not_now": WHY_NOT_NOW,
            "errors": self.errors,
            "wrong": wrong,
            "finding_errors": _listed(wrong, "new-finding"),
            "part_errors": _listed(wrong, "extra_number"),
            "count_errors": _listed(wrong, "extra_quantity"),
            "photo_error": wrong.get("photo", ""),
            "now": self.now,
        }
        return render(self.request, "visits/finish.html", context, status=status)

    @property
    def _usual_signer(self) -> str:
        contact = self.visit.contact
        return contact.name if contact and contact.name else self.visit.customer.name

    def _answer_form(self, recommendation, is_required):
        return AnswerForm(self.data, recommendation=recommendation, is_required=is_required, today=self.day)

    def _complain_of(self, form, shown):
        recommendation = form.recommendation
        place = f"card-{recommendation.public_id}"
        if form.is_required and str(recommendation.public_id) not in shown:
            words = f"“{recommendation.finding}” came in {self.meanwhile}. Answer it to finish."
            self.errors.append((place, words))
            return
        for words in form.errors.values():
            self.errors.append((place, f"{recommendation.finding}: {words[0]}"))

    def _report(self, stored) -> Report:
        said = self.report.cleaned_data
        work = for_the_work(said, usual=self._usual_signer)
        apart = for_the_recommendations(said, work=work)
        return Report(
            work_done=said["work_done"],
            fixed_first_time=said["fixed"] == "yes",
            not_fixed_because=said["not_fixed_because"] if said["fixed"] == "no" else "",
            next_step=said["next_step"] if said["fixed"] == "no" else "",
            parts_needed=said["parts_needed"] if said["fixed"] == "no" else "",
            signing=work.signing,
            signature=self._drawing(work, "signature", stored),
            signed_by=work.by,
            cannot_sign_because=work.because,
            recommendations_signing=apart.signing,
            recommendations_signature=self._drawing(apart, "recommendations_signature", stored),
            recommendations_signed_by=apart.by,
            recommendations_unsigned_because=apart.because,
        )

    def _drawing(self, signed, field, stored):
        kept = signed.kept_drawing(place=PLACES[field], by=self.by, now=self.now)
        if kept is not None:
            stored.append(kept)
        return kept


@require_http_methods(["GET", "POST"])
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
@kept_on_phones
def finish(request, id):
    """The page, and finishing."""
    now = timezone.now()
    visit = _visit(request, id)
    back = desk_url(request.tenant, "brief", id=visit.public_id)
    is_here = visit.state == Visit.State.ON_SITE
    if not is_here and request.method == "GET" and not is_kept(request):
        return redirect(back)
    if visit.state in Visit.OVER_STATES and visit.state != Visit.State.MISSED:
        return _refused(request, visit, back)
    page = FinishPage(request, visit, now)
    if request.method == "GET":
        return page.answer()
    if not is_here:
        page.errors.append((FORM, why_not_finish(visit)))
        return page.answer(status=409)
    if not page.is_valid():
        return page.answer(status=422)
    try:
        page.complete()
    except NotReviewed:
        # It came in between our look and the gate's.
        page = FinishPage(request, visit, now)
        page.is_valid()
        return page.answer(status=422)
    except BrokenSignature as wrong:
        page.errors.append((wrong.place, str(wrong)))
        return page.answer(status=422)
    except (NotPossible, NotAPicture) as wrong:
        page.errors.append(("photo" if isinstance(wrong, NotAPicture) else "s1", str(wrong)))
        return page.answer(status=422)
    except AlreadyOver:
        return _refused(request, visit, back)
    except StepRefused as refused:
        # A colleague took the arrival back meanwhile: once it is there again, this can be sent.
        page.errors.append((FORM, str(refused)))
        return page.answer(status=409)
    messages.success(request, f"Visit done: {visit.customer.short_name}.")
    return redirect(desk_url(request.tenant, "today") if _is_technician(request) else back)


@require_http_methods(["GET", "POST"])
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
def add(request, id):
    """Add a recommendation or a part, and go on with everything that was typed."""
    now = timezone.now()
    visit = _visit(request, id)
    if request.method == "GET":
        # A phone that opens its pages again asks for the last address.
        return redirect(desk_url(request.tenant, "finish", id=visit.public_id))
    if visit.state != Visit.State.ON_SITE:
        return _refused(request, visit, desk_url(request.tenant, "brief", id=visit.public_id))
    page = FinishPage(request, visit, now)
    if request.POST.get("add") == "part":
        if not page.errors and not page.data.get("extra_number", "").strip():
            page.errors.append(("extra_number", "Give the part’s number."))
        return page.answer(status=422 if page.errors else 200)
    if not page.has_finding():
        return page.answer(status=422)
    try:
        page.add_finding()
    except (NotAPicture, StepRefused) as wrong:
        page.errors = [("photo", str(wrong))]
        return page.answer(status=422)
    page = FinishPage(request, visit, now)
    page.finding = FindingForm(today=page.day)
    return page.answer()


@contextmanager
def _kept_or_discarded():
    """A list for the pictures that are stored: where the rows are rolled back, the bytes go too."""
    stored = []
    try:
        with transaction.atomic():
            yield stored
    except Exception:
        discard(stored)
        raise


_VISIT = Prepared(
    lambda id: Visit.objects.filter(public_id=id).select_related(
        "customer", "site", "contact", "entitlement", "backup"
    ),
    id=PublicId(),
)
_AT_SITE = Prepared(
    lambda site: Equipment.objects.filter(site_id=site, retired_on=None).order_by("pk"), site=Key()
)
_UNREVIEWED = Prepared(unreviewed, visit=Key(), day=DAY)
_OTHERS = Prepared(
    lambda site, visit, day: to_raise_at(site, day).exclude(reviews__visit=visit),
    site=Key(),
    visit=Key(),
    day=DAY,
)
_RAISED = Prepared(
    lambda visit: Review.objects.filter(visit=visit, outcome=Review.Outcome.RAISED).select_related(
        "recommendation__equipment"
    ),
    visit=Key(),
)


def _visit(request, public_id) -> Visit:
    visit = the_one(_VISIT, public_id)
    assigned = assigned_to(visit)
    if not may_work_on(visit, request.membership, assigned=assigned):
        raise PermissionDenied
    visit.tenant = request.tenant
    attach([visit], "assignments", assigned)
    attach([visit], "machines", machines_of(visit))
    return visit


def _refused(request, visit, back):
    """Somebody was quicker, or the arrival is missing: say what happened."""
    context = {"reason": why_not_finish(visit), "back_url": back}
    return render(request, "errors/409.html", context, status=409)


def _listed(wrong: dict[str, str], place: str) -> list[str]:
    """A field takes a list of what is wrong with it."""
    return [wrong[place]] if place in wrong else []


def _typed(post: QueryDict) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name, said in post.lists():
        kept.setlist(name, [storable(words) for words in said])
    return kept


def _is_technician(request) -> bool:
    return request.membership.role == Role.TECHNICIAN


urlpatterns = [
    path("today/<uuid:id>/finish/", finish, name="finish"),
    path("today/<uuid:id>/finish/add/", add, name="finish-add"),
]
