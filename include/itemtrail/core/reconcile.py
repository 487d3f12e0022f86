"""How much of a day the join explains, and what it does not: the number that finds lost records.

Decides: a stream record is explained unless it is STREAM_ONLY_UNEXPLAINED, a logged write unless it is TRAIL_ONLY_LOST; shares
are counted for the day and for each hour (a write with several keys counts once for each). A day is an alarm where either share
is below the threshold, where the stream archive has a gap on the day, or where an item's images do not follow each other: then a
stream record is missing, whoever was logged. Refuses to round an alarm away: shares are compared as exact fractions.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import diff
from itemtrail.core.change_schema import Match

_EXAMPLES = 5
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Share:
    """``explained`` of ``all``."""

    all: int
    explained: int

    @property
    def rate(self) -> float:
        """1.0 for nothing of nothing."""
        return self.explained / self.all if self.all else 1.0

    def below(self, threshold: float) -> bool:
        """Whether less than ``threshold`` is explained."""
        return self.all > 0 and Fraction(self.explained, self.all) < Fraction(str(threshold))


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that needs a person. ``examples`` are a few, as texts; docs/runbook.md has an entry for each code."""

    code: str
    count: int
    examples: tuple[str, ...]

    @property
    def line(self) -> str:
        """One line for people."""
        more = ", …" if self.count > len(self.examples) else ""
        return f"{self.code}: {self.count} ({', '.join(self.examples)}{more})"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a day's rows amount to."""

    counts: dict[Match, int]
    records: Share
    events: Share
    hours: dict[dt.datetime, tuple[Share, Share]]
    findings: tuple[Finding, ...]

    def alarms(self, below: float) -> tuple[str, ...]:
        """One line for each reason to raise an alarm; none means that the day is explained."""
        lines = [
            f"{what}: {share.explained} of {share.all} explained ({share.rate:.3%}), fewer than {below:.3%}"
            for what, share in (("stream records", self.records), ("logged writes", self.events))
            if share.below(below)
        ]
        certain = [finding for finding in self.findings if finding.code in CERTAIN]
        if not lines and not certain:
            return ()
        return (*lines, *(finding.line for finding in self.findings))


BROKEN_CHAIN, GAP = "IMAGES_DO_NOT_FOLLOW", "STREAM_GAP"
CERTAIN = frozenset({BROKEN_CHAIN, GAP})
"""Findings that are an alarm whatever the shares are."""


def reconcile(rows: pa.Table, gaps: Sequence[str] = ()) -> Reconciliation:
    """Count a day's rows (``change_schema``, in their order); ``gaps`` are those of the stream archive, as texts."""
    matches = rows["match_confidence"].to_pylist()
    counted = pc.value_counts(rows["match_confidence"].combine_chunks())
    counts = {Match(each["values"]): each["counts"] for each in counted.to_pylist()}
    has_record = np.asarray(pc.is_valid(rows["sequence_number"]).to_numpy())
    unexplained = np.array([match == Match.STREAM_ONLY_UNEXPLAINED for match in matches], dtype=bool)
    lost = np.array([match == Match.TRAIL_ONLY_LOST for match in matches], dtype=bool)
    writes = _writes(rows)
    hours = np.asarray(rows["change_ts"].cast(pa.int64()).to_numpy()) // 3_600_000_000
    by_hour = {}
    for hour in np.unique(hours).tolist():
        inside = hours == hour
        by_hour[dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + hour * _HOUR] = (
            _share(has_record & inside, unexplained),
            Share(int(writes[inside].sum()), int(writes[inside & ~lost].sum())),
        )
    findings = [
        _finding(Match.STREAM_ONLY_UNEXPLAINED, rows, unexplained, "sequence_number"),
        _finding(Match.TRAIL_ONLY_LOST, rows, lost, "event_id"),
        _broken(rows, has_record),
        Finding(GAP, len(gaps), tuple(gaps[:_EXAMPLES])),
    ]
    return Reconciliation(
        {match: counts.get(match, 0) for match in Match},
        _share(has_record, unexplained),
        Share(int(writes.sum()), int(writes[~lost].sum())),
        by_hour,
        tuple(finding for finding in findings if finding.count),
    )


def document(found: Reconciliation, below: float) -> dict[str, Any]:
    """The JSON form: no clock, names sorted where it is written."""
    return {
        "counts": {str(match): count for match, count in found.counts.items()},
        "records": _shown(found.records),
        "events": _shown(found.events),
        "hours": {f"{hour:%Y-%m-%dT%H}": [_shown(r), _shown(e)] for hour, (r, e) in found.hours.items()},
        "findings": [{"code": f.code, "count": f.count, "examples": list(f.examples)} for f in found.findings],
        "alarms": list(found.alarms(below)),
        "alarm_below": below,
    }


def _shown(share: Share) -> dict[str, Any]:
    return {"all": share.all, "explained": share.explained, "rate": round(share.rate, 6)}


def _share(all_of_them: Any, bad: Any) -> Share:
    return Share(int(all_of_them.sum()), int((all_of_them & ~bad).sum()))


def _writes(rows: pa.Table) -> Any:
    """Logged writes by row: the one that is named, or, counted once a key, the first row that lists a candidate."""
    named = np.asarray(pc.is_valid(rows["event_id"]).to_numpy()).astype(np.int64)
    seen: set[tuple[str, str]] = set()
    listed = np.asarray(pc.list_value_length(rows["candidates"]).to_numpy())
    keys = rows["item_key"]
    for row in np.flatnonzero(listed).tolist():
        for one in rows["candidates"][row].as_py():
            pair = (keys[row].as_py(), one["event_id"])
            if pair not in seen:
                seen.add(pair)
                named[row] += 1
    return named


def _finding(code: str, rows: pa.Table, bad: Any, column: str) -> Finding:
    chosen = np.flatnonzero(bad)
    some = rows.select(["item_key", column]).take(pa.array(chosen[:_EXAMPLES])).to_pylist()
    return Finding(str(code), len(chosen), tuple(f"{one['item_key'] or 'key not known'} {one[column]}" for one in some))


def _broken(rows: pa.Table, has_record: Any) -> Finding:
    """Records of one item whose old image is not the new image of the record before."""
    records = rows.select(["item_key", "old_image", "new_image", "sequence_number", "redacted"]).filter(pa.array(has_record))
    if records.num_rows < 2:
        return Finding(BROKEN_CHAIN, 0, ())
    before, after = records.slice(0, records.num_rows - 1), records.slice(1)
    left, right = pc.fill_null(before["new_image"], ""), pc.fill_null(after["old_image"], "")
    unlike = pc.and_(pc.equal(before["item_key"], after["item_key"]), pc.not_equal(left, right))
    same_rules = pc.equal(*(pc.binary_join(side["redacted"], "\0") for side in (before, after)))
    unlike = pc.and_(unlike, same_rules)
    bad = [at for at in np.flatnonzero(unlike.to_numpy()).tolist() if not _alike(left[at].as_py(), right[at].as_py())]
    shown = (f"{after['item_key'][at].as_py()} {after['sequence_number'][at].as_py()}" for at in bad[:_EXAMPLES])
    return Finding(BROKEN_CHAIN, len(bad), tuple(shown))


def _alike(left: str, right: str) -> bool:
    return bool(left and right) and diff.same({"M": json.loads(left)}, {"M": json.loads(right)})
