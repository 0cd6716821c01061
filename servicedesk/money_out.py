"""Money that left and looks like a return: which payment it was, or what else."""

from functools import partial

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from contracts.models import MoneyOut, Payment
from contracts.money_out import Leaving, likely_returned, settle_as_else, settle_as_return
from contracts.open_money import AlreadySettled, NeedsReason
from contracts.wording import money
from servicedesk.payment_forms import ReasonForm
from servicedesk.payment_rows import dues_of, state_of
from tenancy.addresses import desk_url
from tenancy.calendars import zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role


@require_GET
@for_roles(Role.ACCOUNTS)
def money_out(request, id):
    """One line of money that left, with the payments that it may return."""
    return _page(request, _line(id))


@require_POST
@for_roles(Role.ACCOUNTS)
def as_return(request, id, payment):
    """It returns this payment, whose term goes with it."""
    line, returned = _line(id), the_one(Payment.objects.select_related("customer", "tenant"), payment)
    because = request.POST.get("because", "")[:300]
    act = partial(settle_as_return, line, returned, because=because)
    return _do(request, line, act, "Settled: the payment went back.")


@require_POST
@for_roles(Role.ACCOUNTS)
def as_else(request, id):
    """It is something else."""
    line = _line(id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, line, 422, form=form)
    act = partial(settle_as_else, line, because=form.cleaned_data["because"])
    return _do(request, line, act, "Settled.")


def _line(id) -> MoneyOut:
    return the_one(MoneyOut.objects.select_related("statement", "payment__customer", "settled_by__user"), id)


def _do(request, line, act, said):
    try:
        act(by=request.membership, now=timezone.now())
    except AlreadySettled as refused:
        return _page(request, _line(line.public_id), 409, refusal=str(refused))
    except NeedsReason as refused:
        return _page(request, line, 422, refusal=str(refused))
    messages.success(request, said)
    return redirect(desk_url(request.tenant, "money-out", id=line.public_id))


def _page(request, line: MoneyOut, status=200, **more):
    is_waiting = line.settled_at is None
    likely = likely_returned([Leaving.of_row(line)])[0] if is_waiting else []
    now = timezone.now()
    context = {
        "line": line,
        "amount": money(line.amount, line.currency),
        "is_waiting": is_waiting,
        "likely": [
            (each, money(each.payment.amount, each.payment.currency), *state_of(each.payment))
            for each in likely
        ],
        "due": dues_of([line.public_id], now=now, zone=zone_of(request.tenant)).get(line.public_id),
        "form": ReasonForm(),
        **more,
    }
    return render(request, "servicedesk/payments_out.html", context, status=status)


urlpatterns = [
    path("payments/money-out/<uuid:id>/", money_out, name="money-out"),
    path("payments/money-out/<uuid:id>/returns/<uuid:payment>/", as_return, name="money-out-return"),
    path("payments/money-out/<uuid:id>/else/", as_else, name="money-out-else"),
]
