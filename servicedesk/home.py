"""Sign in, the desks a person belongs to, and the way to their home page."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from tenancy.addresses import desk_url
from tenancy.gates import for_staff
from tenancy.models import Role, Tenant, User

# Where each role's day begins.
HOME_OF_ROLE = {
    Role.DISPATCHER: "board",
    Role.TECHNICIAN: "today",
    Role.SALES: "calls",
    Role.ACCOUNTS: "payments",
    Role.MANAGER: "overview",
}


class SignIn(LoginView):
    """Mail address and password; a wrong pair is a 422 that keeps the address."""

    template_name = "sign_in.html"
    redirect_authenticated_user = True

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


class SignOut(LogoutView):
    """Ends the session; only a POST does."""


@login_required
@require_GET
def home(request):
    """Straight to the only desk; a list where there are several or none."""
    desks = desks_of(request.user)
    if len(desks) == 1:
        return redirect("desk-home", desk=desks[0].slug)
    return render(request, "desks.html", {"desks": desks})


@require_GET
@for_staff
def desk_home(request):
    """The home page of the person's role at this desk."""
    return redirect(desk_url(request.tenant, HOME_OF_ROLE[request.membership.role]))


@require_POST
@login_required
def set_theme(request):
    """Remember light, dark or as the device has it; back to where it was chosen."""
    theme = request.POST.get("theme", "")
    if theme not in User.Theme.values:
        return HttpResponse("Choose light, dark or as the device.", status=422)
    request.user.theme = theme
    request.user.save(update_fields=["theme"])
    back = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if allowed else "home")


def desks_of(user) -> list[Tenant]:
    """The desks at which a person is a member now, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM desks_of_user(%s)", [user.pk])
        ids = [tenant_id for (tenant_id,) in cursor.fetchall()]
    return list(Tenant.objects.filter(pk__in=ids).order_by("name"))
