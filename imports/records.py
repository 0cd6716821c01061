"""A text's records: which character separates cells, and each record's cells and physical line."""

import csv
from collections import Counter
from dataclasses import dataclass

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
# No cell is as long as a file: the csv module's own limit would end the whole reading instead.
csv.field_size_limit(64 * 1024 * 1024)
_SAMPLE_LINES = 60


@dataclass(frozen=True)
class Record:
    """One record: the physical line on which it begins (the first is 1), its cells as written."""

    line: int
    cells: list[str]
    # An opening quote that is never closed: only this line is lost, reading goes on with the next.
    is_torn: bool = False

    @property
    def is_blank(self) -> bool:
        """Nothing in any cell."""
        return not any(cell.strip() for cell in self.cells)


def physical_lines(text: str) -> list[str]:
    """Lines with their ends, as an editor counts them (only CR, LF and both together end a line)."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = unified.split("\n")
    ends = [f"{line}\n" for line in lines[:-1]]
    return ends + [lines[-1]] if lines[-1] else ends


def find_separator(lines: list[str], is_heading) -> tuple[str, int]:
    """The separator and the number of the first line after an Excel hint ("sep=;"), if there is one.

    `is_heading(cell)` says whether a cell is a heading somebody knows: a file with one data row has
    little else to go by. Of the separators the one that cuts the lines into equally many cells wins.
    """
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) >= 4:
        hint = lines[0].rstrip("\n")[4:5] or "\t"
        return hint, 2
    best, best_score = ",", (0.0, 0.0, 0)
    for separator in SEPARATORS.values():
        sample = [record.cells for record in read_records(lines[:_SAMPLE_LINES], separator)][:-1] or [
            record.cells for record in read_records(lines[:_SAMPLE_LINES], separator)
        ]
        widths = Counter(len(cells) for cells in sample if any(cells))
        if not widths:
            continue
        width, times = widths.most_common(1)[0]
        if width < 2:
            continue
        known = max(sum(1 for cell in cells if is_heading(cell)) for cells in sample[:10])
        score = (known, times / sum(widths.values()), width)
        if score > best_score:
            best, best_score = separator, score
    return best, 1


def read_records(lines: list[str], separator: str, first_line: int = 1, width: int | None = None):
    """Yield each record with its line. `width` is how many cells a whole one has, where known."""
    start = 0
    while start < len(lines):
        # By their places: a copy of the rest for each torn line would take minutes.
        reader = csv.reader(map(lines.__getitem__, range(start, len(lines))), delimiter=separator)
        restart_at = None
        before = 0
        for cells in reader:
            spanned = reader.line_num - before
            line = start + before
            if spanned > 1 and _is_torn(lines[line : line + spanned], cells, width):
                yield Record(first_line + line, [lines[line].rstrip("\n")], is_torn=True)
                restart_at = line + 1
                break
            yield Record(first_line + line, cells)
            before = reader.line_num
        if restart_at is None:
            return
        start = restart_at


def _is_torn(lines: list[str], cells: list[str], width: int | None) -> bool:
    """A record over several lines whose quotes do not come in pairs, or that has not the right width."""
    if "".join(lines).count('"') % 2:
        return True
    return width is not None and len(cells) != width
