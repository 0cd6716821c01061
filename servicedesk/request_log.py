"""What the log says of requests, without what opens a customer's page."""

import logging
import re

from django_structlog.middlewares import RequestMiddleware

TOKEN = re.compile(r"/v/[^/?\s'\"]+")


class WithoutTokens(logging.Filter):
    """Takes tokens out of whatever is logged: Django and the web server write paths of their own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; nothing is held back."""
        said = record.getMessage()
        if "/v/" in said:
            record.msg, record.args = TOKEN.sub("/v/…", said), None
        return True


class RequestLog(RequestMiddleware):
    """django-structlog's line, with the token of a link left out: who reads logs opens no pages."""

    @staticmethod
    def format_request(request) -> str:
        """Method and path, as the log shows them."""
        return f"{request.method} {TOKEN.sub('/v/…', request.get_full_path())}"
