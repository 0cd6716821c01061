"""Use it or lose it: visits paid for and planned services that nobody has booked, what ends first first."""

import datetime as dt
import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Max
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from cases.models import Duty
from contracts.allowance import terms_that_count, with_left
from contracts.disposing import NoReason, NothingLeft, carry_over, decline_visit, forfeit, open_visits
from contracts.models import Contract, Entitlement
from customers.models import Contact
from servicedesk.moments import date_word, day_word, moment_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.models import PlannedService, Technician, Visit
from visits.use_or_lose import GRANTED, SERVICE, open_grants, propose, unused_rows

PAGE_LENGTH = 25
# From so many days before the last one on a row asks for attention.
SOON_DAYS = 14
MAY_SEE = (Role.DISPATCHER, Role.SALES, Role.ACCOUNTS)
# What may become of a visit that nobody uses, as the page asks it: the act, its words, what it means.
ENDS: dict[str, tuple[Callable, str, str]] = {
    "declined": (decline_visit, "The customer does not want it", "It is not offered again."),
    "carried over": (
        carry_over,
        "Carry it over",
        "The next term grants it, at once or when it is made.",
    ),
    "forfeited": (forfeit, "Forfeit it", "It is lost to the customer. They must have been told."),
}


class GiveUpForm(forms.Form):
    """What becomes of so many visits, and why."""

    end = forms.ChoiceField(
        choices=[(end, words) for end, (_, words, _) in ENDS.items()],
        error_messages={
            "required": "Choose what becomes of it.",
            "invalid_choice": "Choose what becomes of it.",
        },
    )
    visits = forms.IntegerField(min_value=1, error_messages={"required": "Say how many."})
    seen = forms.IntegerField(min_value=0)
    because = forms.CharField(max_length=200, error_messages={"required": "Say why."})


@require_GET
@for_roles(*MAY_SEE)
def unused(request):
    """One page of the list: the same number of queries for one row as for all."""
    now = timezone.now()
    today = local_day(now, zone_of(request.tenant))
    technicians = list(Technician.objects.filter(is_active=True).order_by("name"))
    chosen = next((t for t in technicians if str(t.public_id) == request.GET.get("technician")), None)
    after = _after(request.GET.get("after", ""))
    of_contract = _contract(request.GET.get("contract", ""))
    rows = unused_rows(
        request.tenant,
        today,
        technician=chosen,
        contract=of_contract,
        after=after,
        most=PAGE_LENGTH + 1,
    )
    shown = rows[:PAGE_LENGTH]
    propose(shown, desk=request.tenant, now=now)
    phones, nudged = _phones(shown), _nudged(shown, zone_of(request.tenant))
    context = {
        "rows": [_row(request, row, phones, nudged, now) for row in shown],
        "technicians": technicians,
        "chosen": chosen,
        "of_contract": of_contract,
        "is_first_page": after is None,
        "next_url": _url(chosen, of_contract, _cursor(shown[-1])) if len(rows) > PAGE_LENGTH else "",
        "first_url": _url(chosen, of_contract, ""),
    }
    return render(request, "servicedesk/unused.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_SEE)
def give_up(request, id):
    """Declined by the customer, carried over or forfeited: with a reason."""
    granted = the_one(Entitlement.objects.select_related("term__contract__customer"), id)
    if request.method == "GET":
        return _give_up_page(request, granted)
    form = GiveUpForm(request.POST)
    if not form.is_valid():
        return _give_up_page(request, granted, form=form, status=422)
    data = form.cleaned_data
    act, words, _ = ENDS[data["end"]]
    given = {"visits": data["visits"], "seen": data["seen"], "because": data["because"]}
    try:
        act(granted, **given, by=request.membership, now=timezone.now())
    except NothingLeft as refused:
        form.add_error(None, str(refused))
        return _give_up_page(request, granted, form=form, status=409)
    except NoReason as refused:
        form.add_error("because", str(refused))
        return _give_up_page(request, granted, form=form, status=422)
    messages.success(request, f"{granted.term.contract.customer.called}: {data['end']}.")
    return redirect(desk_url(request.tenant, "unused"))


def allowance_url(desk, contract: Contract, now: dt.datetime) -> str:
    """Where what is left of a contract's visits is seen to: one or two queries.

    The list shows what the contract still covers; of a lapsed one a visit can be given up only.
    """
    day = local_day(now, zone_of(desk))
    if not open_grants(day).filter(term__contract=contract).exists():
        visits = with_left(Entitlement.objects.filter(kind=Entitlement.Kind.VISITS)).filter(left__gt=0)
        granted = visits.filter(term__in=terms_that_count(day).filter(contract=contract).values("pk")).first()
        if granted is not None:
            return desk_url(desk, "unused-give-up", id=granted.public_id)
    return f"{desk_url(desk, 'unused')}?{urlencode({'contract': contract.public_id})}"


def _contract(text) -> Contract | None:
    """The contract that the list is about; None for all, and for what is none of this desk's."""
    try:
        return Contract.objects.filter(public_id=uuid.UUID(text)).first()
    except ValueError:
        return None


def _row(request, row, phones, nudged, now) -> dict:
    """What the table shows of a row, with the address of the booking panel for each time."""
    zone, today = zone_of(request.tenant), local_day(now, zone_of(request.tenant))
    granted, service = row.entitlement, row.service
    days = (row.until - today).days
    return {
        "row": row,
        "phone": phones.get(row.customer.pk, ""),
        "until": day_word(row.until, today=today),
        "is_soon": days <= SOON_DAYS,
        "is_over": days < 0 and service is not None,
        "is_in_review": days < 0 and granted is not None,
        "nudged": date_word(nudged[granted.public_id], today=today)
        if granted and granted.public_id in nudged
        else "",
        "alarmed": service is not None and service.alarmed_at is not None,
        "slots": [
            {
                "url": _book_url(request, row, slot, zone),
                "who": slot.technician.first_name,
                "when": moment_word(slot.start, zone=zone, today=today),
                "is_preferred": slot.is_preferred,
            }
            for slot in row.slots
        ],
        "book_url": _book_url(request, row, None, zone),
    }


def _book_url(request, row, slot, zone) -> str:
    """The booking panel, with what the visit uses, its machine and, if there is one, the time."""
    asked = {"kind": Visit.Kind.TUNE_UP, "prefilled": 1}
    if row.site:
        asked["site"] = row.site.public_id
    if row.machine:
        asked["machine"] = row.machine.public_id
    if row.entitlement:
        asked["granted"] = row.entitlement.public_id
    if row.service:
        asked["service"] = row.service.public_id
    if slot:
        day = local_time(slot.start, zone).date()
        asked |= {"more": 1, "day": day, "technician": slot.technician.public_id, "slot": slot.key}
    return f"{desk_url(request.tenant, 'book', id=row.customer.public_id)}?{urlencode(asked)}"


def _phones(rows) -> dict[int, str]:
    main = Contact.objects.filter(customer__in={row.customer.pk for row in rows}, is_main=True)
    return dict(main.values_list("customer_id", "phone"))


def _nudged(rows, zone) -> dict[uuid.UUID, dt.date]:
    """On which day customer and dispatcher were last nudged, by the entitlement's public id."""
    about = [row.entitlement.public_id for row in rows if row.entitlement]
    duties = Duty.objects.filter(kind=Duty.Kind.OFFER_VISIT, subject__in=about).order_by()
    last = duties.values("subject").annotate(last=Max("opened_at"))
    return {each["subject"]: local_day(each["last"], zone) for each in last}


def _cursor(row) -> str:
    kind, thing = ("g", row.entitlement) if row.entitlement else ("s", row.service)
    return f"{row.until}.{kind}.{thing.public_id}"


def _after(text):
    """Where the page before ended; None for the first page, and for what is no cursor."""
    try:
        day, kind, public_id = text.split(".")
        rank, model = {"g": (GRANTED, Entitlement), "s": (SERVICE, PlannedService)}[kind]
        pk = model.objects.values_list("pk", flat=True).get(public_id=uuid.UUID(public_id))
        return dt.date.fromisoformat(day), rank, pk
    except (ValueError, KeyError, Entitlement.DoesNotExist, PlannedService.DoesNotExist):
        return None


def _url(technician, contract, cursor) -> str:
    asked = {
        "technician": technician and technician.public_id,
        "contract": contract and contract.public_id,
        "after": cursor,
    }
    return f"?{urlencode({name: value for name, value in asked.items() if value})}"


def _give_up_page(request, granted, *, form=None, status=200):
    posted = form.data if form else {}
    left = open_visits(granted)
    context = {
        "granted": granted,
        "contract": granted.term.contract,
        "customer": granted.term.contract.customer,
        "left": left,
        "ends": [(end, words, note) for end, (_, words, note) in ENDS.items()],
        "chosen": posted.get("end", ""),
        "visits": posted.get("visits", "1"),
        "because": posted.get("because", ""),
        "form": form,
        "back_url": desk_url(request.tenant, "unused"),
    }
    return render(request, "servicedesk/unused_give_up.html", context, status=status)


urlpatterns = [
    path("unused/", unused, name="unused"),
    path("unused/<uuid:id>/give-up/", give_up, name="unused-give-up"),
]
