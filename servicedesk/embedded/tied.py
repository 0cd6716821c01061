"""`python -I -S tied.py SIGNAL PARENT UID GID PROGRAM ...` becomes PROGRAM, as that user, which gets
SIGNAL when the process PARENT ends, even by kill -9.

A small program instead of a function between fork and exec, which is not safe beside threads. UID
`-` keeps the user.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the given program, tied to its parent: it gets a signal when the parent dies."""
    last_signal, parent, uid, gid, *command = sys.argv[1:]
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        # After the change of user, which would undo it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the process that started this has ended meanwhile")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
