"""One Valkey server for one checkout.

It keeps nothing on disk: the broker only wakes workers and the cache is a cache, so what a restart
forgets is found again in the database.
"""

import signal
import socket
import subprocess
from pathlib import Path

from . import binaries, processes
from .places import Places, own_account
from .processes import Identity

STOP_SIGNALS = ((signal.SIGTERM, 2.0),)


class Valkey:
    """One Valkey server: its data, its socket, its start and stop."""

    name = "Valkey"

    def __init__(self, places: Places, *, sockets: Path) -> None:
        self.program = binaries.valkey_program()
        self.folder = places.folder_for(own_account(), "valkey")
        self.socket = sockets / "valkey.sock"
        self.log = places.log / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def recover(self, orphan: Identity | None = None) -> None:
        """Stop a server that a killed keeper left, and remove its socket."""
        if orphan is not None:
            processes.end_orphan(orphan, STOP_SIGNALS)
        self.socket.unlink(missing_ok=True)

    def start(self) -> None:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "dir": str(self.folder),
            "daemonize": "no",
            "loglevel": "warning",
        }
        command = [self.program, *(word for name, value in settings.items() for word in (f"--{name}", value))]
        with self.log.open("wb") as log:
            self.process = processes.start(command, log=log, last_signal=signal.SIGTERM)

    def is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(7) == b"+PONG\r\n"
            except OSError:
                return False

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, STOP_SIGNALS)
