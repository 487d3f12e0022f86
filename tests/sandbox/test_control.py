"""The sandbox as a process, and the hand on its clock: starts, ends with its parent, moves forward only, answers only here."""

import contextlib
import datetime as dt
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from tests.sandbox.trail_bucket import TrailBucket

from cloudtrail_sandbox.client import INCLUDE, PYTHON, Sandbox, SandboxError

pytestmark = pytest.mark.sandbox
START = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(scope="module")
def frozen(new_sandbox):
    """A sandbox whose clock moves only when told."""
    with new_sandbox(clock=START, tick=False) as sandbox:
        yield sandbox


def ended(pid: int, within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def request(sandbox: Sandbox, what: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    asked = urllib.request.Request(f"{sandbox.endpoint_url}/_sandbox/{what}", body, headers)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_frozen_clock_stands_and_a_step_is_exact(frozen):
    before = frozen.now()
    time.sleep(0.1)
    assert frozen.now() == before
    assert frozen.advance(HOUR * 30) == before + HOUR * 30
    assert frozen.advance_to(before + HOUR * 31) == before + HOUR * 31


def test_the_clock_moves_only_forward(frozen):
    now = frozen.now()
    with pytest.raises(SandboxError, match="only moves forward"):
        frozen.advance_to(now - HOUR)
    with pytest.raises(SandboxError, match="0 or more"):
        frozen.advance(-1)
    assert frozen.now() == now


def test_a_ticking_clock_delivers_by_itself(new_sandbox):
    with new_sandbox(clock=START + dt.timedelta(minutes=4, seconds=59), tick=False) as sandbox:
        bucket = TrailBucket(sandbox, "hr-trail", "hr-trail-bucket")
        bucket.make_bucket()
        bucket.start()
        sandbox.tick(True)
        deadline = time.monotonic() + 20
        while not bucket.keys() and time.monotonic() < deadline:
            time.sleep(0.2)
        assert "T0005Z" in bucket.keys()[0]


def test_it_catches_up_with_real_time_and_follows_it(new_sandbox):
    with new_sandbox(clock=dt.datetime.now(dt.UTC) - HOUR * 50, tick=False) as sandbox:
        assert abs(sandbox.catch_up() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=10)
        time.sleep(0.2)
        assert abs(sandbox.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=10)
        before = sandbox.now()
        time.sleep(0.1)
        assert sandbox.now() > before


def test_passing_time_waits_for_a_trail_and_ends_before_its_limit(new_sandbox):
    with new_sandbox(clock=START, tick=False) as sandbox:
        bucket = TrailBucket(sandbox, "passing-trail", "passing-trail-bucket")
        bucket.make_bucket()
        limit = START + dt.timedelta(minutes=30)
        with sandbox.passing_time(limit):
            time.sleep(0.7)
            assert sandbox.now() == START
            bucket.start()
            deadline = time.monotonic() + 20
            while sandbox.now() < START + dt.timedelta(minutes=25) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.5)
        assert sandbox.now() == START + dt.timedelta(minutes=25)


def test_78_idle_hours_pass_in_seconds_with_every_digest(frozen):
    bucket = TrailBucket(frozen, "long-trail", "long-trail-bucket")
    bucket.make_bucket()
    bucket.start()
    began = time.monotonic()
    frozen.advance(HOUR * 78)
    assert time.monotonic() - began < 10
    for region in frozen.regions:
        assert len(bucket.keys("CloudTrail-Digest", region)) == 78
    bucket.client("cloudtrail").delete_trail(Name=bucket.name)
    frozen.advance(HOUR)


def test_deliver_does_not_wait_for_the_five_minutes(frozen):
    bucket = TrailBucket(frozen, "quick-trail", "quick-trail-bucket")
    bucket.make_bucket()
    bucket.start()
    now = frozen.now()
    delivered = frozen.deliver()
    assert [f"{bucket.bucket}/{key}" for key in bucket.keys("CloudTrail")] == list(delivered)
    assert frozen.now() == now
    trail = next(trail for trail in frozen.status()["trails"] if trail["arn"] == bucket.arn)
    assert trail["regions"]["us-east-1"]["error"] == ""
    frozen.advance(HOUR)
    bucket.client("cloudtrail").delete_trail(Name=bucket.name)
    frozen.advance(HOUR)


def test_items_past_their_time_go_with_the_clock_or_when_told(frozen):
    bucket = TrailBucket(frozen, "no-trail", "no-bucket")
    dynamodb = bucket.client("dynamodb")
    bucket.table("Sessions", "us-east-1", puts=1)
    dynamodb.update_time_to_live(TableName="Sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    until = int(frozen.now().timestamp()) - 1
    dynamodb.put_item(TableName="Sessions", Item={"EmpId": {"S": "gone"}, "until": {"N": str(until)}})
    dynamodb.put_item(TableName="Sessions", Item={"EmpId": {"S": "going"}, "until": {"N": str(until + 1800)}})
    assert frozen.expire_ttl() == 1
    frozen.advance(HOUR)
    assert [item["EmpId"]["S"] for item in dynamodb.scan(TableName="Sessions")["Items"]] == ["E-0"]


def test_lifecycle_rules_are_run_when_told_and_not_before(frozen):
    s3 = TrailBucket(frozen, "no-trail", "no-bucket").client("s3")
    s3.create_bucket(Bucket="ruled")
    s3.put_bucket_versioning(Bucket="ruled", VersioningConfiguration={"Status": "Enabled"})
    rules = [
        {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 1}},
        {
            "ID": "b",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "cold/", "ObjectSizeGreaterThan": 1}},
            "Transitions": [{"Days": 1, "StorageClass": "DEEP_ARCHIVE"}],
        },
        {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": "small/"}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket="ruled", LifecycleConfiguration={"Rules": rules})
    for key in ("old/x", "cold/x", "small/x", "other"):
        s3.put_object(Bucket="ruled", Key=key, Body=b"four")
    frozen.advance(dt.timedelta(days=2))
    assert "StorageClass" not in s3.head_object(Bucket="ruled", Key="cold/x")
    assert frozen.run_lifecycle() == {"moved": 1, "expired": 1}
    assert frozen.run_lifecycle() == {"moved": 0, "expired": 0}
    assert s3.head_object(Bucket="ruled", Key="cold/x")["StorageClass"] == "DEEP_ARCHIVE"
    listed = {one["Key"]: one["StorageClass"] for one in s3.list_object_versions(Bucket="ruled")["Versions"]}
    assert listed == {"cold/x": "DEEP_ARCHIVE", "old/x": "STANDARD", "other": "STANDARD", "small/x": "STANDARD"}
    assert [one["Key"] for one in s3.list_object_versions(Bucket="ruled")["DeleteMarkers"]] == ["old/x"]


def test_events_can_be_read_whether_a_trail_logs_them_or_not(frozen):
    TrailBucket(frozen, "no-trail", "no-bucket").client("dynamodb").list_tables()
    event = frozen.events(1)[0]
    assert (event["eventName"], event["eventTime"]) == ("ListTables", f"{frozen.now():%Y-%m-%dT%H:%M:%SZ}")


def test_an_import_that_no_trail_could_have_delivered_is_refused(frozen):
    content = gzip.compress(b'{"Records":[]}')
    with pytest.raises(SandboxError, match="no logging trail delivers to"):
        frozen.import_log("nobodys-bucket/AWSLogs/x.json.gz", content)
    with pytest.raises(SandboxError, match="not gzip"):
        frozen.import_log("nobodys-bucket/AWSLogs/x.json.gz", b"{}")


@pytest.mark.parametrize(
    "wanted", ["[]", "{", '{"seconds": "7"}', '{"seconds": NaN}', '{"to": "tomorrow"}', '{"to": "2027-01-01"}']
)
def test_nonsense_is_refused_and_the_clock_stands(frozen, wanted):
    now = frozen.now()
    status, answer = request(frozen, "advance", wanted.encode())
    assert status == 400
    assert answer["error"]
    assert frozen.now() == now


def test_the_control_api_answers_no_browser_and_lists_what_it_does(frozen):
    assert request(frozen, "clock", Origin="http://evil.example")[0] == 403
    assert request(frozen, "advance", b'{"seconds": 1}', **{"Sec-Fetch-Site": "same-origin"})[0] == 403
    status, answer = request(frozen, "nothing")
    assert status == 404
    assert "/_sandbox/advance" in answer["error"]


def test_it_listens_on_loopback_only(frozen):
    port = int(frozen.endpoint_url.rpartition(":")[2])
    with contextlib.suppress(OSError):
        outside = socket.gethostbyname(socket.gethostname())
        if not outside.startswith("127."):
            with pytest.raises(OSError), socket.create_connection((outside, port), timeout=1):
                pass
    listening = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]  # noqa: PTH123, SIM115
    addresses = {line[1].split(":")[0] for line in listening if line[1].endswith(f":{port:04X}") and line[3] == "0A"}
    assert addresses == {"0100007F"}


def test_stopping_twice_is_stopping_once_and_the_process_is_gone(new_sandbox):
    sandbox = new_sandbox()
    sandbox.stop()
    sandbox.stop()
    assert sandbox.process.poll() == 0
    with pytest.raises(SandboxError, match="does not answer"):
        sandbox.now()


def test_it_ends_when_its_parent_is_killed(new_sandbox, tmp_path):
    code = """if True:
        import time
        from cloudtrail_sandbox.client import Sandbox
        sandbox = Sandbox.start()
        print(sandbox.process.pid, flush=True)
        time.sleep(60)"""
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(INCLUDE), "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=surroundings)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert ended(child)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_started_alone_it_says_what_to_export_and_ends_cleanly(new_sandbox, number):
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(INCLUDE)}
    command = [PYTHON, "-m", "cloudtrail_sandbox", "--port", "0"]
    alone = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings)
    assert alone.stdout is not None
    lines = []
    while "advance" not in (lines or [""])[-1]:
        lines.append(alone.stdout.readline())
        assert lines[-1], "it ended before it was ready"
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        assert any(f"export {name}=" in line for line in lines)
    alone.send_signal(number)
    _, errors = alone.communicate(timeout=10)
    assert alone.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"account": "7"}, "twelve digits"),
        ({"regions": ("eu-west-1",)}, "us-east-1 must be among"),
        ({"regions": ("us-east-1", "moon")}, "list of Regions"),
        ({"clock": dt.datetime(2026, 11, 21)}, "offset from UTC"),  # noqa: DTZ001
    ],
)
def test_a_start_that_fails_says_why(new_sandbox, arguments, named):
    with pytest.raises(SandboxError, match=named):
        Sandbox.start(**arguments)


def test_a_port_in_use_is_named(frozen):
    port = int(frozen.endpoint_url.rpartition(":")[2])
    with pytest.raises(SandboxError, match=f"cannot listen on port {port}"):
        Sandbox.start(port=port)


def test_a_missing_environment_names_the_next_step(tmp_path):
    with pytest.raises(SandboxError, match="make setup"):
        Sandbox.start(python=tmp_path / "python")
