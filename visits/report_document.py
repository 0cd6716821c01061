"""The service report: what it says in the desk's language, and its PDF, made once and kept (R7.2).

The PDF is made as soon as the visit is done, so that it says what was signed and nothing that was
written or renamed later. It, the customer's page and the printed sheet are filled with the same lines.
"""

import datetime as dt
import io
import logging

from django.db import transaction
from PIL import Image

from messaging.languages import ENGLISH, clock_words, day_words, known_language
from recommendations.letter_words import SEVERITIES
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.files import discard, store_file
from tenancy.models import StoredFile, Tenant
from tenancy.papers import CONTENT_TYPE, TEMPLATES, kept_paper, make_pdf, paper_name
from tenancy.scope import tenant
from visits import report_words as say
from visits.handover import is_handed_over
from visits.models import Review, ServiceReport, Visit
from visits.work_left import first_left

log = logging.getLogger(__name__)

TEMPLATE = TEMPLATES / "visits" / "report.typ"
# A signature is drawn larger than it is printed.
SIGNATURE_WIDTH = 700
# On paper a day has its year, whichever it is.
ALWAYS_WITH_YEAR = dt.date.min
# PDFs that one turn makes for a desk, and how long a visit that was done is looked for.
MOST = 20
LOOKED_FOR = dt.timedelta(days=14)


def document_of(visit: Visit, *, now: dt.datetime) -> StoredFile:
    """The kept PDF of a finished visit: the same bytes for everybody, made here if it is missing yet.

    Raises ServiceReport.DoesNotExist for a visit without a report.
    """
    report = ServiceReport.objects.select_related("document").get(visit=visit)
    return report.document or _keep(report, report_pdf(report), now=now)


def make_missing(*, now: dt.datetime) -> int:
    """Make the PDFs of visits that were just done, at every desk, as they were signed; how many.

    Safe to run twice and at once. No transaction is open while a PDF is made; one that fails, or a
    desk that does, keeps no other waiting and is tried again.
    """
    made = 0
    for desk in Tenant.objects.order_by("pk"):
        try:
            with tenant(desk):
                waiting = list(_without_document(now).values_list("pk", flat=True)[:MOST])
        except Exception:
            log.exception("The reports of desk %s could not be looked for", desk.pk)
            continue
        for pk in waiting:
            try:
                made += _make(desk, pk, now)
            except Exception:
                log.exception("The PDF of report %s could not be made", pk)
    return made


def _without_document(now):
    """The latest first: one that cannot be made stands in nobody's way."""
    fresh = ServiceReport.objects.filter(document=None, visit__changed_at__gte=now - LOOKED_FOR)
    done = fresh.filter(visit__state=Visit.State.DONE, visit__is_history=False)
    return done.order_by("-visit__changed_at", "-pk")


def _make(desk, pk, now) -> bool:
    with tenant(desk):
        report = ServiceReport.objects.select_related("signature", "recommendations_signature").get(pk=pk)
        facts = _facts(report)
    content = make_pdf(TEMPLATE, at=report.written_at, report=facts)
    with tenant(desk):
        kept = _keep(report, content, now=now)
    return kept.added_at == now


def _keep(report, content, *, now) -> StoredFile:
    """Whoever is first keeps theirs; all others get that."""
    with transaction.atomic():
        held = ServiceReport.objects.select_for_update(of=("self",)).select_related("visit").get(pk=report.pk)
        if held.document is None:
            held.document = store_file(
                content=content,
                kind=StoredFile.Kind.DOCUMENT,
                name=paper_name("Visit", held.visit.number),
                content_type=CONTENT_TYPE,
                by=None,
                now=now,
            )
            try:
                held.save(update_fields=["document"])
            except Exception:
                discard([held.document])
                raise
    return held.document


def report_pdf(report: ServiceReport) -> bytes:
    """The report on A4, with each signature as it was drawn."""
    return make_pdf(TEMPLATE, at=report.written_at, report=_facts(report))


def _facts(report) -> dict:
    return report_lines(report) | {
        "signature": _picture(report.signature),
        "signature_too": _picture(report.recommendations_signature),
    }


def report_lines(report: ServiceReport) -> dict:
    """Every line of a report, in the desk's language and by its clock: texts, and lists of texts."""
    visit = Visit.objects.select_related("customer", "site", "tenant").get(pk=report.visit_id)
    desk = visit.tenant
    language = report_language(desk)
    reading = {"language": language, "country": desk.country}
    left, needs = first_left(report)
    reviews = list(visit.reviews.select_related("recommendation__equipment").order_by("pk"))
    signed_by = report.recommendations_signed_by
    return {
        "language": language,
        "say": say.HEADINGS[language],
        "desk": desk.name,
        "phone": desk.phone,
        "email": desk.email,
        "number": visit.number,
        "customer": [part for part in (visit.customer.name, visit.customer.company) if part],
        "site": visit.site.address,
        "day": day_words(_day(report, visit, desk), today=ALWAYS_WITH_YEAR, **reading),
        "who": [a.technician.name for a in visit.assignments.select_related("technician").order_by("pk")],
        "times": _times(report, visit, desk, reading),
        "machines": [
            [machine.equipment.name, machine.equipment.serial_number]
            for machine in visit.machines.select_related("equipment").order_by("pk")
        ],
        "problem": _paragraphs(visit.problem),
        "work": _paragraphs(report.work_done),
        "fixed": _fixed(report, language),
        "next": report.next_step,
        "left": left,
        "needs": needs,
        "parts": [
            [f"{use.quantity} × {use.part.name or use.part.number}", use.part.number]
            + [say.COVERED[language][use.is_covered]]
            for use in visit.parts_used.select_related("part").order_by("pk")
        ],
        "recommendations": [_recommendation(review, signed_by, reading) for review in reviews],
        "signing": _signing(report, language),
        "signing_too": _signing_too(report, reviews, language),
    }


def report_language(desk: Tenant) -> str:
    """In which language a desk's papers are written."""
    return known_language(desk.language) or ENGLISH


def _day(report, visit, desk) -> dt.date:
    return local_day(visit.arrived_at or report.written_at, zone_of(desk))


def _times(report, visit, desk, reading) -> list[list[str]]:
    """Arrival and end by the desk's clock: an end that the phone told late is where it was."""
    if visit.arrived_at is None:
        return []
    headings, zone = say.HEADINGS[reading["language"]], zone_of(desk)
    times = [[headings["arrived"], clock_words(local_time(visit.arrived_at, zone).time(), **reading)]]
    if report.minutes is not None:
        ended = local_time(visit.arrived_at + dt.timedelta(minutes=report.minutes), zone)
        lasted = f"{report.minutes} {headings['minutes']}"
        times.append([headings["finished"], f"{clock_words(ended.time(), **reading)}, {lasted}"])
    return times


def _paragraphs(words: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip()]


def _fixed(report, language) -> str:
    if report.fixed_first_time is None:
        return ""
    return say.FIXED[language][report.fixed_first_time].format(why=report.not_fixed_because)


def _recommendation(review: Review, signed_by: str, reading: dict) -> dict:
    language, recommendation = reading["language"], review.recommendation
    until = review.deferred_until
    day = until and day_words(until, today=ALWAYS_WITH_YEAR, **reading)
    handed_over = is_handed_over(review, signed_by=signed_by)
    return {
        "finding": recommendation.finding,
        "machine": recommendation.equipment.name,
        "severity": SEVERITIES[language][recommendation.severity],
        "risk": recommendation.risk,
        "decision": say.DECISIONS[language][review.outcome].format(until=day),
        "reason": review.reason,
        "missing": "" if handed_over else say.NOT_HANDED_OVER[language],
    }


def _signing(report, language) -> str:
    words = say.SIGNED[language][report.signing]
    return words.format(name=report.signed_by, why=report.cannot_sign_because)


def _signing_too(report, reviews, language) -> list[str]:
    """Who signed for the recommendations, and that some are not handed over; nothing where there are none."""
    if not reviews:
        return []
    signed_by, why = report.recommendations_signed_by, report.recommendations_unsigned_because
    missing = any(not is_handed_over(review, signed_by=signed_by) for review in reviews)
    told = any(review.customer_told for review in reviews)
    how = report.recommendations_signing
    return [
        *([say.HANDED_OVER[language][how].format(name=signed_by)] if signed_by and told else []),
        *([say.SIGNED[language][how].format(why=why)] if why else []),
        *([say.NOBODY_SIGNED[language]] if missing else []),
    ]


def _picture(signature: StoredFile | None) -> list[int]:
    """A drawn signature as the bytes of a PNG, dark on white; empty without one, or where it is gone."""
    if signature is None:
        return []
    try:
        drawn = Image.open(io.BytesIO(kept_paper(signature))).convert("RGBA")
    except OSError:
        return []
    drawn.thumbnail((SIGNATURE_WIDTH, SIGNATURE_WIDTH))
    # Only where ink is counts: whatever its colour, on paper it is dark.
    ink = Image.new("L", drawn.size, 255)
    ink.paste(20, mask=drawn.getchannel("A"))
    out = io.BytesIO()
    ink.save(out, "PNG", optimize=True)
    return list(out.getvalue())
