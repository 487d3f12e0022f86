"""A day archived and in the ledger, and proofs of its events: what tests of proofs share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.archive_world import BEGIN, DAY, HOUR, LATER, SIGNER, ArchiveWorld, settings
from tests.ledger_world import UNTIL
from tests.vectors.make_chain import Chain

from itemtrail.core import layout
from itemtrail.core.ledger import Checkpoint
from itemtrail.flows.ledger import append
from itemtrail.flows.ledger_book import Book, open_book
from itemtrail.flows.prove import Found, find, prove
from itemtrail.model import Unit

MAX_BYTES = 1 << 20
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/Payroll"


def log_content(hour: int, *, records: int = 3) -> bytes:
    """A log file's content: DynamoDB writes with a space and a character outside ASCII, as JSON allows them."""
    made = [
        {
            "eventVersion": "1.11",
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/hr/jürgen"},
            "eventTime": f"{BEGIN + hour * HOUR:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "dynamodb.amazonaws.com",
            "eventName": "UpdateItem",
            "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333",
            "resources": [{"type": "AWS::DynamoDB::Table", "ARN": TABLE}],
            "requestParameters": {"tableName": "Payroll", "key": {"EmpId": "E-1017"}, "note": "ü" * number},
            "readOnly": False,
            "eventID": f"event-{hour:02d}-{number}",
        }
        for number in range(records)
    ]
    return json.dumps({"Records": made}, ensure_ascii=False, separators=(", ", ":")).encode()


def a_chain(hours: int = 30, others: Mapping[int, bytes] = MappingProxyType({})) -> Chain:
    """A log file each hour, an hour of none in the middle; ``others`` are contents that hours have instead."""
    chain = Chain(SIGNER)
    for hour in range(hours):
        begin = BEGIN + hour * HOUR
        content = {**dict.fromkeys([10]), **others}.get(hour, log_content(hour))
        keys = [chain.log(begin + HOUR / 4, f"{hour:08d}abcdefgh", content)] if content else []
        chain.digest(begin, begin + HOUR, keys, starting=hour == 0)
    return chain


@dataclass
class ProofWorld:
    """The archive with its ledger."""

    room: Path
    chain: Chain = field(default_factory=a_chain)

    def __post_init__(self) -> None:
        self.world = ArchiveWorld(self.room / "spool", self.chain, settings())
        (self.room / "spool").mkdir()
        for day in (-1, 0, 1):
            self.world.run(unit=Unit(self.chain.account, self.chain.region, DAY + day * 24 * HOUR))

    def checkpoint(self) -> Checkpoint:
        """Bring the ledger up to date; its last checkpoint."""
        last = append(self.world.archive, until=max(UNTIL, LATER), room=self._room("ledger")).last
        assert last
        return last

    def book(self) -> Book:
        """The ledger as it is."""
        return open_book(self.world.archive, self._room("book"))

    def found(self, event_id: str) -> list[Found]:
        """Rows of an event."""
        paths = []
        for key in self.world.archive.keys(layout.EVENTS):
            path = self.room / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.world.archive.body(key))
            paths.append(path)
        return list(find(paths, event_id))

    def proof(self, event_id: str) -> dict[str, Any]:
        """The proof of an event."""
        return json.loads(self.prove(self.found(event_id)))

    def prove(self, found: Sequence[Found]) -> bytes:
        """The proof of an event's rows."""
        return prove(self.world.archive, found, room=self._room("book"), max_bytes=MAX_BYTES)

    def _room(self, name: str) -> Path:
        path = self.room / name
        path.mkdir(exist_ok=True)
        return path
