"""How long one attempt to send may take in all, however slowly a provider says it.

A time limit on each read is no limit: a byte now and then keeps a worker for hours, and past the
lease of its message another worker begins the same. When the time is over the line is cut, from
outside, whatever it waits for.
"""

import contextlib
import socket
import threading

from requests.adapters import HTTPAdapter

# Of one attempt, connecting included. A lease outlasts a worker's turn and two of these, see `delivery`.
SECONDS_TO_ANSWER = 20


class Deadline:
    """`with` it, each attempt has `seconds`; the lines that it watches are cut when they are over."""

    def __init__(self, seconds: float = SECONDS_TO_ANSWER):
        self.seconds, self.is_over = seconds, False
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self):
        self.is_over = False
        self._timer = threading.Timer(self.seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_):
        self._timer.cancel()

    def watch(self, line: socket.socket) -> socket.socket:
        """Watch a connected line until `close`, whatever is laid over it (TLS); returns it."""
        with self._lock:
            self._lines.append(line.dup())
            if self.is_over:
                _cut(self._lines[-1])
        return line

    def close(self) -> None:
        """Let go of the lines: each stays open until this has."""
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()

    def words(self) -> str:
        """Why the line was cut."""
        return f"It took longer than {self.seconds:g} seconds."

    def _cut(self):
        with self._lock:
            self.is_over = True
            for line in self._lines:
                _cut(line)


class WatchedAdapter(HTTPAdapter):
    """Connections of a session of `requests`, watched."""

    def __init__(self, deadline: Deadline):
        self._deadline = deadline
        super().__init__()

    def get_connection_with_tls_context(self, *args, **values):
        """The pool, whose new connections are watched from their first byte on."""
        pool, deadline = super().get_connection_with_tls_context(*args, **values), self._deadline
        if not issubclass(pool.ConnectionCls, _Watched):
            kind = type("WatchedConnection", (_Watched, pool.ConnectionCls), {"deadline": deadline})
            pool.ConnectionCls = kind
        return pool


class _Watched:
    """A connection of urllib3 that tells its line to the deadline."""

    deadline: Deadline

    def _new_conn(self):
        return self.deadline.watch(super()._new_conn())


def _cut(line):
    # The other end may have gone already.
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
