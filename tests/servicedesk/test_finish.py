import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.lifecycle import raise_recommendation
from recommendations.models import Recommendation, RecommendationPhoto
from servicedesk import finish
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_plain_visit
from tests.servicedesk.finish_scene import a_photo, north, on_site, typed, url, visit
from visits.gate import complete_visit
from visits.models import Part, PartUse, Review, ServiceReport, VanStock, Visit

__all__ = ["north", "visit"]


def test_the_page_has_its_four_parts_and_says_how_many_are_left(north, visit, lou, client):
    page = client.get(url(north, visit)).content.decode()
    places = [page.find(part) for part in ("Recommendations", "What I did", "Parts used", "Margaret signs")]
    assert -1 not in places
    assert places == sorted(places)
    assert "1 recommendation left to review" in page
    assert "disabled" not in page


def test_finishing_stores_report_review_and_signature(north, visit, lou, client):
    answer = client.post(url(north, visit), typed(north, decision="accepted", how="done"))
    assert answer.status_code == 302
    assert answer["Location"] == north.url("today/")
    visit.refresh_from_db()
    report = ServiceReport.objects.get(visit=visit)
    assert visit.state == "done"
    assert (report.work_done, report.fixed_first_time, report.signing) == ("New fuser.", True, "typed")
    assert (report.signed_by, report.recommendations_signed_by) == ("M. Ellison", "")
    assert Review.objects.get().outcome == "done"


BOOK = {"decision": "accepted", "how": "book"}
NO = {"decision": "declined", "why_no": "Too expensive"}
LATER = {"decision": "deferred", "why_not_now": "other", "words_not_now": "Moves", "until": "2026-06-01"}
WORSE = {"decision": "worse", "told": "yes", "severity": "4"}
BUDGET = {"decision": "deferred", "why_not_now": "Next budget"}
ANSWERS = [
    ({"decision": "accepted", "how": "done"}, ("done", True, "", None), "done"),
    (BOOK, ("accepted", True, "", None), "accepted"),
    (NO, ("declined by customer", True, "Too expensive", None), "declined"),
    (LATER, ("deferred", True, "Moves", dt.date(2026, 6, 1)), "deferred"),
    (WORSE, ("worse", True, "", None), "open"),
    (WORSE | {"told": "no"}, ("worse", False, "", None), "open"),
    ({"decision": "untold"}, ("still valid", False, "", None), "open"),
]


@pytest.mark.parametrize(("given", "review", "state"), ANSWERS)
def test_each_answer_in_the_words_of_the_rule(north, visit, lou, client, given, review, state):
    assert client.post(url(north, visit), typed(north, **given)).status_code == 302
    kept = Review.objects.get()
    assert (kept.outcome, kept.customer_told, kept.reason, kept.deferred_until) == review
    north.recommendation.refresh_from_db()
    assert north.recommendation.state == state


NOT_WHOLE = [
    ({}, "Choose an answer."),
    ({"decision": "maybe"}, "Select a valid choice"),
    ({"decision": "accepted", "how": ""}, "Say whether it is done or to be booked."),
    ({"decision": "declined"}, "Choose a reason."),
    ({"decision": "declined", "why_no": "other"}, "Write the reason."),
    ({"decision": "deferred", "until": "2026-06-01"}, "Choose a reason."),
    (BUDGET | {"until": ""}, "Choose a day after today."),
    (BUDGET | {"until": "2026-03-05"}, "Choose a day after today."),
    (BUDGET | {"until": "2026-09-02"}, "1 September 2026 at the latest"),
    (BUDGET | {"until": "spring"}, "Write the day as"),
    ({"decision": "worse"}, "Say whether the customer was told."),
]


@pytest.mark.parametrize(("given", "words"), NOT_WHOLE)
def test_an_answer_that_is_not_whole_is_a_422_and_loses_nothing(north, visit, lou, client, given, words):
    sent = typed(north, work_done="Fitted a <b>new</b> fuser.", **given)
    answer = client.post(url(north, visit), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "<title>Error: Finish visit" in page
    assert "Fitted a &lt;b&gt;new&lt;/b&gt; fuser." in page
    assert 'value="M. Ellison"' in page
    visit.refresh_from_db()
    assert visit.state == "on site"
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"work_done": " "}, "Say what you did."),
        ({"fixed": ""}, "Say whether it is fixed."),
        ({"fixed": "no"}, "Say why it is not fixed."),
        ({"signed_name": ""}, "Let the customer sign, type a name, or say why nobody can sign."),
        ({"signed_name": "", "signature": "data:image/png;base64,AAAA"}, "did not come through"),
        ({"extra_number": "NO-1"}, "No part has the number “NO-1”"),
        ({"new-finding": "Spring", "new-severity": ""}, "Say how urgent it is."),
    ],
)
def test_what_is_missing_in_the_report_is_said(north, visit, lou, client, given, words):
    answer = client.post(url(north, visit), typed(north, decision="untold", **given))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ServiceReport.objects.exists()
    assert not StoredFile.objects.exists()


def test_one_that_came_in_meanwhile_is_named_and_all_is_kept(north, visit, lou, now, client):
    sent = typed(north, decision="declined", why_no="Not needed", words_no="Has two more")
    late = raise_recommendation(equipment=north.copier, finding="Bare wire", severity=4, by=None, now=now)
    answer = client.post(url(north, visit), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“Bare wire” came in while this page was open. Answer it to finish." in page
    assert "1 recommendation left to review" in page
    assert 'value="Has two more"' in page
    sent |= {"shown": [*sent["shown"], str(late.public_id)], f"answer-{late.public_id}-decision": "untold"}
    assert client.post(url(north, visit), sent).status_code == 302


def test_not_fixed_says_why_and_what_comes_next(north, visit, lou, client):
    sent = typed(north, decision="untold", fixed="no", not_fixed_because="Part missing", next_step="Thursday")
    assert client.post(url(north, visit), sent).status_code == 302
    report = ServiceReport.objects.get()
    assert (report.fixed_first_time, report.not_fixed_because, report.next_step) == (
        False,
        "Part missing",
        "Thursday",
    )


def test_parts_from_the_list_and_by_number(north, visit, lou, client):
    fuser = Part.objects.create(number="FU-240", name="Fuser unit")
    blade = Part.objects.create(number="CB-9", name="Cleaning blade")
    van = VanStock.objects.create(part=fuser, technician=north.lou, quantity=2)
    sent = typed(north, decision="untold", extra_number="cb-9", extra_quantity="2")
    sent[f"part-{fuser.public_id}"] = "1"
    assert client.post(url(north, visit), sent).status_code == 302
    assert set(PartUse.objects.values_list("part", "quantity")) == {(fuser.pk, 1), (blade.pk, 2)}
    van.refresh_from_db()
    assert van.quantity == 1


def test_adding_a_part_keeps_the_page_and_shows_its_line(north, visit, lou, client):
    blade = Part.objects.create(number="CB-9", name="Cleaning blade")
    sent = typed(north, extra_number="CB-9", extra_quantity="2", add="part")
    answer = client.post(url(north, visit, "add/"), sent)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'name="part-{blade.public_id}" value="2"' in page
    assert "New fuser." in page
    assert client.post(url(north, visit, "add/"), typed(north, add="part")).status_code == 422


def test_adding_a_recommendation_with_a_photo(north, visit, lou, client):
    sent = typed(north, add="recommendation", photo=[a_photo(), a_photo()])
    sent |= {
        "new-finding": "Feed tray spring is weak",
        "new-severity": "2",
        "new-public_id": str(uuid.uuid4()),
    }
    sent["new-machine"] = str(north.sorter.public_id)
    page = client.post(url(north, visit, "add/"), sent).content.decode()
    raised = Recommendation.objects.get(finding="Feed tray spring is weak")
    assert (raised.equipment, raised.severity, raised.raised_by) == (north.sorter, 2, north.technician)
    assert RecommendationPhoto.objects.filter(recommendation=raised).count() == 2
    assert "Raised at this visit" in page
    assert "New fuser." in page
    # Sent again (a double tap, a reload), it is the same one.
    client.post(url(north, visit, "add/"), sent | {"photo": []})
    assert Recommendation.objects.filter(finding="Feed tray spring is weak").count() == 1


def test_a_photo_without_words_is_not_lost_in_silence(north, visit, lou, client):
    answer = client.post(url(north, visit), typed(north, photo=[a_photo()]))
    assert answer.status_code == 422
    assert "A photo is taken, and no words: say what should be done." in answer.content.decode()
    assert not ServiceReport.objects.exists()


def test_what_is_no_photo_is_refused_and_nothing_is_raised(north, visit, lou, client):
    sent = typed(north, add="recommendation", photo=SimpleUploadedFile("x.jpg", b"<script>"))
    sent |= {"new-finding": "Spring", "new-severity": "2"}
    answer = client.post(url(north, visit, "add/"), sent)
    assert answer.status_code == 422
    assert "Choose a photo (JPEG or PNG)." in answer.content.decode()
    assert 'value="Spring"' in answer.content.decode()
    assert Recommendation.objects.count() == 1


def test_a_finding_typed_and_not_added_is_raised_by_finishing(north, visit, lou, client):
    sent = typed(north, decision="untold") | {"new-finding": "Spring", "new-severity": "1"}
    assert client.post(url(north, visit), sent).status_code == 302
    assert Review.objects.get(recommendation__finding="Spring").outcome == "raised"


def test_one_at_the_site_may_be_answered_and_need_not(north, visit, lou, now, client):
    other = raise_recommendation(equipment=north.sorter, finding="Spring", severity=1, by=None, now=now)
    page = client.get(url(north, visit)).content.decode()
    assert "1 more at this site" in page
    sent = typed(north, decision="untold") | {f"answer-{other.public_id}-decision": "untold"}
    assert client.post(url(north, visit), sent).status_code == 302
    assert Review.objects.filter(recommendation=other).exists()


def test_before_the_arrival_and_after_the_end_it_is_refused(north, lou, now, client):
    booked = make_plain_visit(north, now=now, start=now.replace(hour=15))
    answer = client.post(url(north, booked), typed(north))
    assert (answer.status_code, "Tap Arrived first" in answer.content.decode()) == (409, True)
    assert client.get(url(north, booked)).status_code == 302


def test_an_arrival_taken_back_meanwhile_loses_nothing_that_was_typed(north, visit, lou, client, monkeypatch):
    """Whether it is taken back before the request or while it is answered."""

    def take_back():
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.ON_THE_WAY, arrived_at=None)

    def complete(*args, **kwargs):
        take_back()
        return complete_visit(*args, **kwargs)

    monkeypatch.setattr(finish, "complete_visit", complete)
    sent = typed(north, decision="untold", work_done="Swapped the roller")
    for before in (lambda: None, take_back):
        before()
        answer = client.post(url(north, visit), sent)
        assert answer.status_code == 409
        assert "Tap Arrived first, then finish." in answer.text
        assert "Swapped the roller</textarea>" in answer.text
    assert not ServiceReport.objects.exists()


def test_the_second_device_hears_who_was_first(north, visit, lou, client):
    client.post(url(north, visit), typed(north, decision="untold"))
    client.force_login(north.dispatcher.user)
    answer = client.post(url(north, visit), typed(north, decision="untold"))
    assert answer.status_code == 409
    assert "done, set by Lou Baptiste at 13:07" in answer.content.decode()


def test_two_devices_at_once(committed_cast, now, time_machine, settings, tmp_path):
    time_machine.move_to(now, tick=False)
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = on_site(desk, now)
        sent = typed(desk, decision="untold")

    def device(person):
        client = Client()
        client.force_login(person.user)
        return lambda: client.post(url(desk, visit), sent).status_code

    statuses = at_once(device(desk.technician), device(desk.dispatcher))
    assert sorted(statuses) == [302, 409]
    with tenant(desk.tenant):
        assert ServiceReport.objects.count() == 1


@pytest.mark.parametrize("role", ["sales", "accounts"])
def test_only_who_may(north, visit, client, role):
    client.force_login(north.people[role].user)
    assert client.post(url(north, visit), typed(north)).status_code == 403
    assert client.get(url(north, visit)).status_code == 403


def test_a_strangers_visit_is_a_404(cast, visit, client):
    client.force_login(cast.south.technician.user)
    assert client.post(url(cast.south, visit), {}).status_code == 404
    assert client.post(url(cast.south, visit, "add/"), {}).status_code == 404


def test_more_recommendations_cost_no_more_queries(north, visit, lou, now, client):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            client.get(url(north, visit))
        counts.append(len(captured))
        for n in range(3):
            raise_recommendation(equipment=north.copier, finding=f"F{n}", severity=2, by=None, now=now)
    assert counts[0] == counts[1]


def test_the_page_says_no_state_of_its_own(north, visit, lou, client):
    """Looking changes nothing."""
    before = Visit.objects.values().get(pk=visit.pk)
    client.get(url(north, visit))
    assert Visit.objects.values().get(pk=visit.pk) == before
