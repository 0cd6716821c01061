"""`python -m servicedesk.bench [--short]`: measures, prints the table, and writes it down as JSON."""

import argparse
import json
import sys
import time

from servicedesk.bench.effort import FULL, SHORT
from servicedesk.bench.server import cores
from servicedesk.bench.sessions import take
from servicedesk.bench.sizes import TENTH, WHOLE
from servicedesk.bench.store import ROOT
from servicedesk.bench.table import as_json, lines_of


def main() -> None:
    """Both sizes, or with `--short` the smaller one alone."""
    parser = argparse.ArgumentParser(prog="python -m servicedesk.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the data only")
    parser.add_argument("--only", default="", metavar="WORDS", help="only pages whose names hold these")
    asked = parser.parse_args()
    began = time.monotonic()
    effort = SHORT if asked.short else FULL
    taken = []
    for size in (TENTH,) if asked.short else (TENTH, WHOLE):
        print(f"measuring the {size.name} data", flush=True)
        taken.append(take(size, effort=effort, only=asked.only, say=_say))
    print(*lines_of(taken), sep="\n")
    written = ROOT / "var" / "bench" / ("short.json" if asked.short else "whole.json")
    written.write_text(json.dumps({"cores": cores(), **as_json(taken)}, indent=1))
    print(f"took {time.monotonic() - began:.0f} s on {cores()} cores; written to {written.relative_to(ROOT)}")


def _say(step: str) -> None:
    print(step, flush=True)


if __name__ == "__main__":
    sys.exit(main())
