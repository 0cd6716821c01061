"""The rows behind a figure: read on page by page, narrowed by the address, and as a file."""

import csv
import datetime as dt
import io

from django.db import connection
from django.test.utils import CaptureQueriesContext

from servicedesk import overview_rows
from servicedesk.overview_lists import LISTS
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.test_overview import fill, promise

MINUTE = dt.timedelta(minutes=1)


def file_of(answer):
    """The rows of a file, as a spreadsheet reads them."""
    body = b"".join(answer.streaming_content).decode()
    assert body[0] == "\ufeff"
    return list(csv.reader(io.StringIO(body[1:])))


def test_every_list_costs_as_many_queries_for_one_row_as_for_three(manager, north, now):
    counts = []
    for more in (1, 2):
        fill(north, now, more)
        found = {}
        for name in LISTS:
            with CaptureQueriesContext(connection) as captured:
                rows = manager.get(north.url(f"overview/{name}/")).context["rows"]
            found[name] = len(captured), len(rows) > more
        counts.append(found)
    assert [name for name in LISTS if counts[0][name][0] != counts[1][name][0]] == []
    # Each had rows to show.
    assert [name for name in LISTS if not counts[1][name][1]] == []


def test_it_is_read_on_to_the_end_and_the_file_has_the_same_rows(manager, north, now, monkeypatch):
    monkeypatch.setattr(overview_rows, "PAGE", 2)
    for number in range(5):
        promise(north, due_at=now - (number // 2 + 1) * MINUTE, text=f"Promise {number}")
    shown, url = [], north.url("overview/kept/?days=7")
    while url:
        page = manager.get(url)
        shown += [values[0][1] for _, values in page.context["rows"]]
        url = page.context["next_url"]
    heading, *rows = file_of(manager.get(page.context["csv_url"]))
    assert heading[0] == "Promised"
    assert [row[0] for row in rows] == shown == [f"Promise {number}" for number in (1, 0, 3, 2, 4)]
    assert rows[0][4] == "2026-03-05 13:06"


def test_the_days_end_at_the_desks_midnight_and_a_word_that_means_nothing_narrows_nothing(
    manager, north, now
):
    first = dt.datetime(2026, 2, 27, tzinfo=dt.UTC)
    promise(north, due_at=first, text="The first instant")
    promise(north, due_at=first - MINUTE, text="The day before")
    promise(north, due_at=now + MINUTE, text="To come")
    promise(north, due_at=now, kept=False, text="Broken", settled_at=now)
    lists = {
        asked: [row[0] for row in file_of(manager.get(north.url(f"reports/kept.csv?{asked}")))[1:]]
        for asked in ("days=7", "days=7&only=late", "days=7&kind=answer", "days=7&only=x&kind=x&half=9-am")
    }
    assert list(lists.values()) == [
        ["Broken", "The first instant"],
        ["Broken"],
        [],
        ["Broken", "The first instant"],
    ]
    # 30 days where none of the three is asked for.
    assert len(file_of(manager.get(north.url("reports/kept.csv?days=8")))) == 4


def test_what_a_customer_wrote_is_words_on_the_page_and_in_a_spreadsheet(manager, north, now):
    promise(north, due_at=now - MINUTE, text='=HYPERLINK("http://evil.example")', evidence="<b>+1</b>")
    (row,) = file_of(manager.get(north.url("reports/kept.csv")))[1:]
    assert row[0] == '\'=HYPERLINK("http://evil.example")'
    page = manager.get(north.url("overview/kept/"))
    assert "<b>+1</b>" in text(page)
    assert "<b>+1</b>" not in page.content.decode()


def test_a_file_is_written_while_it_leaves_with_the_desk_open_and_nobody_elses_rows(
    client, cast, now, moment
):
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            promise(desk, due_at=now - MINUTE, text=f"At {desk.tenant.slug}")
    client.force_login(cast.north.manager.user)
    answer = client.get(cast.north.url("reports/kept.csv"))
    assert answer.streaming
    assert answer["Content-Disposition"] == 'attachment; filename="kept.csv"'
    assert [row[0] for row in file_of(answer)[1:]] == ["At northgate"]
