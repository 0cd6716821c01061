"""Papers for customers: PDFs from typst templates that take their words as data, never as markup."""

import datetime as dt
import json
from functools import lru_cache
from pathlib import Path

import typst
from django.conf import settings
from django.http import HttpResponse

from tenancy.models import StoredFile

CONTENT_TYPE = "application/pdf"
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def make_pdf(template: Path, *, at: dt.datetime, **inputs: dict) -> bytes:
    """A PDF from a template and what it is filled with, by the name that it asks for; dated `at`.

    The same facts make the same bytes.
    """
    return typst.compile(
        template,
        format="pdf",
        font_paths=_fonts(),
        sys_inputs={name: json.dumps(data) for name, data in inputs.items()},
        timestamp=int(at.timestamp()),
    )


def paper_name(kind: str, number: str) -> str:
    """What the file is called: "Offer N-20418-1.pdf"."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in number)
    return f"{kind} {safe}.pdf"


def paper_response(content: bytes, name: str) -> HttpResponse:
    """A paper to be read in the browser."""
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def kept_paper(stored: StoredFile) -> bytes:
    """The bytes of a paper as it was kept."""
    with stored.content.open("rb") as content:
        return content.read()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts that come with typst, the same on every machine; the machine's own for other scripts."""
    return typst.Fonts()
