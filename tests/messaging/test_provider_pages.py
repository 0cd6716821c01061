"""The settings of mail and texts: who may, what is refused, what a test says."""

import html

import pytest
from django.core import mail

from messaging.models import Provider
from messaging.providers import reports_address, save_provider
from messaging.secrets import opened
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.messaging.fakes import twilio as twilio_fake
from tests.messaging.fakes.postmark import TOKEN, FakePostmark
from tests.messaging.fakes.twilio import FakeTwilio

SMTP = {
    "kind": "smtp",
    "seen": "",
    "host": "127.0.0.1",
    "port": "2525",
    "security": "starttls",
    "user": "northgate",
    "secret": "s3cret",
    "from_address": "hello@northgate.example",
    "replies_to": "",
}
POSTMARK = {"kind": "postmark", "seen": "", "secret": TOKEN, "from_address": "hello@northgate.example"}
TWILIO = {
    "kind": "twilio",
    "seen": "",
    "secret": twilio_fake.TOKEN,
    "account": twilio_fake.ACCOUNT,
    "sent_from": twilio_fake.NUMBER,
}
HTTP = {
    "kind": "http",
    "seen": "",
    "secret": "s3cret",
    "url": "http://127.0.0.1:9/{to}",
    "method": "POST",
    "headers": '{"Authorization": "Bearer {secret}"}',
    "body": '{"text": "{text}"}',
    "id_field": "",
    "lookup_url": "",
}
PAGES = ["", "mail/", "sms/", "mail/test/", "sms/test/", "mail/remove/", "sms/remove/"]


pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, client):
    client.force_login(cast.north.people["manager"].user)
    return cast.north


def at(desk, path=""):
    return desk.url(f"settings/providers/{path}")


def kept(desk):
    with tenant(desk.tenant):
        return Provider.objects.get()


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales", "accounts"])
def test_only_the_manager_may(cast, client, role):
    client.force_login(cast.north.people[role].user)
    for path in PAGES:
        assert client.post(at(cast.north, path)).status_code in (403, 405)
        assert client.get(at(cast.north, path)).status_code in (403, 405)


@pytest.mark.parametrize(
    ("path", "values", "secret"),
    [
        ("mail/", SMTP, "s3cret"),
        ("mail/", POSTMARK, TOKEN),
        ("sms/", TWILIO, twilio_fake.TOKEN),
        ("sms/", HTTP, "s3cret"),
    ],
)
def test_each_kind_is_kept_and_its_secret_is_never_shown_again(north, client, path, values, secret):
    response = client.post(at(north, path), values)
    assert (response.status_code, response.url) == (302, at(north))
    provider = kept(north)
    assert (provider.kind, opened(provider.secret)["secret"]) == (values["kind"], secret)
    assert provider.changed_by_id == north.manager.pk
    for page in ("", path):
        text = client.get(at(north, page)).content.decode()
        assert secret not in text
        assert provider.secret not in text
    assert reports_address(provider) in client.get(at(north)).content.decode()


def test_the_form_shows_what_is_kept_and_keeps_the_secret_where_it_is_left_empty(north, client):
    client.post(at(north, "sms/"), HTTP)
    response = client.get(at(north, "sms/"))
    assert response.context["form"].initial["headers"] == HTTP["headers"]
    seen = response.context["seen"]
    client.post(at(north, "sms/"), {**HTTP, "seen": seen, "secret": "", "id_field": "sid"})
    assert (kept(north).settings["id_field"], opened(kept(north).secret)["secret"]) == ("sid", "s3cret")


def test_changed_meanwhile_nothing_is_saved(north, client):
    client.post(at(north, "mail/"), SMTP)
    response = client.post(at(north, "mail/"), {**SMTP, "host": "127.0.0.2"})
    assert response.status_code == 409
    assert kept(north).settings["host"] == "127.0.0.1"
    again = client.post(at(north, "mail/"), {**SMTP, "host": "127.0.0.2", "seen": response.context["seen"]})
    assert (again.status_code, kept(north).settings["host"]) == (302, "127.0.0.2")


@pytest.mark.parametrize(
    ("path", "values", "field", "wrong"),
    [
        ("mail/", SMTP, "host", ""),
        ("mail/", SMTP, "host", "smtp.example/path"),
        ("mail/", SMTP, "port", "70000"),
        ("mail/", SMTP, "security", "hope"),
        ("mail/", SMTP, "from_address", "nobody"),
        ("mail/", SMTP, "secret", ""),
        ("mail/", POSTMARK, "secret", ""),
        ("mail/", POSTMARK, "stream", "Two Words"),
        ("sms/", TWILIO, "account", "AC1"),
        ("sms/", TWILIO, "sent_from", "07700 900412 and more"),
        ("sms/", HTTP, "url", "ftp://texts.example/"),
        ("sms/", HTTP, "url", "http://{desk}.example/"),
        ("sms/", HTTP, "url", "http://127.0.0.1:0/"),
        ("sms/", HTTP, "headers", "Authorization: x"),
        ("sms/", HTTP, "headers", '{"X": 1}'),
        ("sms/", HTTP, "headers", '{"X": "a\\r\\nB: c"}'),
        ("sms/", HTTP, "body", '"words"'),
        ("sms/", HTTP, "lookup_url", "texts.example"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(north, client, path, values, field, wrong):
    response = client.post(at(north, path), {**values, field: wrong})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    with tenant(north.tenant):
        assert not Provider.objects.exists()


@pytest.mark.parametrize(
    ("path", "values", "field"),
    [("mail/", SMTP, "host"), ("sms/", {**HTTP, "url": "https://10.0.0.7/"}, "url")],
)
def test_in_production_a_machine_behind_our_walls_is_refused(north, client, settings, path, values, field):
    settings.DEVELOPMENT = False
    response = client.post(at(north, path), values, secure=True)
    assert response.status_code == 422
    assert response.context["form"].errors[field] == ["This address lies behind our own walls."]


def test_in_production_a_password_goes_encrypted_and_texts_over_https(north, client, settings):
    settings.DEVELOPMENT = False
    plain = client.post(at(north, "mail/"), {**SMTP, "security": "none"}, secure=True)
    assert "security" in plain.context["form"].errors
    texts = client.post(at(north, "sms/"), {**HTTP, "url": "http://1.1.1.1/"}, secure=True)
    assert list(texts.context["form"].errors) == ["url"]


def test_a_test_goes_to_the_managers_own_address_and_says_what_was_answered(north, client, settings):
    with FakePostmark() as postmark:
        settings.POSTMARK_URL = postmark.url
        client.post(at(north, "mail/"), POSTMARK)
        response = client.post(at(north, "mail/test/"))
        assert response.status_code == 200
        assert "See whether it comes to robin@northgate.example" in response.content.decode()
        postmark.refuses["robin@northgate.example"] = 406
        refused = client.post(at(north, "mail/test/"))
    assert refused.status_code == 422
    assert "mail to it bounced or was marked as spam" in refused.content.decode()
    assert kept(north).test_failed_because.startswith("Postmark does not write")
    assert len(postmark.took) == 1


def test_a_test_text_goes_to_the_number_that_is_written(north, client, settings):
    with FakeTwilio() as twilio:
        settings.TWILIO_URL = twilio.url
        client.post(at(north, "sms/"), TWILIO)
        nobody = client.post(at(north, "sms/test/"), {"to": "mine"})
        assert (nobody.status_code, twilio.took) == (422, [])
        assert client.post(at(north, "sms/test/"), {"to": "07700 900999"}).status_code == 200
    assert [row["to"] for row in twilio.took] == ["+447700900999"]


def test_tests_are_counted_so_that_nobody_searches_a_network_with_them(north, client):
    statuses = [client.post(at(north, "mail/test/")).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert len(mail.outbox) == 10


def test_taken_away_the_installations_way_is_said(north, client):
    client.post(at(north, "mail/"), SMTP)
    client.post(at(north, "mail/remove/"))
    with tenant(north.tenant):
        assert not Provider.objects.exists()
    assert client.get(at(north)).content.decode().count("The installation’s own way.") == 2


def test_another_desks_provider_is_neither_shown_nor_changed(cast, north, client, now):
    with tenant(cast.south.tenant):
        values = {"from_address": "south@southgate.example"}
        save_provider("mail", kind="postmark", values=values, secret="x", by=None, now=now)
    assert "southgate" not in client.get(at(north)).content.decode()
    client.post(at(north, "mail/remove/"))
    with tenant(cast.south.tenant):
        assert Provider.objects.count() == 1


def test_the_page_asks_the_same_number_of_queries_with_none_and_with_two(
    north, client, now, django_assert_max_num_queries
):
    with django_assert_max_num_queries(20) as none:
        client.get(at(north))
    client.post(at(north, "mail/"), SMTP)
    client.post(at(north, "sms/"), TWILIO)
    client.get(at(north))
    with django_assert_max_num_queries(20) as two:
        client.get(at(north))
    assert len(two) == len(none)


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_the_pages_pass_axe_and_fit_their_window(live_desk, page_as, now, theme, width):
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        save_provider(
            "sms", kind="twilio", values={"sent_from": "+15550100"}, secret="x", by=desk.manager, now=now
        )
    page = page_as("manager", width=width, theme=theme)
    for path in ("", "mail/?kind=smtp", "mail/?kind=postmark", "sms/?kind=twilio", "sms/?kind=http"):
        page.goto(live_desk.url(f"settings/providers/{path}"))
        assert axe_violations(page) == []
        assert sideways_scroll(page) == 0


@pytest.mark.browser
def test_a_test_answers_in_its_card_without_leaving_the_page(live_desk, page_as):
    page = page_as("manager")
    page.goto(live_desk.url("settings/providers/"))
    page.get_by_role("button", name="Send a test to").click()
    page.get_by_text("See whether it comes to robin@northgate.example").wait_for()
    assert page.url == live_desk.url("settings/providers/")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://[x"),
        ("url", "https://two words.example/"),
        ("url", "https://smtp..example/"),
        ("url", "http://127.0.0.1:-1/"),
        ("headers", '{"X": "\\u0000"}'),
        ("headers", '{"a b:": "x"}'),
        ("headers", '{"": "x"}'),
        ("body", '{"a": "\\u0000"}'),
        ("body", '{"a": "\\ud800"}'),
        ("body", '{"a": NaN}'),
        ("body", "[" * 2000),
        ("body", "1" * 4000),
        ("secret", "two\nlines"),
        ("secret", "pässword"),
    ],
)
def test_what_cannot_be_sent_or_kept_is_asked_for_anew(north, client, field, value):
    response = client.post(at(north, "sms/"), {**HTTP, field: value})
    assert response.status_code == 422
    assert HTTP["body" if field != "body" else "headers"] in html.unescape(response.content.decode())
    with tenant(north.tenant):
        assert not Provider.objects.exists()


def test_a_list_cannot_be_sent_as_a_form(north, client):
    headers = '{"content-type": "application/x-www-form-urlencoded"}'
    assert client.post(at(north, "sms/"), {**HTTP, "headers": headers, "body": "[1]"}).status_code == 422


def test_a_name_of_no_machine_is_no_mail_server(north, client):
    response = client.post(at(north, "mail/"), {**SMTP, "host": "smtp..example"})
    assert response.status_code == 422
    assert b"This is no name of a machine." in response.content


def test_whoever_has_no_address_is_told_so_instead_of_tested(north, client):
    north.people["manager"].user.email = ""
    north.people["manager"].user.save()
    response = client.post(at(north, "mail/test/"))
    assert response.status_code == 422
    assert "You have no mail address here." in response.content.decode()
    assert mail.outbox == []
