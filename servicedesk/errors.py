"""What a person reads when something is not there, not theirs, or went wrong."""

from django.shortcuts import redirect, render

from servicedesk.api import errors as api
from servicedesk.api.desk import PATH as API
from servicedesk.old_addresses import leads_to


def not_found(request, exception=None):
    """404: no such page, or a stranger's; they look the same. An old address leads on."""
    if request.path.startswith(API):
        return api.not_found(request)
    if moved := leads_to(request):
        return redirect(moved)
    return render(request, "errors/404.html", status=404)


def forbidden(request, exception=None):
    """403: a member of the desk in the wrong role."""
    return render(request, "errors/403.html", status=403)


def failed(request):
    """500: our fault. Rendered without the desk, which may be what failed."""
    if request.path.startswith(API):
        return api.failed(request)
    return render(None, "errors/500.html", status=500)


def form_too_old(request, reason=""):
    """403: the form's token does not fit, most often after signing in anew in another tab."""
    said = "This form was open for too long. Go back, reload the page and send it again."
    return render(request, "errors/403.html", {"reason": said}, status=403)
