"""A customer's page after a visit: five faces of which one tap answers, and what else they need (R7.4)."""

import datetime as dt

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from cases.models import Duty
from portal.opening import for_links
from portal.ringing import ringing_of, ringing_page, rings_by
from tenancy.calendars import local_day
from visits.follow_up_answers import NothingSaid, answer_follow_up
from visits.models import FollowUp, Visit
from visits.told import told_zone
from visits.wording import day_words

Face = FollowUp.Face
MOST = 1000
CHOOSE = "Tap one of the five faces."
WRITE_LESS = f"Please say it in plain letters, {MOST} at most."
# The best first, as they are read; each has its face beside its word.
FACES = (
    (Face.VERY_GOOD, "laugh"),
    (Face.GOOD, "smile"),
    (Face.FAIR, "meh"),
    (Face.POOR, "frown"),
    (Face.VERY_POOR, "angry"),
)


class AnswerForm(forms.Form):
    """A face, some words, or both."""

    face = forms.TypedChoiceField(choices=Face.choices, coerce=int, empty_value=None, required=False)
    words = forms.CharField(max_length=MOST, required=False)
    needs = forms.CharField(max_length=MOST, required=False)

    def said(self) -> dict:
        """What they answer; None for a field that was not sent: an empty one takes its words back."""
        sent = {name: value for name, value in self.cleaned_data.items() if name in self.data}
        return dict.fromkeys(self.fields) | sent

    @property
    def problem(self) -> tuple[str, str]:
        """What is wrong, in words for the customer, and at which field."""
        if "face" in self.errors:
            return CHOOSE, "faces"
        return WRITE_LESS, "words" if "words" in self.errors else "needs"


def follow_up_page(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """How was it? Opening it changes nothing."""
    return _page(request, visit, token, now)


def ring_me(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """A person rings when they choose; pressed twice, one call."""

    def show(problem):
        return _page(request, visit, token, now, ring_problem=problem, status=409)

    return ringing_page(
        request,
        visit.customer,
        visit.public_id,
        about=f"visit {visit.number}, which was done",
        case=visit.case,
        token=token,
        now=now,
        show=show,
    )


@require_POST
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """A face or some words. Pressed twice, it counts once."""
    return _open(request, token)


def _answer(request, visit, *, token, now):
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, token, now, problem=form.problem, status=422)
    try:
        answer_follow_up(visit, **form.said(), now=now)
    except NothingSaid as refused:
        return _page(request, visit, token, now, problem=(str(refused), "faces"), status=422)
    return redirect("customer-page", token=token)


_open = for_links(follow_up=_answer)


def _page(request, visit, token, now, *, problem=("", ""), ring_problem="", status=200):
    said = FollowUp.objects.filter(visit=visit).first()
    zone = told_zone(visit.customer)
    done = local_day(visit.completed_at or visit.planned_start, zone)
    came = visit.assignments.select_related("technician").order_by("pk")
    about = said.public_id if said else None
    kept = {"words": said.words, "needs": said.needs} if said else {}
    typed = {name: request.POST[name] for name in ("words", "needs") if name in request.POST}
    page = {
        "visit": visit,
        "token": token,
        "who": " and ".join(one.technician.first_name for one in came) or visit.tenant.name,
        "day": day_words(done, country=visit.tenant.country, today=local_day(now, zone)),
        "faces": [(face, face.label, icon) for face, icon in FACES],
        "said": said,
        "values": kept | typed,
        "most": MOST,
        "problem": problem[0],
        "at": problem[1],
        "ring_problem": ring_problem,
        "calls_by": said and rings_by(visit.customer, about, now=now),
        "answers_by": said and rings_by(visit.customer, about, now=now, kind=Duty.Kind.CHECK_CALL),
        "sees_to_by": said and rings_by(visit.customer, about, now=now, kind=Duty.Kind.SEE_TO_NEED),
        **ringing_of(visit.customer, visit.public_id, now=now),
    }
    return render(request, "portal/follow_up.html", page, status=status)


urlpatterns = [path("v/<str:token>/how-it-was/", answer, name="customer-how-it-was")]
