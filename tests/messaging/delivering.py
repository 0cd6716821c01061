"""Ways out that answer as told, and messages that are due."""

from messaging import providers
from messaging.delivery import LEASE
from messaging.mail_channel import Mail
from messaging.models import Message
from tenancy.scope import tenant
from tests.messaging.conftest import make_message

State = Message.State


class Answering(Mail):
    """A channel that answers as told, in order, and then takes everything."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.took = list(answers), []

    def send(self, outgoing):
        if self.answers and (answer := self.answers.pop(0)) is not None:
            raise answer
        self.took.append(outgoing.key)
        return f"id-{len(self.took)}"


class Asked(Answering):
    """A provider that can be asked what it took."""

    can_be_asked = True

    def __init__(self, *answers, knows=None):
        super().__init__(*answers)
        self.knows = knows

    def ask(self, outgoing):
        if isinstance(self.knows, Exception):
            raise self.knows
        return self.knows


def answering(monkeypatch, channel):
    monkeypatch.setattr(providers, "of_the_installation", lambda name: channel)
    return channel


def planned(desk, now, **values):
    with tenant(desk.tenant):
        return make_message(desk, now=now, **values)


def again(desk, message):
    with tenant(desk.tenant):
        return Message.objects.get(pk=message.pk)


def begun(desk, now, **values):
    """What a worker killed while it sent leaves behind."""
    return planned(desk, now, state=State.SENDING, attempts=1, leased_until=now + LEASE, **values)
