"""Tables and item keys in the parameters of DynamoDB events.

Decides: the table's ARN, every (table, key) pair a call names, and whether a transaction writes at all. Names in the parameters
are read without regard to case, because AWS spells them ``tableName`` and ``TableName`` within one event; a condition check is
not a write and gives no key. Refuses to invent: where the parameters are not there, there is no key. An ARN in the parameters
counts before ``resources``, and ``resources`` before an ARN made from Region and account.
Source: DynamoDB developer guide, "Logging DynamoDB operations by using CloudTrail", read 2026-11-24.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw

from itemtrail.core import exact, partiql
from itemtrail.core.operations import KEYLESS, PARTIQL, SINGLE_ITEM, Kind

ItemKey = tuple[str | None, str]
"""(table ARN, key as canonical JSON text)."""

_TABLE_NAMES = (
    "tablename", "tablearn", "targettablename", "resourcearn", "streamarn", "sharditerator", "backuparn", "exportarn",
    "importarn", "globaltablename", "sourcetablearn",
)  # fmt: skip


# Of what is read: CloudTrail omits parameters above 100 KB, and DynamoDB's values nest 32 levels.
MOST_BYTES = 1 << 20
_MOST_LEVELS = 64


class _Single(msgspec.Struct):
    tableName: str  # noqa: N815 - CloudTrail's spelling
    key: Raw


class _Action(msgspec.Struct):
    operation: str
    tableName: str | None = None  # noqa: N815
    TableName: str | None = None
    key: Raw = Raw(b"")
    Key: Raw = Raw(b"")


class _Transaction(msgspec.Struct):
    requestItems: list[_Action]  # noqa: N815


class _Number(str):
    """A JSON number's text as delivered."""

    __slots__ = ()


_single = msgspec.json.Decoder(_Single).decode
_transaction = msgspec.json.Decoder(_Transaction).decode
_ACTIONS = frozenset({"Put", "Update", "Delete", "ConditionCheck"})
_encode = msgspec.json.Encoder().encode
_loads = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_Number).decode


@dataclass(frozen=True, slots=True)
class Tables:
    """How names of one event become ARNs: ``arns`` are the tables in ``resources``, in order."""

    arns: tuple[str, ...]
    region: str
    account: str
    known: dict[str, str] = field(default_factory=dict)

    def arn(self, name: str) -> str | None:
        """The ARN of a table given by name or ARN (of the table, an index or a stream); None for an empty name."""
        if found := self.known.get(name):
            return found
        arn = table_arn(name) if name.startswith("arn:") else self._by_name(name)
        if arn:
            self.known[name] = arn
        return arn

    def _by_name(self, name: str) -> str | None:
        if not name:
            return None
        tail = f":table/{name}"
        made = f"arn:{partition(self.region)}:dynamodb:{self.region}:{self.account}{tail}"
        return next((arn for arn in self.arns if arn.endswith(tail)), made if self.region and self.account else None)


Touched = tuple[Sequence[ItemKey] | None, Kind, str | None]
"""What one event says: keys (None where it names none), kind, and a table where ``resources`` gave none."""


def partition(region: str) -> str:
    """AWS partition of a Region's name."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def table_arn(arn: str) -> str | None:
    """The table in an ARN of a DynamoDB table, index, stream, backup or export; None for any other ARN."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "dynamodb" or not parts[5].startswith("table/"):
        return None
    name = parts[5].split("/", 2)[1]
    return ":".join([*parts[:5], f"table/{name}"]) if name else None


def tables_in(resources: str | None) -> tuple[str, ...]:
    """Table ARNs in a record's ``resources`` (JSON text), in order, each once."""
    if not resources or ":dynamodb:" not in resources:
        return ()
    entries = read(Raw(resources))
    found: dict[str, None] = {}
    for entry in entries if isinstance(entries, list) else ():
        arn = _get(entry, "arn") if isinstance(entry, dict) else None
        table = table_arn(arn) if isinstance(arn, str) else None
        if table:
            found[_clean(table)] = None
    return tuple(found)


def touched(name: str, known: Kind, parameters: Raw | None, tables: Tables) -> Touched:
    """Read one DynamoDB event's ``requestParameters``; ``known`` is its kind by its name."""
    if parameters is None or len(parameters) > MOST_BYTES:
        return None, known, None
    if name in SINGLE_ITEM and (call := single(parameters)):
        arn = tables.arn(call[0])
        return ((arn, call[1]),), known, arn
    if name == "TransactWriteItems" and (usual := _actions(parameters, tables)):
        return usual[0] or None, usual[1], usual[0][0][0] if usual[0] else None
    if name in KEYLESS and tables.arns:
        return None, known, None
    document = read(parameters)
    if not isinstance(document, dict):
        return None, known, None
    if name in PARTIQL:
        return _statements(document, tables)
    pairs = tuple(_pairs(document, tables, None))
    if name == "TransactWriteItems" and _only_checks(document):
        known = Kind.READ
    return pairs or None, known, pairs[0][0] if pairs else _named(document, tables)


def single(parameters: Raw) -> tuple[str, str] | None:
    """Table name and canonical key of a single-item call in its usual spelling, fast; None leaves others to ``touched``."""
    try:
        call = _single(parameters)
        key = _simple_key(call.key)
    except (msgspec.DecodeError, RecursionError):
        return None
    return (call.tableName, key) if key else None


def table_in_response(response: Raw | None, tables: Tables) -> str | None:
    """The table that ``responseElements`` names: UpdateTable says it nowhere else."""
    document = read(response) if response is not None else None
    if not isinstance(document, dict):
        return None
    description = next((value for name, value in document.items() if name.lower().endswith("tabledescription")), document)
    if not isinstance(description, dict):
        return None
    return _named(description, tables) or _named(document, tables)


def weakens(name: str, parameters: Raw | None) -> bool:
    """Whether an UpdateTable turns a stream off or changes replicas, or an UpdateContinuousBackups turns recovery off."""
    document = read(parameters) if parameters is not None else None
    if not isinstance(document, dict):
        return True  # cannot be told: alarm
    if name == "UpdateContinuousBackups":
        return _get(_get(document, "pointintimerecoveryspecification"), "pointintimerecoveryenabled") is not True
    if _get(document, "replicaupdates"):
        return True
    stream = _get(document, "streamspecification")
    return stream is not None and _get(stream, "streamenabled") is not True


def omitted(parameters: Raw) -> bool:
    """Whether CloudTrail left the parameters out and says so."""
    document = read(parameters)
    return isinstance(document, dict) and _get(document, "omitted") is True


def read(text: Raw) -> Any:
    """JSON with numbers as their text; None for what is larger or deeper than any call's parameters."""
    if len(text) > MOST_BYTES:
        return None
    data = _encode(text)
    return None if exact.deeper_than(_MOST_LEVELS, data) else _loads(data.decode())


def canonical(value: Any) -> str:
    """Canonical JSON text: names sorted, no white space, numbers as delivered, only the escapes that JSON demands."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        return _encode(_clean(value)).decode()
    return json.dumps(value)


def _actions(parameters: Raw, tables: Tables) -> tuple[tuple[ItemKey, ...], Kind] | None:
    """The usual spellings of a transaction, fast; None leaves anything else to the general reading."""
    found: list[ItemKey] = []
    try:
        actions = _transaction(parameters).requestItems
        for action in actions:
            name, raw = action.tableName or action.TableName, action.key if len(action.key) else action.Key
            key = _simple_key(raw) if len(raw) else None
            if key is None or name is None or action.operation not in _ACTIONS:
                return None
            if action.operation != "ConditionCheck":
                found.append((tables.arn(name), key))
    except (msgspec.DecodeError, RecursionError):
        return None
    return (tuple(found), Kind.WRITE if found else Kind.READ) if actions else None


# A key of one or two attributes without escapes, nesting or white space: what can be made canonical by reordering alone.
_SIMPLE = re.compile(rb'\{"([^"\\]*+)":("[^"\\]*+"|[^"\[{,}\s]++)(?:,"([^"\\]*+)":("[^"\\]*+"|[^"\[{,}\s]++))?+\}')


def _simple_key(raw: Raw) -> str | None:
    """Canonical text of a simple key; None for any other."""
    text = _encode(raw)
    simple = _SIMPLE.fullmatch(text)
    if simple is None:
        return None
    first, value, second, other = simple.groups()
    if second is None or first < second:
        return text.decode()
    return None if first == second else (b'{"%b":%b,"%b":%b}' % (second, other, first, value)).decode()


def _pairs(node: Any, tables: Tables, table: str | None) -> Iterator[ItemKey]:
    """Every key below ``node``; ``table`` is what stands around it."""
    if isinstance(node, list):
        for element in node:
            yield from _pairs(element, tables, table)
    elif isinstance(node, dict) and str(_get(node, "operation")).lower() != "conditioncheck":
        named = _get(node, "tablename")
        if isinstance(named, str):
            table = tables.arn(_clean(named))
        for name, value in node.items():
            yield from _below(name.lower(), value, tables, table)


def _below(name: str, value: Any, tables: Tables, table: str | None) -> Iterator[ItemKey]:
    """The keys in one member; under ``requestItems`` the members' names are tables."""
    if name == "key" and isinstance(value, dict):
        yield table or _only(tables), canonical(value)
    elif name == "keys" and isinstance(value, list):
        yield from ((table or _only(tables), canonical(one)) for one in value if isinstance(one, dict))
    elif name == "requestitems" and isinstance(value, dict):
        for each, requests in value.items():
            yield from _pairs(requests, tables, tables.arn(_clean(each)))
    elif name not in _NO_KEYS_BELOW and not isinstance(value, str):
        yield from _pairs(value, tables, table)


_NO_KEYS_BELOW = frozenset({"conditioncheck", "exclusivestartkey", "expressionattributenames", "expressionattributevalues"})


def _only(tables: Tables) -> str | None:
    return tables.arns[0] if len(tables.arns) == 1 else None


def _only_checks(document: dict[str, Any]) -> bool:
    """Whether a transaction holds condition checks and nothing that changes an item."""
    items = _get(document, "requestitems") or _get(document, "transactitems")
    if not isinstance(items, list) or not items:
        return False
    return all(
        isinstance(item, dict) and (str(_get(item, "operation")).lower() == "conditioncheck" or _get(item, "conditioncheck"))
        for item in items
    )


def _statements(document: dict[str, Any], tables: Tables) -> Touched:
    listed = next((document[n] for n in document if n.lower() in {"requestitems", "statements", "transactstatements"}), None)
    entries = listed if isinstance(listed, list) else [document]
    texts = [_get(entry, "statement") for entry in entries if isinstance(entry, dict)]
    parsed = [partiql.parse(text) for text in texts if isinstance(text, str)]
    writes = [statement.writes for statement in parsed]
    if True in writes:
        known = Kind.WRITE
    else:
        known = Kind.READ if parsed and None not in writes and len(parsed) == len(entries) else Kind.UNKNOWN
    keys: list[ItemKey] = []
    first: str | None = None
    for statement in parsed:
        table = tables.arn(_clean(statement.table)) if statement.table else _only(tables)
        first = first or table
        if statement.key:
            body = ",".join(f"{canonical(name)}:{value}" for name, value in statement.key)
            keys.append((table, _clean(f"{{{body}}}")))
    return keys or None, known, first


def _named(document: dict[str, Any], tables: Tables) -> str | None:
    for name in _TABLE_NAMES:
        value = _get(document, name)
        if isinstance(value, str) and value and (found := tables.arn(_clean(value))):
            return found
    return None


def _get(document: Any, folded: str) -> Any:
    """A member by its name without regard to case; None where there is none."""
    if not isinstance(document, dict):
        return None
    for name, value in document.items():
        if name.lower() == folded:
            return value
    return None


def _clean(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
