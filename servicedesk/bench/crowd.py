"""Many clients at once: how much the server gets done, and how long one of them waits."""

import threading
import time
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
    def __init__(self, number, port, pages, samples, ends_at):
        super().__init__(daemon=True)
        self.number, self.pages, self.samples, self.ends_at = number, pages, samples, ends_at
        self.visitors = Visitors(port, samples.desk)
        for page in pages:
            self.visitors.of(page.role)
        self.waits, self.errors, self.ready = [], [], threading.Event()

    def run(self):
        number = self.number
        while time.monotonic() < self.ends_at[0]:
            page = self.pages[number % len(self.pages)]
            answer = page.ask(self.visitors.of(page.role), self.samples, number)
            self.waits.append(answer.seconds)
            if answer.status not in GOOD:
                self.errors.append(f"{page.name}: {answer.status}")
            number += 1


def crowd(clients: int, seconds: float, port: int, pages: list[Page], samples: Samples) -> Crowd:
    """So many people who ask for the pages in turn, each for the next as soon as the last one has come."""
    ends_at = [0.0]
    people = [_Client(number, port, pages, samples, ends_at) for number in range(clients)]
    began = time.monotonic()
    ends_at[0] = began + seconds
    for person in people:
        person.start()
    for person in people:
        person.join()
    found = Crowd(clients, time.monotonic() - began)
    for person in people:
        found.waits += person.waits
        found.errors += person.errors
    return found


def beside(
    noise: list[Page], noisy: Samples, quiet: list[Page], own: Samples, port: int, times: int
) -> list[float]:
    """A neighbour's waits while somebody else keeps asking for pages of another desk."""
    ends_at = [float("inf")]
    loud = _Client(0, port, noise, noisy, ends_at)
    visitors = Visitors(port, own.desk)
    for page in quiet:
        visitors.of(page.role)
    loud.start()
    try:
        return [
            page.ask(visitors.of(page.role), own, number).seconds for number in range(times) for page in quiet
        ]
    finally:
        ends_at[0] = 0.0
        loud.join()
