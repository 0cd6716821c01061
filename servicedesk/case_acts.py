"""What is done with a case, each act at an address of its own.

422 for what cannot be, with what was typed; 409 where somebody acted on the case meanwhile.
"""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from cases.duties import close_duties_about
from cases.escalating import wish_for_supervisor
from cases.interactions import note_interaction
from cases.joining import join_cases, split_off
from cases.life import (
    CaseRefused,
    close_case,
    end_waiting,
    hand_over,
    held,
    note_try,
    reopen,
    wait_for_customer,
)
from cases.models import Duty
from servicedesk.case_forms import (
    OFFICE,
    CloseForm,
    HandOverForm,
    JoinForm,
    NoteForm,
    ReopenForm,
    SeenForm,
    SplitForm,
    WaitForm,
    WishForm,
)
from servicedesk.case_record import case_page, the_case
from tenancy.addresses import desk_url
from tenancy.desk_settings import ChangedMeanwhile
from tenancy.gates import for_roles, for_staff


@require_POST
@for_staff
def note(request, id):
    """Keep a contact about the case, or a try that nobody answered."""

    def keep(case, said, who):
        if said["way"] == "try":
            note_try(case, channel=said["channel"], words=said["words"], **who)
        else:
            note_interaction(
                customer=case.customer, case=case, channel=said["channel"], direction=said["way"],
                summary=said["words"], **who,
            )  # fmt: skip

    return _act(request, id, "note", NoteForm, keep, "Kept on the case.")


@require_POST
@for_roles(*OFFICE)
def wait(request, id):
    """The customer has the next word."""
    return _act(request, id, "wait", WaitForm, _calling(wait_for_customer), "Waiting for the customer.")


@require_POST
@for_roles(*OFFICE)
def back(request, id):
    """It is our turn again."""
    return _act(request, id, "back", SeenForm, _calling(end_waiting), "Our turn again.")


@require_POST
@for_roles(*OFFICE)
def hand(request, id):
    """Somebody else goes on with it."""
    return _act(request, id, "hand", HandOverForm, _calling(hand_over), "Handed over. They hear of it.")


@require_POST
@for_roles(*OFFICE)
def taken(request, id):
    """Whoever was handed the case has read it."""
    return _act(request, id, "taken", SeenForm, _take, "You go on with it.")


@require_POST
@for_roles(*OFFICE)
def close(request, id):
    """The case ends, with an outcome."""
    return _act(request, id, "close", CloseForm, _calling(close_case), "Closed.")


@require_POST
@for_roles(*OFFICE)
def open_again(request, id):
    """The case goes on after all."""
    return _act(request, id, "reopen", ReopenForm, _calling(reopen), "Open again.")


@require_POST
@for_roles(*OFFICE)
def join(request, id):
    """Another case is the same matter: it becomes a part of this one."""

    def make_one(case, said, who):
        join_cases(kept=case, gone=said["other"], seen=said["seen"], **who)

    return _act(request, id, "join", JoinForm, make_one, "One matter now.")


@require_POST
@for_roles(*OFFICE)
def split(request, id):
    """One contact was about another matter; the answer is its new case."""
    opened = []

    def part(case, said, who):
        opened.append(split_off(said["contact"], kind=said["kind"], title=said["title"], **who))

    return _act(request, id, "split", SplitForm, part, "A case of its own now.", goes_to=opened)


@require_POST
@for_staff
def wish(request, id):
    """The customer wants a supervisor, and gets one."""

    def ask(case, said, who):
        held(case, said["seen"])
        wish_for_supervisor(case, wants=said["wants"], **who)

    return _act(request, id, "wish", WishForm, ask, "A supervisor takes over; the customer hears the name.")


def _take(case, said, who):
    close_duties_about(case.public_id, Duty.Kind.TAKE_CASE, outcome="Read, and goes on with it", **who)


def _calling(rule):
    """The rule with what the form says."""

    def do(case, said, who):
        rule(case, **said, **who)

    return do


def _act(request, id, act, form_class, do, done, *, goes_to=()):
    """Find, validate, do, answer."""
    case = the_case(id)
    form = form_class(request.POST, case=case)
    status = 422
    if form.is_valid():
        try:
            do(case, form.cleaned_data, {"by": request.membership, "now": timezone.now()})
        except ChangedMeanwhile as refused:
            form.add_error(None, str(refused))
            status = 409
        except (CaseRefused, ValueError) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            shown = next(iter(goes_to), case)
            return redirect(desk_url(request.tenant, "case", id=shown.public_id))
    return case_page(request, the_case(id), act=act, form=form, status=status)


urlpatterns = [
    path("cases/<uuid:id>/note/", note, name="case-note"),
    path("cases/<uuid:id>/wait/", wait, name="case-wait"),
    path("cases/<uuid:id>/back/", back, name="case-back"),
    path("cases/<uuid:id>/hand-over/", hand, name="case-hand-over"),
    path("cases/<uuid:id>/taken/", taken, name="case-taken"),
    path("cases/<uuid:id>/close/", close, name="case-close"),
    path("cases/<uuid:id>/reopen/", open_again, name="case-reopen"),
    path("cases/<uuid:id>/join/", join, name="case-join"),
    path("cases/<uuid:id>/split/", split, name="case-split"),
    path("cases/<uuid:id>/supervisor/", wish, name="case-supervisor"),
]
