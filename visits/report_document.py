"""The service report: what it says in the desk's language, and its PDF, made once and kept (R7.2).

The PDF, the customer's page and the printed sheet are filled with the same lines.
"""

import datetime as dt
import io

from django.db import transaction
from PIL import Image

from messaging.languages import ENGLISH, clock_words, day_words, known_language
from recommendations.letter_words import SEVERITIES
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.files import discard, store_file
from tenancy.models import StoredFile, Tenant
from tenancy.papers import CONTENT_TYPE, TEMPLATES, kept_paper, make_pdf, paper_name
from visits import report_words as say
from visits.handover import is_handed_over
from visits.models import Review, ServiceReport, Visit

TEMPLATE = TEMPLATES / "visits" / "report.typ"
# A signature is drawn larger than it is printed.
SIGNATURE_WIDTH = 700
# On paper a day has its year, whichever it is.
ALWAYS_WITH_YEAR = dt.date.min


def document_of(visit: Visit, *, now: dt.datetime) -> StoredFile:
    """The kept PDF of a finished visit; the first to ask has it made, all others get the same bytes.

    Raises ServiceReport.DoesNotExist for a visit without a report.
    """
    with transaction.atomic():
        report = ServiceReport.objects.select_for_update(of=("self",)).get(visit=visit)
        if report.document is None:
            report.document = store_file(
                content=report_pdf(report),
                kind=StoredFile.Kind.DOCUMENT,
                name=paper_name("Visit", visit.number),
                content_type=CONTENT_TYPE,
                by=None,
                now=now,
            )
            try:
                report.save(update_fields=["document"])
            except Exception:
                discard([report.document])
                raise
    return report.document


def report_pdf(report: ServiceReport) -> bytes:
    """The report on A4, with the signature as it was drawn."""
    data = report_lines(report) | {"signature": _picture(report.signature)}
    return make_pdf(TEMPLATE, at=report.written_at, report=data)


def report_lines(report: ServiceReport) -> dict:
    """Every line of a report, in the desk's language and by its clock: texts, and lists of texts."""
    visit = Visit.objects.select_related("customer", "site", "tenant").get(pk=report.visit_id)
    desk = visit.tenant
    language = report_language(desk)
    reading = {"language": language, "country": desk.country}
    left = getattr(visit, "work_left", None)
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
        "left": left.words if left else "",
        "needs": left.parts if left else "",
        "parts": [
            [f"{use.quantity} × {use.part.name or use.part.number}", use.part.number]
            + [say.COVERED[language][use.is_covered]]
            for use in visit.parts_used.select_related("part").order_by("pk")
        ],
        "recommendations": [_recommendation(review, signed_by, reading) for review in reviews],
        "signing": _signing(report, language),
        "signing_too": _signing_too(reviews, signed_by, language),
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


def _signing_too(reviews, signed_by, language) -> list[str]:
    """Who signed for the recommendations, and that some are not handed over; nothing where there are none."""
    if not reviews:
        return []
    missing = any(not is_handed_over(review, signed_by=signed_by) for review in reviews)
    told = any(review.customer_told for review in reviews)
    return [
        *([say.HANDED_OVER[language].format(name=signed_by)] if signed_by and told else []),
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
