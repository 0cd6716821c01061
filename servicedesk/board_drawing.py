"""The pieces that a board has by the hundred: visits in lanes and in the list, cards, cells of the week.

They are drawn by functions, in a fraction of the time that a template takes. All that is put in is
escaped, as by `format_html`, but for what was drawn here.
"""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString
from lucide import IconDoesNotExist

from servicedesk import icons
from servicedesk.day_lanes import Lane, Placed
from servicedesk.needs_action import Act, Item
from servicedesk.templatetags.interface import hue, initials
from servicedesk.tray_cards import Card
from servicedesk.weekplan import Cell, Chip
from visits.standing import LOOKS

SPRITE = tuple(
    sorted(
        {look[0] for look in LOOKS.values()}
        | {"calendar-x", "ellipsis", "flag", "inbox", "message-square", "phone", "radio", "users"}
    )
)
NOTHING = SafeString("")


def _html(form: str, *texts) -> SafeString:
    """What `format_html` gives; of thousands of texts it asks first whether they are lazy, and none is."""
    written = [text if text.__class__ is SafeString else escape(str(text)) for text in texts]
    return SafeString(form.format(*written))


def _joined(form: str, rows: Iterable[tuple]) -> SafeString:
    """What `format_html_join` gives."""
    return SafeString("".join([_html(form, *row) for row in rows]))


@lru_cache(maxsize=256)
def mark(name: str, kind: str = "", label: str = "") -> SafeString:
    """A small reference to an icon of the sprite, decoration unless it has a label.

    Raises IconDoesNotExist for one that is not in the sprite, so that a slip shows in tests.
    """
    if name not in SPRITE:
        raise IconDoesNotExist(f"The board's sprite has no {name!r}.")
    if label:
        return _html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="#i-{}"/></svg>', kind, label, name
        )
    if not kind:
        return icons.again(name)
    return _html('<svg class="icon {}" aria-hidden="true"><use href="#i-{}"/></svg>', kind, name)


def lane(one: Lane, *, is_out_of_band: bool = False) -> SafeString:
    """A technician's day: who and how it stands, and the visits in it."""
    return _html(
        '<div class="lane" id="lane-{0}" data-technician="{0}" data-name="{1}"{2}{3}>'
        '<div class="lane__who"><span class="avatar" data-hue="{4}" aria-hidden="true">{5}</span>'
        "<h2>{6}</h2><small{7}>{8}</small>{9}{10}</div>"
        '<div class="lane__time">{11}{12}<ul aria-label="Visits of {6}">{13}</ul></div></div>',
        one.id,
        one.first_name,
        SafeString(" data-off") if one.off else NOTHING,
        SafeString(' hx-swap-oob="true"') if is_out_of_band else NOTHING,
        hue(one.name),
        initials(one.name),
        one.name,
        SafeString(' class="warn"') if one.is_warning else NOTHING,
        one.says,
        _html('<small class="lane__skills clip">{}</small>', one.skills) if one.skills else NOTHING,
        NOTHING if one.off else _load(one.load),
        _html('<span class="off">{} {}</span>', mark("calendar-x"), one.off)
        if one.off
        else _spans("span-off", one.spans_off),
        _spans("over", one.overs),
        _joined("<li>{}</li>", ((visit(each),) for each in one.placed)),
    )


def _load(load: int) -> SafeString:
    full = SafeString(" data-full") if load >= 100 else NOTHING
    return _html('<span class="load"{} style="--load:{}%"><i></i></span>', full, load)


def _spans(kind: str, spans: Iterable[tuple[float, float]]) -> SafeString:
    drawn = ((kind, a, b) for a, b in spans)
    return _joined('<span class="{}" style="--a:{};--b:{}"></span>', drawn)


def visit(one: Placed) -> SafeString:
    """A visit's block in a lane: one link with a full name."""
    return _html(
        '<a class="visit" href="{}" data-state="{}"{}{} style="{}" aria-label="{}">'
        '<span class="visit__time">{}{}{}{}</span><b>{}</b><small>{}</small></a>',
        one.url,
        one.block,
        _html(' data-version="{}"', one.version) if one.version else NOTHING,
        SafeString(" data-short") if one.is_short else NOTHING,
        one.place,
        one.name,
        one.starts,
        mark("flag", "flag") if one.is_raising else NOTHING,
        mark("users") if one.beside else NOTHING,
        mark(one.icon, "mark"),
        one.customer,
        one.what,
    )


def lines(visits: Iterable[Placed]) -> SafeString:
    """The visits of the list view, a line for each."""
    return _joined(
        '<li><a href="{}"><time>{}–{}</time><b>{}</b><small>{}{}{}, {}{}</small>'
        '<span class="pill" data-tone="{}">{}{}</span></a></li>',
        (
            (
                one.url,
                one.starts,
                one.ends,
                one.customer,
                one.technician,
                " with " if one.beside else NOTHING,
                one.beside,
                one.what,
                _html(" {}", mark("flag", "rec", "Something must be raised")) if one.is_raising else NOTHING,
                one.tone,
                mark(one.icon),
                one.word,
            )
            for one in visits
        ),
    )


def item(one: Item) -> SafeString:
    """A visit's card in the tray, with its one or two next things to do."""
    is_missed = one.kind == "missed"
    return _html(
        '<article class="todo" id="todo-{}" data-kind="{}"{}><div class="todo__top">{}<a href="{}">{}</a>'
        '<span class="todo__clock">{}</span></div><p>{}{}</p><div class="todo__do">{}{}</div></article>',
        one.id,
        one.kind,
        _html(' data-drag="{}" data-minutes="{}" data-version="{}"', one.url, one.minutes, one.version)
        if one.kind == "unassigned"
        else NOTHING,
        mark(one.icon) if one.icon else NOTHING,
        one.url,
        one.customer,
        one.clock,
        SafeString("<b>Missed.</b> ") if is_missed else NOTHING,
        one.cause,
        _joined("{}", ((_act(each, one.id, is_missed),) for each in one.acts)),
        _ring(one.phone),
    )


def _act(act: Act, whose: str, is_missed: bool) -> SafeString:
    if act.posts:
        return _html(
            '<button class="btn small" form="act" formaction="{0}" hx-post="{0}" hx-swap="none"'
            ' id="{1}-{2}">{3}</button>',
            act.url,
            act.name,
            whose,
            act.label,
        )
    return _html(
        '<a class="btn small{0}" href="{1}" hx-get="{1}" hx-target="#dialogs" id="{2}-{3}">{4}</a>',
        " danger" if is_missed else "",
        act.url,
        act.name,
        whose,
        act.label,
    )


def _ring(phone: str) -> SafeString:
    if not phone:
        return NOTHING
    dialled = phone.replace(" ", "")
    return _html('<a class="btn small" href="tel:{}">{}Ring {}</a>', dialled, mark("phone"), phone)


def card(one: Card) -> SafeString:
    """What is owed beside the visits on the board."""
    return _html(
        '<article class="todo" id="owed-{0}"{1}><div class="todo__top">{2}<a href="{3}">{4}</a>'
        '<span class="todo__clock">{5}</span></div><p>{6}</p><div class="todo__do">'
        '<a class="btn small" href="{3}" id="owe-{0}">{7}</a>{8}</div></article>',
        one.id,
        SafeString(' data-kind="late"') if one.is_late else NOTHING,
        mark("clock-alert") if one.is_late else NOTHING,
        one.url,
        one.customer,
        one.clock,
        one.title,
        one.act,
        _ring(one.phone),
    )


def cells(row: Iterable[Cell], today: dt.date) -> SafeString:
    """A technician's days in the week: what is named, how many there are, what is free."""
    return _joined("{}", ((_cell(one, today),) for one in row))


def _cell(one: Cell, today: dt.date) -> SafeString:
    current = SafeString(' aria-current="date"') if one.day == today else NOTHING
    named = _html("<ul>{}</ul>", chips(one.chips)) if one.chips else NOTHING
    words = []
    if one.count:
        words.append("1 visit" if one.count == 1 else f"{one.count} visits")
    if one.free:
        words.append(one.free)
    if not words:
        return _html("<td{}>{}</td>", current, named)
    return _html(
        '<td{}>{}<a class="weekchip" href="?view=day&amp;day={}">{}</a></td>',
        current,
        named,
        one.day.isoformat(),
        ", ".join(words),
    )


def chips(named: Iterable[Chip]) -> SafeString:
    """The visits of a day that are listed by name."""
    return _joined(
        '<li><a class="weekchip" data-state="{}" href="{}">{}{} {}</a></li>',
        (
            (
                one.state,
                one.url,
                mark("user-x", "", "Missed") if one.state == "missed" else mark("inbox", "", "Not assigned"),
                one.starts,
                one.customer,
            )
            for one in named
        ),
    )
