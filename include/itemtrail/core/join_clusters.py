"""Who made what among the records and events of one key that are near each other.

Decides: a record and an event are candidates of each other when they are at most ``window`` seconds apart, the verb fits and no
name contradicts. Candidates form groups; a group with as many records as events, in which the order by time pairs every record
with a candidate and no two events of one second could change places, is ORDERED (UNIQUE where the key has nothing else near);
anything else is AMBIGUOUS: candidates are listed, nobody is named. A call that hides its key makes every record it could have
made AMBIGUOUS. A long row of writes is cut at midnight where the gap between them is widest, so that each day's history can be
built by itself and all days together are the whole. Refuses to guess between equals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from itemtrail.core.change_schema import Match

DAY = 86_400
MATCHES = tuple(Match)
CODE = {match: number for number, match in enumerate(MATCHES)}
Edge = Callable[[int, int], bool]
"""(record, pair) to whether they can belong together, time aside."""


@dataclass(slots=True)
class Found:
    """What the join decides: by record its match (a number in ``MATCHES``), its pair or candidates; pairs without a record.

    -1 is none.
    """

    match: npt.NDArray[np.int8]
    pair: npt.NDArray[np.int64]
    candidates: dict[int, list[int]] = field(default_factory=dict)
    alone: list[int] = field(default_factory=list)

    @classmethod
    def nothing(cls, records: int) -> "Found":
        """Nothing decided yet."""
        return cls(np.full(records, -1, dtype=np.int8), np.full(records, -1, dtype=np.int64))

    def say(self, record: int, match: Match, pair: int = -1, candidates: Sequence[int] = ()) -> None:
        """Decide one record."""
        self.match[record], self.pair[record] = CODE[match], pair
        if candidates:
            self.candidates[record] = list(candidates)


@dataclass(frozen=True, slots=True)
class Rules:
    """``window`` and ``near`` in seconds: candidates are within ``window``, a UNIQUE pair is alone within ``near``."""

    window: int

    @property
    def near(self) -> int:
        """How far a UNIQUE pair is from anything else of its key."""
        return max(10, 5 * self.window)

    @property
    def reach(self) -> int:
        """How far from midnight the cut may lie: far enough that a pair alone is never cut."""
        return 2 * self.window + 1


def cut(times: Sequence[int], midnight: int, rules: Rules) -> int:
    """The first second that belongs to the later day, of a key's sorted ``times``: midnight, unless writes run across it.

    Only times within ``reach`` of midnight count, so that both days' histories see the same cut.
    """
    around = [time for time in times if midnight - rules.reach <= time < midnight + rules.reach]
    before = max((time for time in around if time < midnight), default=midnight - rules.reach)
    after = min((time for time in around if time >= midnight), default=midnight + rules.reach)
    if after - before > rules.window:
        return midnight
    edges = [midnight - rules.reach, *around, midnight + rules.reach]
    widest = max(range(len(edges) - 1), key=lambda at: (edges[at + 1] - edges[at], -at))
    return edges[widest] + 1


def history_days(times: Sequence[int], rules: Rules) -> list[int]:
    """The day (days since 1970) to whose history each of a key's sorted ``times`` belongs."""
    if not times:
        return []
    cuts = {day: cut(times, day * DAY, rules) for day in _midnights(times, rules.reach)}
    days = []
    for time in times:
        day = time // DAY
        if day in cuts and time < cuts[day]:
            day -= 1
        elif day + 1 in cuts and time >= cuts[day + 1]:
            day += 1
        days.append(day)
    return days


def _midnights(times: Sequence[int], reach: int) -> set[int]:
    return {(time + reach) // DAY for time in times if (time + reach) % DAY < 2 * reach}


def solve(
    records: Sequence[tuple[int, int, int]],
    pairs: Sequence[tuple[int, int, int]],
    *,
    edge: Edge,
    hidden: Callable[[int], list[int]],
    lonely: bool,
    rules: Rules,
    found: Found,
) -> None:
    """Decide one key's things near each other.

    Args:
        records: (second, history day, record) in the stream's order.
        pairs: (second, history day, pair) in order.
        edge: whether a record and a pair fit.
        hidden: pairs without a key that could have made a record.
        lonely: whether nothing else of the key is near.
        rules: the window.
        found: where the decisions go.
    """
    edges = _edges(records, pairs, edge, rules.window)
    back: dict[int, list[int]] = {}
    for record, fitting in edges.items():
        for pair in fitting:
            back.setdefault(pair, []).append(record)
    order = {pair: at for at, (_, _, pair) in enumerate(pairs)}
    seconds = {pair: second for second, _, pair in pairs}
    seen: set[int] = set()
    for _, _, record in records:
        if record not in seen:
            mine, theirs = _group(record, edges, back)
            seen |= mine
            ours = [each for _, _, each in records if each in mine] if len(mine) < len(records) else [r for _, _, r in records]
            _decide(ours, sorted(theirs, key=order.__getitem__), edges, seconds, hidden, lonely, found)
    found.alone += [pair for _, _, pair in pairs if pair not in back]


def _edges(
    records: Sequence[tuple[int, int, int]], pairs: Sequence[tuple[int, int, int]], edge: Edge, window: int
) -> dict[int, list[int]]:
    made: dict[int, list[int]] = {}
    start = 0
    for second, day, record in records:
        while start < len(pairs) and pairs[start][0] < second - window:
            start += 1
        fitting = []
        for at in range(start, len(pairs)):
            other, its_day, pair = pairs[at]
            if other > second + window:
                break
            if its_day == day and edge(record, pair):
                fitting.append(pair)
        made[record] = fitting
    return made


def _group(record: int, edges: dict[int, list[int]], back: dict[int, list[int]]) -> tuple[set[int], set[int]]:
    mine, theirs, todo = {record}, set[int](), [record]
    while todo:
        for pair in edges[todo.pop()]:
            if pair not in theirs:
                theirs.add(pair)
                new = [each for each in back[pair] if each not in mine]
                mine.update(new)
                todo += new
    return mine, theirs


def _decide(
    records: Sequence[int],
    pairs: Sequence[int],
    edges: dict[int, list[int]],
    seconds: dict[int, int],
    hidden: Callable[[int], list[int]],
    lonely: bool,
    found: Found,
) -> None:
    others = {record: hidden(record) for record in records}
    ordered = len(records) == len(pairs) and all(p in edges[r] for r, p in zip(records, pairs, strict=True))
    if not ordered or any(others.values()):
        for record in records:
            listed = edges[record] + others[record]
            found.say(record, Match.AMBIGUOUS if listed else Match.STREAM_ONLY_UNEXPLAINED, candidates=listed)
        return
    unsure = _interchangeable(records, pairs, edges, seconds)
    for at, (record, pair) in enumerate(zip(records, pairs, strict=True)):
        if at in unsure:
            equals = {pairs[other] for other in unsure}
            found.say(record, Match.AMBIGUOUS, candidates=[pair for pair in edges[record] if pair in equals])
        else:
            found.say(record, Match.UNIQUE if lonely and len(records) == 1 else Match.ORDERED, pair)


def _interchangeable(
    records: Sequence[int], pairs: Sequence[int], edges: dict[int, list[int]], seconds: dict[int, int]
) -> set[int]:
    """Places whose event has the second of another one that would fit as well: time does not tell them apart."""
    unsure: set[int] = set()
    for at in range(len(pairs)):
        for other in range(at + 1, len(pairs)):
            if seconds[pairs[other]] != seconds[pairs[at]]:
                break
            if pairs[other] in edges[records[at]] and pairs[at] in edges[records[other]]:
                unsure |= {at, other}
    return unsure
