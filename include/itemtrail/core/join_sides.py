"""The two sides of the join as columns of numbers: stream records, and (event, key) pairs.

Decides: how an event with several keys becomes pairs, which writes have no known key ("anywhere" in the table), which records
explain themselves (TTL, replication), and the code that each key has on both sides. Refuses nothing: an event whose parameters
say nothing may have written anything. Times are whole seconds since 1970: neither side knows more.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import item_key, join_evidence
from itemtrail.core.join_evidence import NOTHING, OPERATIONS, REPLICATION, SINGLE, Claim, Claims, Verb

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
WRITTEN, TTL, REPLICATED = 0, 1, 2
# A call that the service failed to answer may have written all the same.
UNCERTAIN = frozenset({"InternalServerError", "InternalFailure", "InternalServerErrorException", "ServiceUnavailable"})


@dataclass(slots=True)
class Records:
    """Stream records in columns. ``kind`` is WRITTEN, TTL or REPLICATED; ``operation`` an index in ``OPERATIONS``."""

    table: pa.Table
    key: Ints
    seconds: Ints
    operation: Ints
    kind: Ints
    _texts: dict[str, list[object]]

    def text(self, column: str, row: int) -> object:
        """A value of the table as Python has it; a column is read once."""
        found = self._texts.get(column)
        if found is None:
            found = self._texts[column] = self.table.column(column).to_pylist()
        return found[row]

    def order(self, row: int) -> tuple[int, int, str]:
        """What puts records of one key in order: second, sequence number, shard."""
        return int(self.seconds[row]), int(str(self.text("sequence_number", row))), str(self.text("shard_id", row))


@dataclass(slots=True)
class Pairs:
    """(event, key) pairs in columns. ``key`` is -1 where the event hides it; ``event`` is a row of ``table``.

    ``failed``: the call failed. ``uncertain``: it failed in a way that may have written. ``may_read``: it may be no write at all.
    """

    table: pa.Table
    event: Ints
    key: Ints
    seconds: Ints
    verb: Ints
    claims: list[Claim]
    failed: Flags
    uncertain: Flags
    may_read: Flags
    ids: list[str]

    def order(self, pair: int) -> tuple[int, str]:
        """What puts pairs of one key in order: second, event id."""
        return int(self.seconds[pair]), self.ids[int(self.event[pair])]


@dataclass(slots=True)
class Sides:
    """Both sides; ``keys`` are the texts of the codes; ``key_names`` the names of the table's key attributes."""

    records: Records
    pairs: Pairs
    keys: pa.Array
    key_names: frozenset[str]


def sides(records: pa.Table, events: pa.Table, table_arn: str) -> Sides:
    """Read both tables (columns of ``stream_schema`` and ``schema``); only pairs of ``table_arn`` are taken."""
    types = _types(records)
    record_keys = pc.cast(records["item_key"].combine_chunks(), pa.string())
    events = events.filter(pc.is_in(events["operation_kind"], pa.array(["write", "unknown"])))
    event, texts, claims = _pairs(events, table_arn, types)
    codes = pa.concat_arrays([_flat(record_keys), pa.array(texts, pa.string())]).dictionary_encode()
    numbers = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    count = records.num_rows
    return Sides(
        _records(records, numbers[:count]),
        _columns(events, np.array(event, dtype=np.int64), numbers[count:], claims),
        codes.dictionary,
        frozenset(types),
    )


def seconds(column: pa.ChunkedArray) -> Ints:
    """Whole seconds of a column of times."""
    return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64) // 1_000_000


def _types(records: pa.Table) -> dict[str, str]:
    """Key attribute types as the first record tells them: a table's key never changes."""
    return item_key.of_stream(json.loads(records["keys"][0].as_py()))[1] if records.num_rows else {}


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column


def _records(table: pa.Table, key: Ints) -> Records:
    operation = pc.index_in(table["event_name"], pa.array(OPERATIONS)).fill_null(1)
    kind = np.where(table["ttl_delete"].to_numpy(), TTL, WRITTEN).astype(np.int64)
    marked = pc.match_substring(table["new_image"], REPLICATION).fill_null(False).to_numpy()
    for row in np.flatnonzero(marked):
        changed = table["changed"][int(row)].as_py()
        if changed and all(name.startswith(REPLICATION) for name in changed):
            kind[row] = REPLICATED
    return Records(table, key, seconds(table["created"]), np.asarray(operation.to_numpy(), dtype=np.int64), kind, {})


def _columns(events: pa.Table, event: Ints, key: Ints, claims: list[Claim]) -> Pairs:
    succeeded = events["succeeded"].fill_null(True).to_numpy(zero_copy_only=False)
    uncertain = pc.is_in(events["errorCode"], pa.array(sorted(UNCERTAIN))).fill_null(False).to_numpy(zero_copy_only=False)
    may_read = pc.equal(events["operation_kind"], "unknown").to_numpy(zero_copy_only=False)
    return Pairs(
        events,
        event,
        key,
        seconds(events["event_ts"])[event],
        np.fromiter((claim.verb for claim in claims), np.int64, len(claims)),
        claims,
        ~np.asarray(succeeded, dtype=bool)[event],
        np.asarray(uncertain, dtype=bool)[event],
        np.asarray(may_read, dtype=bool)[event],
        events["eventID"].fill_null("").to_pylist(),
    )


def _pairs(events: pa.Table, table_arn: str, types: item_key.Types) -> tuple[list[int], list[str | None], list[Claim]]:
    event: list[int] = []
    texts: list[str | None] = []
    claims: list[Claim] = []
    keys, reader = _Keys(types), Claims()
    names, parameters = events["eventName"].to_pylist(), events["requestParameters"].to_pylist()
    named = _Named.of(events["item_keys"])
    for row, (name, parameter) in enumerate(zip(names, parameters, strict=True)):
        verb, start, end = SINGLE.get(name), named.offsets[row], named.offsets[row + 1]
        if verb is not None and end == start + 1:
            if named.tables[start] == table_arn:
                event.append(row)
                texts.append(keys.text(named.keys[start]))
                claims.append(reader.single(verb, parameter))
            continue
        for text, claim in _several(name, parameter, named.of_event(start, end, table_arn), end > start, table_arn):
            event.append(row)
            texts.append(None if text is None else keys.text(text))
            claims.append(claim)
    return event, texts, claims


def _several(
    name: str | None, parameters: str | None, listed: Sequence[str], any_key: bool, table_arn: str
) -> list[tuple[str | None, Claim]]:
    """Pairs of a call with several items or with hidden keys."""
    short = table_arn.rpartition("/")[2]
    found = [(key, claim) for table, key, claim in join_evidence.of_event(name or "", parameters) if table in ("", short)]
    said = {key: claim for key, claim in found if key is not None}
    pairs: list[tuple[str | None, Claim]] = [(key, said.get(key, NOTHING)) for key in dict.fromkeys(listed)]
    hidden = [claim for key, claim in found if key is None]
    if hidden or not (found or any_key):
        verbs = {claim.verb for claim in hidden}
        pairs.append((None, hidden[0] if len(verbs) == 1 else NOTHING))
    return pairs


class _Keys:
    """Key texts of the trail in the stream's spelling; None where the key is not whole."""

    def __init__(self, types: item_key.Types) -> None:
        self._types, self._known = types, dict[str, str | None]()

    def text(self, key: str) -> str | None:
        try:
            return self._known[key]
        except KeyError:
            text = item_key.of_trail(key, self._types)
            if text is not None and self._types and json.loads(text).keys() != self._types.keys():
                text = None
            self._known[key] = text
            return text


@dataclass(slots=True)
class _Named:
    """``item_keys`` of all events, flat."""

    offsets: list[int]
    tables: list[str | None]
    keys: list[str]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "_Named":
        array = _flat(column)
        lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
        flat = pc.list_flatten(array)
        offsets = np.concatenate(([0], np.cumsum(lengths))).tolist()
        return cls(offsets, flat.field("table_arn").to_pylist(), flat.field("key").to_pylist())

    def of_event(self, start: int, end: int, table_arn: str) -> list[str]:
        return [self.keys[at] for at in range(start, end) if self.tables[at] == table_arn]


def compatible(verb: Verb | int, operation: int) -> bool:
    """Whether the verb can leave such a record."""
    return bool(join_evidence.MAKES[verb, operation])
