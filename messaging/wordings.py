"""What messages say: plain text with named fields, ours per language until a desk writes its own.

A field stands in braces: `{who}`. A part in square brackets is left out when a field in it is empty:
`[ or ring {phone}]`. Nothing else means anything, so that no text can reach into the program. A part of
the program that sends a kind of message says here what can be said in it (`Wording`), and fills it.
"""

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from customers.links import TOKEN_LENGTH, link_address
from messaging.kinds import LINK, Letter
from messaging.languages import ENGLISH, known_language
from messaging.models import Message, MessageTemplate
from messaging.text_length import length_of
from tenancy.prepared import Prepared

MAIL, SMS = Message.Channel.MAIL, Message.Channel.SMS
_TOKEN = re.compile(r"\{([a-z_]+)\}|([\[\]{}])|([^\[\]{}]+)")


@dataclass(frozen=True)
class Field:
    """What can be named in a message: its meaning and an example, for whoever writes the words."""

    name: str
    meaning: str
    example: str
    can_be_empty: bool = False


# What nearly every message can name.
DESK = Field("desk", "your company", "Northgate")
PHONE = Field("phone", "your number", "01632 960 118", can_be_empty=True)
NAME = Field("name", "whom it is written to", "Margaret Ellison")


@dataclass(frozen=True)
class Words:
    """A text, and for a mail the title above it, in which fields are named."""

    text: str
    title: str = ""


Filling = Mapping[str, str]


@dataclass(frozen=True)
class Wording:
    """One thing that a message can say, by the name under which a desk's own words are kept.

    `ours` are the product's words by language and channel; English has every channel there is.
    `must_name` are fields without which it would not do its work.
    """

    name: str
    label: str
    sent: str
    kind: str
    fields: tuple[Field, ...]
    ours: Mapping[str, Mapping[str, Words]]
    must_name: frozenset[str] = frozenset()
    # One to show it with (channel, now), not saved: about something that there is; None without any.
    example: Callable[[str, dt.datetime], Message | None] | None = field(default=None, compare=False)
    # What the fields say where there is nothing to show it with.
    made_up: Callable[[str, str], Filling] | None = field(default=None, compare=False)

    @property
    def slug(self) -> str:
        """The name as it stands in an address."""
        return self.name.replace(" ", "-")

    @property
    def channels(self) -> list[str]:
        """Over which channels it goes."""
        return list(self.ours[ENGLISH])

    def ours_in(self, language: str, channel: str) -> Words:
        """The product's words, in English where there are none in the language."""
        return self.ours.get(language, {}).get(channel) or self.ours[ENGLISH][channel]

    def example_filling(self, language: str, channel: str) -> Filling:
        """What the fields say when there is nothing real to show."""
        examples = {one.name: one.example for one in self.fields}
        return {**examples, **(self.made_up(language, channel) if self.made_up else {})}


class UnknownWording(LookupError):
    """Nothing of this name is ever said."""


_wordings: dict[str, Wording] = {}


def offer(*wordings: Wording) -> None:
    """Say what messages can say. Raises ValueError for a name that is taken or words that do not fit."""
    for wording in wordings:
        if wording.name in _wordings:
            raise ValueError(f"“{wording.name}” is said by another part of the program.")
        for channels in wording.ours.values():
            for channel, words in channels.items():
                if wrong := problems(words, wording, channel):
                    raise ValueError(f"Our words for “{wording.name}”: {wrong}")
        _wordings[wording.name] = wording


def all_wordings() -> list[Wording]:
    """Everything that can be said, in the order in which it was offered."""
    return list(_wordings.values())


def wording_named(name: str) -> Wording:
    """By its name or slug. Raises UnknownWording."""
    for wording in _wordings.values():
        if name in (wording.name, wording.slug):
            return wording
    raise UnknownWording(f"No message is called “{name}”.")


class WordedKind(ABC):
    """A kind of message that is written from words: what a kind adds is in the first two methods."""

    @abstractmethod
    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """The name of what it says, as the truth is now."""

    @abstractmethod
    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """What the fields say in a language; several where a text may have to be cut, the fullest first."""

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """It can wait until morning, unless its kind says otherwise."""
        return False

    def overrules_stop(self, message: Message) -> bool:
        """Who wants no messages gets none, unless its kind says otherwise."""
        return False

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """In the recipient's language, in the desk's own words where it has any."""
        wording = wording_named(self.wording_of(message, now=now))
        language, words = words_for(message, wording)
        return compose(words, self.fillings(message, language=language, now=now), message.channel, language)


def languages_for(message: Message) -> list[str]:
    """In which languages to write, the best first: the contact's, the customer's, the desk's, English."""
    tags = [
        message.contact.language if message.contact else "",
        message.customer.language if message.customer else "",
        message.tenant.language,
    ]
    return list(dict.fromkeys([*filter(None, map(known_language, tags)), ENGLISH]))


def words_for(message: Message, wording: Wording) -> tuple[str, Words]:
    """The language and the words of a message: one query. Own words that do not fit any more are passed."""
    own = {one.language: Words(one.text, one.title) for one in _own_words(message, wording)}
    for language in languages_for(message):
        if language in own and not problems(own[language], wording, message.channel):
            return language, own[language]
        if message.channel in wording.ours.get(language, {}):
            return language, wording.ours[language][message.channel]
    return ENGLISH, wording.ours[ENGLISH][message.channel]


OWN_WORDS = "own words"


def read_own_words(messages: Iterable[Message]) -> None:
    """Read the active desk's own words once for several messages that were read ahead."""
    rows = list(_OWN_WORDS.rows())
    for message in messages:
        message.ahead[OWN_WORDS] = rows


_OWN_WORDS = Prepared(lambda: MessageTemplate.objects.all())


def _own_words(message, wording):
    if message.ahead is None or OWN_WORDS not in message.ahead:
        return MessageTemplate.objects.filter(kind=wording.name, channel=message.channel)
    rows = message.ahead[OWN_WORDS]
    return [one for one in rows if (one.kind, one.channel) == (wording.name, message.channel)]


def compose(words: Words, fillings: Iterable[Filling], channel: str, language: str) -> Letter:
    """Fill the words; of several fillings a text takes the first that fits into one, else the last."""
    text = ""
    filling: Filling = {}
    for filling in fillings:
        text = filled(words.text, filling)
        if channel != SMS or length_with_link(text).texts == 1:
            break
    ending = "\n" if "\n" in text and channel == MAIL else ""
    title = " ".join(filled(words.title, filling).split())[:200]
    title = title[:1].upper() + title[1:]
    return Letter(title, text + ending, language)


def length_with_link(text: str):
    """How long a text is once the link stands in it."""
    return length_of(text.replace(LINK, link_address("x" * TOKEN_LENGTH)))


def filled(template: str, filling: Filling) -> str:
    """The text with every field replaced, and without the parts whose fields are empty.

    Braces within a value become round: only we put a link into a message.
    """
    said = []
    for part in _parts(template):
        values = [_value(name, filling) for kind, name in part if kind == "field"]
        if part.is_optional and not all(values):
            continue
        remaining = iter(values)
        said += [next(remaining) if kind == "field" else words for kind, words in part]
    return _tidy("".join(said))


def problems(words: Words, wording: Wording, channel: str) -> dict[str, list[str]]:
    """What is wrong with words for a wording, by "title" and "text"; empty when nothing is."""
    found = {"text": _wrong_in(words.text, wording), "title": _wrong_in(words.title, wording)}
    if not words.text.strip():
        found["text"].insert(0, "Write the message.")
    if channel == MAIL and not words.title.strip():
        found["title"].insert(0, "A mail has a title.")
    if "{link}" in words.title:
        found["title"].append("A link does not work in a title.")
    if not found["text"]:
        found["text"] = [
            f"It has to say {{{name}}}: {_field(wording, name).meaning}."
            for name in sorted(wording.must_name)
            if not _is_sure_to_say(words.text, name, wording)
        ]
    return {place: said for place, said in found.items() if said}


class _Part(list):
    """Pieces that stand or go together: ("field", name) and ("words", text)."""

    is_optional = False


class _Misspelled(ValueError):
    """A brace or bracket that has no other end, or stands within another."""


@lru_cache(maxsize=1024)
def _parts(template):
    part, parts = _Part(), []
    for match in _TOKEN.finditer(template):
        name, sign, words = match.groups()
        if sign in ("{", "}"):
            raise _Misspelled("Braces stand around the name of a field only, such as {desk}.")
        if sign == "[" and part.is_optional:
            raise _Misspelled("Brackets do not stand within brackets.")
        if sign == "]" and not part.is_optional:
            raise _Misspelled("A bracket is closed that was not opened.")
        if sign is None:
            part.append(("field", name) if name else ("words", words))
            continue
        parts.append(part)
        part = _Part()
        part.is_optional = sign == "["
    if part.is_optional:
        raise _Misspelled("A bracket is opened and not closed.")
    return (*parts, part)


def _value(name, filling):
    value = str(filling.get(name, ""))
    return value if name == "link" else value.replace("{", "(").replace("}", ")")


def _tidy(text):
    """Without the doubled blanks and empty lines that parts left out leave behind."""
    lines = [re.sub(r"(?<=\S) {2,}", " ", line).rstrip() for line in text.splitlines()]
    lines = [line[1:] if re.match(r" \S", line) else line for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _wrong_in(template, wording) -> list[str]:
    try:
        parts = _parts(template)
    except _Misspelled as error:
        return [str(error)]
    known = [one.name for one in wording.fields]
    named = [name for part in parts for kind, name in part if kind == "field"]
    unknown = [f"{{{name}}}" for name in dict.fromkeys(named) if name not in known]
    wrong = []
    if unknown:
        there_are = ", ".join(f"{{{name}}}" for name in known)
        wrong.append(f"There is no field {', '.join(unknown)}. There are: {there_are}.")
    if any(part.is_optional and not any(kind == "field" for kind, _ in part) for part in parts):
        wrong.append("A part in brackets names a field: it is left out when the field is empty.")
    return wrong


def _is_sure_to_say(template, name, wording) -> bool:
    """Whether the field is named where nothing but its own emptiness leaves it out."""
    for part in _parts(template):
        named = {word for kind, word in part if kind == "field"}
        others = named - {name} if part.is_optional else set()
        if name in named and not any(_field(wording, other).can_be_empty for other in others):
            return True
    return False


def _field(wording, name) -> Field:
    return next(one for one in wording.fields if one.name == name)
