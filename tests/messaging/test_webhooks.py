"""Webhooks against a real receiver on this machine: signed, in order, nothing lost, off with a duty."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field

import pytest
from django.core.exceptions import PermissionDenied
from standardwebhooks import Webhook as PublicVerifier
from standardwebhooks.webhooks import WebhookVerificationError

from cases.models import Duty
from messaging import webhooks
from messaging.models import Webhook, WebhookAttempt, WebhookDelivery
from messaging.secrets import opened
from messaging.webhook_delivery import BACK_OFF, OFF_AFTER, claim, deliver_due
from messaging.webhook_events import Happened, Kind, is_wanted, tell_programs
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.scope import tenant
from tests.messaging.fakes.http_provider import FakeProvider

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
VISIT, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@dataclass
class Receiver(FakeProvider):
    """A program that takes events while it is up; `refuses` are words in bodies that it never takes."""

    is_up: bool = True
    refuses: str = ""
    status: int = 204
    taken: list = field(default_factory=list)

    def answer(self, asked):
        if not self.is_up:
            return 503, b"We are closed"
        if self.refuses and self.refuses in asked.body.decode():
            return 400, b"Never"
        self.taken.append(asked)
        return self.status, b""

    def told(self):
        """Object and number of what was taken, in order."""
        data = [json.loads(one.body)["data"] for one in self.taken]
        return [(said["object"], said["number"]) for said in data]


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def desk(cast, moment):
    return cast.north


def added(desk, receiver, now, kinds=tuple(Kind.values), path="/events?from=desk"):
    with tenant(desk.tenant):
        return webhooks.add_webhook(receiver.url + path, kinds, by=desk.manager, now=now)


def happens(desk, now, subject=VISIT, number=1, kind=Kind.VISIT_MOVED):
    with tenant(desk.tenant):
        data = {"object": subject.int, "number": number}
        return tell_programs(Happened(kind, subject, now, data))


def deliveries(desk):
    with tenant(desk.tenant):
        return list(WebhookDelivery.objects.order_by("pk"))


def seen(desk, webhook):
    with tenant(desk.tenant):
        return webhooks.seen_of(Webhook.objects.get(pk=webhook.pk))


def act(desk, rule, webhook, now, **said):
    with tenant(desk.tenant):
        return rule(webhook, seen=seen(desk, webhook), by=desk.manager, now=now, **said)


def test_an_event_arrives_signed_as_the_public_scheme_says(desk, receiver, now):
    _, secret = added(desk, receiver, now)
    assert secret.startswith("whsec_")
    assert happens(desk, now) == 1
    assert deliver_due() == 1
    (asked,) = receiver.taken
    assert (asked.method, asked.path) == ("POST", "/events?from=desk")
    assert PublicVerifier(secret).verify(asked.body, asked.headers) == {
        "type": "visit.moved",
        "timestamp": now.isoformat(),
        "data": {"object": 1, "number": 1},
    }
    with pytest.raises(WebhookVerificationError):
        PublicVerifier(secret).verify(asked.body.replace(b"moved", b"Moved"), asked.headers)
    (delivery,) = deliveries(desk)
    assert asked.headers["webhook-id"] == str(delivery.event)
    assert (delivery.state, delivery.delivered_at, delivery.tries) == ("delivered", now, 1)
    with tenant(desk.tenant):
        attempt = delivery.attempts.get()
        assert (attempt.at, attempt.status, attempt.said) == (now, 204, "")
    assert deliver_due() == 0


def test_a_webhook_hears_of_what_it_wants_at_its_own_desk_only(cast, desk, receiver, now):
    added(desk, receiver, now, kinds=[Kind.VISIT_LATE])
    with tenant(cast.south.tenant):
        assert not is_wanted(Kind.VISIT_LATE)
    assert happens(cast.south, now, kind=Kind.VISIT_LATE) == 0
    assert happens(desk, now, kind=Kind.VISIT_MOVED) == 0
    assert happens(desk, now, kind=Kind.VISIT_LATE) == 1


def test_a_receiver_down_for_a_day_loses_nothing_and_hears_each_object_in_order(
    desk, receiver, now, time_machine
):
    webhook, secret = added(desk, receiver, now)
    receiver.is_up = False
    for hour in range(24):
        at = now + hour * HOUR
        time_machine.move_to(at, tick=False)
        happens(desk, at, subject=VISIT if hour % 3 else OTHER, number=hour)
        deliver_due()
    receiver.is_up = True
    assert receiver.told() == []
    for hour in range(24, 48):
        time_machine.move_to(now + hour * HOUR, tick=False)
        deliver_due()
    told = receiver.told()
    assert [number for subject, number in told if subject == 1] == [n for n in range(24) if n % 3]
    assert [number for subject, number in told if subject == 2] == [n for n in range(24) if not n % 3]
    # Only the first that waits of an object is tried: the others are not knocked with meanwhile.
    assert {one.state for one in deliveries(desk)} == {"delivered"}
    assert [one.tries for one in deliveries(desk)][2:] == [1, 1] + [1] * 20
    with tenant(desk.tenant):
        assert Webhook.objects.get(pk=webhook.pk).failing_since is None
        assert WebhookAttempt.objects.exclude(status=204).first().said == "We are closed"


def test_while_one_of_an_object_waits_the_next_is_nobodys(desk, receiver, now):
    added(desk, receiver, now)
    for number in (1, 2):
        happens(desk, now, number=number)
    assert len(claim(now=now)) == 1
    assert claim(now=now) == []
    # Of a worker that was killed, after its lease.
    assert len(claim(now=now + HOUR)) == 1


def test_what_is_never_taken_is_given_up_and_holds_up_its_object_no_longer(desk, receiver, now, time_machine):
    added(desk, receiver, now)
    receiver.refuses = '"number":1'
    for number in (1, 2):
        happens(desk, now, number=number)
    at = now
    for wait in (dt.timedelta(0), *BACK_OFF):
        at += wait
        time_machine.move_to(at, tick=False)
        # Something else is taken, so that it is no dead receiver.
        happens(desk, at, subject=OTHER, number=9)
        deliver_due()
    first, second = deliveries(desk)[:2]
    assert (first.state, first.tries, second.state) == ("failed", len(BACK_OFF) + 1, "delivered")
    receiver.refuses = ""
    with tenant(desk.tenant):
        webhooks.replay(first, by=desk.manager, now=at)
        with pytest.raises(webhooks.WebhookRefused):
            webhooks.replay(first, by=desk.manager, now=at)
    deliver_due()
    assert receiver.told()[-1] == (1, 1)
    assert receiver.taken[-1].headers["webhook-id"] == str(first.event)


def test_after_three_days_it_is_switched_off_with_a_duty_and_on_again_with_all_that_waits(
    desk, receiver, now, time_machine
):
    webhook, _ = added(desk, receiver, now)
    receiver.is_up = False
    happens(desk, now)
    at = now
    for wait in (dt.timedelta(0), *BACK_OFF):
        at += wait
        time_machine.move_to(at, tick=False)
        deliver_due()
    assert at - now >= OFF_AFTER
    with tenant(desk.tenant):
        row = Webhook.objects.get(pk=webhook.pk)
        assert (row.is_on, row.off_at) == (False, at)
        assert row.off_because == "For three days it has taken nothing. We are closed"
        duty = Duty.objects.open().get(subject=row.public_id)
        assert (duty.owner_role, duty.due_at) == ("manager", at + DAY)
    # While it is off nothing is kept for it, and nothing is tried.
    assert happens(desk, at, number=2) == 0
    assert deliver_due() == 0
    receiver.is_up = True
    act(desk, webhooks.switch_on, webhook, at)
    deliver_due()
    assert receiver.told() == [(1, 1)]
    with tenant(desk.tenant):
        assert not Duty.objects.open().filter(subject=webhook.public_id).exists()


def test_one_that_is_gone_is_switched_off_at_once(desk, receiver, now):
    webhook, _ = added(desk, receiver, now)
    receiver.troubles = [410]
    happens(desk, now)
    deliver_due()
    with tenant(desk.tenant):
        assert Webhook.objects.get(pk=webhook.pk).off_because.startswith("It answers that it is gone.")


def test_for_a_day_after_a_rotation_both_secrets_sign(desk, receiver, now, time_machine):
    webhook, old = added(desk, receiver, now)
    new = act(desk, webhooks.rotate, webhook, now)
    with tenant(desk.tenant):
        kept = Webhook.objects.get(pk=webhook.pk).secret
    assert new not in kept
    assert opened(kept) == {"now": new, "before": old}
    for number, at in enumerate((now + DAY - HOUR, now + DAY)):
        time_machine.move_to(at, tick=False)
        happens(desk, at, number=number)
        deliver_due()
        asked = receiver.taken[-1]
        PublicVerifier(new).verify(asked.body, asked.headers)
        if number == 0:
            PublicVerifier(old).verify(asked.body, asked.headers)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        PublicVerifier(old).verify(asked.body, asked.headers)


@pytest.mark.parametrize(
    "url",
    [
        "http://1.1.1.1/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]:8443/",
        "https://169.254.169.254/latest",
        "ftp://1.1.1.1/",
        "https://me:secret@1.1.1.1/",
        "https://",
        "https://1.1.1.1:99999/",
        "https://1.1.1.1/a b",
        "",
    ],
)
def test_an_address_behind_our_walls_is_not_saved(desk, now, settings, url):
    settings.DEVELOPMENT = False
    with tenant(desk.tenant), pytest.raises(SettingRefused) as refused:
        webhooks.add_webhook(url, [Kind.VISIT_DONE], by=desk.manager, now=now)
    assert refused.value.field == "url"


def test_an_address_that_leads_behind_our_walls_later_is_not_reached(desk, receiver, now, settings):
    added(desk, receiver, now)
    happens(desk, now)
    settings.DEVELOPMENT = False
    deliver_due()
    assert receiver.asked == []
    with tenant(desk.tenant):
        assert "behind our own walls" in WebhookAttempt.objects.get().said


def test_only_managers_and_only_as_they_saw_it(desk, receiver, now):
    webhook, _ = added(desk, receiver, now)
    with tenant(desk.tenant):
        with pytest.raises(PermissionDenied):
            webhooks.add_webhook(receiver.url, Kind.values, by=desk.dispatcher, now=now)
        with pytest.raises(SettingRefused, match="already"):
            webhooks.add_webhook(webhook.url, Kind.values, by=desk.manager, now=now)
        with pytest.raises(SettingRefused, match="at least one"):
            webhooks.add_webhook(f"{receiver.url}/b", [], by=desk.manager, now=now)
        before = webhooks.seen_of(webhook)
        changed = webhooks.change_webhook(
            webhook, f"{receiver.url}/c", [Kind.VISIT_DONE], seen=before, by=desk.manager, now=now
        )
        assert (changed.url, changed.kinds) == (f"{receiver.url}/c", ["visit.done"])
        with pytest.raises(ChangedMeanwhile):
            webhooks.switch_off(webhook, seen=before, by=desk.manager, now=now)


def test_the_log_is_kept_for_a_month(desk, receiver, now):
    added(desk, receiver, now)
    happens(desk, now)
    deliver_due()
    happens(desk, now, number=2)
    assert webhooks.forget_old(now=now + webhooks.LOG_KEPT) == 0
    assert webhooks.forget_old(now=now + webhooks.LOG_KEPT + HOUR) == 1
    assert [one.state for one in deliveries(desk)] == ["waiting"]
