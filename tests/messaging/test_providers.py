"""A desk's own providers: kept, used and tried, and never telling their secret."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection

from messaging import providers
from messaging.channels import NotSent, Refused
from messaging.delivery import deliver_due
from messaging.models import Message, Provider
from messaging.providers import provider_of_token, reports_address, save_provider, send_test, way_of
from messaging.secrets import opened
from tenancy.scope import tenant
from tests.messaging.delivering import again, planned
from tests.messaging.fakes import twilio as twilio_fake
from tests.messaging.fakes.mail_server import PASSWORD, USER, FakeMailServer
from tests.messaging.fakes.outgoing import OUTGOING
from tests.messaging.fakes.postmark import TOKEN, FakePostmark
from tests.messaging.fakes.twilio import FakeTwilio

State = Message.State


def smtp_values(server, **values):
    own = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": USER}
    return {**own, "from_address": "hello@northgate.example", "replies_to": "", **values}


def set_up(desk, kind, values, secret, now):
    channel = "sms" if kind in ("twilio", "http") else "mail"
    with tenant(desk.tenant):
        return save_provider(channel, kind=kind, values=values, secret=secret, by=desk.manager, now=now)


def twilio_values():
    return {"account": twilio_fake.ACCOUNT, "sent_from": twilio_fake.NUMBER}


def deliver(now):
    return deliver_due(clock=lambda: now)


def test_a_desks_mail_leaves_through_its_server_and_the_others_the_installations_way(cast, north, now):
    with FakeMailServer(wants_password=True) as server:
        set_up(north, "smtp", smtp_values(server), PASSWORD, now)
        for number in (1, 2):
            planned(north, now, number=number)
        planned(cast.south, now)
        assert deliver(now) == {State.SENT: 3}
        assert [one["From"].addresses[0].addr_spec for one in server.took] == ["hello@northgate.example"] * 2
        assert len(server.sessions) == 1
    assert [letter.extra_headers["X-Desk"] for letter in mail.outbox] == ["southgate"]


@pytest.mark.parametrize(("secret", "words"), [("wrong", "does not accept the name and password")])
def test_a_wrong_password_fails_where_a_person_sees_it(north, now, secret, words):
    with FakeMailServer(wants_password=True) as server:
        set_up(north, "smtp", smtp_values(server), secret, now)
        message = planned(north, now)
        assert deliver(now) == {State.FAILED: 1}
    assert words in again(north, message).reason
    assert secret not in again(north, message).reason


def test_mail_and_texts_leave_through_postmark_and_twilio(north, now, settings):
    with FakePostmark() as postmark, FakeTwilio() as twilio:
        settings.POSTMARK_URL, settings.TWILIO_URL = postmark.url, twilio.url
        values = {"from_address": "hello@northgate.example", "stream": "", "replies_to": ""}
        set_up(north, "postmark", values, TOKEN, now)
        provider = set_up(north, "twilio", twilio_values(), twilio_fake.TOKEN, now)
        mailed, texted = planned(north, now), planned(north, now, channel="sms")
        assert deliver(now) == {State.SENT: 2}
        assert again(north, mailed).provider_id == postmark.took[0]["MessageID"]
        assert again(north, texted).provider_id == twilio.took[0]["sid"]
        with tenant(north.tenant):
            assert twilio.took[0]["callback"] == f"{reports_address(provider)}?key={texted.key}"


def test_in_doubt_the_desks_own_provider_is_asked_and_nothing_goes_twice(north, now, settings):
    with FakePostmark(troubles=["drop"]) as postmark:
        settings.POSTMARK_URL = postmark.url
        set_up(north, "postmark", {"from_address": "hello@northgate.example"}, TOKEN, now)
        message = planned(north, now)
        assert deliver(now) == {"again later": 1}
        assert again(north, message).state == State.SENDING
        assert deliver(now + dt.timedelta(minutes=1)) == {State.SENT: 1}
        assert len(postmark.took) == 1
        assert again(north, message).provider_id == postmark.took[0]["MessageID"]


def test_a_text_in_doubt_is_known_again_although_its_link_is_kept_nowhere(north, now, settings):
    with FakeTwilio(troubles=["drop"]) as twilio:
        settings.TWILIO_URL = twilio.url
        set_up(north, "twilio", twilio_values(), twilio_fake.TOKEN, now)
        message = planned(north, now, channel="sms")
        assert deliver(now) == {"again later": 1}
        assert deliver(now + dt.timedelta(minutes=1)) == {State.SENT: 1}
        assert [row["body"] for row in twilio.took] == ["Text: https://desk.example/v/token-1/"]
        assert again(north, message).provider_id == twilio.took[0]["sid"]


def test_what_twilio_knows_of_a_stop_is_kept_at_every_contact_with_the_number(north, now, settings):
    with FakeTwilio() as twilio:
        settings.TWILIO_URL = twilio.url
        twilio.refuses["+447700900412"] = 21610
        set_up(north, "twilio", twilio_values(), twilio_fake.TOKEN, now)
        message = planned(north, now, channel="sms")
        assert deliver(now) == {State.FAILED: 1}
    with tenant(north.tenant):
        north.contact.refresh_from_db()
    assert north.contact.sms_stopped_at == now
    assert again(north, message).reason == "They stopped texts: Twilio sends them none any more."


def test_the_secret_is_kept_closed_and_stands_in_no_history(north, now):
    provider = set_up(north, "postmark", {"from_address": "hello@northgate.example"}, "s3cret-token", now)
    with tenant(north.tenant), connection.cursor() as cursor:
        assert opened(provider.secret)["secret"] == "s3cret-token"
        cursor.execute("SELECT row_to_json(e)::text FROM messaging_providertenantevent e")
        history = " ".join(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT row_to_json(p)::text FROM messaging_provider p")
        row = cursor.fetchone()[0]
    assert "hello@northgate.example" in history
    for kept in (history, row):
        assert "s3cret-token" not in kept
    assert provider.secret not in history
    assert provider.hook_hash not in history


def test_saved_without_a_secret_it_keeps_secret_and_address(north, now):
    values = {"from_address": "hello@northgate.example"}
    first = set_up(north, "postmark", values, "s3cret", now)
    second = set_up(north, "postmark", {"from_address": "other@northgate.example"}, "", now)
    with tenant(north.tenant):
        assert opened(second.secret) == opened(first.secret)
        assert reports_address(second) == reports_address(first)


def test_another_kind_begins_anew(cast, north, now):
    first = set_up(north, "twilio", twilio_values(), "s3cret", now)
    address = reports_address(first)
    second = set_up(north, "http", {"url": "https://texts.example/"}, "", now)
    assert opened(second.secret).get("secret") is None
    assert reports_address(second) != address
    assert provider_of_token(address.rstrip("/").rsplit("/", 1)[1]) is None


def test_the_address_for_reports_finds_its_desk_and_no_other(cast, now):
    for desk in (cast.north, cast.south):
        provider = set_up(desk, "postmark", {"from_address": "a@b.example"}, "s", now)
        token = reports_address(provider).rstrip("/").rsplit("/", 1)[1]
        assert provider_of_token(token) == (desk.tenant.pk, provider.pk)
    for strange in ("", "x", "A" * 43, "A" * 44):
        assert provider_of_token(strange) is None


def test_a_secret_under_a_lost_key_refuses_everything_in_words(north, now, settings):
    provider = set_up(north, "postmark", {"from_address": "a@b.example"}, "s3cret", now)
    settings.SECRET_KEY = "another key altogether"
    with tenant(north.tenant):
        way = way_of(provider, north.tenant)
        assert not way.can_be_asked
        with pytest.raises(Refused, match="Enter it again"):
            way.send(OUTGOING)
        assert reports_address(provider) == ""
        assert not providers.has_secret(provider)


def test_an_answer_that_repeats_the_secret_does_not_tell_it(north, now):
    class Telling:
        can_be_asked = True

        def send(self, outgoing):
            raise Refused("401: token s3cret is wrong")

        def ask(self, outgoing):
            raise NotSent("401: token s3cret is wrong")

    way = providers.Discreet(Telling(), "s3cret")
    for act, error in ((way.send, Refused), (way.ask, NotSent)):
        with pytest.raises(error, match="401: token … is wrong"):
            act(OUTGOING)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("404: /send?key=a%2Bb%2Fc%3D%3D9 is not here", "404: /send?key=… is not here"),
        ("401: Bearer a+b/c==9 Bearer a+b/c", "401: Bearer … Bearer …"),
        ('401: {"key": "a%2Bb%2Fc', '401: {"key": "…'),
        ("401: a", "401: a"),
    ],
)
def test_neither_does_one_that_writes_it_otherwise_or_is_cut(said, told):
    class Telling:
        def send(self, outgoing):
            raise Refused(said)

    with pytest.raises(Refused) as failure:
        providers.Discreet(Telling(), "a+b/c==9").send(OUTGOING)
    assert str(failure.value) == told


def test_a_test_goes_at_once_and_its_answer_is_kept(north, now, settings):
    with FakePostmark() as postmark:
        settings.POSTMARK_URL = postmark.url
        set_up(north, "postmark", {"from_address": "hello@northgate.example"}, TOKEN, now)
        with tenant(north.tenant):
            assert send_test("mail", desk=north.tenant, to="robin@northgate.example", now=now) == ""
            assert Provider.objects.values_list("tested_at", "test_failed_because").get() == (now, "")
            postmark.refuses["robin@northgate.example"] = 400
            failure = send_test("mail", desk=north.tenant, to="robin@northgate.example", now=now)
            assert "is not a Sender Signature" in failure
            assert Provider.objects.get().test_failed_because == failure
            assert Message.objects.count() == 0
    assert [letter["To"] for letter in postmark.took] == ["robin@northgate.example"]


def test_without_a_provider_of_its_own_the_installations_way_is_tried(north, now):
    with tenant(north.tenant):
        assert send_test("mail", desk=north.tenant, to="robin@northgate.example", now=now) == ""
    assert mail.outbox[0].subject == "A test from Northgate"


def test_taken_away_the_installation_sends_again(north, now):
    set_up(north, "postmark", {"from_address": "hello@northgate.example"}, TOKEN, now)
    with tenant(north.tenant):
        assert providers.remove_provider("mail")
        assert not providers.remove_provider("mail")
    planned(north, now)
    assert deliver(now) == {State.SENT: 1}
    assert len(mail.outbox) == 1
