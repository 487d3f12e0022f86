"""A lifecycle picture's geometry: where which bar lies, in the units of an SVG's viewBox. What it looks like is a style sheet's.

Decides: the scale of ages (logarithmic, since 7, 90 and 3,653 days are to be seen side by side: only ``x`` knows it), ticks,
which words fit into a bar. Refuses to draw a bar that is not a segment: begin and end of each are those of the simulation, and a
bar too thin to be seen has a least width to the right of its begin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from itemtrail.core.lifecycle_picture import Lane, Picture
from itemtrail.core.lifecycle_way import Segment

WIDTH = 1000.0
LANE, BAR, THIN = 34.0, 20.0, 7.0
TOP = 26.0  # above the first lane: ticks and marks
LEAST = 2.0
_KNEE = 20.0  # days up to which the scale is nearly linear
_TICKS = (
    (0, "0"),
    (7, "7 d"),
    (30, "30 d"),
    (90, "90 d"),
    (180, "180 d"),
    (365, "1 y"),
    (1096, "3 y"),
    (1826, "5 y"),
    (3653, "10 y"),
)
_PER_LETTER = 7.4
SHORT = {
    "STANDARD": ("STANDARD", "STD"),
    "STANDARD_IA": ("STANDARD_IA", "IA"),
    "INTELLIGENT_TIERING": ("INTELLIGENT_TIERING", "INT"),
    "ONEZONE_IA": ("ONEZONE_IA", "1Z"),
    "GLACIER_IR": ("GLACIER_IR", "GIR"),
    "GLACIER": ("GLACIER", "GLA"),
    "DEEP_ARCHIVE": ("DEEP_ARCHIVE", "DA"),
    "hidden": ("hidden", "HID"),
    "deleted": ("deleted", "DEL"),
}
"""What a bar is called where there is room, and where there is little."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One segment, drawn. ``kind`` is a storage class, hidden or deleted; ``title`` says all of it."""

    kind: str
    x: float
    width: float
    y: float
    height: float
    label: str
    title: str
    segment: Segment


@dataclass(frozen=True, slots=True)
class Mark:
    """A deadline (day and words), or a broken promise, at its place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One lane: its bars as it is, thin ones as set up where that differs, and what it breaks."""

    number: int
    y: float
    bars: tuple[Bar, ...]
    planned: tuple[Bar, ...]
    broken: tuple[Mark, ...]
    lane: Lane


@dataclass(frozen=True, slots=True)
class Drawing:
    """All rows of a bucket, the scale and the deadlines."""

    width: float
    height: float
    horizon: int
    rows: tuple[Row, ...]
    ticks: tuple[Mark, ...]
    deadlines: tuple[Mark, ...]


def draw(picture: Picture, deadlines: Sequence[tuple[int, str]]) -> Drawing:
    """The picture with ``deadlines`` (day, words) on one scale."""
    last = max(picture.last_change(), *(day for day, _ in deadlines), 365)
    horizon = math.ceil(last * 1.25)
    rows = tuple(_row(number, lane, horizon) for number, lane in enumerate(picture.lanes, 1))
    height = TOP + LANE * len(rows) + 4
    ticks = tuple(Mark(x(day, horizon), 14.0, words) for day, words in _TICKS if day <= horizon)
    marks = tuple(Mark(x(day, horizon), TOP, f"{day} d: {words}") for day, words in sorted(deadlines))
    return Drawing(WIDTH, height, horizon, rows, ticks, marks)


def x(day: int, horizon: int) -> float:
    """Where an age lies: 0 at age 0, ``WIDTH`` at the horizon."""
    return WIDTH * math.log1p(day / _KNEE) / math.log1p(horizon / _KNEE)


def kind(segment: Segment) -> str:
    """What a segment is drawn as."""
    return "deleted" if segment.state.deleted else "hidden" if segment.state.hidden else segment.state.storage_class


def words(segment: Segment) -> str:
    """A segment in words, complete."""
    until = "for good" if segment.end is None else f"to day {segment.end}"
    what = kind(segment)
    if what == "hidden":
        what = f"hidden by a delete marker, in {segment.state.storage_class}"
    return f"day {segment.begin} {until}: {what}"


def _row(number: int, lane: Lane, horizon: int) -> Row:
    top = TOP + LANE * (number - 1)
    bars = tuple(_bar(one, horizon, top + 2, BAR) for one in lane.way)
    planned = tuple(_bar(one, horizon, top + 4 + BAR, THIN) for one in lane.planned or ())
    broken = tuple(Mark(x(one.day, horizon), top + 2, f"{one.name} broken at day {one.day}") for one in lane.broken)
    return Row(number, top, bars, planned, broken, lane)


def _bar(segment: Segment, horizon: int, y: float, height: float) -> Bar:
    left = x(segment.begin, horizon)
    width = max(x(horizon if segment.end is None else segment.end, horizon) - left, LEAST)
    what = kind(segment)
    label = next((one for one in SHORT[what] if len(one) * _PER_LETTER < width - 6), "")
    return Bar(what, left, width, y, height, label, words(segment), segment)
