"""The PDF of a service report: what it says, whatever is in the names, and the same bytes for ever."""

import base64
import dataclasses
import datetime as dt
import io
import json
import re

import pytest
import typst
from PIL import Image, ImageDraw

from customers.models import Equipment
from recommendations.lifecycle import raise_recommendation
from recommendations.models import Recommendation
from tenancy.files import store_signature
from tenancy.models import StoredFile, Tenant
from tenancy.scope import tenant
from tests.reading import ink_in_margins, pdf_pages
from tests.visits.gate_scene import FIXED, SIGNED, answer, finish, on_site_visit, visit
from visits.gate import Report
from visits.models import Part, ServiceReport, WorkLeft
from visits.report_document import TEMPLATE, document_of, make_missing, report_lines, report_pdf

__all__ = ["visit"]

MARKUP = "#let x = $a$ *bold* \\ \"q\" 'z' _k_ `c` <l> @ref // no /* c */ ~ [b] = H"


def read(visit):
    return pdf_pages(report_pdf(ServiceReport.objects.get(visit=visit)))


def drawn_signature(lou, now, height=120):
    picture = Image.new("RGBA", (400, height))
    ImageDraw.Draw(picture).line((20, 100, 380, 20), fill=(20, 29, 43, 255), width=6)
    out = io.BytesIO()
    picture.save(out, "PNG")
    data_url = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
    return store_signature(data_url, by=lou, now=now)


def test_it_says_who_came_what_was_done_and_what_was_decided(north, visit, lou, now):
    Tenant.objects.filter(pk=north.tenant.pk).update(email="service@northgate.example")
    fuser = Part.objects.create(number="FU-1", name="Fuser unit")
    toner = Part.objects.create(number="TO-2", name="Toner")
    lead = raise_recommendation(
        equipment=north.copier, finding="Move the lead", risk="Somebody trips", severity=4, by=lou, now=now
    )
    answers = (
        answer(north.recommendation, "done"),
        answer(lead, "declined by customer", reason="Too dear"),
    )
    finish(visit, now, lou, *answers, report=SIGNED, parts={fuser: 1, toner: 2})
    (page,) = read(visit)
    for words in (
        "Northgate 01632 960 118 service@northgate.example Service report V-1",
        "Customer Margaret Ellison, The Harbour Letter Where 3 Quay Lane, Eastmouth EM4 2QL "
        "Who came Thu 5 March 2026, Lou Baptiste Arrived 12:30 pm Finished 1:07 pm, 37 minutes on site",
        "Corvane TC-240 copier TC240-118-4471",
        "What was done Looked at it. Fixed.",
        "1 × Fuser unit FU-1 covered, nothing to pay 2 × Toner TO-2",
        "Replace the fuser unit · Likely to fail · Corvane TC-240 copier Done at this visit",
        "Move the lead · Safety · Corvane TC-240 copier You said no Reason: Too dear "
        "If nothing is done: Somebody trips",
        "For the work and the parts M. Ellison agreed; the name was typed",
        "For the recommendations Handed over. M. Ellison agreed, without a drawn signature.",
        "Questions? Ring 01632 960 118.",
        "V-1 · page 1 of 1",
    ):
        assert words in page
    assert "Not handed over" not in page


def test_what_nobody_signed_for_is_not_handed_over_and_says_so(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation))
    (page,) = read(visit)
    assert "Still advised. Not handed over" in page
    assert "For the recommendations Not handed over: nobody has signed for what is marked so above." in page


def test_what_is_signed_for_apart_stands_beside_the_work_with_its_own_drawing(north, visit, lou, now):
    signed = Report(
        work_done="New fuser.",
        fixed_first_time=True,
        signing="drawn",
        signature=drawn_signature(lou, now),
        signed_by="M. Ellison",
        recommendations_signing="drawn",
        recommendations_signature=drawn_signature(lou, now, height=240),
        recommendations_signed_by="Jo Reed",
    )
    finish(visit, now, lou, answer(north.recommendation), report=signed)
    content = report_pdf(ServiceReport.objects.get())
    assert "For the recommendations Handed over. Signed by Jo Reed." in pdf_pages(content)[0].replace(
        "Signed by M. Ellison ", ""
    )
    shapes = re.findall(rb"/Width (\d+)\s*/Height (\d+)", content)
    assert sorted(set(shapes)) == [(b"400", b"120"), (b"400", b"240")]


def test_nobody_signing_for_the_recommendations_has_its_reason(north, visit, lou, now):
    report = dataclasses.replace(
        FIXED, recommendations_signing="cannot", recommendations_unsigned_because="Jo decides, and is out"
    )
    finish(visit, now, lou, answer(north.recommendation), report=report)
    words = "For the recommendations Not signed: Jo decides, and is out Not handed over: nobody has signed"
    assert words in read(visit)[0]


def test_who_cannot_sign_has_a_reason_and_what_is_left_is_named(north, visit, lou, now):
    report = Report(
        work_done="Opened it.",
        fixed_first_time=False,
        not_fixed_because="The drum is worn",
        next_step="Fit the drum",
        signing="cannot",
        cannot_sign_because="Nobody at the counter",
    )
    finish(visit, now, lou, answer(north.recommendation), report=report)
    WorkLeft.objects.filter(visit=visit).update(parts="Drum DR-9")
    (page,) = read(visit)
    assert "Opened it. Not fixed yet: The drum is worn" in page
    assert "What comes next Fit the drum Parts for it: Drum DR-9" in page
    assert "Not signed: Nobody at the counter" in page


def test_a_drawn_signature_is_in_it_as_a_picture(north, visit, lou, now):
    signed = Report(
        work_done="New fuser.",
        fixed_first_time=True,
        signing="drawn",
        signature=drawn_signature(lou, now),
        signed_by="M. Ellison",
    )
    finish(visit, now, lou, answer(north.recommendation), report=signed)
    with_it = report_pdf(ServiceReport.objects.get())
    assert b"/Subtype /Image" in with_it or b"/Subtype/Image" in with_it
    assert "Signed by M. Ellison" in pdf_pages(with_it)[0]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "Werkbon V-1 Klant Margaret Ellison"),
        ("de", "Servicebericht V-1 Kunde Margaret Ellison"),
        ("fr", "intervention V-1 Client Margaret Ellison"),
        ("pt", "Service report V-1 Customer Margaret Ellison"),
    ],
)
def test_it_is_in_the_desks_language(north, visit, lou, now, language, words):
    Tenant.objects.filter(pk=north.tenant.pk).update(language=language)
    finish(visit, now, lou, answer(north.recommendation))
    assert words in read(visit)[0]


def test_markup_in_peoples_words_is_text(north, visit, lou, now):
    north.customer.name = north.customer.company = MARKUP
    north.customer.save()
    Equipment.objects.update(model=MARKUP, make="", kind="", serial_number=MARKUP[:80])
    Recommendation.objects.update(finding=MARKUP, risk=MARKUP)
    Tenant.objects.filter(pk=north.tenant.pk).update(name=MARKUP)
    report = Report(
        work_done=MARKUP,
        fixed_first_time=False,
        not_fixed_because=MARKUP,
        next_step=MARKUP,
        signing="cannot",
        cannot_sign_because=MARKUP,
        recommendations_signing="typed",
        recommendations_signed_by=MARKUP,
    )
    given = answer(north.recommendation, "declined by customer", reason=MARKUP)
    finish(visit, now, lou, given, report=report)
    assert " ".join(read(visit)).count(MARKUP) >= 11


def test_long_words_and_thirty_recommendations_stay_on_their_pages(north, visit, lou, now):
    Recommendation.objects.update(finding="F" * 300, risk="R" * 300)
    for number in range(29):
        raise_recommendation(
            equipment=north.copier,
            finding=f"Finding {number:02}",
            risk="Paper jams",
            severity=2,
            by=lou,
            now=now,
        )
    answers = [answer(each) for each in Recommendation.objects.all()]
    words = Report(work_done="Y" * 900, fixed_first_time=True, signing="typed", signed_by="W" * 120)
    finish(visit, now, lou, *answers, report=words)
    pages = read(visit)
    assert len(pages) in (3, 4)
    said = " ".join(pages)
    assert all(f"Finding {number:02}" in said for number in range(29))
    for word in ("F" * 300, "R" * 300, "Y" * 900, "W" * 120):
        assert word in said.replace(" ", "")
    data = json.dumps(report_lines(ServiceReport.objects.get()) | {"signature": [], "signature_too": []})
    assert ink_in_margins(typst.compile(TEMPLATE, format="png", ppi=25.4, sys_inputs={"report": data})) == 0


def test_it_is_made_once_and_stays_as_it_was(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation), report=FIXED)
    first = document_of(visit, now=now)
    north.customer.name = "Somebody else"
    north.customer.save()
    again = document_of(visit, now=now + dt.timedelta(days=40))
    assert (first.pk, first.digest, first.name) == (again.pk, again.digest, "Visit V-1.pdf")
    assert StoredFile.objects.filter(kind="document").count() == 1
    assert "Margaret Ellison" in pdf_pages(again.content.open("rb").read())[0]


def test_a_visit_without_a_report_has_no_document(north, visit, now):
    with pytest.raises(ServiceReport.DoesNotExist):
        document_of(visit, now=now)


def test_later_words_of_what_is_left_are_not_put_into_it(north, visit, lou, now):
    report = Report(
        work_done="Opened it.",
        fixed_first_time=False,
        not_fixed_because="The drum is worn",
        next_step="Fit the drum",
        signing="typed",
        signed_by="M. Ellison",
    )
    finish(visit, now, lou, answer(north.recommendation), report=report)
    WorkLeft.objects.update(words="Fit the drum and the blade")
    assert report_lines(ServiceReport.objects.get())["left"] == "Fit the drum"


def test_it_is_made_by_the_clock_before_anybody_asks(cast, now):
    visits = []
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            one = on_site_visit(desk, now)
            finish(one, now, desk.technician, answer(desk.recommendation), report=FIXED)
            visits.append((desk, one))
    assert make_missing(now=now) == 2
    assert make_missing(now=now + dt.timedelta(seconds=5)) == 0
    for desk, one in visits:
        with tenant(desk.tenant):
            desk.customer.name = "Somebody else"
            desk.customer.save()
            kept = document_of(one, now=now + dt.timedelta(days=1))
            assert (kept.added_at, StoredFile.objects.filter(kind="document").count()) == (now, 1)
            assert "Somebody else" not in pdf_pages(kept.content.open("rb").read())[0]


def test_a_report_that_cannot_be_made_keeps_no_other_waiting(cast, now, monkeypatch):
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            finish(on_site_visit(desk, now), now, desk.technician, answer(desk.recommendation), report=FIXED)
    made = iter([typst.TypstError("No such letter"), b"%PDF"])

    def make(*args, **more):
        one = next(made)
        if isinstance(one, Exception):
            raise one
        return one

    monkeypatch.setattr("visits.report_document.make_pdf", make)
    assert make_missing(now=now) == 1
    monkeypatch.undo()
    assert make_missing(now=now) == 1


def test_visits_long_done_are_not_looked_for(north, visit, lou, now):
    finish(visit, now, lou, answer(north.recommendation), report=FIXED)
    assert make_missing(now=now + dt.timedelta(days=14, seconds=1)) == 0
