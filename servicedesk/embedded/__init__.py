"""PostgreSQL 18 and Valkey for a machine that has neither: from wheels, in `var/`, on sockets.

Plain Python without Django, so that it can run before the settings are read. One process for each
checkout, the keeper, starts both servers and stops them when nobody uses them any more. Who uses
them is told by a shared lock, which the kernel lets go of however a process ends; so nothing has to
be cleaned up by somebody who was killed.

Who may connect: `peer`, the kernel's own word for who is at the other end of the socket. Only the
user whom the checkout belongs to gets in, under any role; there is no password to keep or to leak,
and none is needed for another user's copy on the same machine to be another's.
"""

from .errors import ServersNotStarted
from .places import Places
from .use import Servers, Use, current, environment, running

__all__ = ["Places", "Servers", "ServersNotStarted", "Use", "current", "environment", "running"]
