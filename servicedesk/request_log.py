"""What the log says of requests, without what opens a customer's page or a provider's address."""

import logging
import re

import structlog
from django.core.exceptions import PermissionDenied
from django_structlog.middlewares import RequestMiddleware

from portal.guessing import client_address

TOKEN = re.compile(r"/(v|hooks|no-more|calendar)/[^/?\s'\"]+(/[^?\s'\"]*)?(\?[^\s'\"]*)?")
LEFT_OUT = r"/\1/…\2"


def one_line_a_request(logger: object, method: str, event: dict) -> dict:
    """A processor of structlog: a request is told when it ends, and an answer that streams not once more.

    Raises structlog.DropEvent for all else.
    """
    if event["event"] in ("request_started", "streaming_started", "streaming_finished"):
        raise structlog.DropEvent
    return event


def without_traceback(logger: object, method: str, event: dict) -> dict:
    """A processor: Django writes the traceback of a fault itself."""
    if event["event"] == "request_failed":
        event.pop("exc_info", None)
    return event


def as_a_line(logger: object, method: str, line: str) -> tuple[tuple, dict]:
    """The last processor: what Python's own logger is called with."""
    return (line,), {"exc_info": False}


# Through the log of Python's own library: its levels hold, and its filters.
STRUCTLOG = {
    "processors": [
        structlog.stdlib.filter_by_level,
        one_line_a_request,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_traceback,
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event", "request", "code"], bool_as_flag=False
        ),
        as_a_line,
    ],
    "logger_factory": structlog.stdlib.LoggerFactory(),
    "wrapper_class": structlog.stdlib.BoundLogger,
    "cache_logger_on_first_use": True,
}


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
    """django-structlog's line without the token of a link, and without what anybody asked for or wrote."""

    @classmethod
    def bind_ip(cls, request) -> None:
        """Believes proxies as far as `PROXY_COUNT` says."""
        structlog.contextvars.bind_contextvars(ip=client_address(request))

    @staticmethod
    def format_request(request) -> str:
        """Method and path, as the log shows them: names and numbers that were looked for stand behind it."""
        return f"{request.method} {TOKEN.sub(LEFT_OUT, request.path)}"
