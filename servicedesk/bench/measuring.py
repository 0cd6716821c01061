"""One size, page by page: what each costs, and how often that is its floor."""

from dataclasses import dataclass, field

import psycopg

from servicedesk.bench import floors
from servicedesk.bench.asking import Figures, Visitor
from servicedesk.bench.effort import Effort
from servicedesk.bench.pages import Page, about
from servicedesk.bench.samples import Samples
from servicedesk.bench.signing import PASSWORD, mail_of

GOOD = {200, 204, 302}


@dataclass
class Line:
    """A page with its figures. `floor` is in seconds: the same rows by raw SQL, and an empty page."""

    page: Page
    figures: Figures = field(default_factory=Figures)
    raw: Figures = field(default_factory=Figures)
    empty: Figures = field(default_factory=Figures)
    # How often the page was asked for, before the clock ran, too.
    askings: int = 0

    @property
    def floor(self) -> float:
        return self.raw.p50 + self.empty.p50

    @property
    def ratio(self) -> float | None:
        """None for what has no floor."""
        return self.figures.p50 / self.floor if self.page.floor else None


class Visitors:
    """One signed-in browser for each role, and one of a customer, who has no sign-in."""

    def __init__(self, port: int, desk: str) -> None:
        self.port, self.desk = port, desk
        self._by_role: dict[str, Visitor] = {}

    def of(self, role: str) -> Visitor:
        if role not in self._by_role:
            self._by_role[role] = visitor = Visitor(self.port)
            if role:
                visitor.sign_in(mail_of(role, self.desk), PASSWORD)
        return self._by_role[role]


def measure(
    line: Line, effort: Effort, visitors: Visitors, samples: Samples, web: psycopg.Connection
) -> None:
    """One round: ask for the line's page as often as the effort says, and between for what its floor is
    made of.

    Raises RuntimeError where it does not answer as a page does.
    """
    page = line.page
    visitor, colleague = visitors.of(page.role), visitors.of(page.role or "dispatcher")
    for _ in range(effort.warm_up):
        _asked(line, visitor, samples)
    for _ in range(effort.asked):
        number = line.askings
        line.figures.note(_asked(line, visitor, samples))
        if page.floor:
            line.empty.note(colleague.get(f"/d/{samples.desk}/empty/"))
            line.raw.seconds.append(floors.seconds_of(web, samples, page.floor, about(samples, number)))


def _asked(line, visitor, samples):
    answer = line.page.ask(visitor, samples, line.askings)
    if answer.status not in GOOD:
        raise RuntimeError(f"{line.page.name}: {answer.status} {answer.text[:1500]}")
    line.askings += 1
    return answer
