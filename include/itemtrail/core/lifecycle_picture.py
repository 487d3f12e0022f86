"""A bucket's lifecycle as a picture: for each prefix, size class and set of tags, what has become of an object by its age.

Decides: which cases the rules can tell apart (a key for each set of rule prefixes, an interval of sizes between two limits, the
tags that rules name, a version that was replaced), the way of each through ``lifecycle.history``, which cases look the same and
are one lane, and where a lane breaks a promise (P1 to P12). Refuses to draw what was not understood as if it were known: such a
lane says so and has no way; cases beyond a budget are counted, not guessed.
An object is put at midnight UTC, so that ages are whole days; one put later in a day changes at the midnight after its age.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from itemtrail.core import lifecycle_cases as cases
from itemtrail.core.lifecycle import Version
from itemtrail.core.lifecycle_rules import SMALL, Configuration, Rule
from itemtrail.core.lifecycle_way import NO_TAGS, Broken, Promise, Segment, Tags, broken, way

BUDGET = 100_000  # rules asked about cases, of one bucket
MOST_LANES = 60
REPLACED_AFTER = 1  # days, of a version that another one replaced


@dataclass(frozen=True, slots=True)
class Place:
    """A prefix of a bucket. ``tags``: drawn whether rules name them or not; ``split``: prefixes inside that promises name."""

    prefix: str
    promises: tuple[Promise, ...] = ()
    tags: tuple[Tags, ...] = (NO_TAGS,)
    split: tuple[str, ...] = ()
    smallest: int = 0  # bytes; nothing smaller is ever put there


@dataclass(frozen=True, slots=True)
class Lane:
    """Objects that the rules treat alike. ``sizes``: bytes from, and to before (None: no end). ``planned``: where it differs."""

    prefixes: tuple[str, ...]
    sizes: tuple[int, int | None]
    tags: Tags
    replaced: bool
    way: tuple[Segment, ...]
    planned: tuple[Segment, ...] | None = None
    broken: tuple[Broken, ...] = ()
    unknown: str = ""
    keys: tuple[str, ...] = ()  # of an example for each prefix

    def version(self, born: dt.datetime) -> Version:
        """An object of this lane."""
        return _version(self.keys[0], self.sizes[0], self.tags, born, replaced=self.replaced, newer=_MOST_NEWER)


@dataclass(frozen=True, slots=True)
class Picture:
    """All lanes of a bucket. ``left_out``: prefixes with too many cases, and lanes beyond ``MOST_LANES``."""

    born: dt.datetime
    lanes: tuple[Lane, ...]
    left_out: int = 0
    reasons: tuple[str, ...] = field(default=())

    def last_change(self) -> int:
        """The greatest age at which anything changes, as it is or as planned."""
        ways = [way for lane in self.lanes for way in (lane.way, lane.planned or ())]
        return max((one.begin for way in ways for one in way), default=0)


_MOST_NEWER = 100  # NewerNoncurrentVersions is 100 at most: behind so many newer ones every noncurrent action applies


def picture(
    configuration: Configuration,
    places: Sequence[Place],
    *,
    born: dt.date,
    planned: Configuration | None = None,
    versioned: bool = True,
) -> Picture:
    """The lanes of ``places`` under ``configuration``.

    Args:
        configuration: the bucket's rules.
        places: in the order in which they are drawn.
        born: the day at whose midnight objects are put; it matters to rules with a Date only.
        planned: what the rules ought to be, drawn beside where a lane differs.
        versioned: whether the bucket keeps versions.
    """
    midnight = dt.datetime.combine(born, dt.time(), dt.UTC)
    lanes, reasons, left = list[Lane](), list[str](), BUDGET
    for place in places:
        drawer = _Drawer(configuration, planned, place, midnight, versioned)
        if drawer.cost > left:
            reasons.append(f"{place.prefix or '(the whole bucket)'}: more cases than are drawn here")
            continue
        left -= drawer.cost
        lanes += drawer.lanes()
    together = _merged(lanes)
    if len(together) > MOST_LANES:
        reasons.append(f"{len(together) - MOST_LANES} more lanes")
    return Picture(midnight, tuple(together[:MOST_LANES]), len(reasons), tuple(reasons))


class _Drawer:
    """The lanes of one place."""

    def __init__(
        self, configuration: Configuration, planned: Configuration | None, place: Place, born: dt.datetime, versioned: bool
    ) -> None:
        self._both = [configuration, *([planned] if planned else [])]
        self._place, self._born, self._versioned = place, born, versioned
        rules = [rule for one in self._both for rule in one.rules if rule.enabled and cases.overlap(rule.prefix, [place.prefix])]
        self._keys = _keys(place, rules)
        self._sizes = _intervals(place.smallest, rules)
        self._tags = list(dict.fromkeys([*place.tags, *(rule.tags for rule in rules), *_all_tags(rules)]))
        self._replaced = [False, True] if any(_noncurrent(rule) for rule in rules) and versioned else [False]
        shown = len(self._keys) * len(self._sizes) * len(self._tags) * len(self._replaced)
        self.cost = shown * sum(len(one.rules) for one in self._both)

    def lanes(self) -> Iterator[Lane]:
        """One lane for each key, tags and run of sizes of which the same becomes."""
        for prefix, key in self._keys:
            for tags in self._tags:
                for replaced in self._replaced:
                    drawn = _joined([self._lane(prefix, key, tags, sizes, replaced) for sizes in self._sizes])
                    yield from (lane for lane in drawn if self._says_something(lane))

    def _lane(self, prefix: str, key: str, tags: Tags, sizes: tuple[int, int | None], replaced: bool) -> Lane:
        version = _version(key, sizes[0], tags, self._born, replaced=replaced, newer=_MOST_NEWER)
        unknown = cases.unknown(self._both[0], (key,))
        lane = Lane((prefix,), sizes, tags, replaced, (), unknown=unknown, keys=(key,))
        try:
            ways = [way(one, version, versioned=self._versioned) for one in self._both]
        except OverflowError:
            return replace(lane, unknown=unknown or "a rule's days lie beyond the calendar")
        planned = ways[1] if len(ways) > 1 and (unknown or ways[1] != ways[0]) else None
        if unknown:
            return replace(lane, planned=planned)
        found = () if replaced else tuple(broken(ways[0], key, tags, self._place.promises))
        return replace(lane, way=ways[0], planned=planned, broken=found)

    def _says_something(self, lane: Lane) -> bool:
        """Lanes of tags that change nothing, and of replaced versions that stay or go as all do, are left out."""
        if lane.unknown:
            return lane.tags in self._place.tags and not lane.replaced
        if not lane.replaced and lane.tags in self._place.tags:
            return True
        plain = self._lane("", lane.keys[0], lane.tags if lane.replaced else NO_TAGS, lane.sizes, False)
        gone = any(one.state.deleted for one in (*lane.way, *(lane.planned or ())))
        return (lane.way, lane.planned) != (plain.way, plain.planned) and (gone or not lane.replaced)


def _version(key: str, size: int, tags: Tags, born: dt.datetime, *, replaced: bool, newer: int) -> Version:
    since = born + dt.timedelta(days=REPLACED_AFTER) if replaced else None
    return Version(key, size, born, tags, since, newer if replaced else 0)


def _keys(place: Place, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """(prefix shown, key) for each set of rule prefixes that a key in the place can match."""
    inside = {rule.prefix for rule in rules if len(rule.prefix) > len(place.prefix) and rule.prefix.startswith(place.prefix)}
    if not inside and place.split:
        return [(place.prefix, cases.keys_under(place.split[0], ())[0])]
    found = cases.keys_under(place.prefix, {*inside, *place.split})
    return [(key[:-1], key) for key in found]


def _intervals(smallest: int, rules: Sequence[Rule]) -> list[tuple[int, int | None]]:
    """Sizes between which no rule can tell a difference, as (from, to before)."""
    limits = {SMALL}
    limits |= {rule.larger_than + 1 for rule in rules if rule.larger_than is not None}
    limits |= {rule.smaller_than for rule in rules if rule.smaller_than is not None}
    begins = [smallest, *sorted(limit for limit in limits if limit > smallest)]
    return list(zip(begins, [*begins[1:], None], strict=True))


def _all_tags(rules: Sequence[Rule]) -> list[Tags]:
    """All tags that rules name, at once: what several rules do together."""
    tags = frozenset(tag for rule in rules for tag in rule.tags)
    return [tags] if tags else []


def _noncurrent(rule: Rule) -> bool:
    return bool(rule.noncurrent_expiration or rule.noncurrent_transitions)


def _joined(lanes: Sequence[Lane]) -> list[Lane]:
    """Neighbouring sizes of which the same becomes, as one."""
    made = list[Lane]()
    for lane in lanes:
        if made and _meaning(made[-1]) == _meaning(lane):
            made[-1] = replace(made[-1], sizes=(made[-1].sizes[0], lane.sizes[1]))
        else:
            made.append(lane)
    return made


def _merged(lanes: Sequence[Lane]) -> list[Lane]:
    """Prefixes of which the same becomes, as one lane where the first of them stands."""
    alike: dict[tuple[object, ...], list[Lane]] = {}
    for lane in lanes:
        alike.setdefault((lane.sizes, *_meaning(lane)), []).append(lane)
    return [
        replace(
            found[0],
            prefixes=tuple(prefix for one in found for prefix in one.prefixes),
            keys=tuple(key for one in found for key in one.keys),
        )
        for found in alike.values()
    ]


def _meaning(lane: Lane) -> tuple[object, ...]:
    return lane.tags, lane.replaced, lane.way, lane.planned, lane.broken, lane.unknown
