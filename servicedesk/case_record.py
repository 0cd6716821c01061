"""One case on one screen: who, how it stands in ten seconds, its thread, what is owed, what can be done."""

from urllib.parse import urlencode

from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.escalating import summary_of
from cases.life import seen_of, tried_in_vain
from cases.models import Case, Duty, Goodwill, Interaction
from customers.models import TimelineEntry
from messaging.models import Message
from servicedesk import caller_words
from servicedesk.calls_owed import CALLS
from servicedesk.case_forms import CHANNELS, OFFICE, WAYS, colleagues, others_of, ways_to_close
from servicedesk.case_words import clocks_of
from servicedesk.moments import moment_word, window_word
from servicedesk.reading_on import newest_first
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, local_day
from tenancy.gates import for_staff, may_open, the_one

THREAD = 25
MOST = 12
Severity = Case.Severity


@require_GET
@for_staff
def case(request, id):
    """The whole screen; of a case that was joined with another, that one."""
    found = the_case(id)
    if found.joined_into is not None:
        return redirect(desk_url(request.tenant, "case", id=found.joined_into.public_id))
    return case_page(request, found)


def the_case(id) -> Case:
    """The case of this desk with that public id."""
    rows = Case.objects.select_related(
        "customer", "site", "equipment", "owner__user", "supervisor__user", "opened_by__user", "tenant",
        "closed_by__user", "joined_into",
    )  # fmt: skip
    return the_one(rows, id)


def case_page(request, found, *, act="", form=None, status=200):
    """The screen; with the form that was refused as it was typed, its act open."""
    now, calendar = timezone.now(), calendar_of(request.tenant)
    zone, today = calendar.zone, local_day(now, calendar.zone)
    tries, days = tried_in_vain(found, now=now, calendar=calendar)
    contacts = list(found.interactions.select_related("by__user").order_by("-at", "-pk")[:MOST])
    visits = found.visits.prefetch_related("assignments__technician").order_by("-planned_start", "-pk")
    book = desk_url(request.tenant, "book", id=found.customer.public_id)
    context = {
        "case": found,
        "customer": found.customer,
        "clocks": clocks_of(found, now=now, zone=zone),
        "severity": Severity(found.severity).label,
        "summary": summary_of(found, now=now).splitlines(),
        "promises": [_promise(one, now, zone, today) for one in _promises(found)],
        "visits": [(visit, _told(visit, zone, today)) for visit in visits[:MOST]],
        "duties": found.duties.open().select_related("owner__user").order_by("due_at", "pk")[:MOST],
        "warnings": found.warnings.select_related("recommendation").order_by("pk"),
        "parts_of_it": found.joined.order_by("closed_at", "pk"),
        "contacts": contacts,
        "others": others_of(found)[:MOST],
        "colleagues": [one for one in colleagues() if one.pk != found.owner_id],
        "ways_to_close": ways_to_close(found, tries, days),
        "kinds": Case.Kind.choices,
        "channels": CHANNELS,
        "ways": WAYS,
        "seen": form.data.get("seen", "") if form and status == 422 else seen_of(found),
        "act": act,
        "form": form,
        "values": form.data if form else {},
        "may_act": request.membership.has_role(*OFFICE),
        "calls": CALLS,
        "may_call": may_open(request.membership, "call-owed"),
        "book_url": f"{book}?{urlencode({'case': found.public_id})}",
        "today": today,
        **_thread(request, found, zone, today),
    }
    return render(request, "servicedesk/case.html", context, status=status)


def _thread(request, found, zone, today) -> dict:
    """Everything that happened on the case, newest first, page by page: whoever is handed it reads it."""
    lines = lines_on(found).select_related("actor__user")
    page = newest_first(lines, "at", before=request.GET.get("before", ""), most=THREAD)
    here = desk_url(request.tenant, "case", id=found.public_id)
    return {
        "thread": caller_words.history(page.rows, zone=zone, today=today),
        "older_url": f"{here}?{urlencode({'before': page.older})}" if page.older else "",
        "front_url": "" if page.is_first else here,
    }


def lines_on(found: Case):
    """The lines of the time line that are the case's thread, in no order.

    Contacts with what was written in them, promises, visits, goodwill, and what we wrote about all that.
    """
    contacts = Interaction.objects.filter(case=found)
    matters = (
        found.promises.all(),
        found.visits.all(),
        Case.objects.filter(Q(pk=found.pk) | Q(joined_into=found)),
        Duty.objects.filter(case=found),
    )
    on_it = Q()
    for rows in matters:
        on_it |= Q(subject__in=rows.values("public_id"))
    written = Message.objects.filter(on_it)
    about = on_it | Q(subject__in=contacts.filter(reply__isnull=False).values("reply__public_id"))
    for rows in (contacts, written, Goodwill.objects.filter(case=found)):
        about |= Q(subject__in=rows.values("public_id"))
    return TimelineEntry.objects.filter(about, customer=found.customer_id)


def _promises(found):
    made = found.promises.by_hand().select_related("owner__user").order_by("-due_at", "-pk")
    return made[:MOST]


def _promise(promise, now, zone, today) -> dict:
    is_open = promise.state == promise.State.OPEN
    if is_open:
        state = "late" if promise.due_at < now else "open"
    else:
        state = "late" if promise.state == promise.State.BROKEN else "kept"
    owner = promise.owner.name if promise.owner else "Nobody"
    return {
        "state": state,
        "what": promise.text,
        "detail": owner if is_open else f"{promise.get_state_display()}, {owner}. {promise.evidence}",
        "by": moment_word(promise.due_at, zone=zone, today=today),
        "by_iso": promise.due_at.isoformat(),
    }


def _told(visit, zone, today) -> str:
    return window_word(visit.window_start, visit.window_end, zone=zone, today=today)


urlpatterns = [path("cases/<uuid:id>/", case, name="case")]
