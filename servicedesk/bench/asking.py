"""Asking the server as a browser does: over HTTP, signed in, with a clock beside."""

import http.client
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

QUERIES = "X-Queries"
PATIENCE = 60.0


@dataclass
class Answer:
    """What came, and what it cost: seconds, queries, and bytes before packing."""

    status: int
    seconds: float
    queries: int
    body: bytes
    headers: http.client.HTTPMessage

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Figures:
    """What many askings of one thing cost. Seconds; the middle one, and that which 19 of 20 stay below."""

    seconds: list[float] = field(default_factory=list)
    queries: int = 0
    bytes: int = 0

    def note(self, answer: Answer) -> None:
        """One more asking."""
        self.seconds.append(answer.seconds)
        self.queries = max(self.queries, answer.queries)
        self.bytes = max(self.bytes, len(answer.body))

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return percentile(self.seconds, 95)


def percentile(values: Sequence[float], of: int) -> float:
    """The smallest value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * of // 100) - 1)]


class Visitor:
    """One person's browser: a connection that stays open, and cookies."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.cookies: dict[str, str] = {}
        self.signed_in = "", ""

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page or a fragment of one."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, data: dict | list, **headers: str) -> Answer:
        """Send a form."""
        token = {"X-CSRFToken": self.cookies.get("csrftoken", "")}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(data, doseq=True), {**form, **token, **headers})

    def sign_in(self, mail: str, password: str) -> Answer:
        """As a person does, on the page; raises RuntimeError where that is refused."""
        self.get("/sign-in/")
        answer = self.post("/sign-in/", {"username": mail, "password": password})
        if answer.status != http.HTTPStatus.FOUND:
            raise RuntimeError(f"{mail} was not signed in: {answer.status}")
        self.signed_in = mail, password
        return answer

    def close(self) -> None:
        self.line.close()

    def _ask(self, method, path, body, headers):
        headers = {
            "Host": self.host,
            "X-Forwarded-Proto": "https",
            "Origin": f"https://{self.host}",
            "Referer": f"https://{self.host}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **headers,
        }
        try:
            return self._send(method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # The server ends connections that are silent for two seconds, and a browser makes a new one.
            self.line.close()
            return self._send(method, path, body, headers)

    def _send(self, method, path, body, headers):
        began = time.perf_counter()
        self.line.request(method, path, body, headers)
        response = self.line.getresponse()
        answer = Answer(
            response.status,
            0.0,
            int(response.headers.get(QUERIES, 0)),
            response.read(),
            response.headers,
        )
        answer.seconds = time.perf_counter() - began
        for written in response.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: one.value for name, one in SimpleCookie(written).items()}
        return answer


def found_in(pattern: str, answer: Answer) -> str:
    """What a page says at a place; raises RuntimeError where it does not."""
    match = re.search(pattern, answer.text)
    if match is None:
        raise RuntimeError(f"{answer.status}: nothing like {pattern} in {answer.text[:2000]}")
    return match[1]
