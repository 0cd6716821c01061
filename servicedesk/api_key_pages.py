"""Keys of other programs: made, shown once, rotated and revoked by a manager (design 4.7)."""

import datetime as dt

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from servicedesk import shown_once
from servicedesk.moments import day_word, moment_word
from servicedesk.promise_forms import colleagues
from servicedesk.worded_fields import ChosenField, DayField, RowField, WordsField
from tenancy.addresses import desk_url
from tenancy.api_keys import AREAS, MARK, READ, WRITE, make_key, revoke_key, rotate_key
from tenancy.calendars import day_bounds, local_day, zone_of
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.gates import for_roles, the_one
from tenancy.models import ApiKey, Role

# A row of the table that stands for all others.
ALL = "all"
# How long an old key works beside the new one, in days.
OVERLAPS = {"1": "One day", "7": "A week", "30": "30 days", "0": "Not at all: it ends now"}
# Other years are a slip of the finger.
FIRST_YEAR, LAST_YEAR = 2000, 2099
# Where the session keeps a new key's words, encrypted, until they are shown.
MADE = "api_key_made"


class KeyForm(forms.Form):
    """A new key. A scope is “visits:read”; “all:read” stands for every area."""

    name = WordsField(asks="which program it is for", most=80)
    scopes = forms.MultipleChoiceField(
        choices=[(f"{area}:{right}", area) for area in (ALL, *AREAS) for right in (READ, WRITE)],
        error_messages={
            "required": "Choose what the program may do.",
            "invalid_choice": "Choose what the program may do.",
        },
    )
    acts_as = RowField(asks="as whom it acts")
    ends_on = DayField(called="the last day on which it works", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["acts_as"].queryset = colleagues()

    def clean_scopes(self) -> list[str]:
        """Each area by its name."""
        chosen = self.cleaned_data["scopes"]
        rights = {right for right in (READ, WRITE) if f"{ALL}:{right}" in chosen}
        everywhere = [f"{area}:{right}" for area in AREAS for right in rights]
        return [scope for scope in {*chosen, *everywhere} if not scope.startswith(f"{ALL}:")]

    def clean_ends_on(self) -> dt.date | None:
        """A day that people mean; whether it is to come, the rule says."""
        last = self.cleaned_data["ends_on"]
        if last is not None and not FIRST_YEAR <= last.year <= LAST_YEAR:
            raise forms.ValidationError(f"Choose a day before {LAST_YEAR + 1}.")
        return last


class RotateForm(forms.Form):
    """How long the old key works on."""

    overlap = ChosenField(asks="how long the old key works on", choices=list(OVERLAPS.items()))


@require_GET
@for_roles(Role.MANAGER)
def keys(request):
    """Those that open the desk, then those that have ended."""
    now = timezone.now()
    rows = ApiKey.objects.select_related("acts_as__user", "revoked_by__user").order_by("-made_at", "-pk")
    shown = [(key, has_ended(key, now), _told(request, key, now)) for key in rows]
    shown.sort(key=lambda row: row[1])
    return render(request, "settings/api_keys.html", {"keys": shown})


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def new_key(request):
    """What it is for, what it may do, as whom and until when."""
    form = KeyForm(request.POST or None)
    if request.method == "GET":
        return _new_page(request, form)
    if not form.is_valid():
        return _new_page(request, form, 422)
    data = form.cleaned_data
    last = data.pop("ends_on")
    ends = day_bounds(last, zone_of(request.tenant))[1] if last else None
    try:
        made = make_key(**data, expires_at=ends, by=request.membership, now=timezone.now())
    except SettingRefused as refused:
        form.add_error("ends_on" if refused.field == "expires_at" else refused.field, str(refused))
        return _new_page(request, form, 422)
    return _to_words(request, *made)


@require_GET
@never_cache
@for_roles(Role.MANAGER)
def words_once(request):
    """The words of a key that was made just now: once, and never again."""
    made = shown_once.take(request, MADE, ApiKey.objects.all())
    if made is None:
        messages.warning(request, "A key is shown once. Rotate it if nobody kept it.")
        return redirect(desk_url(request.tenant, "api-keys"))
    key, words = made
    return render(request, "settings/api_key_made.html", {"key": key, "words": words})


@require_GET
@for_roles(Role.MANAGER)
def api_key(request, id):
    """One key: what it may, and the two ways in which it ends."""
    return _key_page(request, _key(id))


@require_POST
@for_roles(Role.MANAGER)
def rotate(request, id):
    """A new key in the place of this one."""
    key, form = _key(id), RotateForm(request.POST)
    if not form.is_valid():
        return _key_page(request, key, 422, form=form)
    overlap = dt.timedelta(days=int(form.cleaned_data["overlap"]))
    try:
        made = rotate_key(key, overlap=overlap, by=request.membership, now=timezone.now())
    except ChangedMeanwhile as refused:
        return _key_page(request, key, 409, form=form, refusal=str(refused))
    except SettingRefused as refused:
        # Whom it acts as has left.
        return _key_page(request, key, 422, form=form, refusal=str(refused))
    return _to_words(request, *made)


@require_POST
@for_roles(Role.MANAGER)
def revoke(request, id):
    """It opens nothing from now on."""
    key = _key(id)
    try:
        revoke_key(key, by=request.membership, now=timezone.now())
    except ChangedMeanwhile as refused:
        return _key_page(request, key, 409, refusal=str(refused))
    messages.success(request, f"{key.name} opens nothing any more.")
    return redirect(desk_url(request.tenant, "api-keys"))


def has_ended(key: ApiKey, now: dt.datetime) -> bool:
    """Whether a key opens nothing any more, by its own dates or because its colleague has left."""
    is_over = key.expires_at is not None and key.expires_at <= now
    return is_over or key.revoked_at is not None or key.acts_as.ended_at is not None


def scopes_in_words(key: ApiKey) -> list[str]:
    """ "Visits, slots and technicians: read and write", or in one phrase where it is the same for all."""
    rights = {area: [right for right in (READ, WRITE) if f"{area}:{right}" in key.scopes] for area in AREAS}
    # Who may write may read.
    said = {area: "read and write" if WRITE in held else "read" for area, held in rights.items() if held}
    if len(said) == len(AREAS) and len(set(said.values())) == 1:
        return [f"Everything: {next(iter(said.values()))}"]
    return [f"{AREAS[area]}: {words}" for area, words in said.items()]


def _key(id) -> ApiKey:
    return the_one(ApiKey.objects.select_related("acts_as__user", "revoked_by__user", "made_by__user"), id)


def _to_words(request, key, words):
    shown_once.keep(request, MADE, key, words)
    return redirect(desk_url(request.tenant, "api-key-made"))


def _told(request, key, now) -> dict:
    """What a list and a page say of a key: scopes, last use, end and state, in words."""
    zone = zone_of(request.tenant)
    today = local_day(now, zone)

    def at(moment):
        return moment_word(moment, zone=zone, today=today)

    state, ends = "Works", "no end"
    if key.expires_at is not None:
        # The last moment of its last day belongs to that day.
        last = key.expires_at - dt.timedelta(seconds=1)
        whole = day_bounds(local_day(last, zone), zone)[1] == key.expires_at
        ends = day_word(local_day(last, zone), today=today) if whole else at(key.expires_at)
    if key.revoked_by is not None:
        state = f"Revoked {at(key.revoked_at)} by {key.revoked_by.name}"
    elif key.revoked_at is not None:
        state = f"Ended {at(key.revoked_at)}: {key.acts_as.name} worked here no more"
    elif has_ended(key, now):
        state = "Ended"
    return {
        "beginning": f"{MARK}{key.beginning}…",
        "scopes": scopes_in_words(key),
        "used": at(key.last_used_at) if key.last_used_at else "never",
        "ends": ends,
        "state": state,
    }


def _new_page(request, form, status=200) -> HttpResponse:
    chosen = form.data.getlist("scopes") if form.is_bound else []
    areas = [
        (area, words, f"{area}:{READ}" in chosen, f"{area}:{WRITE}" in chosen)
        for area, words in ((ALL, "Everything"), *AREAS.items())
    ]
    context = {"form": form, "areas": areas, "people": form.fields["acts_as"].queryset}
    return render(request, "settings/api_key_new.html", context, status=status)


def _key_page(request, key, status=200, *, form=None, refusal="") -> HttpResponse:
    now = timezone.now()
    context = {
        "key": key,
        "told": _told(request, key, now),
        "ended": has_ended(key, now),
        "form": form or RotateForm(),
        "overlaps": OVERLAPS.items(),
        "refusal": refusal,
    }
    return render(request, "settings/api_key.html", context, status=status)


urlpatterns = [
    path("settings/api-keys/", keys, name="api-keys"),
    path("settings/api-keys/new/", new_key, name="api-key-new"),
    path("settings/api-keys/made/", words_once, name="api-key-made"),
    path("settings/api-keys/<uuid:id>/", api_key, name="api-key"),
    path("settings/api-keys/<uuid:id>/rotate/", rotate, name="api-key-rotate"),
    path("settings/api-keys/<uuid:id>/revoke/", revoke, name="api-key-revoke"),
]
