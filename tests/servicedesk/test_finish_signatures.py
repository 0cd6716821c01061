"""Who signs on the finish page: for the work, and apart from it for the recommendations."""

import pytest

from cases.models import Duty
from recommendations.lifecycle import mark_done, raise_recommendation
from servicedesk.finish_signatures import NO_NAME
from tenancy.models import StoredFile
from tests.reading import text
from tests.servicedesk.finish_scene import a_signature, north, typed, url, visit
from visits.models import ServiceReport

__all__ = ["north", "visit"]


@pytest.fixture
def send(north, visit, lou, client):
    """Finish with what is given, and the report that this makes, if it does."""

    def post(**given):
        answer = client.post(url(north, visit), typed(north, **({"decision": "untold"} | given)))
        return answer, ServiceReport.objects.filter(visit=visit).first()

    return post


def test_a_drawn_signature_is_kept_as_a_file_of_the_desk(send):
    _, report = send(signed_name="", signature=a_signature(), same_signs="on")
    assert (report.signing, report.signed_by, report.recommendations_signed_by) == (
        "drawn",
        "Margaret Ellison",
        "Margaret Ellison",
    )
    assert report.signature.kind == "signature"
    # The tick is an act of its own; the drawing is not copied.
    assert (report.recommendations_signing, report.recommendations_signature) == ("typed", None)


def test_both_are_drawn_each_for_itself(send):
    _, report = send(
        signed_name="",
        signature=a_signature(),
        recommendations_signature=a_signature(),
        decision="worse",
        told="yes",
    )
    assert (report.recommendations_signing, report.recommendations_signed_by) == ("drawn", "Margaret Ellison")
    assert report.recommendations_signature.kind == "signature"
    assert report.recommendations_signature != report.signature
    assert StoredFile.objects.filter(kind="signature").count() == 2
    assert not Duty.objects.exists()


def test_somebody_else_may_draw_for_the_recommendations(send, north):
    _, report = send(
        decision="declined",
        why_no="Not needed",
        recommendations_name="Jo Reed",
        recommendations_signature=a_signature(),
    )
    assert (report.signing, report.signed_by) == ("typed", "M. Ellison")
    assert (report.recommendations_signing, report.recommendations_signed_by) == ("drawn", "Jo Reed")
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == "Jo Reed"
    assert not Duty.objects.exists()


def test_who_cannot_sign_has_a_reason_and_signs_for_nothing(send):
    _, report = send(signed_name="", unsigned_reason="Hand in plaster", same_signs="on")
    assert (report.signing, report.cannot_sign_because, report.signed_by) == ("cannot", "Hand in plaster", "")
    assert (report.recommendations_signing, report.recommendations_signed_by) == ("", "")
    assert Duty.objects.get().kind == "mail recommendation"


def test_the_block_for_recommendations_has_a_signature_of_its_own(send, north):
    _, report = send(decision="declined", why_no="Not needed", recommendations_name="Jo Reed")
    assert (report.recommendations_signing, report.recommendations_signed_by) == ("typed", "Jo Reed")
    north.recommendation.refresh_from_db()
    assert north.recommendation.signed_by == "Jo Reed"
    assert not Duty.objects.exists()


def test_nobody_signing_for_them_may_have_a_reason_and_a_mail_is_due(send, north, visit, client):
    _, report = send(recommendations_unsigned="Jo decides, and is out")
    assert (report.signing, report.recommendations_signing) == ("typed", "cannot")
    assert report.recommendations_unsigned_because == "Jo decides, and is out"
    assert Duty.objects.get().kind == "mail recommendation"
    client.force_login(north.dispatcher.user)
    page = text(client.get(north.url(f"visits/{visit.public_id}/")))
    assert "Not handed over: nobody signed for them, because: Jo decides, and is out" in page


def test_who_draws_where_the_one_met_cannot_sign_has_a_name(send):
    given = {"signed_name": "", "unsigned_reason": "In plaster", "recommendations_signature": a_signature()}
    answer, report = send(**given)
    assert (answer.status_code, report) == (422, None)
    assert NO_NAME in text(answer)
    assert a_signature() in answer.text
    answer, report = send(**given, recommendations_name="Jo Reed")
    assert (report.signing, report.recommendations_signing) == ("cannot", "drawn")
    assert report.recommendations_signed_by == "Jo Reed"


def test_a_drawing_that_did_not_come_through_is_said_at_its_pad_and_leaves_nothing(send, tmp_path):
    answer, report = send(
        signed_name="", signature=a_signature(), recommendations_signature="data:image/png;base64,AAAA"
    )
    assert (answer.status_code, report) == (422, None)
    assert '<a href="#handover">The signature did not come through.' in answer.text
    assert not StoredFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_visits_page_shows_each_drawing_beside_its_block(send, north, visit, client):
    _, report = send(signed_name="", signature=a_signature(), recommendations_signature=a_signature())
    client.force_login(north.dispatcher.user)
    page = client.get(north.url(f"visits/{visit.public_id}/")).text
    for drawn, words in (
        (report.signature, "The signature of Margaret Ellison"),
        (report.recommendations_signature, "The signature of Margaret Ellison for the recommendations"),
    ):
        assert f'src="{north.url(f"files/{drawn.public_id}/")}" alt="{words}"' in page


def test_a_visit_without_recommendations_shows_no_second_block(north, visit, lou, now, client):
    block = '<div class="card" id="handover"'
    assert f"{block}>" in client.get(url(north, visit)).text
    mark_done(north.recommendation, by=lou, now=now)
    assert f"{block} hidden>" in client.get(url(north, visit)).text
    # One that may be answered, on another machine at the site, has it as well.
    raise_recommendation(equipment=north.sorter, finding="Bare wire", severity=4, by=None, now=now)
    assert f"{block}>" in client.get(url(north, visit)).text
