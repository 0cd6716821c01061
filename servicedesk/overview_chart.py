"""The line of the last weeks as points to draw, and the same in words."""

import datetime as dt
from dataclasses import dataclass

from tenancy.figures import Share

# Where the line may be in a drawing of 148 by 58: room for the target's label above, the dot at the end.
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 140, 11, 52


@dataclass(frozen=True)
class Line:
    """Points in the drawing's own units, the last one and the target's height; every value in words.

    As the drawing spells them, whatever the page's language.
    """

    points: str
    end: tuple[str, str]
    target: int
    target_at: str
    label_at: str
    words: str


def line_of(weeks: list[tuple[dt.date, Share]], *, target: int) -> Line | None:
    """The weeks that counted anything, from left to right; None where fewer than two did.

    The scale begins a little below the lowest value, so that a change can be seen.
    """
    counted = [(place, share) for place, (_, share) in enumerate(weeks) if share.whole]
    if len(counted) < 2:
        return None
    values = {place: 100 * share.part / share.whole for place, share in counted}
    low = max(0, min(target, *values.values()) - 5)

    def height(percent) -> float:
        return round(_TOP + (100 - percent) / (100 - low) * (_BOTTOM - _TOP), 1)

    step = (_RIGHT - _LEFT) / (len(weeks) - 1)
    points = [(round(_LEFT + place * step, 1), height(value)) for place, value in values.items()]
    said = (f"to {day.day} {day:%b} {share.part} of {share.whole}" for day, share in weeks if share.whole)
    return Line(
        points=" ".join(f"{across},{down}" for across, down in points),
        end=(str(points[-1][0]), str(points[-1][1])),
        target=target,
        target_at=str(height(target)),
        label_at=str(round(height(target) - 3, 1)),
        words=f"Week by week: {'; '.join(said)}. Target {target}%.",
    )
