"""Many clients at once: how much the server gets done, and how long one of them waits."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from servicedesk.bench.asking import percentile
from servicedesk.bench.measuring import GOOD, Visitors
from servicedesk.bench.pages import Page
from servicedesk.bench.samples import Samples

CLIENTS = 1, 4, 16


@dataclass
class Crowd:
    """What a number of clients got in so many seconds: their waits, in seconds."""

    clients: int
    lasted: float
    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def a_second(self) -> float:
        return len(self.waits) / self.lasted

    @property
    def p95(self) -> float:
        return percentile(self.waits, 95)


class _Client(threading.Thread):
    def __init__(self, number, visitors, pages, samples, ends_at):
        super().__init__(daemon=True)
        self.number, self.visitors, self.pages, self.samples = number, visitors, pages, samples
        self.ends_at = ends_at
        self.waits, self.errors = [], []

    def run(self):
        number = self.number
        while time.monotonic() < self.ends_at[0]:
            page = self.pages[number % len(self.pages)]
            answer = page.ask(self.visitors.of(page.role), self.samples, number)
            self.waits.append(answer.seconds)
            if answer.status not in GOOD:
                self.errors.append(f"{page.name}: {answer.status}")
            number += 1


def crowds(seconds: float, port: int, pages: list[Page], samples: Samples) -> list[Crowd]:
    """1, 4 and 16 people who ask for the pages in turn, each for the next as soon as the last has come."""
    with ThreadPoolExecutor() as pool:
        come = list(pool.map(lambda _: _signed_in(port, samples, pages), range(max(CLIENTS))))
    return [_crowd(come[:many], seconds, pages, samples) for many in CLIENTS]


def _signed_in(port, samples, pages):
    visitors = Visitors(port, samples.desk)
    for page in pages:
        visitors.of(page.role)
    return visitors


def _crowd(come, seconds, pages, samples):
    began = time.monotonic()
    ends_at = [began + seconds]
    people = [_Client(number, visitors, pages, samples, ends_at) for number, visitors in enumerate(come)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    found = Crowd(len(people), time.monotonic() - began)
    for person in people:
        found.waits += person.waits
        found.errors += person.errors
    return found


def beside(
    noise: list[Page], noisy: Samples, quiet: list[Page], own: Samples, port: int, times: int
) -> list[float]:
    """A neighbour's waits while somebody else keeps asking for pages of another desk."""
    ends_at = [float("inf")]
    loud = _Client(0, _signed_in(port, noisy, noise), noise, noisy, ends_at)
    visitors = _signed_in(port, own, quiet)
    loud.start()
    try:
        return [
            page.ask(visitors.of(page.role), own, number).seconds for number in range(times) for page in quiet
        ]
    finally:
        ends_at[0] = 0.0
        loud.join()
