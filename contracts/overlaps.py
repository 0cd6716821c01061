"""Several contracts over the same machine or customer: which one counts for what, and why (R1.1)."""

from collections.abc import Iterable

from contracts.cover import Cover


def response_hours_of(covers: Iterable[Cover]) -> int | None:
    """The quickest response that any of them promises now, in working hours."""
    return min((c.response_hours for c in covers if c.is_covered and c.response_hours), default=None)


def explain(covers: list[Cover]) -> str:
    """Why one of several covers counts, in a sentence or two; "" unless two or more cover at once.

    `covers` come best first, as `contracts.cover` gives them: a visit is taken from the first that
    has one left, and the quickest response counts.
    """
    covering = [cover for cover in covers if cover.is_covered]
    if len(covering) < 2:
        return ""
    named = [f"{cover.contract.number} ({_until(cover)})" for cover in covering]
    said = [f"{len(covering)} contracts cover at once: {' and '.join(named)}"]
    if giver := next((cover for cover in covering if cover.visits_left), None):
        said.append(f"Visits are taken from {giver.contract.number}, the first of them with one left")
    hours = response_hours_of(covering)
    if hours is not None and any(cover.response_hours != hours for cover in covering):
        quickest = next(cover for cover in covering if cover.response_hours == hours)
        plural = "" if hours == 1 else "s"
        said.append(f"The quicker response counts: {hours} working hour{plural} ({quickest.contract.number})")
    return ". ".join(said) + "."


def _until(cover: Cover) -> str:
    return cover.sentence[0].lower() + cover.sentence[1:]
