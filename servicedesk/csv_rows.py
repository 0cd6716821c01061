"""Rows as a file that a spreadsheet opens."""

import csv
from collections.abc import Iterable

from django.http import HttpResponse

# A cell that begins so would be reckoned, not shown.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(name: str, heading: Iterable[str], rows: Iterable[Iterable[object]]) -> HttpResponse:
    """A download of that name. Words that a spreadsheet would take for a formula stay words."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    # By this a spreadsheet knows the letters.
    answer.write("\ufeff")
    writer = csv.writer(answer)
    writer.writerow(heading)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return answer


def _cell(value) -> str:
    words = "" if value is None else str(value)
    return f"'{words}" if words.startswith(FORMULAS) else words
