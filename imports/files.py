"""A file of an export as records, before anybody knows which table it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from imports.columns import known_heading
from imports.encodings import Decoded, decode
from imports.given import UsageError
from imports.records import Record, find_separator, physical_lines, read_records

# What may lie in an export's folder and be a table.
TABLE_SUFFIXES = (".csv", ".txt", ".tsv", ".tab", ".dat", ".psv", ".asc")
_LARGEST_FILE = 512 * 1024 * 1024
# Headings stand in one of the first records; lines above them are a title.
_TITLE_RECORDS = 10


@dataclass
class RawFile:
    """A file's headings and records, and how they were made out."""

    path: Path
    encoding: str
    encoding_because: str
    odd_lines: list[int]
    separator: str
    headings: list[str] = field(default_factory=list)
    heading_line: int = 1
    records: list[Record] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.name

    @property
    def is_empty(self) -> bool:
        """Neither headings nor rows."""
        return not self.headings


def read_file(path: Path, encoding: str | None = None, separator: str | None = None) -> RawFile:
    """Read a file into records. Raises UsageError for one that cannot be read at all."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UsageError(f"{path.name} is larger than {_LARGEST_FILE // 1024 // 1024} MB; split it.")
        decoded = decode(path.read_bytes(), encoding)
    except UnicodeError as error:
        raise UsageError(f"{path.name} is not written in {encoding}: {error.reason}.") from error
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}.") from error
    return read_decoded(path, decoded, separator=separator)


def read_decoded(
    path: Path,
    decoded: Decoded,
    *,
    separator: str | None = None,
    is_heading: Callable[[str], bool] = known_heading,
    title_records: int = _TITLE_RECORDS,
) -> RawFile:
    """A text's records. `is_heading(cell)` says whether a column may be called so."""
    lines = physical_lines(decoded.text.removeprefix("\ufeff"))
    hinted, first_line = find_separator(lines, is_heading)
    file = RawFile(path, decoded.encoding, decoded.why, decoded.odd_lines, separator or hinted)
    head = _headings(lines[first_line - 1 :], file.separator, first_line, is_heading, title_records)
    if head is None:
        return file
    whole = list(read_records(lines[head.line - 1 :], file.separator, head.line, width=len(head.cells)))
    file.headings = [cell.strip() for cell in whole[0].cells]
    file.heading_line = head.line
    file.records = whole[1:]
    return file


def _headings(lines, separator: str, first_line: int, is_heading, title_records: int) -> Record | None:
    """The record with the most known headings among the first; without any, the first that is not blank."""
    titles = []
    for record in read_records(lines, separator, first_line):
        titles.append(record)
        if len(titles) == title_records:
            break
    filled = [record for record in titles if not record.is_blank]
    return max(filled, key=lambda record: sum(map(is_heading, record.cells)), default=None)
