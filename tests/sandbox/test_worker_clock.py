"""A function's handler lives in the sandbox's time, also where that stands still."""

import datetime as dt
import json
from collections.abc import Callable, Iterator

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


def said(function: Function) -> float:
    answer = function.server.client("lambda").invoke(FunctionName=function.name)
    assert "FunctionError" not in answer
    return float(json.load(answer["Payload"]))


def test_a_handler_sees_the_sandboxs_time_each_time_it_is_invoked(frozen: Sandbox) -> None:
    server = RecorderServer(int(frozen.endpoint_url.rpartition(":")[2]), (frozen.access_key_id, frozen.secret_access_key))
    function = Function(server, SAYS_TIME)
    assert said(function) == frozen.now().timestamp()
    frozen.advance(5400)
    assert said(function) == frozen.now().timestamp() == dt.datetime(2026, 11, 10, 9, 30, tzinfo=dt.UTC).timestamp()
