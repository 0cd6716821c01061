"""The board's pieces: what is written in them, and that people's text stays text."""

import datetime as dt

from servicedesk import board_drawing
from servicedesk.day_lanes import Lane, Placed
from servicedesk.needs_action import Act, Item
from servicedesk.tray_cards import Card
from servicedesk.weekplan import Cell, Chip

TEXT = """<b>"Fish" & 'Sons'</b>"""
ESCAPED = "&lt;b&gt;&quot;Fish&quot; &amp; &#x27;Sons&#x27;&lt;/b&gt;"
DAY = dt.date(2026, 3, 5)


def placed(**values) -> Placed:
    visit = Placed(
        id="1",
        url="/visits/1/",
        customer=TEXT,
        technician=TEXT,
        starts="08:15",
        ends="09:15",
        starts_at=dt.datetime(2026, 3, 5, 8, 15, tzinfo=dt.UTC),
        a=8.25,
        b=9.25,
        word="Confirmed",
        tone="info",
        icon="check-check",
        block="confirmed",
        what=TEXT,
        is_raising=False,
        version=None,
    )
    return visit._replace(**values)


def lane(*visits, **values) -> Lane:
    one = Lane(
        id="7",
        name=TEXT,
        first_name=TEXT,
        says=TEXT,
        is_warning=False,
        load=70,
        skills=TEXT,
        off="",
        spans_off=((8.0, 9.5),),
        overs=((9.0, 9.083),),
        placed=visits,
    )
    return one._replace(**values)


def item(**values) -> Item:
    one = Item(
        kind="late",
        id="1",
        url="/visits/1/",
        icon="clock-alert",
        acts=(
            Act("visit-move", "Move", "/visits/1/move/", False),
            Act("visit-confirm", "Yes", "/yes/", True),
        ),
        customer=TEXT,
        phone=f"01632 960{TEXT}",
        clock=TEXT,
        cause=TEXT,
        minutes=60,
        version=1,
    )
    return one._replace(**values)


def test_whatever_people_wrote_stays_text():
    drawn = "".join(
        (
            board_drawing.lane(lane(placed(beside=TEXT))),
            board_drawing.lane(lane(off=TEXT)),
            board_drawing.lines([placed(beside=TEXT)]),
            board_drawing.item(item()),
            board_drawing.card(Card("2", TEXT, TEXT, TEXT, True, "/duties/2/", TEXT, f"01632{TEXT}")),
            board_drawing.cells([Cell(DAY, 2, TEXT, (Chip("/visits/1/", TEXT, "08:15", "missed"),))], DAY),
        )
    )
    assert TEXT not in drawn
    assert "<b>&" in drawn
    assert '<b>"' not in drawn
    assert drawn.count(ESCAPED) == 31


def test_a_block_says_how_it_stands_once():
    drawn = board_drawing.visit(placed(customer="Mayfield Vets", what="Jams", technician="Lou", version=3))
    assert drawn == (
        '<a class="visit" href="/visits/1/" data-state="confirmed" data-version="3" style="--a:8.25;--b:9.25"'
        ' aria-label="08:15 to 09:15, Mayfield Vets, Lou, confirmed"><span class="visit__time">08:15'
        '<svg class="icon mark" aria-hidden="true"><use href="#i-check-check"/></svg></span>'
        "<b>Mayfield Vets</b><small>Jams</small></a>"
    )
    crowded = board_drawing.visit(placed(is_short=True, is_raising=True, beside="Marek", row=1, rows=2))
    assert ' data-short style="--a:8.25;--b:9.25;--row:1;--rows:2"' in crowded
    assert [name for name in ("flag", "users", "check-check") if f"#i-{name}" in crowded] == [
        "flag",
        "users",
        "check-check",
    ]


def test_a_lane_is_sent_out_of_band_only_as_a_change():
    assert "hx-swap-oob" not in board_drawing.lane(lane())
    assert 'data-name="&lt;b&gt;' in board_drawing.lane(lane())
    assert ' hx-swap-oob="true"><div class="lane__who">' in board_drawing.lane(lane(), is_out_of_band=True)


def test_only_what_nobody_has_is_dragged_from_the_tray():
    assert "data-drag" not in board_drawing.item(item())
    assert ' data-drag="/visits/1/" data-minutes="60" data-version="1"' in board_drawing.item(
        item(kind="unassigned", icon="")
    )


def test_a_cell_of_the_week_counts_and_says_what_is_free():
    link = '<a class="weekchip" href="?view=day&amp;day=2026-03-05">{}</a>'
    assert board_drawing.cells([Cell(DAY, 1, "2 h free", ())], DAY) == (
        f'<td aria-current="date">{link.format("1 visit, 2 h free")}</td>'
    )
    other = DAY + dt.timedelta(days=1)
    assert board_drawing.cells([Cell(DAY, 2, "", ())], other) == f"<td>{link.format('2 visits')}</td>"
    assert board_drawing.cells([Cell(DAY, 0, "", ())], other) == "<td></td>"
