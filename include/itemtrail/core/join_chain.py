"""What the images of an item say about a write without a record: it changed nothing, or its record is lost.

Decides: the images of an item's records form a chain (the new image of one is the old image of the next). A write without a
record is TRAIL_ONLY_NOOP only where the chain shows it: records before and after it fit together without a gap, and the item was
such that the write could leave it as it was (a delete of an absent item; a put of exactly the attributes the item had; an
update). A delete after a REMOVE needs nothing after it. Everything else is TRAIL_ONLY_LOST: either nothing shows that it changed
nothing, or the chain says that it must have. Refuses to look further than ``HORIZON``, so that a day's judgement does not depend
on how much of the neighbouring days is at hand.
Source: DynamoDB developer guide, "Change data capture for DynamoDB Streams": a write
that changes nothing leaves no record (read 2026-11-24).
"""

import json
from itertools import pairwise
from typing import Any

import numpy as np

from itemtrail.core import diff, join_evidence
from itemtrail.core.change_schema import Match
from itemtrail.core.join_claims import Claim, Verb
from itemtrail.core.join_sides import Records, Sides

HORIZON = 3 * 86_400 - 400  # seconds before and after the write: three days, but for some minutes


class Chain:
    """Images by key."""

    def __init__(self, both: Sides) -> None:
        self._both = both
        records = both.records
        self._order = np.argsort(records.key, kind="stable")
        self._keys = records.key[self._order]
        self._rows: dict[int, list[int]] = {}

    def judge(self, pair: int, window: int) -> Match:
        """NOOP or LOST for a successful write without a record."""
        pairs = self._both.pairs
        if pairs.may_read[pair]:
            return Match.TRAIL_ONLY_NOOP
        if pairs.key[pair] < 0:
            return Match.TRAIL_ONLY_LOST
        at, records = int(pairs.seconds[pair]), self._both.records
        near = [row for row in self._of(int(pairs.key[pair])) if abs(int(records.seconds[row]) - at) <= HORIZON]
        before = [row for row in near if records.seconds[row] < at - window]
        after = [row for row in near if records.seconds[row] > at + window]
        around = [*before[-1:], *(row for row in near if abs(int(records.seconds[row]) - at) <= window), *after[:1]]
        whole = bool(before and after) and all(linked(records, *two) for two in pairwise(around))
        return Match.TRAIL_ONLY_NOOP if self._changed_nothing(pairs.claim_of(pair), around, whole) else Match.TRAIL_ONLY_LOST

    def _changed_nothing(self, claim: Claim, around: list[int], whole: bool) -> bool:
        if not around:
            return False
        records = self._both.records
        if claim.verb is Verb.DELETE and not whole:
            return records.text("event_name", around[0]) == "REMOVE" and len(around) == 1
        if not whole:
            return False
        states = [records.text("new_image", row) for row in around[:-1]]
        return any(_fits(claim, state, self._both.key_names) for state in states)

    def _of(self, key: int) -> list[int]:
        """Records of a key in order."""
        found = self._rows.get(key)
        if found is None:
            low, high = np.searchsorted(self._keys, [key, key + 1])
            found = self._rows[key] = sorted(self._order[low:high].tolist(), key=self._both.records.order)
        return found


def linked(records: Records, earlier: int, later: int) -> bool:
    """Whether the new image of one record is the old image of the next."""
    left, right = records.text("new_image", earlier), records.text("old_image", later)
    return left == right or (left is not None and right is not None and diff.same({"M": _read(left)}, {"M": _read(right)}))


def _fits(claim: Claim, state: Any, key: frozenset[str]) -> bool:
    """Whether the write can leave an item in that state as it is."""
    if claim.verb is Verb.DELETE:
        return state is None
    if claim.verb is Verb.PUT:
        return state is not None and (claim.names is None or join_evidence.names_of(state) - key == claim.names - key)
    return state is not None or claim.only_removes or claim.verb is Verb.ANY


def _read(image: Any) -> Any:
    return json.loads(image)
