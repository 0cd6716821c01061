"""What technicians' phones kept without a signal comes in here, and goes through the pages' own acts."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse, QueryDict
from django.urls import path
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from recommendations.lifecycle import NotPossible
from servicedesk import steps, today, van_pages
from servicedesk.finish import FinishPage
from servicedesk.phone_pages import plan_in_json
from servicedesk.storable import storable
from tenancy.files import NotAPicture
from tenancy.gates import for_roles
from tenancy.models import Membership, Role, Tenant
from visits.device_actions import Answer, PhoneAction, read_brief_as_of, take_actions
from visits.fieldwork import StepRefused, may_work_on
from visits.gate import why_not_finish
from visits.models import DeviceAction, Visit
from visits.seen_plans import FACTS, Plan

# A phone sends its queue in parts; a longer one is no phone of ours.
MOST_ACTIONS = 100
# Ids of ours, and a counter that PostgreSQL can hold.
LARGEST_ORDER = 2**63 - 1


class NotABatch(ValueError):
    """The body is not what a phone sends."""


@dataclass(frozen=True)
class Kept:
    """One action as the acts of the pages read a request: who, at which desk, what was typed, and when."""

    tenant: Tenant
    membership: Membership
    POST: QueryDict
    FILES: MultiValueDict
    seen: Plan | None
    happened_at: dt.datetime
    method: str = "POST"


class KeptFinish(FinishPage):
    """The finish page as it was filled in without a signal."""

    meanwhile = "while you had no signal"


@require_POST
@for_roles(Role.TECHNICIAN)
def take(request):
    """A part of one phone's queue; each action is answered by its id."""
    now = timezone.now()
    try:
        batch = json.loads(request.POST.get("batch", ""))
        person, sent_at = str(batch["person"]), _instant(batch["sent_at"])
        typed = {uuid.UUID(one["id"]): one for one in batch["actions"]}
        actions = [_action(one) for one in batch["actions"]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return JsonResponse({"words": "This is not what a phone sends."}, status=422)
    if len(actions) > MOST_ACTIONS or len(typed) != len(actions):
        return JsonResponse({"words": "This is not what a phone sends."}, status=422)
    if person != str(request.membership.public_id):
        return JsonResponse({"words": "Somebody else is signed in on this phone."}, status=409)

    def play(action: PhoneAction, visit: Visit | None, happened_at: dt.datetime) -> None:
        kept = _kept(request, action, typed[action.id], happened_at)
        if visit is None:
            ACTS_OF_DAY[action.kind](request, kept.POST, now)
            return
        visit.tenant = request.tenant
        if not may_work_on(visit, kept.membership):
            raise PermissionDenied
        ACTS[action.kind](kept, visit, now)

    answers = take_actions(actions, sent_at=sent_at, play=play, by=request.membership, now=now)
    _say_done(request, actions, answers)
    return JsonResponse({"taken_at": now.isoformat(), "answers": [_in_json(answer) for answer in answers]})


def _read(kept, visit, now):
    read_at = kept.seen.as_of if kept.seen else now
    read_brief_as_of(visit, read_at=read_at, by=kept.membership, now=now)


def _raise(kept, visit, now):
    page = KeptFinish(kept, visit, now)
    if not page.has_finding():
        raise StepRefused(_all_words(page))
    try:
        page.add_finding()
    except NotAPicture as wrong:
        raise StepRefused(str(wrong)) from None


def _finish(kept, visit, now):
    if visit.state != Visit.State.ON_SITE:
        raise StepRefused(why_not_finish(visit))
    page = KeptFinish(kept, visit, now)
    if not page.is_valid():
        raise StepRefused(_all_words(page))
    try:
        page.complete()
    except (NotPossible, NotAPicture) as wrong:
        raise StepRefused(str(wrong)) from None


def _with_part(act, gone: str):
    """A step with a part; a name that stands for nothing here is refused in the words `gone`."""

    def play(kept, visit, now):
        try:
            act(kept, visit, now)
        except Http404:
            raise StepRefused(gone) from None

    return play


# By the last word of the address that the page's form has.
ACTS = {
    "call": steps.call_ahead.act,
    "read": _read,
    "set-out": steps.set_out.act,
    "arrival": steps.change_arrival.act,
    "arrive": steps.arrive.act,
    "skip": steps.skip.act,
    "undo": steps.undo.act,
    "no-access": steps.say_no_access.act,
    "take": _with_part(van_pages.take.act, "That shelf is not in the books any more. Ring the office."),
    "put-back": _with_part(van_pages.put_back.act, "It was not taken along: there is nothing to put back."),
    "add": _raise,
    "finish": _finish,
}
# With the day as a whole.
ACTS_OF_DAY = {"accept": today.accept}


def _all_words(page) -> str:
    return " ".join(words for _, words in page.errors)


def _action(told) -> PhoneAction:
    is_of_day = told["kind"] in ACTS_OF_DAY
    if not is_of_day and told["kind"] not in ACTS:
        raise NotABatch(told["kind"])
    order = int(told["order"])
    if not 0 <= order <= LARGEST_ORDER:
        raise NotABatch(order)
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in told["typed"]):
        raise NotABatch(told["typed"])
    read_at = told.get("read_at")
    return PhoneAction(
        id=uuid.UUID(told["id"]),
        device=uuid.UUID(told["device"]),
        order=order,
        kind=told["kind"],
        visit=None if is_of_day else uuid.UUID(told["visit"]),
        device_at=_instant(told["device_at"]),
        seen=_plan(told.get("seen")),
        read_at=_instant(read_at) if read_at else None,
        is_left_out=bool(told.get("left_out")),
    )


def _plan(told) -> Plan | None:
    if not told:
        return None
    crew = tuple(sorted(str(name) for name in told["crew"]))
    facts = {fact: told[fact] for fact in FACTS if told.get(fact) is not None}
    machines = facts.pop("machines", None)
    if not all(isinstance(words, str) for words in facts.values()):
        raise NotABatch(facts)
    return Plan(
        start=_instant(told["start"]),
        crew=crew,
        as_of=_instant(told["as_of"]),
        machines=machines if machines is None else tuple(sorted(str(name) for name in machines)),
        **facts,
    )


def _instant(words) -> dt.datetime:
    instant = parse_datetime(words)
    if instant is None or instant.tzinfo is None or not 2000 < instant.year < 3000:
        raise NotABatch(words)
    return instant


def _kept(request, action, told, happened_at) -> Kept:
    post = QueryDict(mutable=True)
    for name, value in told["typed"]:
        post.appendlist(name, storable(value))
    files = MultiValueDict({"photo": request.FILES.getlist(f"photo-{action.id}")})
    return Kept(request.tenant, request.membership, post, files, action.seen, happened_at)


def _say_done(request, actions, answers):
    """What the next page says, as after the form itself."""
    taken = {answer.id for answer in answers if answer.outcome == DeviceAction.Outcome.ACCEPTED}
    done = [action.visit for action in actions if action.kind == "finish" and action.id in taken]
    for visit in Visit.objects.filter(public_id__in=done).select_related("customer"):
        messages.success(request, f"Visit done: {visit.customer.short_name}.")


def _in_json(answer: Answer) -> dict:
    plan = plan_in_json(answer.plan) if answer.plan else None
    return {
        "id": str(answer.id),
        "outcome": answer.outcome,
        "words": answer.words,
        "seen": answer.seen,
        "now": answer.now,
        "plan": plan,
        "agreed": answer.agreed,
    }


urlpatterns = [path("today/actions/", take, name="device-actions")]
