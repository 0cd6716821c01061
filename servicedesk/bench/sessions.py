"""Everything that is measured at one size, in the order in which it does least harm to what follows."""

import base64
import json
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import psycopg

from servicedesk.bench.asking import Figures
from servicedesk.bench.crowd import Crowd, beside, crowds
from servicedesk.bench.delivering import delivered_a_second
from servicedesk.bench.effort import Effort
from servicedesk.bench.measuring import Line, Visitors, measure
from servicedesk.bench.pages import of_api, pages
from servicedesk.bench.samples import Samples, samples_of
from servicedesk.bench.server import environment_of, serving
from servicedesk.bench.signing import NOISY
from servicedesk.bench.sizes import Size
from servicedesk.bench.store import ROOT, in_django, kept_in, measured

NEIGHBOUR, THIRD = "desk-000", "desk-001"
# Of a list of 50 a page, so far in: as far as three hundred thousand visits reach.
FAR = 5_000
PAGE = 50
TIMES = 12
JOBS = ("renewals", "import", "sweep", "idle tick")
NEIGHBOURS_PAGES = ("find by phone", "caller screen", "contract check")
CROWDS_PAGES = ("find by phone", "caller screen", "board, what changed", "contract check")
POSITION = """
    SELECT public_id FROM visits_visit WHERE tenant_id = %s ORDER BY public_id DESC OFFSET %s LIMIT 1
"""


@dataclass
class Measured:
    """One size's figures; seconds and bytes."""

    size: Size
    lines: list[Line] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    # Waits of a neighbour: alone, beside a desk like itself, beside the noisy one.
    neighbour: dict[str, float] = field(default_factory=dict)
    # Of a list's first page, and of one far in: its number, and how long each takes.
    keyset: dict[str, float] = field(default_factory=dict)
    jobs: dict[str, dict] = field(default_factory=dict)


def take(size: Size, *, effort: Effort, only: str = "", say: Callable[[str], None] = print) -> Measured:
    """Measure a size on a fresh copy of its data, as thoroughly as the effort says.

    `only` are words of the names of pages and jobs: then nothing but those is measured.
    """
    found = Measured(size)
    with measured(size) as variables:
        environment = environment_of(variables, kept_in(size))
        with (
            psycopg.connect(variables["MIGRATE_DATABASE_URL"], autocommit=True) as owner,
            psycopg.connect(variables["DATABASE_URL"], autocommit=True) as web,
        ):
            with serving(environment, kept_in(size)) as server:
                samples = samples_of(owner, NOISY)
                visitors = Visitors(server.port, NOISY)
                found.lines = [Line(page) for page in pages() if only in page.name]
                for number in range(effort.rounds):
                    say(f"  pages, round {number + 1} of {effort.rounds}")
                    for line in found.lines:
                        measure(line, effort, visitors, samples, web)
                if not only:
                    say("  a list, far in")
                    found.keyset = _keyset(owner, visitors, samples)
                    say("  neighbours")
                    found.neighbour = _neighbour(owner, samples, server.port, effort.neighbours)
                    say("  many at once")
                    asked = [page for page in pages() if page.name in CROWDS_PAGES]
                    found.crowds = crowds(effort.crowd_seconds, server.port, asked, samples)
                    found.memory = server.memory()
            for job in JOBS:
                if only in job:
                    say(f"  {job}")
                    words = (effort.sweeps,) if job == "sweep" else ()
                    found.jobs[job] = _job(job, environment, *words)
            if only in "delivery":
                if only:
                    _job("sweep", environment, 1)
                say("  delivery")
                _job("plan", environment)
                rate = delivered_a_second(owner, environment, kept_in(size), seconds=effort.delivery_seconds)
                found.jobs["delivery"] = {"a_second": rate}
    return found


def _job(name: str, environment: Mapping[str, str], *words: object) -> dict:
    done = subprocess.run(
        in_django("servicedesk.bench.jobs", name, *map(str, words)),
        env=dict(environment), cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _keyset(owner, visitors, samples: Samples) -> dict[str, float]:
    """The API's list of visits: its first page, and the page after so many others."""
    count = owner.execute("SELECT count(*) FROM visits_visit WHERE tenant_id = %s", [samples.tenant])
    far = min(FAR, count.fetchone()[0] // PAGE - 1)
    position = owner.execute(POSITION, [samples.tenant, (far - 1) * PAGE - 1]).fetchone()[0]
    cursor = base64.b64encode(urlencode({"p": str(position)}).encode()).decode()
    asks = of_api("visits/"), of_api(f"visits/?cursor={quote(cursor)}")
    figures = Figures(), Figures()
    visitor = visitors.of("dispatcher")
    for number in range(2 * TIMES):
        for ask, one in zip(asks, figures, strict=True):
            answer = ask(visitor, samples, 0)
            if len(json.loads(answer.text)["results"]) != PAGE:
                raise RuntimeError(f"Not a whole page: {answer.text[:500]}")
            if number >= TIMES:
                one.note(answer)
    return {"page": far, "first": figures[0].p50, "far": figures[1].p50}


def _neighbour(owner, noisy: Samples, port, rounds) -> dict[str, float]:
    """What a small desk's people wait while somebody keeps asking for another desk's pages."""
    quiet = [page for page in pages() if page.name in NEIGHBOURS_PAGES]
    own, third = samples_of(owner, NEIGHBOUR), samples_of(owner, THIRD)
    waits: dict[str, list[float]] = {"small": [], "noisy": []}
    for _ in range(rounds):
        waits["small"] += beside(quiet, third, quiet, own, port, TIMES)
        waits["noisy"] += beside(quiet, noisy, quiet, own, port, TIMES)
    return {beside_whom: statistics.median(some) for beside_whom, some in waits.items()}
