"""A lifecycle picture's geometry: where which bar lies, in the units of an SVG's viewBox. What it looks like is a style sheet's.

Decides: the scale of ages (logarithmic, since 7, 90 and 3,653 days are to be seen side by side: only ``x`` knows it), ticks,
which words fit into a bar. Refuses to draw a bar that is not a segment: begin and end of each are those of the simulation, and a
bar too thin to be seen has a least width to the right of its begin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from itemtrail.core.lifecycle_picture import REPLACED_AFTER, Lane, Picture
from itemtrail.core.lifecycle_way import Segment
from itemtrail.core.visible import visible

WIDTH = 1000.0
LANE, WORDS, BAR, THIN = 56.0, 18.0, 20.0, 8.0
SCALE, DEADLINE = 24.0, 17.0  # above the lanes: ticks, and a line for each deadline's words
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
_PER_LETTER = 8.6
_LONGEST, _BROKEN = 128, 24  # letters of a caption, and what words of a broken promise take of them
_NO_SMALLER = 20  # bytes; whether there is anything below is nobody's question
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
    """A tick, a deadline or a broken promise at its place. ``anchor``: which end of the words is there."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Row:
    """One lane: its bars as it is, thin ones as set up where that differs, and what it breaks."""

    number: int
    y: float
    caption: str
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
    top = SCALE + DEADLINE * len(deadlines) + 8
    rows = tuple(_row(number, lane, top + LANE * (number - 1), horizon) for number, lane in enumerate(picture.lanes, 1))
    ticks = tuple(_mark(day, 14.0, words, horizon) for day, words in _TICKS if day <= horizon)
    marks = tuple(
        _mark(day, SCALE + DEADLINE * (place + 0.7), f"day {day}: {words}", horizon)
        for place, (day, words) in enumerate(sorted(deadlines))
    )
    return Drawing(WIDTH, top + LANE * len(rows), horizon, rows, ticks, marks)


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


def sizes(lane: Lane) -> str:
    """A lane's sizes in words."""
    low, high = lane.sizes
    if low <= _NO_SMALLER:
        return "any size" if high is None else f"under {_bytes(high)}"
    return f"{_bytes(low)} and more" if high is None else f"{_bytes(low)} to under {_bytes(high)}"


def who(lane: Lane) -> str:
    """Of which objects a lane is, besides prefix and size."""
    tagged = ", ".join(f"{name}={value}" for name, value in sorted(lane.tags))
    words = f"tagged {tagged}" if tagged else "without tags"
    return f"{words}, replaced on day {REPLACED_AFTER}" if lane.replaced else words


def _bytes(size: int) -> str:
    return f"{size >> 10} KB" if size % 1024 == 0 and size else f"{size:,} bytes"


def _caption(lane: Lane) -> str:
    more = f" and {len(lane.prefixes) - 3} more" if len(lane.prefixes) > 3 else ""
    named = ", ".join(prefix or "(the whole bucket)" for prefix in lane.prefixes[:3]) + more
    tagged = f", {who(lane)}" if lane.tags or lane.replaced else ""
    text = visible(f"{named}: {sizes(lane)}{tagged}")
    longest = _LONGEST - sum(len(one.name) + _BROKEN for one in lane.broken)
    return text if len(text) <= longest else f"{text[: max(longest, 20)]}…"


def _row(number: int, lane: Lane, top: float, horizon: int) -> Row:
    bars = tuple(_bar(one, horizon, top + WORDS, BAR) for one in lane.way)
    planned = tuple(_bar(one, horizon, top + WORDS + BAR + 2, THIN) for one in lane.planned or ())
    broken = tuple(_mark(one.day, top + WORDS, f"{one.name} broken on day {one.day}", horizon) for one in lane.broken)
    return Row(number, top, _caption(lane), bars, planned, broken, lane)


def _mark(day: int, y: float, text: str, horizon: int) -> Mark:
    place = x(day, horizon)
    return Mark(place, y, text, "end" if place > WIDTH * 0.7 else "start")


def _bar(segment: Segment, horizon: int, y: float, height: float) -> Bar:
    left = x(segment.begin, horizon)
    width = max(x(horizon if segment.end is None else segment.end, horizon) - left, LEAST)
    what = kind(segment)
    label = next((one for one in SHORT[what] if len(one) * _PER_LETTER < width - 6), "")
    return Bar(what, left, width, y, height, label, words(segment), segment)
