"""`python -m servicedesk.bench [--short]`: measures, and prints the table."""

import argparse
import sys

import psycopg

from servicedesk.bench import sizes
from servicedesk.bench.measuring import Visitors, measure
from servicedesk.bench.pages import pages
from servicedesk.bench.samples import samples_of
from servicedesk.bench.server import environment_of, serving
from servicedesk.bench.signing import NOISY
from servicedesk.bench.store import kept_in, measured


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m servicedesk.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the data only")
    parser.add_argument("--only", default="", help="pages whose names hold this")
    asked = parser.parse_args()
    for size in (sizes.TENTH,) if asked.short else (sizes.TENTH, sizes.WHOLE):
        with measured(size) as variables:
            environment = environment_of(variables, kept_in(size))
            with (
                psycopg.connect(variables["MIGRATE_DATABASE_URL"], autocommit=True) as owner,
                psycopg.connect(variables["DATABASE_URL"], autocommit=True) as web,
                serving(environment, kept_in(size)) as server,
            ):
                samples = samples_of(owner, NOISY)
                visitors = Visitors(server.port, NOISY)
                for page in pages():
                    if asked.only not in page.name:
                        continue
                    line = measure(page, visitors, samples, web)
                    figures = line.figures
                    print(
                        f"{page.name:26}{figures.p50 * 1000:8.1f}{figures.p95 * 1000:8.1f}"
                        f"{figures.queries:5}{figures.bytes:9,}",
                        f"{line.floor * 1000:8.1f} {line.ratio:5.2f}" if line.ratio else "",
                        flush=True,
                    )
                print([m >> 20 for m in server.memory()])


if __name__ == "__main__":
    sys.exit(main())
