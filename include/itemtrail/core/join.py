"""The join of who and what: stream records of a table with the events that made them, each row with how sure it is.

Decides: EXACT where the application wrote its reference into the item and the event carries it (docs/adr/0080), UNIQUE where a
record and an event of one key are alone, then what ``join_clusters`` says of those that are not; records that explain themselves;
whether a write without a record changed nothing or is lost (``join_chain``). Every record is in exactly one row; every write pair
is in exactly one row or among the candidates. Refuses to depend on the order of its inputs, and to see further than a fixed time
(``margins``), so that a day's history can be built from the day and its margins. Most keys have one record and one event near
each other: they are decided in columns, only the rest one by one.
Source: CloudTrail user guide, "CloudTrail record contents" (eventTime to the second, of the call's
end); DynamoDB Streams API reference, StreamRecord (time rounded down to the second). Read 2026-11-24.
"""

import bisect
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import join_chain, join_evidence, join_rows
from itemtrail.core.change_schema import Match
from itemtrail.core.item_key import Types
from itemtrail.core.join_claims import MAKES, Verb
from itemtrail.core.join_clusters import CODE, DAY, Found, Rules, history_days, solve
from itemtrail.core.join_sides import REPLICATED, TTL, WRITTEN, Flags, Ints, Sides, sides

_EPOCH = dt.date(1970, 1, 1)


def margins(window_seconds: int) -> tuple[dt.timedelta, dt.timedelta]:
    """How far around a day records, and how far events, must be given. Under three days for every window."""
    rules = Rules(window_seconds)
    near = 2 * rules.near + rules.reach
    return dt.timedelta(seconds=join_chain.HORIZON + rules.reach), dt.timedelta(seconds=near)


def join(
    records: pa.Table,
    events: pa.Table,
    *,
    table_arn: str,
    window_seconds: int = 2,
    day: dt.date | None = None,
    key_types: Types | None = None,
) -> pa.Table:
    """The rows of ``change_schema``.

    Args:
        records: columns of ``stream_schema`` and ``stream_object`` (text, may be left out), one table's.
        events: columns of ``schema``, those that concern the table, each event once.
        table_arn: the table.
        window_seconds: how far apart the two times of one change may be.
        day: only the rows of this UTC day's history; records and events of ``margins`` around it must be there too. Rows of a key
            that is written across midnight may belong to the day before or after (by a few seconds): to one of them.
        key_types: types of the table's key attributes, where they are known; else the first record tells them.
    """
    both = sides(records, events, table_arn, key_types)
    work = _Join(both, Rules(window_seconds))
    work.run()
    wanted = None if day is None else (day - _EPOCH).days
    return join_rows.rows(both, work.found, work.alone(), work.days_of_records, work.days_of_pairs, wanted, table_arn)


class _Join:
    """One join: numbers in, ``found`` out."""

    def __init__(self, both: Sides, rules: Rules) -> None:
        self.both, self.rules, self.found = both, rules, Found.nothing(len(both.records.key))
        records, pairs = both.records, both.pairs
        self.days_of_records: Ints = records.seconds // DAY
        self.days_of_pairs: Ints = pairs.seconds // DAY
        self.free_records: Flags = records.kind == WRITTEN
        self.free_pairs: Flags = (pairs.key >= 0) & (~pairs.failed | pairs.uncertain)
        self._hidden = _Hidden(both, rules.window)

    def run(self) -> None:
        """All records and pairs."""
        self._exact()
        order, start, size = self._groups()
        self._common(order, start, size)
        records = self.both.records
        for kind, match in ((TTL, Match.STREAM_ONLY_TTL), (REPLICATED, Match.STREAM_ONLY_REPLICATION)):
            self.found.match[records.kind == kind] = CODE[match]

    def alone(self) -> dict[int, Match]:
        """Pairs that belong to no record and are nobody's candidate, with what that means."""
        pairs, listed = self.both.pairs, {p for each in self.found.candidates.values() for p in each}
        result = {}
        chain = join_chain.Chain(self.both)
        hidden = np.flatnonzero((pairs.key < 0) & ~pairs.failed).tolist()
        failed = np.flatnonzero(pairs.failed & ~(pairs.uncertain & (pairs.key >= 0))).tolist()
        for pair in sorted({*self.found.alone, *hidden, *failed} - listed):
            result[pair] = Match.TRAIL_ONLY_FAILED if pairs.failed[pair] else chain.judge(pair, self.rules.window)
        return result

    def _exact(self) -> None:
        """Pairs whose event carries the reference that the record's item got: taken out before anything else."""
        for record, pair in _references(self.both, self.free_records, self.free_pairs, self.rules.near):
            self.found.say(record, Match.EXACT, pair)
            self.free_records[record] = self.free_pairs[pair] = False

    def _groups(self) -> tuple[Ints, Ints, Ints]:
        """Things in order of (key, second), and where groups begin whose members are near each other, and their sizes.

        A thing below the number of records is a record, above it a pair.
        """
        records, pairs = self.both.records, self.both.pairs
        mine, theirs = np.flatnonzero(self.free_records), np.flatnonzero(self.free_pairs)
        things = np.concatenate((mine, theirs + len(records.key)))
        key = np.concatenate((records.key[mine], pairs.key[theirs]))
        second = np.concatenate((records.seconds[mine], pairs.seconds[theirs]))
        order = np.lexsort((things >= len(records.key), second, key))
        key, second = key[order], second[order]
        begins = np.ones(len(order), dtype=bool)
        begins[1:] = (key[1:] != key[:-1]) | (second[1:] - second[:-1] > self.rules.near)
        start = np.flatnonzero(begins)
        return things[order], start, np.diff(np.append(start, len(order)))

    def _common(self, things: Ints, start: Ints, size: Ints) -> None:
        """One record and one event alone: in columns. Everything else: one by one."""
        records, pairs, count = self.both.records, self.both.pairs, len(self.both.records.key)
        first, second = things[start], things[np.minimum(start + 1, len(things) - 1)] if len(things) else things
        low, high = np.minimum(first, second), np.maximum(first, second) - count
        simple = (size == 2) & (low < count) & (high >= 0)
        record, pair = low[simple], high[simple]
        fits = np.abs(records.seconds[record] - pairs.seconds[pair]) <= self.rules.window
        fits &= MAKES[pairs.verb[pair], records.operation[record]]
        fits &= ~self._hidden.near(records.seconds[record])
        fits &= ~self._by_midnight(records.seconds[record]) & ~self._by_midnight(pairs.seconds[pair])
        fits[fits] = ~self._contradictions(record[fits], pair[fits])
        self.found.match[record[fits]], self.found.pair[record[fits]] = CODE[Match.UNIQUE], pair[fits]
        rest = np.ones(len(start), dtype=bool)
        rest[np.flatnonzero(simple)[fits]] = False
        for group in np.flatnonzero(rest).tolist():
            self._group(things[start[group] : start[group] + size[group]].tolist())

    def _contradictions(self, record: Ints, pair: Ints) -> Flags:
        """``_contradicted`` of many: once for each claim with each shape of record."""
        pairs = self.both.pairs
        told = np.array([claim.names is not None for claim in pairs.claims], dtype=bool)[pairs.claim[pair]]
        result = np.zeros(len(record), dtype=bool)
        for verb, shape in ((Verb.PUT, join_evidence.shapes_written), (Verb.UPDATE, join_evidence.shapes_changed)):
            chosen = np.flatnonzero(told & (pairs.verb[pair] == verb))
            if len(chosen):
                codes = shape(self.both.records.table.take(pa.array(record[chosen])))
                both = pairs.claim[pair[chosen]] * (codes.max() + 1) + codes
                _, first, inverse = np.unique(both, return_index=True, return_inverse=True)
                examples = zip(record[chosen[first]].tolist(), pair[chosen[first]].tolist(), strict=True)
                result[chosen] = np.fromiter((self._contradicted(r, p) for r, p in examples), bool, len(first))[inverse]
        return result

    def _by_midnight(self, seconds: Ints) -> Flags:
        result: Flags = (seconds + self.rules.reach) % DAY < 2 * self.rules.reach
        return result

    def _group(self, things: list[int]) -> None:
        records, pairs, count = self.both.records, self.both.pairs, len(self.both.records.key)
        mine = sorted((thing for thing in things if thing < count), key=records.order) if len(things) > 1 else things
        mine = [thing for thing in mine if thing < count]
        theirs = [thing - count for thing in things if thing >= count]
        if len(theirs) > 1:
            theirs.sort(key=pairs.order)
        times = sorted({int(records.seconds[r]) for r in mine} | {int(pairs.seconds[p]) for p in theirs})
        days = dict(zip(times, history_days(times, self.rules), strict=True))
        solve(
            [(at, days[at], r) for r in mine for at in [int(records.seconds[r])]],
            [(at, days[at], p) for p in theirs for at in [int(pairs.seconds[p])]],
            edge=self._fits,
            hidden=self._hidden.of,
            lonely=len(mine) == 1 and len(theirs) == 1,
            rules=self.rules,
            found=self.found,
        )
        for r in mine:
            self.days_of_records[r] = days[int(records.seconds[r])]
        for p in theirs:
            self.days_of_pairs[p] = days[int(pairs.seconds[p])]

    def _fits(self, record: int, pair: int) -> bool:
        verb, operation = self.both.pairs.verb[pair], self.both.records.operation[record]
        return bool(MAKES[verb, operation]) and not self._contradicted(record, pair)

    def _contradicted(self, record: int, pair: int) -> bool:
        claim = self.both.pairs.claim_of(pair)
        if claim.names is None:
            return False
        text = self.both.records.text
        return join_evidence.contradicted(
            claim,
            int(self.both.records.operation[record]),
            text("new_image", record),
            text("changed", record),
            text("redacted", record),
            self.both.key_names,
        )


class _Hidden:
    """Calls that hide their key: which of them could have made a record."""

    def __init__(self, both: Sides, window: int) -> None:
        self._both, self._window = both, window
        pairs = both.pairs
        chosen = np.flatnonzero((pairs.key < 0) & (~pairs.failed | pairs.uncertain)).tolist()
        self._pairs = sorted(chosen, key=pairs.order)
        self._seconds = [int(pairs.seconds[pair]) for pair in self._pairs]

    def near(self, seconds: Ints) -> Flags:
        """Whether any of them is within the window of each second."""
        all_of_them = np.array(self._seconds, dtype=np.int64)
        low = np.searchsorted(all_of_them, seconds - self._window, side="left")
        high = np.searchsorted(all_of_them, seconds + self._window, side="right")
        result: Flags = high > low
        return result

    def of(self, record: int) -> list[int]:
        """Those within the window of the record whose verb and names fit."""
        records, pairs = self._both.records, self._both.pairs
        at, operation = int(records.seconds[record]), records.operation[record]
        low = bisect.bisect_left(self._seconds, at - self._window)
        high = bisect.bisect_right(self._seconds, at + self._window)
        return [pair for pair in self._pairs[low:high] if MAKES[pairs.verb[pair], operation]]


def _references(both: Sides, records: Flags, pairs: Flags, near: int) -> Iterator[tuple[int, int]]:
    """(record, pair) that carry the same reference, where no other record or pair of that key near them does."""
    mine, theirs = _record_references(both, records), _pair_references(both, pairs)
    for shared in mine.keys() & theirs.keys():
        for record in mine[shared]:
            at, operation = both.records.seconds[record], both.records.operation[record]
            rivals = [r for r in mine[shared] if abs(both.records.seconds[r] - at) <= 2 * near]
            fitting = [p for p in theirs[shared] if abs(both.pairs.seconds[p] - at) <= near]
            if rivals == [record] and len(fitting) == 1 and MAKES[both.pairs.verb[fitting[0]], operation]:
                yield record, fitting[0]


def _record_references(both: Sides, free: Flags) -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    holds = pc.match_substring(both.records.table["new_image"], f'"{join_evidence.REFERENCE}"').fill_null(False)
    for row in np.flatnonzero(holds.to_numpy() & free).tolist():
        fresh = join_evidence.REFERENCE in both.records.text("changed", row)
        reference = join_evidence.reference_in_image(str(both.records.text("new_image", row))) if fresh else None
        if reference:
            found[int(both.records.key[row]), reference].append(row)
    return found


def _pair_references(both: Sides, free: Flags) -> dict[tuple[int, str], list[int]]:
    events = both.pairs.table
    agent = pc.match_substring(events["userAgent"], "request/").fill_null(False).to_numpy(zero_copy_only=False)
    named = pc.match_substring(events["requestParameters"], f'"{join_evidence.REFERENCE}"').fill_null(False)
    holds = agent | named.to_numpy(zero_copy_only=False)
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for pair in np.flatnonzero(holds[both.pairs.event] & free).tolist():
        row = int(both.pairs.event[pair])
        for reference in join_evidence.references_in_event(
            events["userAgent"][row].as_py(), events["requestParameters"][row].as_py()
        ):
            found[int(both.pairs.key[pair]), reference].append(pair)
    return found
