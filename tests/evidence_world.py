"""A table whose changes are in a real signed chain, archived, joined and in the ledger: what tests of evidence packs share.

Items E-1017 and E-1018 of `Payroll` are written through the day; one write has a hostile user agent, two writes of an item in one
second cannot be told apart, one item is deleted by time to live, and one attribute is redacted before it is stored.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.archive_world import BEGIN, DAY, HOUR, SIGNER, ArchiveWorld
from tests.history_archive import add_stream
from tests.memory import MemoryStore
from tests.vectors.make_chain import Chain

from itemtrail.core import stream_schema
from itemtrail.core.evidence import Question
from itemtrail.flows import evidence, history
from itemtrail.flows.ledger import append
from itemtrail.model import Unit
from itemtrail.settings import parse

ACCOUNT, REGION = "111122223333", "us-east-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Payroll"
NOW = dt.datetime(2026, 3, 12, 3, 30, tzinfo=dt.UTC)
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> \u202e\x1b[31m"
ONE_DAY = dt.timedelta(days=1)
_SETTINGS = f"""
[trail]
name = "my_trail.one"
account = "{ACCOUNT}"
home_region = "{REGION}"
bucket = "trail-bucket"
prefix = "audit"
[archive]
bucket = "archive"
region = "{REGION}"
accounts = ["{ACCOUNT}"]
regions = ["{REGION}"]
[streams]
tables = ["{TABLE}"]
"""


@dataclass(frozen=True)
class Write:
    """One call: at a time, of an item, by somebody; ``salary`` is what it sets."""

    at: dt.datetime
    item: str
    by: str
    salary: int
    agent: str = "Boto3/1.44.5"

    @property
    def event_id(self) -> str:
        """Its eventID."""
        return hashlib.md5(f"{self.at} {self.item} {self.by}".encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """As CloudTrail logs it."""
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/hr/{self.by}"
        return {
            "eventVersion": "1.11",
            "userIdentity": {"type": "AssumedRole", "arn": arn, "sessionContext": {"sourceIdentity": self.by}},
            "eventTime": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "dynamodb.amazonaws.com",
            "eventName": "UpdateItem",
            "awsRegion": REGION,
            "sourceIPAddress": "10.0.0.7",
            "userAgent": self.agent,
            "requestParameters": {
                "tableName": "Payroll",
                "key": {"EmpId": self.item},
                "updateExpression": "SET Salary = :s",
            },
            "requestID": self.event_id.upper(),
            "eventID": self.event_id,
            "readOnly": False,
            "resources": [{"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": TABLE}],
            "recipientAccountId": ACCOUNT,
        }


def writes() -> list[Write]:
    """What happened, in order of time."""
    day = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    made = [Write(day + n * HOUR, f"E-{1017 + n % 2}", ("ana", "ben")[n % 3 == 0], 4000 + n) for n in range(2, 12)]
    made.append(Write(day + 13 * HOUR, "E-1017", "cleo", 6000, HOSTILE))
    made += [Write(day + 15 * HOUR, "E-1018", by, salary) for by, salary in (("ana", 7000), ("ben", 7100))]
    return sorted(made, key=lambda one: (one.at, one.by))


@dataclass
class EvidenceWorld:
    """The archive."""

    room: Path
    made: Sequence[Write] = field(default_factory=writes)

    def __post_init__(self) -> None:
        self.settings = parse(_SETTINGS, file="test.toml")
        self.spool = self.room / "spool"
        self.spool.mkdir()
        self.world = ArchiveWorld(self.spool, self._chain(), self.settings)
        self.archive: MemoryStore = self.world.archive
        for number in (-1, 0, 1):
            self.world.run(unit=Unit(ACCOUNT, REGION, DAY + number * ONE_DAY), now=NOW)
        add_stream(self.archive, self._stream(), NOW, TABLE)
        for day in (DAY, DAY + ONE_DAY):
            history.build_day(
                TABLE, day, archive=self.archive, settings=self.settings, spool=self.spool, progress=lambda line: None
            )
        (self.room / "ledger").mkdir()
        append(self.archive, until=NOW + 12 * HOUR, room=self.room / "ledger")
        self._count = 0

    def pack(self, *key: str, limits: evidence.Limits | None = None, **question: Any) -> evidence.Pack:
        """The pack that answers a question about the table, by default of ``DAY``."""
        self._count += 1
        room = self.room / f"pack-{self._count}"
        room.mkdir()
        day = dt.datetime.combine(DAY, dt.time(), dt.UTC)
        asked = {"table": TABLE, "first": day, "last": day + ONE_DAY - dt.timedelta(microseconds=1)} | question
        return evidence.make(self.archive, [ACCOUNT], Question(key=key, **asked), room=room, limits=limits or evidence.Limits())

    def _chain(self) -> Chain:
        chain = Chain(SIGNER)
        for hour in range(54):
            begin, end = BEGIN + hour * HOUR, BEGIN + (hour + 1) * HOUR
            records = [one.record() for one in self.made if begin - HOUR / 2 <= one.at < end - HOUR / 2]
            content = json.dumps({"Records": records}, ensure_ascii=False, separators=(",", ":")).encode()
            keys = [chain.log(begin + HOUR / 2, f"{hour:08d}abcdefgh", content)] if records else []
            chain.digest(begin, end, keys, starting=hour == 0)
        return chain

    def _stream(self) -> pa.Table:
        items: dict[str, dict[str, Any]] = {}
        rows = []
        for number, one in enumerate(self.made):
            old, new = items.get(one.item), {"EmpId": {"S": one.item}, "Salary": {"N": str(one.salary)}}
            rows.append(_record(number, one.at, one.item, old, new))
            items[one.item] = new
        rows.append(_record(len(rows), self.made[-1].at + HOUR, "E-1018", items["E-1018"], None))
        return pa.table(
            {f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in stream_schema.SCHEMA},
            schema=stream_schema.SCHEMA,
        )


def _record(
    number: int, at: dt.datetime, item: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, Any]:
    before, after = old or {}, new or {}
    return {
        "stream_arn": f"{TABLE}/stream/2026-03-01T00:00:00.000",
        "shard_id": "shardId-00000001",
        "sequence_number": str(4_000_000_000_000_000_000_000 + number * 7),
        "event_id": hashlib.md5(str(number).encode()).hexdigest(),
        "event_name": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "event_version": "1.1",
        "created": at,
        "size_bytes": 100,
        "stream_view_type": "NEW_AND_OLD_IMAGES",
        "keys": json.dumps({"EmpId": {"S": item}}),
        "old_image": None if old is None else json.dumps(old),
        "new_image": None if new is None else json.dumps(new),
        "user_identity": None if new else json.dumps({"type": "Service", "principalId": "dynamodb.amazonaws.com"}),
        "table_arn": TABLE,
        "item_key": json.dumps({"EmpId": item}, separators=(",", ":")),
        "changed": sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)),
        "ttl_delete": new is None,
        "redacted": ["BankAccount"],
    }
