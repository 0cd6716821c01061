"""A lock on a file that ends with the process that holds it, however that ends."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """A lock that ends with its holder, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Whether the lock is now held; with `wait`, always."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Whether some process holds this lock for itself alone."""
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        return not lock.take(shared=True, wait=False)
    finally:
        lock.release()
