"""Functions and the clock: a handler lives in the sandbox's time, and time waits for what a stream still holds."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.sandbox.conftest import RecorderServer
from tests.sandbox.lambdas import Function

from cloudtrail_sandbox.client import Sandbox

pytestmark = pytest.mark.sandbox
SAYS_TIME = "    return time.time()"


@pytest.fixture(scope="module")
def frozen(new_sandbox: Callable[..., Sandbox]) -> Iterator[Sandbox]:
    with new_sandbox(clock=dt.datetime(2026, 11, 10, 8, tzinfo=dt.UTC), tick=False) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def server(frozen: Sandbox) -> RecorderServer:
    return RecorderServer(int(frozen.endpoint_url.rpartition(":")[2]), (frozen.access_key_id, frozen.secret_access_key))


def said(function: Function) -> float:
    answer = function.server.client("lambda").invoke(FunctionName=function.name)
    assert "FunctionError" not in answer
    return float(json.load(answer["Payload"]))


def test_a_handler_sees_the_sandboxs_time_each_time_it_is_invoked(frozen: Sandbox, server: RecorderServer) -> None:
    function = Function(server, SAYS_TIME)
    assert said(function) == frozen.now().timestamp()
    frozen.advance(5400)
    assert said(function) == frozen.now().timestamp() == dt.datetime(2026, 11, 10, 9, 30, tzinfo=dt.UTC).timestamp()


def mapped(server: RecorderServer, function: Function, names: str, **settings: Any) -> None:
    table = server.table(stream=True)
    stream = server.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    server.client("lambda").create_event_source_mapping(
        FunctionName=function.name, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", **settings
    )
    for name in names:
        server.client("dynamodb").put_item(TableName=table, Item={"EmpId": {"S": name}})


def test_no_record_is_lost_when_more_time_passes_than_a_stream_keeps_it(frozen: Sandbox, server: RecorderServer) -> None:
    function = Function(server, "    time.sleep(0.05)")
    mapped(server, function, "abcdefghijklmnopqrst", BatchSize=1)
    frozen.advance(26 * 3600)
    assert "".join(function.batches()) == "abcdefghijklmnopqrst"


def test_time_passes_although_a_function_fails_for_ever(frozen: Sandbox, server: RecorderServer) -> None:
    broken, working = Function(server, "    raise ValueError('broken')"), Function(server)
    mapped(server, broken, "a")
    mapped(server, working, "cd")
    before = frozen.now()
    frozen.advance(5 * 3600)
    assert frozen.now() == before + dt.timedelta(hours=5)
    assert "".join(working.batches()) == "cd"
    assert set(broken.batches()) == {"a"}
