"""One attempt to send takes so long and no longer, however slowly a provider speaks."""

import socket
import time

import pytest

from messaging import delivery
from messaging.channels import NotSent, Unsure
from messaging.deadline import SECONDS_TO_ANSWER, Deadline
from messaging.mail_channel import Mail
from messaging.postmark import Postmark
from messaging.reaching import Ask, GuardedBackend, answer_to
from messaging.sms_channel import Description, Sms
from tests.messaging.fakes.dripping import EACH, Dripping
from tests.messaging.fakes.outgoing import outgoing

LITTLE = 0.3
BODY = b'{"id": "p-1"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# Whole, each takes seconds; not one read of it waits for longer than a moment.
SLOW_HEAD = HEAD + b"X-Filler: " + b"x" * 200 + b"\r\nContent-Length: 13\r\n\r\n" + BODY
SLOW_BODY = BODY + b" " * 200
GREETING = b"220 mail " + b"x" * 200 + b"\r\n"


def seconds_until(error, act):
    began = time.monotonic()
    with pytest.raises(error) as raised:
        act()
    assert time.monotonic() - began < LITTLE + 100 * EACH
    return str(raised.value)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_slow_head_ends_an_attempt(guarded):
    with Dripping(SLOW_HEAD) as fake:
        said = seconds_until(Unsure, lambda: answer_to(Ask("GET", fake.url, guarded=guarded, seconds=LITTLE)))
        assert said == "The provider fell silent: It took longer than 0.3 seconds."
        assert fake.hung_up.wait(5)


@pytest.mark.parametrize("length", [b"Content-Length: 213\r\n\r\n", b"Connection: close\r\n\r\n"])
def test_a_slow_body_ends_it_and_half_an_answer_is_none(length):
    with Dripping(SLOW_BODY, begins=HEAD + length) as fake:
        seconds_until(Unsure, lambda: answer_to(Ask("GET", fake.url, seconds=LITTLE)))


def test_a_text_may_have_gone(settings):
    with Dripping(SLOW_HEAD) as fake:
        way = Sms(Description(url=fake.url, body={"to": "{to}"}, guarded=True, seconds=LITTLE))
        assert "longer than 0.3 seconds" in seconds_until(Unsure, lambda: way.send(outgoing()))


def test_asked_what_it_took_a_slow_provider_did_not_answer(settings):
    with Dripping(SLOW_HEAD) as fake:
        way = Sms(Description(url=fake.url, lookup_url=fake.url, guarded=True, seconds=LITTLE))
        seconds_until(NotSent, lambda: way.ask(outgoing()))


def mail_by(fake):
    deadline = Deadline(LITTLE)
    return Mail(
        lambda: GuardedBackend(host="127.0.0.1", port=fake.port, deadline=deadline), deadline=deadline
    )


def test_a_mail_server_that_greets_slowly_has_taken_nothing():
    with Dripping(GREETING) as fake:
        said = seconds_until(NotSent, lambda: mail_by(fake).send(outgoing()))
        assert said == "The mail server does not answer: It took longer than 0.3 seconds."
        assert fake.hung_up.wait(5)


def test_a_mail_server_that_slows_down_may_have_taken_it():
    begins = b"220 mail\r\n250 mail\r\n250 sender\r\n250 recipient\r\n354 go on\r\n"
    with Dripping(b"250-" + b"x" * 200 + b"\r\n", begins=begins) as fake:
        said = seconds_until(Unsure, lambda: mail_by(fake).send(outgoing()))
        assert said == "The mail server fell silent: It took longer than 0.3 seconds."


def test_taken_in_the_last_moment_is_taken_and_the_line_is_not_used_again():
    begins = b"220 mail\r\n250 mail\r\n250 sender\r\n250 recipient\r\n354 go on\r\n250 "
    with Dripping(b"x" * 200 + b"\r\n", begins=begins) as fake:
        way = mail_by(fake)
        assert way.send(outgoing()) == f"<{outgoing().key}@northgate>"
        assert way._connection is None
        assert fake.hung_up.wait(5)


def test_postmark_too_may_have_taken_it(settings):
    with Dripping(SLOW_HEAD) as fake:
        settings.POSTMARK_URL = fake.url
        way = Postmark("token", from_address="desk@northgate.example", seconds=LITTLE)
        said = seconds_until(Unsure, lambda: way.send(outgoing()))
        assert said == "Postmark does not answer: It took longer than 0.3 seconds."
        assert fake.hung_up.wait(5)


def test_each_attempt_has_its_own_time():
    ours, theirs = socket.socketpair()
    deadline = Deadline(0.05)
    deadline.watch(ours)
    with ours, theirs:
        with deadline:
            assert ours.recv(1) == b""
        assert deadline.is_over
        with deadline:
            assert not deadline.is_over
        deadline.close()


def test_a_line_watched_too_late_is_cut_at_once():
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(0) as deadline:
        deadline._timer.join()
        assert deadline.watch(ours).recv(1) == b""
        deadline.close()


def test_a_lease_outlasts_a_turn_with_a_question_and_an_attempt():
    assert delivery.TURN.total_seconds() + 2 * SECONDS_TO_ANSWER < delivery.LEASE.total_seconds()
