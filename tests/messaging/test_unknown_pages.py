"""Mail from people we do not know: listed, given to whom it belongs, or said why it is not for us."""

import pytest

from cases.models import Duty, Interaction
from customers.models import Contact, Customer, TimelineEntry
from messaging import unknown_pages
from messaging.mail_in import take_mail
from messaging.models import Reply
from messaging.replies import AlreadyHandled, place
from tenancy.scope import tenant
from tests.at_once import at_once, kinds
from tests.reading import is_shown_as_words

pytestmark = pytest.mark.usefixtures("moment")
STRANGER = "son@elsewhere.example"


@pytest.fixture
def north(cast, client):
    client.force_login(cast.north.people["dispatcher"].user)
    return cast.north


def came(desk, now, number=1, *, sender=STRANGER, words="My mother’s copier stands still", extra=""):
    raw = (
        f"From: {sender}\nMessage-ID: <n{number}@elsewhere.example>\nSubject: Copier\n"
        f"Content-Type: text/plain; charset=utf-8\n{extra}\n{words}"
    )
    with tenant(desk.tenant):
        return take_mail(raw.encode(), now=now)


def place_url(desk, reply):
    return desk.url(f"replies/{reply.public_id}/place/")


def test_only_what_nobody_has_placed_is_listed_the_newest_first_page_by_page(
    cast, north, client, now, monkeypatch
):
    monkeypatch.setattr(unknown_pages, "PAGE_LENGTH", 2)
    wanted = [came(north, now, number).pk for number in range(1, 4)]
    came(north, now, 4, sender="margaret@harbourletter.example")
    came(cast.south, now, 5)
    first = client.get(north.url("replies/unknown/"))
    second = client.get(north.url(f"replies/unknown/{first.context['next_url']}"))
    assert [row.pk for page in (first, second) for row in page.context["rows"]] == wanted[::-1]
    assert second.context["next_url"] == ""
    said = client.get(north.url("messages/")).content.decode()
    assert "3 from people we do not know." in said


def test_the_list_asks_the_same_number_of_queries_for_one_row_and_for_three(
    north, client, now, django_assert_max_num_queries
):
    asked = []
    for number in (1, 2, 3):
        came(north, now, number)
        with django_assert_max_num_queries(20) as queries:
            client.get(north.url("replies/unknown/"))
        asked.append(len(queries))
    assert asked[0] == asked[2]


def test_placed_it_is_on_the_time_line_and_the_address_is_theirs(north, client, now):
    reply = came(north, now)
    found = client.get(place_url(north, reply), {"q": "07700 900412"})
    assert [(one.pk, one.is_chosen) for one in found.context["choices"]] == [(north.customer.pk, True)]
    done = client.post(
        place_url(north, reply),
        {"customer": north.customer.public_id, "remember": "on", "name": "Her son"},
    )
    assert (done.status_code, done.url) == (302, north.url(f"replies/{reply.public_id}/"))
    with tenant(north.tenant):
        reply.refresh_from_db()
        contact = Contact.objects.get(email=STRANGER)
        assert (reply.customer, reply.contact, reply.placed_by) == (
            north.customer,
            contact,
            north.people["dispatcher"],
        )
        assert (contact.customer, contact.name, contact.is_main) == (north.customer, "Her son", False)
        assert TimelineEntry.objects.get(subject=reply.public_id).title == "Mail from Her son"
        assert Interaction.objects.get().reply == reply
        assert Duty.objects.open().get(kind="answer reply").customer == north.customer
    with tenant(north.tenant):
        assert came(north, now, 2).customer == north.customer


def test_without_the_tick_the_address_stays_unknown(north, client, now):
    reply = came(north, now)
    client.post(place_url(north, reply), {"customer": north.customer.public_id})
    with tenant(north.tenant):
        assert not Contact.objects.filter(email=STRANGER).exists()
    assert came(north, now, 2).customer is None


def test_an_address_of_two_customers_proposes_both(north, client, now):
    with tenant(north.tenant):
        other = Customer.objects.create(name="Her sister")
        Contact.objects.create(customer=other, name="Her sister", email="margaret@harbourletter.example")
    reply = came(north, now, sender="margaret@harbourletter.example")
    choices = client.get(place_url(north, reply)).context["choices"]
    assert {one.pk for one in choices} == {north.customer.pk, other.pk}


@pytest.mark.parametrize(
    ("posted", "field"),
    [({}, "customer"), ({"customer": "x"}, "customer"), ({"customer": "0" * 32}, "customer")],
)
def test_what_is_wrong_is_said_and_nothing_changes(north, client, now, posted, field):
    reply = came(north, now)
    refused = client.post(place_url(north, reply), {**posted, "name": "Kept as typed"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [field])
    assert b"Kept as typed" in refused.content
    with tenant(north.tenant):
        assert Reply.objects.get().customer is None


def test_another_desks_customer_is_not_chosen(cast, north, client, now):
    reply = came(north, now)
    answer = client.post(place_url(north, reply), {"customer": cast.south.customer.public_id})
    assert answer.status_code == 422


def test_not_for_us_needs_a_reason_and_stays_to_be_read(north, client, now):
    reply = came(north, now)
    url = north.url(f"replies/{reply.public_id}/not-ours/")
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "Sells toner"}).status_code == 302
    assert client.post(url, {"reason": "Me too"}).status_code == 409
    with tenant(north.tenant):
        assert Reply.objects.get().outcome == "Not for us: Sells toner"
        assert not Duty.objects.open().exists()
    assert client.get(north.url("replies/unknown/")).context["rows"] == []
    assert "Not for us: Sells toner" in client.get(north.url("messages/?tab=replies")).content.decode()


def test_placed_twice_the_second_is_told(north, client, now):
    reply = came(north, now)
    posted = {"customer": north.customer.public_id}
    assert [client.post(place_url(north, reply), posted).status_code for _ in range(2)] == [302, 409]
    assert client.get(place_url(north, reply)).status_code == 302
    reason = {"reason": "too late"}
    assert client.post(north.url(f"replies/{reply.public_id}/not-ours/"), reason).status_code == 409


def test_two_who_place_it_at_once_note_one_contact(committed_cast, now):
    desk = committed_cast.north
    reply = came(desk, now)

    def work():
        place(reply, desk.customer, contact=None, by=desk.people["dispatcher"], now=now)

    assert kinds(at_once(work, work, desk=desk, told=AlreadyHandled)) == ["AlreadyHandled", "NoneType"]
    with tenant(desk.tenant):
        assert Interaction.objects.count() == 1


FILES = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

See the page
--b
Content-Type: text/html
Content-Disposition: attachment; filename="../../page.html"

<html><script>alert(1)</script></html>
--b
Content-Type: text/html
Content-Disposition: attachment; filename="paper.html"

%PDF-1.4 a paper
%%EOF
--b--
"""


def test_files_are_for_saving_by_what_they_are_and_the_whole_mail_with_them(cast, north, client, now):
    raw = f"From: {STRANGER}\nMessage-ID: <f@elsewhere.example>\n{FILES}"
    with tenant(north.tenant):
        reply = take_mail(raw.encode(), now=now)
        page, paper = reply.files.order_by("number")
        assert (page.name, page.file) == ("page.html", None)
        assert page.not_kept_because.startswith("It is no kind of file")
        assert (paper.name, paper.file.content_type) == ("paper.html.pdf", "application/pdf")
    for path, beginning in (
        (f"reply-files/{paper.public_id}/", b"%PDF-1.4"),
        (f"replies/{reply.public_id}/whole/", b"From: son@"),
    ):
        answer = client.get(north.url(path))
        assert b"".join(answer.streaming_content).startswith(beginning)
        assert answer["Content-Disposition"].startswith("attachment;")
        assert (answer["X-Content-Type-Options"], answer["Content-Type"]) == (
            "nosniff",
            "application/octet-stream",
        )
        assert client.get(cast.south.url(path)).status_code == 404
    assert client.get(north.url(f"reply-files/{page.public_id}/")).status_code == 404


@pytest.mark.parametrize("role", ["technician", "sales", "accounts"])
def test_only_dispatchers_and_managers_may(cast, client, now, role):
    reply = came(cast.north, now)
    client.force_login(cast.north.people[role].user)
    one = f"replies/{reply.public_id}/"
    for path in ("replies/unknown/", f"{one}place/", f"{one}whole/"):
        assert client.get(cast.north.url(path)).status_code == 403
    reason = {"reason": "x"}
    assert client.post(cast.north.url(f"{one}not-ours/"), reason).status_code == 403


def test_words_of_strangers_are_never_markup(north, client, now):
    reply = came(north, now, words="<script>x</script>")
    for path in ("replies/unknown/", f"replies/{reply.public_id}/place/", f"replies/{reply.public_id}/"):
        assert is_shown_as_words("<script>x</script>", client.get(north.url(path)))
