"""A provider that says its answer byte by byte, so slowly that no single read ever waits long."""

import socket
import threading

EACH = 0.02


class Dripping:
    """Takes every line; says `begins` at once, and then `answer` one byte each 20 ms, to whatever is asked.

    Nobody waits for it: whoever hangs up ends it.
    """

    def __init__(self, answer: bytes, *, begins: bytes = b""):
        self.answer, self.begins, self.hung_up = answer, begins, threading.Event()
        self._ended = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._server.close()

    def _take(self):
        try:
            line, _ = self._server.accept()
        except OSError:
            return
        with line:
            try:
                line.sendall(self.begins)
                for number in range(len(self.answer)):
                    if self._ended.wait(EACH):
                        return
                    line.sendall(self.answer[number : number + 1])
            except OSError:
                self.hung_up.set()
