"""`python -m servicedesk.embedded.guard PID SIGNAL`: signals that process once standard input ends.

For systems without Linux's parent-death signal. Ends by itself when the process is gone.
"""

import os
import select
import sys

from .processes import Identity


def main() -> None:
    """Wait until the watched process is gone, then end what it left."""
    pid, number = int(sys.argv[1]), int(sys.argv[2])
    watched = Identity.of(pid)
    while watched is not None and watched.is_alive():
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], 1.0)
        if readable and not os.read(sys.stdin.fileno(), 1):
            if watched.is_alive():
                os.kill(pid, number)
            return


if __name__ == "__main__":
    main()
