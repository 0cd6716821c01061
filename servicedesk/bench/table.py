"""The table that people read, and the same as JSON: ratios are for judging, times for reading."""

from collections.abc import Iterator, Sequence

from servicedesk.bench.measuring import Line
from servicedesk.bench.sessions import Measured

OVER = "over its bound"
GROWTH = 1.3
SWEEP = 2.0
DELIVERY = 150.0
NEIGHBOUR = 1.2
KEYSET = 1.5
MS = 1000
MB = 1 << 20


def lines_of(taken: Sequence[Measured]) -> Iterator[str]:
    """The table, line by line: the last size's figures, with their growth from the first."""
    last = taken[-1]
    before = {line.page.name: line for line in taken[0].lines} if len(taken) > 1 else {}
    size = last.size
    yield f"{size.desks} desks, {size.customers:,} customers, {size.visits:,} visits; the noisy desk's pages"
    yield "page".ljust(26) + "   p50 ms   p95 ms  queries     bytes   floor  ratio  growth"
    for line in last.lines:
        yield _line(line, before.get(line.page.name))
    yield ""
    yield from _others(last)


def _line(line: Line, before: Line | None) -> str:
    figures, growth = line.figures, _growth(line, before)
    row = f"{line.page.name:<26}{figures.p50 * MS:>9.1f}{figures.p95 * MS:>9.1f}{figures.queries:>9}"
    row += f"{figures.bytes:>10,}"
    row += f"{line.floor * MS:>8.1f}{line.ratio:>7.2f}" if line.ratio else f"{'':>15}"
    row += f"{growth:>8.2f}" if growth else ""
    over = [
        words for words, is_over in (("ratio", _is_over(line)), ("growth", (growth or 0) > GROWTH)) if is_over
    ]
    return row + (f"  {OVER}: {' and '.join(over)}" if over else "")


def _is_over(line):
    return line.page.bound is not None and line.ratio is not None and line.ratio > line.page.bound


def _growth(line, before):
    return line.figures.p50 / before.figures.p50 if before else None


def _others(taken: Measured) -> Iterator[str]:
    for crowd in taken.crowds:
        yield (
            f"{crowd.clients:>2} clients: {crowd.a_second:.1f} answers a second, "
            f"p95 {crowd.p95 * MS:.0f} ms, {len(crowd.errors)} errors"
        )
    if taken.memory:
        yield f"memory of each web process: {', '.join(str(each // MB) for each in taken.memory)} MB"
    if found := taken.keyset:
        ratio = found["far"] / found["first"]
        yield (
            f"a list's page 1 in {found['first'] * MS:.1f} ms, its page {found['page']:,} in "
            f"{found['far'] * MS:.1f} ms: {ratio:.2f}{_mark(ratio > KEYSET)}"
        )
    if found := taken.neighbour:
        ratio = found["noisy"] / found["small"]
        yield (
            f"a small desk's page beside another small desk's {found['small'] * MS:.1f} ms, beside the noisy "
            f"one's {found['noisy'] * MS:.1f} ms: {ratio:.2f}{_mark(ratio > NEIGHBOUR)}"
        )
    yield from _jobs(taken.jobs)


def _jobs(jobs: dict[str, dict]) -> Iterator[str]:
    if found := jobs.get("renewals"):
        yield (
            f"renewal check of {found['contracts']:,} contracts: {found['seconds']:.1f} s, again "
            f"{found['again']:.1f} s"
        )
    if found := jobs.get("sweep"):
        ratio = found["seconds"] / found["raw"]
        yield (
            f"reminder sweep, {found['planned']:,} due among {found['visits']:,}: {found['seconds']:.2f} s, "
            f"the raw statement {found['raw']:.2f} s: {ratio:.2f}{_mark(ratio > SWEEP)}"
        )
    if found := jobs.get("idle tick"):
        yield (
            f"the whole timetable when nothing is due: {found['seconds'] * MS:.0f} ms, the slowest "
            f"{found['slowest']} {found['its_seconds'] * MS:.0f} ms"
        )
    if found := jobs.get("delivery"):
        yield f"delivery: {found['a_second']:.0f} mails a second{_mark(found['a_second'] < DELIVERY)}"
    if found := jobs.get("import"):
        yield (
            f"import of {found['rows']:,} rows: {found['seconds']:.1f} s, "
            f"{found['rows'] / found['seconds']:.0f} a second, {found['came']:,} came in"
        )


def _mark(is_over: bool) -> str:
    return f"  {OVER}" if is_over else ""


def as_json(taken: Sequence[Measured]) -> dict:
    """Everything, by size: seconds, bytes and ratios."""
    return {
        each.size.name: {
            "pages": {
                line.page.name: {
                    "p50": line.figures.p50,
                    "p95": line.figures.p95,
                    "queries": line.figures.queries,
                    "bytes": line.figures.bytes,
                    "floor": line.floor if line.page.floor else None,
                    "ratio": line.ratio,
                    "bound": line.page.bound,
                }
                for line in each.lines
            },
            "clients": [
                {"clients": one.clients, "a_second": one.a_second, "p95": one.p95, "errors": one.errors}
                for one in each.crowds
            ],
            "memory": each.memory,
            "keyset": each.keyset,
            "neighbour": each.neighbour,
            "jobs": each.jobs,
        }
        for each in taken
    }
