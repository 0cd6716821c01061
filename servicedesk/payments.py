"""Payments: the queue of money that waits, all money, money that left, and the files they came from."""

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.models import MoneyOut, Payment
from servicedesk.payment_rows import all_page, out_page, queue_page, statement_page
from tenancy.calendars import zone_of
from tenancy.gates import for_roles
from tenancy.models import Role

TABS = {"queue": "To match", "out": "Money out", "all": "All money", "statements": "Files"}


@require_GET
@for_roles(Role.ACCOUNTS)
def payments(request):
    """One of four lists; the queue unless another is asked for."""
    now = timezone.now()
    zone = zone_of(request.tenant)
    tab = request.GET.get("tab", "queue")
    tab = tab if tab in TABS else "queue"
    after, words = request.GET.get("after", ""), request.GET.get("q", "").strip()[:80]
    is_settled = request.GET.get("settled") == "yes"
    if tab == "queue":
        page = queue_page(after=after, words=words, now=now, zone=zone)
    elif tab == "all":
        page = all_page(after=after, words=words)
    elif tab == "out":
        page = out_page(after=after, is_settled=is_settled, now=now, zone=zone)
    else:
        page = statement_page(after=after)
    counts = {
        "queue": Payment.objects.unmatched().count(),
        "out": MoneyOut.objects.filter(settled_at__isnull=True).count(),
    }
    context = {
        "tab": tab,
        "tabs": [(key, label, counts.get(key)) for key, label in TABS.items()],
        "page": page,
        "words": words,
        "is_settled": is_settled,
        "is_first": not after,
    }
    return render(request, "servicedesk/payments.html", context)


urlpatterns = [path("payments/", payments, name="payments")]
