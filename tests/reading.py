"""What a person reads of a page."""

import re
from html import escape, unescape

from django.utils.html import strip_tags


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
