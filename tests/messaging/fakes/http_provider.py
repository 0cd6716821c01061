"""What every fake provider over HTTP can do: answer as told, hang, drop the line, remember."""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The address's fields."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def form(self) -> dict[str, str]:
        """The body's fields."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class FakeProvider(ABC):
    """An HTTP server in a thread. `troubles` come first, one a request; then `answer` decides.

    A trouble is a status, "hang" (no answer until the fake ends) or "drop" (taken, then silence).
    """

    troubles: list = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self):
        self.ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _End)
        self._server.daemon_threads = True
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    @abstractmethod
    def answer(self, asked: Asked) -> tuple[int, bytes]:
        """Status and body. Each fake says its own."""

    def trouble(self, status: int) -> bytes:
        """The body that comes with a status of trouble."""
        return b"{}"


def standing_in(provider: type[FakeProvider], setting: str):
    """A fixture: the provider's fake, running where the product's setting says the provider is."""

    @pytest.fixture
    def fake(settings):
        with provider() as fake:
            setattr(settings, setting, fake.url)
            yield fake

    return fake


class _End(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def _take(self):
        fake = self.server.fake
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path, dict(self.headers), body)
        fake.asked.append(asked)
        trouble = fake.troubles.pop(0) if fake.troubles else None
        if trouble == "hang":
            fake.ended.wait(30)
            self.close_connection = True
            return
        if trouble == "drop":
            # It was taken, and the line broke before the answer.
            fake.answer(asked)
            self.close_connection = True
            return
        status, said = (trouble, fake.trouble(trouble)) if trouble else fake.answer(asked)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = _take

    def log_message(self, *args):
        pass
