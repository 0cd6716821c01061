"""A port to listen on: the one asked for, or the next that is free."""

import errno
import socket

PORTS_TRIED = 100


def listen(host: str, port: int) -> socket.socket:
    """A listening socket at that port or one of the next hundred.

    Held by the supervisor, so that nobody takes the port while the web process is started again.
    Raises OSError when none is free, or the host is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(256)
        except OSError as error:
            listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
        else:
            return listener
    raise OSError(errno.EADDRINUSE, f"no free port from {port} on")


def first_free(host: str, port: int) -> int:
    """The number of a port that is free now, for a program that binds it itself."""
    with listen(host, port) as listener:
        return listener.getsockname()[1]
