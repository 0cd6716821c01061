"""What the keeper tells everybody: a small JSON file, replaced whole."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .processes import Identity

STARTING, READY, FAILED = "starting", "ready", "failed"


@dataclass
class KeeperState:
    """`step` is what it does at the moment, or why it failed, in words for a person."""

    keeper: Identity | None = None
    state: str = STARTING
    step: str = ""
    database_url: str = ""
    migrate_database_url: str = ""
    redis_url: str = ""
    servers: dict[str, Identity] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> "KeeperState":
        """What was last written; an empty state when there is none that can be read."""
        found = read_json(path)
        try:
            state = cls(**found)
            state.keeper = Identity(*state.keeper) if state.keeper else None
            state.servers = {name: Identity(*identity) for name, identity in state.servers.items()}
        except TypeError:
            return cls()
        return state


def write_json(path: Path, content: dict[str, object]) -> None:
    """Write a file so that a reader sees the old content or the new, never half."""
    making = path.with_name(f"{path.name}.{os.getpid()}")
    making.write_text(json.dumps(content))
    making.replace(path)


def read_json(path: Path) -> dict:
    """What a file says; empty when it is missing or damaged."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
