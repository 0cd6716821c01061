"""The words of messages, for the manager: which there are, and writing one's own with a live preview."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.contrib import messages as toasts
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from messaging import own_words
from messaging.languages import NAMES
from messaging.models import Message, MessageTemplate
from messaging.previewing import preview, send_to_oneself
from messaging.wordings import UnknownWording, Wording, Words, all_wordings, problems, wording_named
from tenancy.addresses import desk_url
from tenancy.gates import for_roles
from tenancy.models import Role, Tenant


@dataclass(frozen=True)
class Place:
    """Which words are meant: a wording, over a channel, in a language."""

    wording: Wording
    channel: str
    language: str

    @property
    def query(self) -> str:
        """As it stands in an address."""
        words = {"of": self.wording.slug, "by": self.channel, "in": self.language}
        return urlencode(words)

    @property
    def channel_name(self) -> str:
        """ "Mail" or "Text"."""
        return Message.Channel(self.channel).label

    @property
    def language_name(self) -> str:
        """ "Dutch"."""
        return NAMES[self.language]

    @property
    def is_ours_translated(self) -> bool:
        """Whether the product has words in the language."""
        return self.channel in self.wording.ours.get(self.language, {})

    @property
    def ours(self) -> Words:
        """The product's words, in English where it has none in the language."""
        return self.wording.ours_in(self.language, self.channel)


class WordsForm(forms.Form):
    """A title, which a text has none of, and a text."""

    title = forms.CharField(max_length=200, required=False)
    text = forms.CharField(max_length=4000, required=False, strip=False)

    @property
    def words(self) -> Words:
        """What was typed, also where it does not do."""
        said = {**self.data.dict(), **self.cleaned_data}
        return Words(said.get("text", "").replace("\r\n", "\n").strip(), said.get("title", ""))


class DeskForm(forms.Form):
    """What holds for all messages of the desk."""

    language = forms.ChoiceField(
        choices=list(NAMES.items()), error_messages={"invalid_choice": "Choose one of the languages."}
    )
    quiet_from = forms.TimeField(
        error_messages={"required": "Say from when.", "invalid": "Write it as 21:00."}
    )
    quiet_until = forms.TimeField(
        error_messages={"required": "Say until when.", "invalid": "Write it as 08:00."}
    )


@require_GET
@for_roles(Role.MANAGER)
def words(request):
    """Everything that can be said, with what the desk says in its own words: three queries."""
    return render(request, "messaging/words.html", _list(request, DeskForm(initial=_of_desk(request.tenant))))


@require_POST
@for_roles(Role.MANAGER)
def words_of_desk(request):
    """Keep the desk's language and quiet hours."""
    form = DeskForm(request.POST)
    if not form.is_valid():
        return render(request, "messaging/words.html", _list(request, form), status=422)
    Tenant.objects.filter(pk=request.tenant.pk).update(**form.cleaned_data)
    toasts.success(request, "Saved.")
    return redirect(desk_url(request.tenant, "words"))


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def words_edit(request):
    """One wording over one channel in one language: to read, try, write, send to oneself, take back."""
    place = _place(request)
    own = own_words.own_words(place.wording, place.channel, place.language)
    if request.method == "GET":
        said = Words(own.text, own.title) if own else place.ours
        return _page(request, place, own, said, seen=own_words.version_of(own))
    form = WordsForm(request.POST)
    fits = form.is_valid()
    wrong = {} if fits else {name: list(errors) for name, errors in form.errors.items()}
    wrong = wrong or problems(form.words, place.wording, place.channel)
    shown = {"seen": request.POST.get("seen", ""), "wrong": wrong}
    do = request.POST.get("do")
    if do == "ours":
        return _back_to_ours(request, place, own, form.words, shown)
    if wrong or do == "preview":
        return _page(request, place, own, form.words, **shown, status=422 if wrong else 200)
    return (
        _send(request, place, own, form.words, shown)
        if do == "send"
        else _save(request, place, own, form.words, shown)
    )


def _save(request, place, own, said, shown):
    try:
        own_words.write_words(
            place.wording,
            place.channel,
            place.language,
            said,
            seen=shown["seen"],
            by=request.membership,
            now=timezone.now(),
        )
    except own_words.ChangedMeanwhile:
        return _clash(request, place, said)
    toasts.success(request, "Saved. From now on your words are sent.")
    return redirect(_url(request, place))


def _send(request, place, own, said, shown):
    now = timezone.now()
    found = preview(place.wording, place.channel, place.language, said, now=now)
    try:
        send_to_oneself(found, place.wording, by=request.membership, now=now)
    except ValueError as refused:
        return _page(request, place, own, said, **shown, problem=str(refused), status=422)
    toasts.success(request, f"It leaves within a minute, to {request.user.email}.")
    return _page(request, place, own, said, **shown)


def _back_to_ours(request, place, own, said, shown):
    try:
        own_words.back_to_ours(place.wording, place.channel, place.language, seen=shown["seen"])
    except own_words.ChangedMeanwhile:
        return _clash(request, place, said)
    toasts.success(request, "Our words are sent again.")
    return redirect(_url(request, place))


def _clash(request, place, said):
    """Somebody else wrote meanwhile: the page shows theirs beside; saving again is then a decision."""
    own = own_words.own_words(place.wording, place.channel, place.language)
    theirs = Words(own.text, own.title) if own else place.ours
    seen = own_words.version_of(own)
    return _page(request, place, own, said, seen=seen, theirs=theirs, status=409)


def _place(request) -> Place:
    """From the address; anything that is none of ours is a 404."""
    asked = request.GET
    try:
        wording = wording_named(asked.get("of", ""))
    except UnknownWording as error:
        raise Http404(str(error)) from error
    channel, language = asked.get("by", Message.Channel.MAIL), asked.get("in", request.tenant.language)
    if channel not in wording.channels or language not in NAMES:
        raise Http404("It is not said like that")
    return Place(wording, channel, language)


def _url(request, place) -> str:
    return f"{desk_url(request.tenant, 'words-edit')}?{place.query}"


def _page(request, place, own, said, *, seen, wrong=None, theirs=None, problem="", status=200):
    wording, now = place.wording, timezone.now()
    # What does not fit cannot be shown; the reason stands in its place.
    wrong = wrong if wrong is not None else problems(said, wording, place.channel)
    context = {
        "place": place,
        "own": own,
        "said": said,
        "seen": seen,
        "wrong": wrong,
        "problem": problem,
        "theirs": theirs,
        "preview": None if wrong else preview(wording, place.channel, place.language, said, now=now),
        "others": [
            (other, other.query == place.query)
            for channel in wording.channels
            for other in (Place(wording, channel, language) for language in NAMES)
        ],
    }
    if request.htmx:
        return render(request, "messaging/words_edit.html#preview", context, status=status)
    context["earlier"] = own_words.earlier_words(wording, place.channel, place.language)
    return render(request, "messaging/words_edit.html", context, status=status)


def _of_desk(tenant) -> dict:
    return {name: getattr(tenant, name) for name in DeskForm.base_fields}


def _list(request, form) -> dict:
    own = set(MessageTemplate.objects.values_list("kind", "channel", "language"))
    rows = [
        {
            "wording": wording,
            "cells": [
                (
                    Message.Channel(channel).label,
                    [
                        (Place(wording, channel, language), (wording.name, channel, language) in own)
                        for language in NAMES
                        if language == request.tenant.language
                        or (wording.name, channel, language) in own
                        or channel in wording.ours.get(language, {})
                    ],
                )
                for channel in wording.channels
            ],
        }
        for wording in all_wordings()
    ]
    return {"rows": rows, "form": form, "languages": NAMES.items(), "own_count": len(own)}


urlpatterns = [
    path("settings/words/", words, name="words"),
    path("settings/words/desk/", words_of_desk, name="words-of-desk"),
    path("settings/words/edit/", words_edit, name="words-edit"),
]
