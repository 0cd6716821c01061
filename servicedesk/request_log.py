"""What the log says of requests, without what opens a customer's page or a provider's address."""

import logging
import re

from django.core.exceptions import PermissionDenied
from django_structlog.middlewares import RequestMiddleware

TOKEN = re.compile(r"/(v|hooks|no-more|calendar)/[^/?\s'\"]+(/[^?\s'\"]*)?(\?[^\s'\"]*)?")
LEFT_OUT = r"/\1/…\2"


class WithoutTokens(logging.Filter):
    """Takes tokens out of whatever is logged: Django and the web server write paths of their own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; nothing is held back."""
        said = record.getMessage()
        if TOKEN.search(said):
            record.msg, record.args = TOKEN.sub(LEFT_OUT, said), None
        return True


class RefusedInALine(logging.Filter):
    """Who may not see a page is told so: that is no fault, and needs no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback of a refusal out of the record; nothing is held back."""
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = record.exc_text = None
        return True


class RequestLog(RequestMiddleware):
    """django-structlog's line without the token of a link, and without what a customer wrote there."""

    @staticmethod
    def format_request(request) -> str:
        """Method and path, as the log shows them."""
        return f"{request.method} {TOKEN.sub(LEFT_OUT, request.get_full_path())}"
