"""What a person tells the import instead of letting it find out: each assumption can be given."""

from dataclasses import dataclass, field

from imports.dates import DMY, MDY, YMD
from imports.money import COMMA, POINT
from imports.records import SEPARATORS
from imports.tables import TABLES, heading_key
from imports.words import WORDS

EVERY_TABLE = ""


class UsageError(Exception):
    """What was asked for cannot be done; the text says why in a sentence for the person who asked."""


@dataclass
class Given:
    """Answers by table; an answer under EVERY_TABLE holds for each table without one of its own."""

    encodings: dict[str, str] = field(default_factory=dict)
    separators: dict[str, str] = field(default_factory=dict)
    date_orders: dict[str, str] = field(default_factory=dict)
    decimals: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    words: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def answer(self, answers: dict[str, str], table: str) -> str | None:
        """The answer for a table, or None where it is to be found out."""
        return answers.get(table) or answers.get(EVERY_TABLE)


def given_by(
    *, encoding=(), separator=(), date_order=(), decimal=(), file=(), without=(), column=(), word=()
) -> Given:
    """Read the options of the command line. Raises UsageError naming the option and what it may be."""
    given = Given()
    for written in encoding:
        table, value = _for_table(written)
        try:
            "".encode(value)
        except (LookupError, ValueError):
            raise UsageError(f"--encoding {written}: nobody knows an encoding {value!r}.") from None
        given.encodings[table] = value
    for written in separator:
        table, value = _for_table(written)
        given.separators[table] = _separator(value, written)
    for written in date_order:
        table, value = _for_table(written)
        given.date_orders[table] = _one_of(value.upper(), (MDY, DMY, YMD), "--date-order", written)
    for written in decimal:
        table, value = _for_table(written)
        given.decimals[table] = _one_of(value.lower(), (POINT, COMMA), "--decimal", written)
    for written in file:
        table, _, name = written.partition("=")
        given.files[_table(table, "--file", written)] = name
    given.without = {_table(name, "--without", name) for name in without}
    for written in column:
        place, _, heading = written.partition("=")
        given.columns[_place(place, "--column", written)] = heading
    for written in word:
        place, _, meaning = written.rpartition("=")
        place, _, spelled = place.partition("=")
        table, name = _place(place, "--word", written)
        meanings = WORDS.get(table, {}).get(name)
        if not meanings or not spelled:
            raise UsageError(
                f"--word {written}: write TABLE.FIELD=WORD=MEANING, for example visits.status=Zu=done."
            )
        given.words.setdefault((table, name), {})[heading_key(spelled)] = _one_of(
            meaning, tuple(meanings), "--word", written
        )
    return given


def _for_table(written: str) -> tuple[str, str]:
    table, equals, value = written.partition("=")
    return (table, value) if equals and table in TABLES else (EVERY_TABLE, written)


def _separator(value: str, written: str) -> str:
    found = SEPARATORS.get(value.lower(), "\t" if value == "\\t" else value)
    if len(found) != 1 or found in '"\n\r' or found.isalnum():
        raise UsageError(f"--separator {written}: give one character, or {', '.join(SEPARATORS)}.")
    return found


def _one_of(value: str, allowed: tuple[str, ...], option: str, written: str) -> str:
    if value not in allowed:
        raise UsageError(f"{option} {written}: {value!r} is none of {', '.join(allowed)}.")
    return value


def _table(name: str, option: str, written: str) -> str:
    return _one_of(name, tuple(TABLES), option, written)


def _place(place: str, option: str, written: str) -> tuple[str, str]:
    table, _, name = place.partition(".")
    _table(table, option, written)
    names = tuple(field.name for field in TABLES[table].fields)
    return table, _one_of(name, names, option, written)
