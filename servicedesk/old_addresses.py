"""Old links work: an address about a customer who became a part of another leads to that one's (R7.3)."""

from customers.models import Customer
from tenancy.gates import id_in, the_one


def asked_customer(request, id) -> Customer:
    """The customer that a page is about. One who was merged has no pages any more: a 404, that leads on.

    What is sent to an old page is kept all the same, and moved along later (`customers.merging`).
    """
    rows = Customer.objects.all() if request.method == "POST" else Customer.objects.standing()
    return the_one(rows.select_related("tenant"), id)


def leads_to(request) -> str:
    """For a page that is not there, about a customer who was merged: the same page of who they became."""
    match = getattr(request, "resolver_match", None)
    if request.method != "GET" or getattr(request, "membership", None) is None or match is None:
        return ""
    is_of_customer = "customers/<uuid:id>/" in match.route
    named = match.kwargs["id"] if is_of_customer else id_in(request.GET.get("customer", ""))
    if named is None:
        return ""
    gone = Customer.objects.filter(public_id=named, merged_into__isnull=False)
    became = gone.values_list("merged_into__public_id", flat=True).first()
    if not became:
        return ""
    if is_of_customer:
        return request.get_full_path().replace(str(named), str(became), 1)
    # However the id was written: in capitals, without dashes.
    query = request.GET.copy()
    query["customer"] = str(became)
    return f"{request.get_full_path().partition('?')[0]}?{query.urlencode()}"
