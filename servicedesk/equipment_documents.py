"""The papers of a machine: added, opened by staff, shown to the customer or not, removed with a reason."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.documents import add_document, document_response, remove_document, show_document
from customers.editing import MAY_CHANGE
from customers.models import Equipment, EquipmentDocument
from servicedesk.equipment_forms import BecauseForm, DocumentForm
from servicedesk.reading_on import newest_first
from servicedesk.seen_forms import is_done, sent
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, for_staff, the_one

DOCUMENTS_SHOWN = 20


@require_http_methods(["GET", "POST"])
@for_staff
def documents(request, id):
    """All of them, also those that were removed, with who and why; a POST adds one."""
    machine = the_one(Equipment.objects.select_related("site__customer"), id)
    if request.method == "GET":
        return _page(request, machine, DocumentForm())
    form = DocumentForm(request.POST, request.FILES)

    def act(said):
        add_document(
            machine,
            said["file"],
            title=said["title"],
            is_for_customer=said["is_for_customer"],
            by=request.membership,
            now=timezone.now(),
        )

    if is_done(form, act):
        messages.success(request, "Document added.")
        return redirect(desk_url(request.tenant, "equipment-documents", id=machine.public_id))
    return _page(request, machine, form, status=422)


@require_GET
@for_staff
def open_document(request, id, document):
    """The file itself, while it stands; a picture is shown, a PDF is saved under its name."""
    row = _document(id, document)
    if row.removed_at is not None:
        raise Http404("This document was removed")
    return document_response(row)


@require_POST
@for_staff
def show(request, id, document):
    """The customer sees it from now on, or no more, as the button says: pressed twice, once."""
    row = _document(id, document)
    is_shown = request.POST.get("shown") == "yes"
    if show_document(row, is_shown, by=request.membership, now=timezone.now()):
        messages.success(request, "The customer sees it now." if is_shown else "For staff only now.")
    return redirect(desk_url(request.tenant, "equipment-documents", id=row.equipment.public_id))


@require_http_methods(["GET", "POST"])
@for_roles(*MAY_CHANGE)
def remove(request, id, document):
    """Asks why, then hands it out no more."""
    row = _document(id, document)
    form = BecauseForm(sent(request))

    def act(said):
        remove_document(row, because=said["because"], by=request.membership, now=timezone.now())

    if request.method == "POST" and is_done(form, act):
        messages.success(request, "Document removed.")
        return redirect(desk_url(request.tenant, "equipment-documents", id=row.equipment.public_id))
    context = {"machine": row.equipment, "document": row, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "servicedesk/equipment_document_remove.html", context, status=status)


def _document(id, document) -> EquipmentDocument:
    rows = EquipmentDocument.objects.select_related("equipment__site__customer", "file")
    return the_one(rows.filter(equipment__public_id=id), document)


def _page(request, machine, form, *, status=200):
    rows = machine.documents.select_related("file", "added_by__user", "removed_by__user")
    page = newest_first(rows, "added_at", before=request.GET.get("before", ""), most=DOCUMENTS_SHOWN)
    context = {
        "machine": machine,
        "customer": machine.site.customer,
        "form": form,
        "page": page,
        "may_remove": request.membership.has_role(*MAY_CHANGE),
    }
    return render(request, "servicedesk/equipment_documents.html", context, status=status)


urlpatterns = [
    path("equipment/<uuid:id>/documents/", documents, name="equipment-documents"),
    path("equipment/<uuid:id>/documents/<uuid:document>/", open_document, name="equipment-document"),
    path("equipment/<uuid:id>/documents/<uuid:document>/show/", show, name="equipment-document-show"),
    path("equipment/<uuid:id>/documents/<uuid:document>/remove/", remove, name="equipment-document-remove"),
]
