"""What the words in a dealer's status, kind and severity columns mean, in five languages.

The words stand in `words.toml`. A contract's status says only whether it was cancelled: nothing else
in it is believed.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from imports.tables import heading_key

CANCELLED = "cancelled"
DONE, SCHEDULED, NO_ACCESS, MISSED = "done", "scheduled", "no access", "missed"
MAINTENANCE, REPAIR, INSTALL = "maintenance", "repair", "install"
CAN_WAIT, SOON, LIKELY_TO_FAIL, SAFETY = "can wait", "soon", "likely to fail", "safety"
RENEWAL_CLAIM, COMPLAINT, QUESTION = "renewal claim", "complaint", "question"

# Table → column → meaning → keys of its words.
WORDS = {
    table: {
        column: {
            meaning: frozenset(heading_key(word) for word in words.split())
            for meaning, words in meanings.items()
        }
        for column, meanings in columns.items()
    }
    for table, columns in tomllib.loads(
        Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
    ).items()
}


@dataclass
class Vocabulary:
    """The meanings of one column's words; those a person gave come before the known ones."""

    table: str
    column: str
    given: dict[str, str] = field(default_factory=dict)

    def meaning(self, written: str) -> str | None:
        """What a word means, or None for a word nobody knows."""
        key = heading_key(written)
        if key in self.given:
            return self.given[key]
        return next(
            (meaning for meaning, keys in WORDS[self.table][self.column].items() if key in keys), None
        )

    @property
    def meanings(self) -> list[str]:
        """What a word of this column can mean."""
        return list(WORDS[self.table][self.column])
