"""Taking in a bank's file: chosen, tried out, looked at, then taken in; and what became of it."""

import datetime as dt
import hashlib

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.bank_lines import BankFile
from contracts.models import Statement
from contracts.statements import KINDS, Fate, TakenBefore, take_in, try_out
from contracts.wording import money
from imports.bank.reading import LARGEST_FILE, read_bank_file
from imports.bank.refusing import NotReadable
from imports.dates import DMY, MDY, YMD
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

# So long a file waits between being tried out and being taken in.
KEPT_SECONDS = 60 * 60
MOST_LINES_SHOWN = 50
# Who sends the same file again within this has clicked twice.
JUST_NOW = dt.timedelta(minutes=5)
ORDERS = [
    ("", "As found in the file"),
    (DMY, "Day first: 20.11.2026"),
    (MDY, "Month first: 11/20/2026"),
    (YMD, "Year first: 26-11-20"),
]
# What became of lines, in a person's words: one, and several.
WORDS = {
    "renewed": ("renews a contract", "renew a contract"),
    "paid": ("pays a term that stands", "pay a term that stands"),
    "unmatched": ("waits to be matched", "wait to be matched"),
    "perhaps known": ("is perhaps known already", "are perhaps known already"),
    "known": ("was taken in before", "were taken in before"),
    "money out": ("looks like a return", "look like a return"),
    "left alone": ("is other money out, left alone", "are other money out, left alone"),
    "refused": ("cannot be read", "cannot be read"),
    "pending": ("is not booked yet, left alone", "are not booked yet, left alone"),
}


class FileForm(forms.Form):
    """The file, and how its dates are written where a person knows better."""

    file = forms.FileField(
        error_messages={"required": "Choose the bank’s file.", "empty": "The file is empty."}
    )
    date_order = forms.ChoiceField(choices=ORDERS, required=False)

    def clean_file(self):
        """Not read at all where it is larger than any statement."""
        if self.cleaned_data["file"].size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 10 MB; split it by month.")
        return self.cleaned_data["file"]


@require_http_methods(["GET", "POST"])
@for_roles(Role.ACCOUNTS)
def new_statement(request):
    """Choose a file; what taking it in would do is shown first."""
    if request.method == "GET":
        return _form_page(request, FileForm())
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, form, 422)
    upload = form.cleaned_data["file"]
    told = {"name": upload.name[:200], "data": upload.read(), "date_order": form.cleaned_data["date_order"]}
    digest = hashlib.sha256(told["data"]).hexdigest()
    try:
        file = _read(request, told)
        tried = try_out(file, name=told["name"], digest=digest, by=request.membership, now=timezone.now())
    except NotReadable as refused:
        form.add_error("file", str(refused))
        return _form_page(request, form, 422)
    except TakenBefore as refused:
        return _form_page(request, form, 409, refusal=str(refused), before=refused.statement)
    cache.set(_place(request, digest), told, KEPT_SECONDS)
    context = {
        "statement": tried.statement,
        "file": file,
        "counts": counts_in_words(tried.statement),
        "digest": digest,
        "lines": [
            (fate.line, money(abs(fate.line.amount), fate.line.currency), fate_in_words(fate))
            for fate in tried.fates[:MOST_LINES_SHOWN]
        ],
        "more": max(len(tried.fates) - MOST_LINES_SHOWN, 0),
    }
    return render(request, "servicedesk/payments_preview.html", context)


@require_POST
@for_roles(Role.ACCOUNTS)
def take_in_statement(request):
    """Take in the file that was looked at."""
    digest = request.POST.get("digest", "")[:64]
    told = cache.get(_place(request, digest))
    if told is None:
        mine = _taken_in_just_now(request, digest)
        if mine is not None:
            return redirect(desk_url(request.tenant, "statement", id=mine.public_id))
        form = FileForm()
        return _form_page(request, form, 409, refusal="The file waited too long. Choose it again.")
    try:
        statement = take_in(
            _read(request, told),
            name=told["name"],
            digest=digest,
            by=request.membership,
            now=timezone.now(),
        )
    except TakenBefore as refused:
        if _taken_in_just_now(request, digest) is not None:
            return redirect(desk_url(request.tenant, "statement", id=refused.statement.public_id))
        return _form_page(request, FileForm(), 409, refusal=str(refused), before=refused.statement)
    cache.delete(_place(request, digest))
    messages.success(request, f"{statement.name} is taken in.")
    return redirect(desk_url(request.tenant, "statement", id=statement.public_id))


@require_GET
@for_roles(Role.ACCOUNTS)
def statement(request, id):
    """What became of one file's lines."""
    shown = the_one(Statement.objects.select_related("imported_by__user"), id)
    waits = shown.counts.get("unmatched", 0) + shown.counts.get("perhaps known", 0)
    context = {"statement": shown, "counts": counts_in_words(shown), "waits": waits}
    return render(request, "servicedesk/payments_statement.html", context)


def counts_in_words(shown: Statement) -> list[tuple[str, int, str]]:
    """Kind, how many, and what is said of them; only kinds that there are."""
    counts = [(kind, shown.counts.get(kind, 0)) for kind in KINDS]
    return [(kind, count, WORDS[kind][count != 1]) for kind, count in counts if count]


def fate_in_words(fate: Fate) -> str:
    """What becomes of one line: "Renews N-20418"."""
    if fate.number:
        return f"{'Renews' if fate.kind == 'renewed' else 'Pays the term of'} {fate.number}"
    words = WORDS[fate.kind][0]
    return words[:1].upper() + words[1:]


def _read(request, told: dict) -> BankFile:
    return read_bank_file(
        told["data"],
        name=told["name"],
        currency=request.tenant.currency,
        country=request.tenant.country,
        date_order=told["date_order"],
    )


def _taken_in_just_now(request, digest: str) -> Statement | None:
    """What the first of two clicks on the same button made."""
    since = timezone.now() - JUST_NOW
    mine = Statement.objects.filter(digest=digest, imported_by=request.membership, imported_at__gte=since)
    return mine.first()


def _form_page(request, form, status=200, **more):
    context = {"form": form, "orders": ORDERS, **more}
    return render(request, "servicedesk/payments_statement_new.html", context, status=status)


def _place(request, digest: str) -> str:
    """Where a person's file waits; nobody else's request finds it."""
    return f"statement:{request.tenant.pk}:{request.membership.pk}:{digest}"


urlpatterns = [
    path("payments/statements/new/", new_statement, name="statement-new"),
    path("payments/statements/take-in/", take_in_statement, name="statement-take-in"),
    path("payments/statements/<uuid:id>/", statement, name="statement"),
]
