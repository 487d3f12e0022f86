"""The history of reviews as small bars: how much was open in each, a row for each severity and one for what could not be seen.

Decides: geometry in the units of a viewBox; the newest review is at the right. Refuses to draw a review that could not be read as
one with nothing open: its column has a mark instead of bars.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from itemtrail.core.check import Severity
from itemtrail.core.review_read import Tally

COLUMN, ROW, TALLEST, LEFT, TOP = 40.0, 46.0, 26.0, 6.0, 6.0
BLIND = "could not look"


@dataclass(frozen=True, slots=True)
class Point:
    """One review of the history. ``tally`` None: it could not be read, and ``why``."""

    id: str
    tally: Tally | None
    why: str = ""

    def numbers(self) -> dict[str, int]:
        """Row → number; empty where it could not be read."""
        return {**{str(one): count for one, count in self.tally.opened.items()}, BLIND: self.tally.blind} if self.tally else {}


@dataclass(frozen=True, slots=True)
class Bar:
    """A number of one review. ``height`` 0: none, and the number is written all the same."""

    review: str
    number: int | None
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One severity, or what could not be looked at."""

    name: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """The picture, and the same as a table."""

    width: float
    height: float
    rows: tuple[TrendRow, ...]
    points: tuple[Point, ...]


def trend(points: Sequence[Point]) -> Trend:
    """The picture of ``points``, the oldest first."""
    names = [*map(str, Severity), BLIND]
    rows = tuple(_row(name, TOP + ROW * number, points) for number, name in enumerate(names))
    return Trend(LEFT + COLUMN * max(len(points), 1), TOP + ROW * len(names), rows, tuple(points))


def _row(name: str, top: float, points: Sequence[Point]) -> TrendRow:
    numbers = [one.numbers().get(name) for one in points]
    most = max((number for number in numbers if number), default=1)
    base = top + ROW - 4
    bars = [
        Bar(one.id, number, LEFT + COLUMN * place, base - TALLEST * (number or 0) / most, TALLEST * (number or 0) / most)
        for place, (one, number) in enumerate(zip(points, numbers, strict=True))
    ]
    return TrendRow(name, base, tuple(bars))
