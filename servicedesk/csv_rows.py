"""Rows as a file that a spreadsheet opens."""

import csv
from collections.abc import Iterable, Iterator

from django.http import HttpResponse, StreamingHttpResponse

CONTENT_TYPE = "text/csv; charset=utf-8"
# A cell that begins so would be reckoned, not shown.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(name: str, heading: Iterable[str], rows: Iterable[Iterable[object]]) -> HttpResponse:
    """A download of that name. Words that a spreadsheet would take for a formula stay words."""
    return _named(name, HttpResponse(_lines(heading, rows), content_type=CONTENT_TYPE))


def csv_stream(name: str, heading: Iterable[str], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """The same line by line while it leaves, so that many rows need no more memory than a few."""
    return _named(name, StreamingHttpResponse(_lines(heading, rows), content_type=CONTENT_TYPE))


class _Line:
    """A file that gives back what is written into it."""

    def write(self, line: str) -> str:
        return line


def _lines(heading, rows) -> Iterator[str]:
    # By this a spreadsheet knows the letters.
    yield "\ufeff"
    writer = csv.writer(_Line())
    yield writer.writerow(heading)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _named(name, answer):
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _cell(value) -> str:
    words = "" if value is None else str(value)
    return f"'{words}" if words.startswith(FORMULAS) else words
