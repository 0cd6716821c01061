"""How words would read: filled with something real, else with made-up names; and sent to oneself."""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist

from messaging.keys import key_of, moment
from messaging.kinds import LINK, Letter, Useless, named, register
from messaging.models import Message
from messaging.outbox import plan
from messaging.wordings import SMS, Wording, Words, compose, length_with_link
from tenancy.models import Membership

TO_TRY = "words to try"
LINK_SHOWN = "(their link)"


@dataclass(frozen=True)
class Preview:
    """A message as it would be: title, text, whose it would be, and how long a text is."""

    title: str
    text: str
    whose: str
    length: str = ""


def preview(wording: Wording, channel: str, language: str, words: Words, *, now: dt.datetime) -> Preview:
    """Fill words that fit with something real at the active desk, where there is anything."""
    fillings, whose = _real(wording, channel, language, now)
    letter = compose(words, fillings or [wording.example_filling(language, channel)], channel, language)
    return Preview(
        title=letter.title,
        text=letter.text.strip().replace(LINK, LINK_SHOWN),
        whose=whose if fillings else "made-up names",
        length=f"{length_with_link(letter.text).words}." if channel == SMS else "",
    )


def send_to_oneself(shown: Preview, wording: Wording, *, by: Membership, now: dt.datetime) -> None:
    """Mail a preview to the colleague who asks for it, through the outbox.

    Raises ValueError where it would not arrive: no address, or the desk's messages are switched off.
    """
    if by.tenant.messages_from is None or by.tenant.messages_from > now:
        raise ValueError("This desk’s messages are switched off: nothing is sent.")
    if not by.user.email:
        raise ValueError("You have no mail address here.")
    plan(
        [
            Message(
                key=key_of(TO_TRY, by.public_id, moment(now)),
                kind=TO_TRY,
                channel=Message.Channel.MAIL,
                colleague_id=by.pk,
                fields={"title": shown.title or f"As a text: {wording.label}", "text": shown.text},
                send_after=now,
                useless_after=now + dt.timedelta(hours=1),
            )
        ],
        now=now,
    )


class WordsToTry:
    """Answers for previews that colleagues send to themselves: they say what they said on the page."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Nothing speaks against it."""
        return ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """Nobody waits for it any more."""
        return Useless("It could not leave within the hour.", is_fault=False)

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Whoever asked for it is awake."""
        return True

    def overrules_stop(self, message: Message) -> bool:
        """It goes to a colleague."""
        return False

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """As it was shown."""
        return Letter(message.fields["title"], message.fields["text"], "")

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """It has none."""
        return ""


def _real(wording, channel, language, now):
    """What the fields say of the latest message of the kind, or what its app chooses; and whose it is."""
    if wording.example is not None:
        message = wording.example(channel, now)
    else:
        rows = Message.objects.select_related("tenant", "customer", "contact", "colleague__user")
        message = rows.filter(kind=wording.kind, channel=channel).order_by("-pk").first()
    if message is None:
        return [], ""
    try:
        fillings = named(wording.kind).fillings(message, language=language, now=now)
    except ObjectDoesNotExist:
        return [], ""
    fields = {one.name for one in wording.fields}
    if not fillings or not fields <= set(fillings[0]):
        # It was about the other wording of its kind.
        return [], ""
    return fillings, message.customer.called if message.customer else message.colleague.name


register(TO_TRY, WordsToTry())
