"""A machine's page and those that hang on it: details, readings, documents, labels."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.documents import add_document
from customers.labels import print_labels
from customers.links import find_link
from customers.meters import record_reading
from customers.models import CustomerLink, Equipment, EquipmentDocument, MeterReading, Site
from recommendations.models import Recommendation
from servicedesk import equipment_documents, equipment_labels, equipment_meters, equipment_record
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.customers.test_documents import PDF, picture
from tests.reading import text
from tests.servicedesk.test_customer_details import filled
from visits.models import Visit

pytestmark = pytest.mark.usefixtures("moment")


def url(desk, rest="", machine=None):
    return desk.url(f"equipment/{(machine or desk.copier).public_id}/{rest}")


def upload(content=PDF, name="manual.pdf"):
    return SimpleUploadedFile(name, content)


@pytest.fixture
def paper(north, now):
    return add_document(north.copier, upload(), title="The manual", by=north.technician, now=now)


@pytest.fixture
def read(north, now):
    """Record what the copier's pages counter showed so many days ago."""

    def record(value, *, days=0, **said):
        return record_reading(
            north.copier,
            kind="pages",
            value=Decimal(value),
            read_at=now - dt.timedelta(days=days),
            by=north.technician,
            now=now,
            **said,
        )

    return record


def done_visits(north, now, count):
    return [
        make_plain_visit(
            north, now=now, start=now - dt.timedelta(days=days), state=Visit.State.CANCELLED_BY_US
        )
        for days in range(1, count + 1)
    ]


def test_the_machines_page_says_all_of_it(dispatcher, north, paper, read, now):
    read("48210")
    Equipment.objects.filter(pk=north.copier.pk).update(
        location="2nd floor",
        installed_on=dt.date(2024, 5, 3),
        warranty_until=dt.date(2027, 5, 3),
        external_number="E-17",
    )
    shown = text(dispatcher.get(url(north)))
    for words in (
        "Corvane TC-240 copier",
        "TC240-118-4471 E-17 in an older system",
        "3 Quay Lane, Eastmouth EM4 2QL, 2nd floor",
        "Since May 2024",
        "Maker’s warranty until 3 May 2027",
        "Contract N-20418",
        "Replace the fuser unit",
        "Pages 48,210 5 Mar 2026",
        "The manual 5 Mar 2026",
        "It has no label.",
    ):
        assert words in shown, words


def test_it_reads_on_through_all_visits(dispatcher, north, now, monkeypatch):
    monkeypatch.setattr(equipment_record, "VISITS_SHOWN", 2)
    # Two that begin at the same instant are two.
    visits = [*done_visits(north, now, 4), *done_visits(north, now, 1)]
    seen, page = [], dispatcher.get(url(north))
    while page.context["page"].older:
        seen += page.context["page"].rows
        page = dispatcher.get(url(north), {"before": page.context["page"].older})
    assert sorted(v.pk for v in [*seen, *page.context["page"].rows]) == sorted(v.pk for v in visits)
    assert not page.context["page"].is_first
    for cursor in ("nothing", uuid.uuid4()):
        assert dispatcher.get(url(north), {"before": cursor}).context["page"].is_first


def test_three_of_everything_cost_as_many_queries_as_one(
    dispatcher, north, now, django_assert_max_num_queries
):
    def add(days):
        make_plain_visit(
            north, now=now, start=now - dt.timedelta(days=days), state=Visit.State.CANCELLED_BY_US
        )
        add_document(north.copier, upload(), title=f"Paper {days}", by=north.technician, now=now)
        record_reading(
            north.copier, kind="pages", value=Decimal(9 - days), by=north.technician, now=now,
            read_at=now - dt.timedelta(days=days),
        )  # fmt: skip
        print_labels([north.copier], by=north.dispatcher, now=now)
        Recommendation.objects.create(
            equipment=north.copier, finding=f"Belt {days}", raised_at=now, severity=2
        )
        Equipment.objects.create(site=north.site, model=f"TC-{days}")

    def asked():
        counts = []
        for path in (url(north), url(north, "documents/"), url(north, "readings/"),
                     north.url("equipment/labels/"), url(north, "labels/end/")):  # fmt: skip
            dispatcher.get(path)
            with django_assert_max_num_queries(100) as counted:
                dispatcher.get(path)
            counts.append(len(counted))
        return counts

    add(1)
    one = asked()
    add(2)
    add(3)
    assert asked() == one


def test_what_is_wrong_is_put_right_and_two_at_once_are_told(dispatcher, north):
    address = url(north, "details/")
    seen = dispatcher.get(address)
    answer = dispatcher.post(address, {**filled(seen), "model": "TC-250", "installed_on": "2024-05-03"})
    assert (answer.status_code, answer.url) == (302, url(north))
    kept = Equipment.objects.get(pk=north.copier.pk)
    assert (kept.model, kept.installed_on) == ("TC-250", dt.date(2024, 5, 3))
    answer = dispatcher.post(address, {**filled(seen), "model": "TC-260"})
    assert answer.status_code == 409
    assert "It says now: Model: TC-250" in text(answer)
    assert answer.context["form"]["model"].value() == "TC-260"
    assert dispatcher.post(address, filled(answer)).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("serial_number", "SF12-077-0923", "We look after a machine with this serial number already."),
        ("installed_on", "3 May", "Choose the day: a day of the calendar, like 2026-03-14."),
        ("site", str(uuid.uuid4()), "Choose where it stands."),
        ("make", "x" * 81, "Ensure this value has at most 80 characters"),
    ],
)
def test_refused_it_keeps_what_was_typed(dispatcher, north, field, value, words):
    address = url(north, "details/")
    answer = dispatcher.post(address, {**filled(dispatcher.get(address)), field: value})
    assert answer.status_code == 422
    assert words in text(answer)
    assert answer.context["form"][field].value() == value


def test_a_site_of_somebody_else_is_no_choice(dispatcher, cast, north):
    with tenant(cast.south.tenant):
        theirs = Site.objects.get(pk=cast.south.site.pk).public_id
    address = url(north, "details/")
    sent = {**filled(dispatcher.get(address)), "site": str(theirs)}
    assert dispatcher.post(address, sent).status_code == 422


def test_it_retires_with_a_reason_says_what_goes_on_and_comes_back(dispatcher, north, visit):
    page = text(dispatcher.get(url(north, "details/")))
    assert "go on until somebody ends them too: 1 booked visit, 1 open recommendation." in page
    answer = dispatcher.post(url(north, "retire/"), {"because": " "})
    assert answer.status_code == 422
    assert "Write why:" in text(answer)
    assert dispatcher.post(url(north, "retire/"), {"because": "Scrapped"}).status_code == 302
    shown = text(dispatcher.get(url(north)))
    assert "Retired 5 Mar 2026" in shown
    assert "Retired: Scrapped" in shown
    assert "Print a label" not in shown
    assert dispatcher.post(url(north, "back/")).status_code == 302
    assert "Retired" not in text(dispatcher.get(url(north)))


def test_a_reading_is_kept_and_the_use_shown_by_the_month(lou, client, north, read):
    read("1000", days=31)
    answer = client.post(url(north, "readings/"), {"kind": "pages", "value": "4100", "read_on": "2026-03-05"})
    assert (answer.status_code, answer.url) == (302, f"{url(north, 'readings/')}?kind=pages")
    page = client.get(answer.url)
    assert [(month.month, used) for month, used, _ in page.context["uses"]] == [(3, "455"), (2, "2,645")]
    assert MeterReading.objects.latest("pk").read_by == north.technician


def test_a_counter_that_goes_backwards_is_asked_about(lou, client, north, read):
    read("48210", days=3)
    sent = {"kind": "pages", "value": "12", "read_on": "2026-03-05"}
    asked = client.post(url(north, "readings/"), sent)
    assert asked.status_code == 409
    assert "That is less than 48,210 on 2 Mar 2026. Was the counter replaced?" in text(asked)
    assert asked.context["form"]["value"].value() == "12"
    assert 'name="was_replaced"' in asked.text
    assert client.post(url(north, "readings/"), {**sent, "was_replaced": "on"}).status_code == 302
    assert MeterReading.objects.latest("pk").starts_anew


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"value": ""}, "Write what the counter shows."),
        ({"value": "many"}, "in figures, like 48210."),
        ({"value": "-1"}, "0 or more."),
        ({"value": "NaN"}, "in figures, like 48210."),
        ({"kind": "sheep"}, "Choose what it counts."),
        ({"read_on": "2026-03-06"}, "choose a day that has come."),
        ({"read_on": "yesterday"}, "Choose the day"),
        ({"read_on": "0002-03-05"}, "Choose a day from 1 Jan 2000 on."),
        ({"read_on": "1999-12-31"}, "Choose a day from 1 Jan 2000 on."),
    ],
)
def test_what_is_no_reading_is_refused_with_what_was_typed(lou, client, north, sent, words):
    whole = {"kind": "pages", "value": "12", "read_on": "2026-03-05", **sent}
    answer = client.post(url(north, "readings/"), whole)
    assert answer.status_code == 422
    assert words in text(answer)
    assert not MeterReading.objects.exists()


def test_a_wrong_reading_is_withdrawn_and_stays_to_be_read(lou, client, north, read, visit):
    wrong = read("99000", visit=visit.public_id)
    address = url(north, f"readings/{wrong.public_id}/withdraw/")
    answer = client.post(address, {"because": ""})
    assert answer.status_code == 422
    assert "Write what was wrong with it." in text(answer)
    assert client.post(address, {"because": "A nine too many"}).status_code == 302
    shown = text(client.get(url(north, "readings/"), {"kind": "pages"}))
    assert "No counter was read yet." in shown
    read("9900")
    shown = text(client.get(url(north, "readings/")))
    assert "Withdrawn by Lou Baptiste: A nine too many" in shown
    assert f"visit {visit.number}" in shown


def test_readings_are_read_on_by_pages(lou, client, north, read, monkeypatch):
    monkeypatch.setattr(equipment_meters, "READINGS_SHOWN", 2)
    for days in (5, 4, 3, 2, 1):
        read(str(100 - days), days=days)
    page = client.get(url(north, "readings/"))
    assert [shown for _, shown, _ in page.context["rows"]] == ["99", "98"]
    page = client.get(url(north, "readings/"), {"kind": "pages", "before": page.context["page"].older})
    assert [shown for _, shown, _ in page.context["rows"]] == ["97", "96"]


def test_a_paper_is_added_opened_and_removed_with_a_reason(dispatcher, north):
    answer = dispatcher.post(url(north, "documents/"), {"file": upload(), "title": "Müller’s manual"})
    assert answer.status_code == 302
    document = EquipmentDocument.objects.get()
    address = url(north, f"documents/{document.public_id}/")
    opened = dispatcher.get(address)
    assert (opened.content, opened["Content-Type"]) == (PDF, "application/octet-stream")
    assert opened["Content-Disposition"].startswith("attachment; filename*=utf-8''M%C3%BCller")
    assert opened["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in opened["Content-Security-Policy"]
    answer = dispatcher.post(f"{address}remove/", {"because": ""})
    assert answer.status_code == 422
    assert "Write why:" in text(answer)
    assert dispatcher.post(f"{address}remove/", {"because": "Of the sorter"}).status_code == 302
    assert dispatcher.get(address).status_code == 404
    assert "Removed 5 Mar 2026 by Dana Whitlock: Of the sorter" in text(
        dispatcher.get(url(north, "documents/"))
    )
    assert "It was removed already: Of the sorter." in text(dispatcher.get(f"{address}remove/"))


def test_a_picture_is_shown(lou, client, north):
    client.post(url(north, "documents/"), {"file": upload(picture(), "plate.png")})
    document = EquipmentDocument.objects.get()
    opened = client.get(url(north, f"documents/{document.public_id}/"))
    assert (opened["Content-Type"], opened["Content-Disposition"]) == (
        "image/jpeg",
        'inline; filename="plate.jpg"',
    )


@pytest.mark.parametrize("sent", [{}, {"file": b"MZ"}, {"file": PDF, "title": "x" * 121}, {"file": b""}])
def test_what_is_no_paper_is_refused(lou, client, north, sent):
    if "file" in sent:
        sent = {**sent, "file": upload(sent["file"])}
    assert client.post(url(north, "documents/"), sent).status_code == 422
    assert not EquipmentDocument.objects.exists()


def test_documents_are_read_on_by_pages(lou, client, north, now, monkeypatch):
    monkeypatch.setattr(equipment_documents, "DOCUMENTS_SHOWN", 2)
    for title in ("One", "Two", "Three"):
        add_document(north.copier, upload(), title=title, by=north.technician, now=now)
    page = client.get(url(north, "documents/"))
    assert [row.title for row in page.context["page"].rows] == ["Three", "Two"]
    page = client.get(url(north, "documents/"), {"before": page.context["page"].older})
    assert [row.title for row in page.context["page"].rows] == ["One"]


def test_papers_and_readings_of_another_machine_are_not_found(dispatcher, north, cast, paper, read):
    reading = read("1")
    with tenant(cast.south.tenant):
        stranger = Equipment.objects.get(pk=cast.south.copier.pk)
    for machine in (north.sorter, stranger):
        assert dispatcher.get(url(north, f"documents/{paper.public_id}/", machine)).status_code == 404
        path = url(north, f"readings/{reading.public_id}/withdraw/", machine)
        assert dispatcher.post(path, {"because": "Wrong"}).status_code == 404
    assert dispatcher.get(url(north, machine=stranger)).status_code == 404


@pytest.mark.parametrize("path", ["details/", "retire/", "back/", "labels/end/"])
def test_a_technician_changes_no_machine(lou, client, north, path):
    assert client.post(url(north, path)).status_code == 403


def test_who_removes_and_prints(lou, client, north, paper):
    assert client.post(url(north, f"documents/{paper.public_id}/remove/")).status_code == 403
    assert client.get(north.url("equipment/labels/")).status_code == 403
    page = client.get(url(north, "documents/"))
    assert f"{paper.public_id}/remove/" not in page.text
    assert "Print a label" not in text(client.get(url(north)))


def test_labels_are_chosen_and_printed_each_with_its_own_code(dispatcher, north, now):
    page = dispatcher.get(north.url("equipment/labels/"))
    assert list(page.context["rows"]) == [north.copier, north.sorter]
    sheet = dispatcher.post(
        north.url("equipment/labels/"), {"machine": [north.copier.public_id, north.sorter.public_id]}
    )
    assert sheet.status_code == 200
    assert "no-store" in sheet["Cache-Control"]
    labels = sheet.context["labels"]
    for label, machine in zip(labels, (north.copier, north.sorter), strict=True):
        token = label.address.rstrip("/").rpartition("/")[2]
        assert find_link(token, now=now).link.subject == machine.public_id
        assert label.code.path in sheet.text
    words = text(sheet)
    for said in (
        "Corvane TC-240 copier",
        "TC240-118-4471",
        "Northgate",
        "01632 960 118",
        "Scan to book a visit",
    ):
        assert said in words
    assert "Margaret" not in words
    assert dispatcher.get(north.url("equipment/labels/")).context["rows"] == []
    assert "Every machine has a label." in text(dispatcher.get(north.url("equipment/labels/")))


def test_a_customers_and_a_sites_machines_are_listed_with_or_without_a_label(dispatcher, north, now):
    hall = Site.objects.create(customer=north.customer, name="The press hall")
    folder = Equipment.objects.create(site=hall, model="F-1")
    print_labels([north.copier], by=north.dispatcher, now=now)
    address = north.url("equipment/labels/")
    page = dispatcher.get(address, {"customer": north.customer.public_id})
    assert list(page.context["rows"]) == [north.copier, north.sorter, folder]
    assert page.text.count(" checked") == 2
    assert dispatcher.get(address, {"site": hall.public_id}).context["rows"] == [folder]
    assert dispatcher.get(address, {"site": uuid.uuid4()}).status_code == 404
    assert dispatcher.get(address, {"customer": "nobody"}).status_code == 404


def test_strangers_and_retired_machines_get_no_label(dispatcher, north, cast):
    with tenant(cast.south.tenant):
        stranger = cast.south.copier.public_id
    Equipment.objects.filter(pk=north.sorter.pk).update(retired_on=dt.date(2026, 3, 1))
    for chosen in ([], [stranger], [north.copier.public_id, stranger], [north.sorter.public_id], ["x"]):
        answer = dispatcher.post(north.url("equipment/labels/"), {"machine": chosen})
        assert answer.status_code == 422, chosen
    assert not CustomerLink.objects.exists()


def test_machines_without_a_label_are_read_on_by_pages(dispatcher, north, monkeypatch):
    monkeypatch.setattr(equipment_labels, "SHOWN", 1)
    page = dispatcher.get(north.url("equipment/labels/"))
    assert page.context["rows"] == [north.copier]
    page = dispatcher.get(north.url("equipment/labels/") + page.context["next_url"])
    assert (page.context["rows"], page.context["next_url"]) == ([north.sorter], "")


def test_a_machines_labels_are_ended_with_a_reason(dispatcher, north, now):
    assert "It has no label." in text(dispatcher.get(url(north, "labels/end/")))
    print_labels([north.copier], by=north.dispatcher, now=now)
    assert "It has a label, printed 5 Mar 2026." in text(dispatcher.get(url(north)))
    answer = dispatcher.post(url(north, "labels/end/"), {"because": ""})
    assert answer.status_code == 422
    assert dispatcher.post(url(north, "labels/end/"), {"because": "Torn off"}).status_code == 302
    assert "It has no label." in text(dispatcher.get(url(north)))
