"""Who comes along to a visit: one more technician, or one less."""

from django import forms
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from servicedesk.moves import free_at_its_time
from servicedesk.visit_acts import told_of
from servicedesk.visit_dialogs import answer_dialog
from tenancy.addresses import desk_url
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.crews import add_member, remove_member
from visits.models import Technician

ADD, REMOVE = "add", "remove"


class CrewForm(forms.Form):
    """One technician who is to come along, or to stay away."""

    member = forms.CharField(error_messages={"required": "Choose a technician."})
    reason = forms.CharField(required=False, max_length=200)
    agreed = forms.BooleanField(required=False)
    still_needed = forms.BooleanField(required=False)
    version = forms.IntegerField(min_value=1)

    def clean_member(self) -> tuple[str, Technician]:
        """What is done, and with whom."""
        act, _, id = self.cleaned_data["member"].partition(":")
        try:
            found = Technician.objects.filter(public_id=forms.UUIDField().clean(id)).first()
        except forms.ValidationError:
            found = None
        if found is None or act not in (ADD, REMOVE):
            raise forms.ValidationError("Choose a technician.")
        return act, found


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def crew(request, id):
    """Who comes, and who else is free then; posting adds one, or lets one stay away."""

    def act(visit, form, now):
        return _change(visit, form.cleaned_data, request.membership, now)

    return answer_dialog(request, id, form_of=lambda _: CrewForm(request.POST), dialog=_dialog, act=act)


def _change(visit, data, by, now):
    act, technician = data["member"]
    said = {"reason": data["reason"], "by": by, "now": now, "version": data["version"]}
    name, who = visit.customer.short_name, technician.first_name
    if act == ADD:
        return f"{who} comes along to {name}.", add_member(visit, technician, **said)
    made = remove_member(visit, technician, still_needed=data["still_needed"], agreed=data["agreed"], **said)
    return f"{who} comes no more to {name}.", made


def _dialog(request, visit, now, *, form=None, status=200):
    coming = [assignment.technician for assignment in visit.assignments.all()]
    free = [slot.technician for slot in free_at_its_time(visit, now)]
    posted = form.data if form else {}
    context = {
        **told_of(visit, now),
        "form": form,
        "members": [{"key": f"{REMOVE}:{one.public_id}", "name": one.name} for one in coming],
        "may_leave": len(coming) > 1,
        "takes": visit.crew,
        "free": [
            {"key": f"{ADD}:{one.public_id}", "name": one.name, "skills": ", ".join(one.skills), "digit": n}
            for n, one in enumerate(free, 1)
        ],
        "chosen": posted.get("member", ""),
        "reason": posted.get("reason", ""),
        "agreed": "agreed" in posted,
        "still_needed": "still_needed" in posted,
        "crew_url": desk_url(visit.tenant, "visit-crew", id=visit.public_id),
    }
    part = "#answer" if request.htmx and form else "#dialog" if request.htmx else ""
    return render(request, f"servicedesk/visit_crew.html{part}", context, status=status)


urlpatterns = [path("visits/<uuid:id>/crew/", crew, name="visit-crew")]
