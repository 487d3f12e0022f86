"""The frozen workload of the join's tests and benchmark: a simulated table, its stream, its trail, and the truth.

FROZEN before the join was written, and it imports nothing of the join: what made which record is known because the simulator
made both. Items are read and written in the order of a true clock; a stream record gets the second in which the item changed, an
event the second in which its call ended by the clock of one of several hosts, each wrong by up to ``skew`` seconds. ``hot_share``
of the writes follow another write of the same item within about a second. Records or events may be removed afterwards, as they
would be where delivery fails; the truth still knows them.

In it: PutItem, UpdateItem, DeleteItem, BatchWriteItem, TransactWriteItems (with condition checks), failed conditions, writes
that change nothing, TTL, replication of a legacy global table, PartiQL with its key and with the key masked, omitted parameters.
"""

import copy
import datetime as dt
import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from itemtrail.core import schema, stream_schema

ACCOUNT, REGION, TABLE_NAME = "111122223333", "eu-west-1", "Employee"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE_NAME}"
STREAM = f"{TABLE}/stream/2026-03-01T00:00:00.000"
START = dt.datetime(2026, 3, 10, 8, tzinfo=dt.UTC)
ACTORS = tuple(f"{name}@example.org" for name in ("ana", "ben", "cleo", "dov", "eva", "finn", "gus", "hana", "ida", "jon"))
NAMES = ("Name", "Salary", "Grade", "Manager", "Dept", "Address", "Skills", "Note")
REASONS = ("write", "ttl", "replication")
Image = dict[str, Any]
_WEIGHTS = {
    "put": 300, "update": 420, "delete": 70, "batch": 45, "transact": 45, "failed": 30, "noop": 30, "ttl": 10,
    "replication": 8, "partiql": 15, "masked": 4, "omitted": 3,
}  # fmt: skip

_LOG = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{ACCOUNT}_CloudTrail_{REGION}_{START:%Y%m%dT%H%M}Z_"


@dataclass(frozen=True)
class Workload:
    """What is simulated. ``skew`` in seconds; shares between 0 and 1; ``seconds`` is about how long the writes take."""

    seed: int = 1
    writes: int = 1000
    items: int = 300
    seconds: float = 20_000.0
    start: dt.datetime = START
    hot_share: float = 0.0
    skew: int = 0
    lost_events: float = 0.0
    lost_records: float = 0.0
    composite: bool = False  # key EmpId (S) and Day (N) instead of EmpId alone
    only: tuple[str, ...] = ()  # kinds of writes; all without it


@dataclass
class World:
    """The archive's columns and the truth.

    ``maker``: sequence number to the event that made the record, None for TTL and replication.
    ``made``: (event id, canonical key or "" where the event hides it) to the sequence number, None where nothing changed.
    """

    workload: Workload
    records: pa.Table
    events: pa.Table
    maker: dict[str, str | None]
    why: dict[str, str]
    made: dict[tuple[str, str], str | None]
    actors: dict[str, str]
    failed: frozenset[str]
    removed_records: frozenset[str]
    removed_events: frozenset[str]


def simulate(workload: Workload) -> World:
    """Run the workload; the same workload gives the same world."""
    return _Simulation(workload).run()


@dataclass
class _Simulation:
    work: Workload
    records: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    items: dict[int, Image] = field(default_factory=dict)
    maker: dict[str, str | None] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    made: dict[tuple[str, str], str | None] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.work.seed)
        self.hosts = [self.random.uniform(-self.work.skew, self.work.skew) for _ in range(6)]
        self.epoch = self.work.start.timestamp()

    def run(self) -> World:
        kinds = [kind for kind in _WEIGHTS if not self.work.only or kind in self.work.only]
        weights = [_WEIGHTS[kind] for kind in kinds]
        for moment, item in self._calls():
            (kind,) = self.random.choices(kinds, weights)
            getattr(self, f"_{kind}")(moment, item)
        return self._world()

    def _calls(self) -> Iterator[tuple[float, int]]:
        """When, and which item: in the order of the true clock."""
        mean = self.work.seconds / max(1.0, self.work.writes * (1 - self.work.hot_share) + 1)
        calls: list[tuple[float, int]] = []
        moment = self.epoch
        while len(calls) < self.work.writes:
            moment += self.random.expovariate(1 / mean)
            item, at = self.random.randrange(self.work.items), moment
            calls.append((at, item))
            while len(calls) < self.work.writes and self.random.random() < self.work.hot_share:
                at += self.random.expovariate(1 / 0.8)
                calls.append((at, item))
        return iter(sorted(calls))

    # What an application does.

    def _put(self, at: float, item: int) -> None:
        image = self._fresh(item)
        event = self._event("PutItem", at, {"tableName": TABLE_NAME, **self._shown(item), "item": self._listed(image)})
        self._write(at, item, image, event)

    def _update(self, at: float, item: int) -> None:
        image, names = self._updated(item)
        event = self._event("UpdateItem", at, {"tableName": TABLE_NAME, **self._shown(item), **self._expression(names)})
        self._write(at, item, image, event)

    def _delete(self, at: float, item: int) -> None:
        event = self._event("DeleteItem", at, {"tableName": TABLE_NAME, **self._shown(item)})
        self._write(at, item, None, event)

    def _batch(self, at: float, item: int) -> None:
        entries, writes = [], []
        for each in self._several(item):
            if self.random.random() < 0.7:
                image = self._fresh(each)
                entries.append({"putRequest": {**self._shown(each), "item": self._listed(image)}})
                writes.append((each, image))
            else:
                entries.append({"deleteRequest": self._shown(each)})
                writes.append((each, None))
        event = self._event("BatchWriteItem", at, {"requestItems": {TABLE_NAME: entries}}, [each for each, _ in writes])
        for each, new in writes:
            self._write(at + self.random.uniform(-0.05, 0), each, new, event)

    def _transact(self, at: float, item: int) -> None:
        entries, writes = [], []
        for each in self._several(item):
            verb = self.random.choice(("Put", "Update", "Update", "Delete"))
            shown = {"operation": verb, "tableName" if verb != "Delete" else "TableName": TABLE_NAME, **self._shown(each)}
            if verb == "Put":
                image = self._fresh(each)
                entries.append({**shown, "items": self._listed(image)})
            elif verb == "Update":
                image, names = self._updated(each)
                made = self._expression(names)
                renamed = {"ExpressionAttributeNames": made.pop("expressionAttributeNames", None)}
                entries.append({**shown, **made, **{k: v for k, v in renamed.items() if v is not None}})
            else:
                image = None
                entries.append(shown)
            writes.append((each, image))
        if self.random.random() < 0.4:
            other = next(n for n in range(self.work.items + 9) if n not in {each for each, _ in writes})
            key = self._shown(other)["key"]
            entries.append({"operation": "ConditionCheck", "TableName": TABLE_NAME, "Key": key, "ConditionExpression": "x = :y"})
        event = self._event("TransactWriteItems", at, {"requestItems": entries}, [each for each, _ in writes])
        for each, new in writes:
            self._write(at, each, new, event)

    def _failed(self, at: float, item: int) -> None:
        image = self._fresh(item)
        name, extra = self.random.choice(
            [
                ("PutItem", {"item": self._listed(image)}),
                ("UpdateItem", {"updateExpression": "SET Salary = :s"}),
                ("DeleteItem", {}),
            ]
        )
        shown = {"tableName": TABLE_NAME, **self._shown(item), **extra, "conditionExpression": "Grade = :g"}
        event = self._event(name, at, shown, error="ConditionalCheckFailedException")
        self.made[event, self._key(item)] = None
        self.failed.add(event)

    def _noop(self, at: float, item: int) -> None:
        now = self.items.get(item)
        if now is None:
            self._delete(at, item)
        elif self.random.random() < 0.5:
            shown = {"tableName": TABLE_NAME, **self._shown(item), "item": self._listed(now)}
            self._write(at, item, copy.deepcopy(now), self._event("PutItem", at, shown))
        else:
            names = [name for name in now if name in NAMES][:2] or ["Note"]
            image = copy.deepcopy(now) if names[0] in now else {**now, "Note": {"S": "n"}}
            shown = {"tableName": TABLE_NAME, **self._shown(item), **self._expression(names)}
            self._write(at, item, image, self._event("UpdateItem", at, shown))

    def _ttl(self, at: float, item: int) -> None:
        if item in self.items:
            self._write(at, item, None, None, why="ttl")

    def _replication(self, at: float, item: int) -> None:
        if item in self.items:
            marks = {
                "aws:rep:updatetime": {"N": f"{at:.6f}"},
                "aws:rep:updateregion": {"S": "us-east-1"},
                "aws:rep:deleting": {"BOOL": False},
            }
            self._write(at, item, {**self.items[item], **marks}, None, why="replication")

    def _partiql(self, at: float, item: int) -> None:
        if self.items.get(item) is None:
            return
        if self.random.random() < 0.3:
            image, verb = None, f'DELETE FROM "{TABLE_NAME}"'
        else:
            image, names = self._updated(item)
            verb = f'UPDATE "{TABLE_NAME}"' + "".join(f' SET "{name}" = ***(Redacted)' for name in names)
        statement = {"statement": f"{verb} WHERE {self._where(item)}"}
        self._write(at, item, image, self._event("ExecuteStatement", at, statement, [item]))

    def _masked(self, at: float, item: int) -> None:
        if self.items.get(item) is not None:
            return
        image = self._fresh(item)
        body = ", ".join(f"'{name}': ***(Redacted)" for name in image)
        event = self._event("ExecuteStatement", at, {"statement": f'INSERT INTO "{TABLE_NAME}" VALUE {{{body}}}'}, [])
        self._write(at, item, image, event, hidden=True)

    def _omitted(self, at: float, item: int) -> None:
        shown = {"omitted": True, "originalSize": 120_000, "reason": "request parameters too large"}
        event = self._event("PutItem", at, shown, [])
        self._write(at, item, self._fresh(item), event, hidden=True)

    # Values.

    def _fresh(self, item: int) -> Image:
        names = self.random.sample(NAMES, self.random.randint(3, 6))
        return {**self._typed_key(item), **{name: self._value(name) for name in names}}

    def _updated(self, item: int) -> tuple[Image, list[str]]:
        image = copy.deepcopy(self.items.get(item)) or self._typed_key(item)
        names = self.random.sample(NAMES, self.random.randint(1, 3))
        for name in names:
            image[name] = self._value(name)
        return image, names

    def _value(self, name: str) -> dict[str, Any]:
        number = self.random.randrange(1000, 9999)
        match name:
            case "Salary":
                return {"N": str(number)}
            case "Address":
                return {"M": {"City": {"S": f"City {number % 40}"}, "Lines": {"L": [{"S": str(number)}, {"NULL": True}]}}}
            case "Skills":
                return {"SS": sorted(self.random.sample(("sql", "go", "ads", "tax", "law"), 2))}
            case _:
                return {"S": f"{name} {number}"}

    def _typed_key(self, item: int) -> Image:
        if self.work.composite:
            return {"EmpId": {"S": f"E-{item // 3:04d}"}, "Day": {"N": str(item % 3)}}
        return {"EmpId": {"S": f"E-{item:05d}"}}

    def _key(self, item: int) -> str:
        plain = {name: value.get("S", value.get("N")) for name, value in self._typed_key(item).items()}
        return json.dumps(plain, sort_keys=True, separators=(",", ":"))

    def _shown(self, item: int) -> dict[str, Any]:
        """The key as CloudTrail shows it: untyped, a number as the client spelled it."""
        plain = {name: value.get("S", value.get("N")) for name, value in self._typed_key(item).items()}
        if "Day" in plain and self.random.random() < 0.2:
            plain["Day"] += ".0"
        return {"key": plain}

    def _where(self, item: int) -> str:
        plain = self._shown(item)["key"]
        return " AND ".join(f"{n} = '{v}'" if n == "EmpId" else f"{n} = {v}" for n, v in plain.items())

    def _listed(self, image: Image) -> list[str]:
        names = list(image)
        self.random.shuffle(names)
        return names

    def _expression(self, names: list[str]) -> dict[str, Any]:
        if self.random.random() < 0.5:
            return {"updateExpression": "SET " + ", ".join(f"{name} = :v{n}" for n, name in enumerate(names))}
        text = "SET " + ", ".join(f"#n{n} = :v{n}" for n in range(len(names)))
        return {"updateExpression": text, "expressionAttributeNames": {f"#n{n}": name for n, name in enumerate(names)}}

    def _several(self, item: int) -> list[int]:
        others = self.random.sample(range(self.work.items), min(self.work.items, self.random.randint(1, 4)))
        return list(dict.fromkeys([item, *others]))

    # What AWS writes down.

    def _write(
        self, at: float, item: int, new: Image | None, event: str | None, *, why: str = "write", hidden: bool = False
    ) -> None:
        old = self.items.get(item)
        shown = "" if hidden else self._key(item)
        if event is not None:
            self.made[event, shown] = None
        if old == new:
            return
        number = f"{4_000_000_000_000_000_000_000 + len(self.records) * 7:d}"
        self.records.append(self._record(at, item, old, new, number, ttl=why == "ttl"))
        self.maker[number], self.why[number] = event, why
        if event is not None:
            self.made[event, shown] = number
        if new is None:
            self.items.pop(item, None)
        else:
            self.items[item] = new

    def _record(self, at: float, item: int, old: Image | None, new: Image | None, number: str, *, ttl: bool) -> dict[str, Any]:
        before, after = old or {}, new or {}
        return {
            "stream_arn": STREAM,
            "shard_id": f"shardId-0000000{item % 2}",
            "sequence_number": number,
            "event_id": hashlib.md5(number.encode()).hexdigest(),
            "event_name": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            "event_version": "1.1",
            "created": int(at) * 1_000_000,
            "size_bytes": 100,
            "stream_view_type": "NEW_AND_OLD_IMAGES",
            "keys": _json(self._typed_key(item)),
            "old_image": None if old is None else _json(old),
            "new_image": None if new is None else _json(new),
            "user_identity": _json({"type": "Service", "principalId": "dynamodb.amazonaws.com"}) if ttl else None,
            "extra": None,
            "table_arn": TABLE,
            "item_key": self._key(item),
            "changed": sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)),
            "ttl_delete": ttl,
            "redacted": [],
        }

    def _event(self, name: str, at: float, shown: dict[str, Any], items: list[int] | None = None, error: str = "") -> str:
        latency = self.random.uniform(0.002, 0.08) if self.random.random() < 0.99 else self.random.uniform(0.1, 0.9)
        ended = int(at + latency + self.random.choice(self.hosts))
        actor = self.random.choice(ACTORS)
        identity = "-".join(f"{self.random.getrandbits(16):04x}" for _ in range(8))
        omitted = "omitted" in shown
        if items is None:
            keys = [{"table_arn": TABLE, "key": _canonical(shown["key"])}]
        elif omitted or not items:
            keys = None
        elif "statement" in shown:
            keys = [{"table_arn": TABLE, "key": self._key(items[0])}]
        else:
            keys = [{"table_arn": TABLE, "key": _canonical(self._shown(each)["key"])} for each in items]
        self.events.append(
            {
                "eventName": name,
                "eventTime": f"{dt.datetime.fromtimestamp(ended, dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
                "eventSource": "dynamodb.amazonaws.com",
                "awsRegion": REGION,
                "sourceIPAddress": f"10.0.0.{self.random.randrange(250)}",
                "userAgent": "Boto3/1.44.5",
                "errorCode": error or None,
                "requestParameters": _json(shown),
                "requestID": identity.replace("-", "").upper(),
                "eventID": identity,
                "recipientAccountId": ACCOUNT,
                "record_sha256": hashlib.sha256(identity.encode()).digest(),
                "event_ts": ended * 1_000_000,
                "actor": actor,
                "actor_source": "sourceIdentity",
                "session_issuer": f"arn:aws:iam::{ACCOUNT}:role/hr-app",
                "source_identity": actor,
                "table_arn": TABLE,
                "item_keys": keys,
                "operation_kind": "write",
                "succeeded": not error,
                "params_omitted": omitted,
                "evidence_alarm": False,
                "source_object": f"{_LOG}x{len(self.events) // 300:015d}.json.gz",
                "record_index": len(self.events) % 300,
            }
        )
        return identity

    def _world(self) -> World:
        gone_records = self._removed([r["sequence_number"] for r in self.records], self.work.lost_records)
        gone_events = self._removed([e["eventID"] for e in self.events], self.work.lost_events)
        records = [r for r in self.records if r["sequence_number"] not in gone_records]
        events = [e for e in self.events if e["eventID"] not in gone_events]
        return World(
            self.work,
            records=_table(records, stream_schema.SCHEMA),
            events=_table(events, schema.SCHEMA),
            maker=self.maker,
            why=self.why,
            made=self.made,
            actors={e["eventID"]: e["actor"] for e in self.events},
            failed=frozenset(self.failed),
            removed_records=frozenset(gone_records),
            removed_events=frozenset(gone_events),
        )

    def _removed(self, names: list[str], share: float) -> set[str]:
        if not share or not names:
            return set()
        return set(self.random.sample(names, max(1, round(len(names) * share))))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _table(rows: list[dict[str, Any]], shape: pa.Schema) -> pa.Table:
    return pa.table({f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in shape}, schema=shape)
