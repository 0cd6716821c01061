"""Promises: the register with the duties beside them, and one promise with what may be done (design 3)."""

import datetime as dt
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.models import Duty, Promise
from cases.promise_owners import hand_over
from cases.promise_register import SOON, Section, Wanted, Whose, counts, first_choice, page_of
from cases.promising import SettledMeanwhile, agree_anew, keep_by_hand, release_by_hand
from servicedesk import promise_letters as letters
from servicedesk.call_forms import MoveForm
from servicedesk.call_rows import due_in_words
from servicedesk.calls_owed import KINDS as OWED
from servicedesk.moments import due_word, moment_word, span_word
from servicedesk.promise_forms import KEPT, KINDS, RELEASED, HandForm, SettleForm, colleagues
from servicedesk.tray_cards import ACTS
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.gates import for_staff, id_in, may_open, the_one
from tenancy.models import Role

PAGE = 25
State = Promise.State
# The sign beside each kind.
ICONS = {"call back": "phone", "answer": "message-square", "visit": "wrench", "money": "banknote"}


@require_GET
@for_staff
def register(request):
    """The counts of every section, and the rows of one: as many queries for one row as for three."""
    now = timezone.now()
    zone = zone_of(request.tenant)
    wanted, chosen = _wanted(request)
    found = counts(wanted, now=now)
    asked = request.GET.get("state", "")
    usual = next((one for one in (Section.OVERDUE, Section.OPEN) if found[one]), Section.OPEN)
    section = Section(asked) if asked in Section.values else usual
    after = request.GET.get("after", "")
    page = page_of(section, wanted, now=now, after=after, size=PAGE)
    rows = [_row(request, each, zone=zone, now=now) for each in page.rows]
    context = {
        "tabs": [(name.label, found[name], _query(chosen, state=name), name == section) for name in Section],
        "section": section,
        "rows": rows,
        "whose": [(value, label, value == wanted.whose) for value, label in Whose.choices],
        "owners": colleagues(),
        "chosen": chosen,
        "kinds": [(kind, kind.label) for kind in KINDS],
        "next_url": _query(chosen, state=section, after=page.after) if page.after else "",
        "front_url": _query(chosen, state=section) if after else "",
        "base": _base(request),
    }
    return render(request, "servicedesk/promises.html", context)


@require_GET
@for_staff
def promise(request, id):
    """What was promised, by whom to whom, who had it since, and what may be done."""
    return _page(request, _one(id))


@require_POST
@for_staff
def settle(request, id):
    """Kept, or needed no longer, with what came of it; 409 where another was first."""
    found, now = _one(id), timezone.now()
    form = SettleForm(request.POST)
    if not form.is_valid():
        return _page(request, found, settle_form=form, status=422)
    act = keep_by_hand if form.cleaned_data["end"] == KEPT else release_by_hand
    try:
        act(found, by=request.membership, now=now, evidence=form.cleaned_data["evidence"])
    except SettledMeanwhile as first:
        return _page(request, _one(id), refusal=str(first), status=409)
    messages.success(request, f"{found.get_state_display()}: {found.text}")
    return redirect(desk_url(request.tenant, "promises"))


@require_POST
@for_staff
def move(request, id):
    """Another time, agreed before it is due; the customer is told where that is asked."""
    found, now = _one(id), timezone.now()
    form = MoveForm(request.POST, now=now, calendar=calendar_of(request.tenant))
    if not form.is_valid():
        return _page(request, found, move_form=form, status=422)
    try:
        found = agree_anew(found, due_at=form.cleaned_data["due_at"], by=request.membership, now=now)
    except ValueError as too_late:
        return _page(request, _one(id), refusal=str(too_late), status=409)
    told = ""
    if form.cleaned_data["tell"]:
        way = letters.tell_promise(found, letters.MOVED, now=now)
        told = f" ({way.contact.name or found.customer.called} is told)" if way else " (nothing reaches them)"
    due = due_in_words(found.due_at, now=now, zone=zone_of(request.tenant))
    messages.success(request, f"Moved, now {due}: {found.text}{told}")
    return redirect(desk_url(request.tenant, "promise", id=found.public_id))


@require_POST
@for_staff
def hand(request, id):
    """To a colleague, with the reason; they hear of it."""
    found, now = _one(id), timezone.now()
    form = HandForm(request.POST)
    if not form.is_valid():
        return _page(request, found, hand_form=form, status=422)
    try:
        hand_over(found, by=request.membership, now=now, **form.cleaned_data)
    except SettledMeanwhile as first:
        return _page(request, _one(id), refusal=str(first), status=409)
    except ValueError as refused:
        form.add_error("to", str(refused))
        return _page(request, found, hand_form=form, status=422)
    messages.success(request, f"{found.owner.name} keeps it now: {found.text}")
    return redirect(desk_url(request.tenant, "promise", id=found.public_id))


def _wanted(request) -> tuple[Wanted, dict]:
    """The filters of the address, and as they stand in it; one that is none is left out."""
    whose = request.GET.get("whose", "")
    whose = whose if whose in Whose.values else first_choice(request.membership)
    kind = request.GET.get("kind", "")
    kind = kind if kind in Promise.Kind.values else ""
    asked = id_in(request.GET.get("owner", ""))
    owner = colleagues().filter(public_id=asked).first() if asked else None
    chosen = {"whose": whose, "owner": str(owner.public_id) if owner else "", "kind": kind}
    return Wanted(request.membership, whose, owner, kind), chosen


def _query(chosen, **more) -> str:
    return "?" + urlencode({name: value for name, value in {**chosen, **more}.items() if value})


def _one(id) -> Promise:
    rows = Promise.objects.by_hand().select_related(
        "customer__tenant", "tenant", "case", "owner__user", "made_by__user", "settled_by__user"
    )
    return the_one(rows, id)


def chip(promise: Promise, *, zone, now: dt.datetime) -> tuple[str, str]:
    """The state of the promise's chip and its time in words: "2 h late", "in 40 min", "today 15:00"."""
    by = moment_word(promise.due_at, zone=zone, today=local_day(now, zone))
    if promise.state == State.BROKEN:
        return "late", f"broken, due {by}"
    if promise.state != State.OPEN:
        return "kept", promise.get_state_display().lower()
    if promise.due_at < now:
        return "late", f"{span_word(now - promise.due_at)} late"
    if promise.due_at - now <= SOON:
        return "due", f"in {span_word(promise.due_at - now)}"
    return "open", by


def _row(request, each, *, zone, now) -> dict:
    is_duty = isinstance(each, Duty)
    is_late = each.due_at < now
    if is_duty:
        tone, by = ("bad" if is_late else ""), due_word(each.due_at, zone=zone, today=local_day(now, zone))
        return {"row": each, "is_duty": True, "tone": tone, "by": by, "url": _duty_url(request, each)}
    state, by = chip(each, zone=zone, now=now)
    tone = {"late": "bad", "due": "warn"}.get(state, "")
    if state == "late" and each.has_unheard_break:
        by = f"{span_word(now - each.due_at)} late"
    url = desk_url(request.tenant, "promise", id=each.public_id)
    return {"row": each, "tone": tone, "by": by, "url": url, "icon": ICONS.get(each.kind, "handshake")}


def _duty_url(request, duty) -> str:
    """Where a duty is done; the customer's page for whoever may not open that, "" for none."""
    reader = request.membership
    if duty.kind in OWED and (duty.owner_id == reader.pk or may_open(reader, "call-owed")):
        return desk_url(request.tenant, "call-owed", id=duty.public_id)
    act = ACTS.get(duty.kind)
    if act is not None and may_open(reader, act[1]):
        _, route, whose = act
        named = {"subject": duty.subject, "duty": duty.public_id}.get(
            whose, duty.customer and duty.customer.public_id
        )
        return desk_url(request.tenant, route, id=named) if named else ""
    return desk_url(request.tenant, "customer", id=duty.customer.public_id) if duty.customer else ""


def _page(request, found, *, refusal="", status=200, **forms):
    now, zone = timezone.now(), zone_of(request.tenant)
    state, by = chip(found, zone=zone, now=now)
    break_duty = Duty.objects.open().filter(subject=found.public_id, kind=Duty.Kind.CALL_CUSTOMER).first()
    contact = found.customer.contacts.exclude(phone="").order_by("-is_main", "pk").first()
    context = {
        "each": found,
        "state": state,
        "by": by,
        "refusal": refusal,
        "contact": contact,
        "handovers": found.handovers.select_related(
            "from_owner__user", "to_owner__user", "by__user"
        ).order_by("at", "pk"),
        "is_open": found.state == State.OPEN,
        "may_move": found.state == State.OPEN and found.due_at > now,
        "break_url": _duty_url(request, break_duty) if break_duty else "",
        "way": letters.way_to(found.customer, now=now),
        "colleagues": colleagues(),
        "KEPT": KEPT,
        "RELEASED": RELEASED,
        "posted": request.POST,
        "base": _base(request),
        **forms,
    }
    return render(request, "servicedesk/promise.html", context, status=status)


def _base(request) -> str:
    return "base_technician.html" if request.membership.role == Role.TECHNICIAN else "base_desk.html"


urlpatterns = [
    path("promises/", register, name="promises"),
    path("promises/<uuid:id>/", promise, name="promise"),
    path("promises/<uuid:id>/settle/", settle, name="promise-settle"),
    path("promises/<uuid:id>/move/", move, name="promise-move"),
    path("promises/<uuid:id>/hand/", hand, name="promise-hand"),
]
