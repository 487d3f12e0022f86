"""The two sides of the join as columns of numbers: stream records, and (event, key) pairs.

Decides: how an event with several keys becomes pairs, which writes have no known key ("anywhere" in the table), which records
explain themselves (TTL, replication), and the code that each key has on both sides. Refuses nothing: an event whose parameters
say nothing may have written anything. Times are whole seconds since 1970: neither side knows more.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import item_key, join_claims
from itemtrail.core.join_claims import NOTHING, OPERATIONS, SINGLE, Claim
from itemtrail.core.join_evidence import REPLICATION

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
    _columns: dict[str, pa.Array] = field(default_factory=dict)

    def text(self, column: str, row: int) -> Any:
        """A value of the table as Python has it."""
        found = self._columns.get(column)
        if found is None:
            found = self._columns[column] = flat(self.table.column(column))
        return found[row].as_py()

    def order(self, row: int) -> tuple[int, int, str]:
        """What puts records of one key in order: second, sequence number, shard."""
        return int(self.seconds[row]), int(self.text("sequence_number", row)), self.text("shard_id", row)


@dataclass(slots=True)
class Pairs:
    """(event, key) pairs in columns. ``key`` is -1 where the event hides it; ``event`` is a row of ``table``.

    ``claim``: index in ``claims``. ``failed``: the call failed. ``uncertain``: it failed in a way that may have written.
    ``may_read``: it may be no write at all.
    """

    table: pa.Table
    event: Ints
    key: Ints
    seconds: Ints
    verb: Ints
    claim: Ints
    claims: list[Claim]
    failed: Flags
    uncertain: Flags
    may_read: Flags
    _ids: list[str | None] = field(default_factory=list)

    def claim_of(self, pair: int) -> Claim:
        """What the event says it did to the key."""
        return self.claims[int(self.claim[pair])]

    def order(self, pair: int) -> tuple[int, str]:
        """What puts pairs of one key in order: second, event id."""
        self._ids = self._ids or self.table["eventID"].to_pylist()
        return int(self.seconds[pair]), self._ids[int(self.event[pair])] or ""


@dataclass(slots=True)
class Sides:
    """Both sides; ``keys`` are the texts of the codes; ``key_names`` the names of the table's key attributes."""

    records: Records
    pairs: Pairs
    keys: pa.Array
    key_names: frozenset[str]


def sides(records: pa.Table, events: pa.Table, table_arn: str, types: item_key.Types | None = None) -> Sides:
    """Read both tables (columns of ``stream_schema`` and ``schema``); only pairs of ``table_arn`` are taken.

    ``types`` are those of the table's key attributes; without them the first record tells.
    """
    types = key_types(records) if types is None else types
    events = events.filter(pc.is_in(events["operation_kind"], pa.array(["write", "unknown"])))
    event, keys, claim, claims = _pairs(events, table_arn, types)
    count = records.num_rows
    codes = pa.concat_arrays([flat(records["item_key"]), keys]).dictionary_encode()
    numbers = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Sides(
        _records(records, numbers[:count]),
        _columns(events, event, numbers[count:], claim, claims),
        codes.dictionary,
        frozenset(types),
    )


def seconds(column: pa.ChunkedArray) -> Ints:
    """Whole seconds of a column of times."""
    return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64) // 1_000_000


def key_types(records: pa.Table) -> dict[str, str]:
    """Key attribute types as the first record tells them (a table's key never changes); none where there is no record."""
    return item_key.of_stream(json.loads(records["keys"][0].as_py()))[1] if records.num_rows else {}


def event_keys(events: pa.Table, types: item_key.Types) -> pa.Array:
    """Every key that the events name, once, in the stream's spelling."""
    return _texts(pc.list_flatten(flat(events["item_keys"])).field("key"), types).unique()


def flat(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _records(table: pa.Table, key: Ints) -> Records:
    operation = pc.index_in(table["event_name"], pa.array(OPERATIONS)).fill_null(1)
    kind = np.where(table["ttl_delete"].to_numpy(), TTL, WRITTEN).astype(np.int64)
    marked = pc.match_substring(table["new_image"], REPLICATION).fill_null(False).to_numpy()
    for row in np.flatnonzero(marked):
        changed = table["changed"][int(row)].as_py()
        if changed and all(name.startswith(REPLICATION) for name in changed):
            kind[row] = REPLICATED
    return Records(table.combine_chunks(), key, seconds(table["created"]), np.asarray(operation.to_numpy(), dtype=np.int64), kind)


def _columns(events: pa.Table, event: Ints, key: Ints, claim: Ints, claims: list[Claim]) -> Pairs:
    succeeded = events["succeeded"].fill_null(True).to_numpy(zero_copy_only=False)
    uncertain = pc.is_in(events["errorCode"], pa.array(sorted(UNCERTAIN))).fill_null(False).to_numpy(zero_copy_only=False)
    may_read = pc.equal(events["operation_kind"], "unknown").to_numpy(zero_copy_only=False)
    verbs = np.fromiter((one.verb for one in claims), np.int64, len(claims))
    return Pairs(
        events.combine_chunks(),
        event,
        key,
        seconds(events["event_ts"])[event],
        verbs[claim],
        claim,
        claims,
        ~np.asarray(succeeded, dtype=bool)[event],
        np.asarray(uncertain, dtype=bool)[event],
        np.asarray(may_read, dtype=bool)[event],
    )


def _pairs(events: pa.Table, table_arn: str, types: item_key.Types) -> tuple[Ints, pa.Array, Ints, list[Claim]]:
    """Event, key text (null where hidden), claim by pair; and the claims."""
    items = flat(events["item_keys"])
    count = pc.list_value_length(items).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    offset = np.concatenate(([0], np.cumsum(count)))
    entries = pc.list_flatten(items)
    keys, here = _texts(entries.field("key"), types), pc.equal(entries.field("table_arn"), table_arn).fill_null(False)
    names = flat(events["eventName"])
    one = pc.is_in(names, pa.array(list(SINGLE))).to_numpy(zero_copy_only=False) & (count == 1)
    single = np.flatnonzero(one)
    single = single[here.to_numpy(zero_copy_only=False)[offset[single]]]
    claim, claims = _claims(names.take(pa.array(single)), flat(events["requestParameters"]).take(pa.array(single)))
    rest = np.flatnonzero(~one)
    several = _Several(table_arn, types, claims)
    calls = (column.take(pa.array(rest)).to_pylist() for column in (names, flat(events["requestParameters"]), items))
    for row, name, parameters, listed in zip(rest.tolist(), *calls, strict=True):
        spelled = keys[offset[row] : offset[row + 1]].to_pylist()
        several.read(row, name or "", parameters, listed or [], spelled)
    event = np.concatenate((single, np.array(several.event, dtype=np.int64)))
    texts = pa.concat_arrays([keys.take(pa.array(offset[single])), pa.array(several.texts, pa.string())])
    return event, texts, np.concatenate((claim, np.array(several.claim, dtype=np.int64))), claims


def _claims(names: pa.Array, parameters: pa.Array) -> tuple[Ints, list[Claim]]:
    """Claim by call of one item. Calls that differ in nothing but their key make the same claim, read once."""
    shapes = pc.binary_join_element_wise(names, pc.replace_substring_regex(pc.fill_null(parameters, ""), _ONE_KEY, ""), "|")
    encoded = shapes.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    _, first = np.unique(codes, return_index=True)
    chosen = pa.array(first)
    calls = zip(names.take(chosen).to_pylist(), parameters.take(chosen).to_pylist(), strict=True)
    claims: dict[Claim, int] = {}
    numbers = [claims.setdefault(join_claims.single(SINGLE[name], text), len(claims)) for name, text in calls]
    return np.array(numbers, dtype=np.int64)[codes], list(claims)


_ONE_KEY = r'"key":\{[^{}]*\}'


@dataclass(slots=True)
class _Several:
    """Pairs of calls with several items or with hidden keys."""

    table_arn: str
    types: item_key.Types
    claims: list[Claim]
    event: list[int] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    claim: list[int] = field(default_factory=list)
    _known: dict[Claim, int] = field(default_factory=dict)

    def read(self, row: int, name: str, parameters: str | None, items: list[dict[str, Any]], spelled: list[str | None]) -> None:
        """The pairs of one event. ``spelled``: the keys of ``items`` in the stream's spelling."""
        usual = join_claims.in_order(name, parameters)
        if usual is not None and len(usual) == len(items):
            for item, text, claim in zip(items, spelled, usual, strict=True):
                if item["table_arn"] == self.table_arn:
                    self._add(row, text, claim)
            return
        short = self.table_arn.rpartition("/")[2]
        listed = join_claims.of_event(name, parameters)
        found = [(key, claim) for table, key, claim in listed if table in ("", short)]
        said = {key: claim for key, claim in found if key is not None}
        for key in dict.fromkeys(item["key"] for item in items if item["table_arn"] == self.table_arn):
            self._add(row, _text(key, self.types), said.get(key, NOTHING))
        hidden = [claim for key, claim in found if key is None]
        if hidden or not (found or items):
            self._add(row, None, hidden[0] if len({claim.verb for claim in hidden}) == 1 else NOTHING)

    def _add(self, row: int, text: str | None, claim: Claim) -> None:
        number = self._known.get(claim)
        if number is None:
            number = self._known[claim] = len(self.claims)
            self.claims.append(claim)
        self.event.append(row)
        self.texts.append(text)
        self.claim.append(number)


def _texts(keys: pa.Array, types: item_key.Types) -> pa.Array:
    """Key texts of the trail in the stream's spelling, null where the key is not whole. Usual spellings are not read."""
    encoded = keys.dictionary_encode()
    texts = encoded.dictionary
    usual = pc.match_substring_regex(texts, _usual(types)).fill_null(False)
    if not pc.all(usual).as_py():
        mended = [text if good else _text(text, types) for text, good in zip(texts.to_pylist(), usual.to_pylist(), strict=True)]
        texts = pa.array(mended, pa.string())
    return texts.take(encoded.indices)


def _usual(types: item_key.Types) -> str:
    """A pattern of keys that ``item_key.of_trail`` would leave as they are."""
    forms = {"N": "(0|-?[1-9][0-9]{0,37})"}
    if not types or any(re.search(r'["\\\x00-\x1f]', name) for name in types):
        return "^$"  # none
    members = (f'"{re.escape(name)}":"{forms.get(types[name], _PLAIN)}"' for name in sorted(types))
    return "^\\{" + ",".join(members) + "\\}$"


_PLAIN = r'[^"\\\x00-\x1f]*'


def _text(key: str, types: item_key.Types) -> str | None:
    text = item_key.of_trail(key, types)
    return None if text is not None and types and json.loads(text).keys() != types.keys() else text
