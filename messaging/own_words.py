"""A desk's own words for its messages: put in the place of ours, taken back, and who did it when."""

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from messaging.models import MessageTemplate
from messaging.wordings import MAIL, Wording, Words, problems
from tenancy.models import Membership

MOST_SHOWN = 20


class WordsRefused(ValueError):
    """They would not do: `problems` says why, by "title" and "text"."""

    def __init__(self, found: dict[str, list[str]]):
        super().__init__(" ".join(words for said in found.values() for words in said))
        self.problems = found


class ChangedMeanwhile(Exception):
    """Somebody else changed the same words since they were read."""


@dataclass(frozen=True)
class Was:
    """One state that the words were in: when they got there, by whom, and what was done."""

    at: dt.datetime
    by: str
    done: str
    words: Words


def own_words(wording: Wording, channel: str, language: str) -> MessageTemplate | None:
    """The active desk's own words; None while ours are sent."""
    rows = MessageTemplate.objects.select_related("changed_by__user")
    return rows.filter(kind=wording.name, channel=channel, language=language).first()


def version_of(own: MessageTemplate | None) -> str:
    """What a page says that it has read; empty: there were none."""
    return own.changed_at.isoformat() if own else ""


@transaction.atomic
def write_words(
    wording: Wording,
    channel: str,
    language: str,
    words: Words,
    *,
    seen: str,
    by: Membership,
    now: dt.datetime,
) -> MessageTemplate:
    """Send a desk's own words from now on. `seen` is the version that was read.

    Raises WordsRefused, and ChangedMeanwhile when there is another version by now.
    """
    words = Words(text=words.text.replace("\r\n", "\n").strip(), title=" ".join(words.title.split()))
    if channel != MAIL:
        words = Words(words.text)
    if found := problems(words, wording, channel):
        raise WordsRefused(found)
    own = _locked(wording, channel, language, seen)
    if own is None:
        own = MessageTemplate(kind=wording.name, channel=channel, language=language)
    own.title, own.text, own.changed_at, own.changed_by = words.title, words.text, now, by
    try:
        with transaction.atomic():
            own.save()
    except IntegrityError as error:
        raise ChangedMeanwhile from error
    return own


@transaction.atomic
def back_to_ours(wording: Wording, channel: str, language: str, *, seen: str) -> None:
    """Send the product's words again. Raises ChangedMeanwhile; without own words it does nothing."""
    own = _locked(wording, channel, language, seen)
    if own is not None:
        own.delete()


def earlier_words(wording: Wording, channel: str, language: str) -> list[Was]:
    """What these words were, the latest first: two queries."""
    events = MessageTemplate.history.rel.related_model
    rows = events.objects.filter(kind=wording.name, channel=channel, language=language).order_by("-pgh_id")
    rows = list(rows[:MOST_SHOWN])
    names = {one.user_id: one.name for one in Membership.objects.select_related("user")} if rows else {}
    done = {"insert": "Written", "update": "Changed", "delete": "Back to our words"}
    return [
        Was(
            at=row.pgh_created_at,
            by=names.get((row.pgh_context or {}).get("user"), ""),
            done=done[row.pgh_label],
            words=Words(row.text, row.title),
        )
        for row in rows
    ]


def _locked(wording, channel, language, seen) -> MessageTemplate | None:
    rows = MessageTemplate.objects.select_for_update()
    own = rows.filter(kind=wording.name, channel=channel, language=language).first()
    if version_of(own) != seen:
        raise ChangedMeanwhile
    return own
