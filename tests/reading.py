"""What a person reads of a page."""

import io
import re
from html import escape, unescape

from django.utils.html import strip_tags
from PIL import Image
from pypdf import PdfReader


def text(response) -> str:
    """The words of the page, white space joined; scripts, pictures and key caps left out."""
    body = re.sub(r"(?s)<(script|style|svg|kbd).*?</\1>", "", response.content.decode())
    # Words that are only set off, like a bold one, touch the sign that follows them.
    body = re.sub(r"<(?!/?(b|i|s|u|strong|span)\b)[^>]*>", " ", body)
    return re.sub(r"\s+", " ", unescape(strip_tags(body)))


def is_shown_as_words(markup: str, response) -> bool:
    """Whether the page shows what a person wrote as words, and nowhere as markup."""
    body = response.content.decode()
    return escape(markup) in body and markup not in body


def pdf_pages(content: bytes) -> list[str]:
    """The text of each page of a PDF, white space joined and the breaks of long words taken out."""
    pages = PdfReader(io.BytesIO(content)).pages
    return [re.sub(r"\s+", " ", page.extract_text().replace("\u200b", "")) for page in pages]


def ink_in_margins(pages: list[bytes] | bytes) -> int:
    """How many dark pixels stand nearer than 12 mm to the left or right edge of A4 pages, as PNG at 1 mm."""
    return sum(_dark_at_the_edges(page) for page in (pages if isinstance(pages, list) else [pages]))


def _dark_at_the_edges(page):
    picture = Image.open(io.BytesIO(page)).convert("L")
    edges = [picture.crop((0, 0, 12, 297)), picture.crop((198, 0, 210, 297))]
    return sum(sum(edge.histogram()[:200]) for edge in edges)
