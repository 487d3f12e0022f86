"""Sending the plan: real boto3 calls, in the plan's order, at the plan's moments of the sandbox's clock.

Decides what may overlap: happenings of the same minute that share neither item nor identity, in a bounded pool of threads.
Refuses to go on when AWS answers anything but what was planned: then the truth would not be the truth.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from itemtrail_demo.actors import REFERENCE_OF_CALL, Cast
from itemtrail_demo.calls import Call
from itemtrail_demo.hrms import Happening
from itemtrail_demo.people import SEATS
from itemtrail_demo.tables import TABLES, Table
from itemtrail_demo.truth import Ledger, call_line, ttl_line
from itemtrail_demo.world import Record, Ref

THREADS = 4
MINUTE = 60

_deserialize = TypeDeserializer().deserialize


class Unexpected(Exception):  # noqa: N818 - what it is
    """AWS answered something that was not planned; the message names the call and the answer."""


class Clock(Protocol):
    """What the replay needs of the sandbox."""

    def advance_to(self, moment: dt.datetime) -> Any:
        """Let its time pass until ``moment``."""

    def expire_ttl(self) -> Any:
        """One pass of DynamoDB's TTL."""


class Replay:
    """Plays happenings; every answer becomes a line of truth. ``progress`` gets (epoch second, calls sent in this run)."""

    def __init__(
        self, cast: Cast, clock: Clock, ledger: Ledger, progress: Callable[[int, int], None] = lambda _s, _c: None
    ) -> None:
        self._cast = cast
        self._clock = clock
        self._ledger = ledger
        self._progress = progress
        self._sent = 0

    def play(self, happenings: Sequence[Happening]) -> int:
        """Send everything; returns how many calls this replay has sent so far.

        Raises:
            Unexpected: an answer that was not planned.
        """
        with ThreadPoolExecutor(THREADS, thread_name_prefix="hrms") as pool:
            for batch in _batches(happenings):
                self._clock.advance_to(dt.datetime.fromtimestamp(batch[0].second, dt.UTC))
                for done in [pool.submit(self._run, chain) for chain in _chains(batch)]:
                    self._sent += done.result()
                self._progress(batch[0].second, self._sent)
        return self._sent

    def _run(self, chain: Sequence[Happening]) -> int:
        for happening in chain:
            if happening.name == "ttl":
                self._clock.expire_ttl()
            for change in happening.expired:
                self._ledger.add(ttl_line(change, second=happening.second))
            for call in happening.calls:
                self._send(call, happening)
        return sum(len(happening.calls) for happening in chain)

    def _send(self, call: Call, happening: Happening) -> None:
        principal = self._cast.principal(call.seat)
        request_id = send(self._cast, call)
        self._ledger.add(
            call_line(
                call,
                second=happening.second,
                happening=happening.name,
                principal=principal,
                human=SEATS[call.seat].source_identity,
                request_id=request_id,
            )
        )


def send(cast: Cast, call: Call) -> str:
    """Send one call; returns its request id.

    Raises:
        Unexpected: success where an error was planned, another error, or items left unprocessed.
    """
    client = cast.client(call.seat, call.service, call.region)
    token = REFERENCE_OF_CALL.set(call.reference)
    try:
        answer = client._make_api_call(call.operation, dict(call.parameters))  # noqa: SLF001 - an operation by its API name
    except ClientError as error:
        if error.response["Error"]["Code"] != call.expect:
            raise Unexpected(f"{_say(call)}: planned {call.expect or 'success'}, got {error}") from error
        return str(error.response["ResponseMetadata"].get("RequestId", ""))
    finally:
        REFERENCE_OF_CALL.reset(token)
    if call.expect:
        raise Unexpected(f"{_say(call)}: planned {call.expect}, but it succeeded")
    if answer.get("UnprocessedItems") or any("Error" in line for line in answer.get("Responses", ()) if isinstance(line, dict)):
        raise Unexpected(f"{_say(call)}: only a part of it was done: {answer}")
    if call.opens:
        cast.open_session(call.opens, answer)
    return str(answer["ResponseMetadata"]["RequestId"])


def differences(session: boto3.Session, endpoint_url: str, final: Mapping[Ref, Record]) -> list[str]:
    """Compare every item of every table with what the plan says must be there; one line for each that differs."""
    found: dict[Ref, Record] = {}
    for table in TABLES:
        found |= dict(_items(session.client("dynamodb", region_name=table.region, endpoint_url=endpoint_url), table))
    return [
        f"{ref.region} {ref.table} {'/'.join(ref.key)}: planned {final.get(ref)}, found {found.get(ref)}"
        for ref in sorted(final.keys() | found.keys())
        if final.get(ref) != found.get(ref)
    ]


def create_tables(session: boto3.Session, endpoint_url: str) -> None:
    """CreateTable and UpdateTimeToLive for all of ``TABLES``; no streams, that is for setup."""
    for table in TABLES:
        client = session.client("dynamodb", region_name=table.region, endpoint_url=endpoint_url)
        kinds: Any = ("HASH", "RANGE")
        client.create_table(
            TableName=table.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in table.keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in zip(table.keys, kinds, strict=False)],
        )
        client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        if table.ttl_attribute:
            ttl: Any = {"Enabled": True, "AttributeName": table.ttl_attribute}
            client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=ttl)


def _items(client: Any, table: Table) -> Iterator[tuple[Ref, Record]]:
    for page in client.get_paginator("scan").paginate(TableName=table.name):
        for item in page["Items"]:
            record = {name: _plain(_deserialize(value)) for name, value in item.items()}
            yield Ref(table.region, table.name, tuple(record[name] for name in table.keys)), record


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, bool)) else int(value)


def _batches(happenings: Sequence[Happening]) -> Iterator[list[Happening]]:
    """Happenings of one minute together, the minute counted from the first of them. A TTL pass stands alone."""
    batch: list[Happening] = []
    for happening in happenings:
        if batch and (happening.second >= batch[0].second + MINUTE or "ttl" in (happening.name, batch[0].name)):
            yield batch
            batch = []
        batch.append(happening)
    if batch:
        yield batch


def _chains(batch: Sequence[Happening]) -> list[list[Happening]]:
    """Group what shares an item or an identity; inside a group the plan's order holds."""
    groups: list[tuple[set[Ref | str], list[Happening]]] = []
    for happening in batch:
        mine = set(happening.chain)
        joined = [group for group in groups if group[0] & mine]
        rest = [group for group in groups if not group[0] & mine]
        members = sorted((member for group in joined for member in group[1]), key=lambda m: m.second)
        groups = [*rest, (mine.union(*(group[0] for group in joined)), [*members, happening])]
    return [members for _, members in groups]


def _say(call: Call) -> str:
    return f"{call.seat} {call.service}:{call.operation} in {call.region} {dict(call.parameters)}"
