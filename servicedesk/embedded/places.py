"""Where the servers of one checkout keep their files, and which user runs PostgreSQL."""

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import ServersNotStarted

# A socket's path ends at 107 bytes on Linux and at 103 on macOS.
LONGEST_SOCKET_PATH = 103
POSTGRES_SOCKET = ".s.PGSQL.5432"
# Where root keeps what PostgreSQL's user cannot reach inside the checkout; survives a restart.
ROOTS_OWN_PLACE = Path("/var/lib/servicedesk")


@dataclass(frozen=True)
class Account:
    """The user a server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may enter the folder (asked of the kernel, as that user)."""
        if not self.is_other:
            return os.access(folder, os.X_OK)
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
                os._exit(0 if os.access(folder, os.X_OK) else 1)
            finally:
                os._exit(2)
        return os.waitpid(child, 0)[1] == 0


def postgres_account() -> Account:
    """Who runs PostgreSQL: it refuses root, so root lends it to `nobody`.

    Raises ServersNotStarted when the user has no name, without which PostgreSQL does not run.
    """
    try:
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError as missing:
        raise ServersNotStarted(
            f"PostgreSQL needs a user with a name, and {missing} has none here (no line in /etc/passwd)."
        ) from missing
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def own_account() -> Account:
    """The account that this process runs as."""
    return Account(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid())


class Places:
    """The folders of the checkout at `root`; made as they are asked for by the keeper."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root).resolve()
        self.var = self.root / "var"
        self.log = self.var / "log"
        self.users_lock = self.var / "users.lock"
        self.start_lock = self.var / "start.lock"
        self.keeper_lock = self.var / "keeper.lock"
        self.state = self.var / "keeper.json"
        self.up_lock = self.var / "up.lock"
        self.up_state = self.var / "up.json"
        # Names this checkout in folders that checkouts share.
        self.mark = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    def make(self) -> None:
        """Make `var/` and `var/log/`; raises ServersNotStarted when they belong to another user."""
        try:
            self.var.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.log.mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise ServersNotStarted(f"{self.var} cannot be written: {error.strerror}.") from error
        owner = self.var.stat().st_uid
        if owner != os.geteuid():
            raise ServersNotStarted(
                f"{self.var} belongs to user {owner}, and this is user {os.geteuid()}. "
                "Run as that user, or remove that folder to begin anew."
            )

    def folder_for(self, account: Account, name: str) -> Path:
        """A folder of that name which `account` owns and reaches: in `var/`, or else elsewhere."""
        home = self.var
        if not account.can_enter(self.var):
            home = ROOTS_OWN_PLACE / self.mark
            home.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = home / name
        folder.mkdir(mode=0o700, exist_ok=True)
        give(folder, account)
        if home != self.var:
            self._point_to(folder)
        return folder

    def _point_to(self, folder: Path) -> None:
        pointer = self.var / folder.name
        if pointer.is_symlink():
            pointer.unlink()
        if not pointer.exists():
            pointer.symlink_to(folder)

    def sockets_for(self, account: Account) -> Path:
        """The folder of the sockets, short enough for their paths; mode 0700, owned by `account`.

        Raises ServersNotStarted when somebody else has taken the short folder's name.
        """
        folder = self.var / "sockets"
        if _fits(folder) and account.can_enter(self.var):
            folder.mkdir(mode=0o700, exist_ok=True)
            give(folder, account)
            return folder
        name = f"servicedesk-{os.geteuid()}-{self.mark}"
        shared = Path(tempfile.gettempdir())
        if not _fits(shared / name) or not account.can_enter(shared):
            shared = Path("/tmp")
        folder = shared / name
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
                raise ServersNotStarted(f"{folder} is in the way and belongs to another user.") from None
        give(folder, account)
        return folder


def give(folder: Path, account: Account) -> None:
    """Make `account` the owner of the folder and what lies in it, and nobody else able to enter."""
    folder.chmod(0o700)
    if folder.stat().st_uid == account.uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            os.chown(os.path.join(parent, name), account.uid, account.gid, follow_symlinks=False)
    # Last: a folder whose owner is right is taken to be right all the way down.
    os.chown(folder, account.uid, account.gid)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH
