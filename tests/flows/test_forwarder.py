"""The forwarder against a log group and a bucket that keep AWS's contract: what is written, spilled, rejected and sent again."""

import datetime as dt
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.errors import ConfigurationError
from itemtrail.forwarder import core
from itemtrail.forwarder.core import Line, Place, Unreadable, batches, line, rejected
from itemtrail.forwarder.handler import Redactor
from itemtrail.forwarder.package import MODULES, package
from itemtrail.forwarder.send import Failed, Forwarder

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
NOW = 1_793_697_300_000
DAY = "2026-11-03"
PLACE = Place("archive", "spill/")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PLAIN = Redactor({}, None)


def record(number: int, **image: Any) -> dict[str, Any]:
    return {
        "eventID": f"id{number}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": NOW // 1000 - 100 + number,
            "Keys": {"EmpId": {"S": f"E-{number}"}},
            "NewImage": image or {"EmpId": {"S": f"E-{number}"}, "Salary": {"N": "5200"}},
            "SequenceNumber": str(1000 + number),
            "SizeBytes": 20,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"{TABLE}/stream/2026-11-01T00:00:00.000",
    }


class LogGroup:
    """PutLogEvents as documented: refuses what it refuses, answers 200 to what it does not keep."""

    def __init__(self, retention_days: int = 1) -> None:
        self.retention, self.kept, self.calls = retention_days * 86_400_000, dict[str, list[str]](), 0
        self.broken: str = ""

    def put(self, stream: str, lines: Sequence[Line]) -> Mapping[str, Any] | None:
        self.calls += 1
        if self.broken and stream.startswith(self.broken):
            raise Failed("ThrottlingException")
        times = [one.time for one in lines]
        assert 1 <= len(lines) <= 10_000
        assert times == sorted(times)
        assert times[-1] - times[0] <= 86_400_000
        assert ":" not in stream
        assert "*" not in stream
        assert sum(len(one.message.encode()) + 26 for one in lines) <= 1_048_576
        late = sum(moment < NOW - self.retention for moment in times)
        early = sum(moment <= NOW + 7_200_000 for moment in times)
        self.kept.setdefault(stream, []).extend(one.message for one in lines[late:early])
        info = ({"expiredLogEventEndIndex": late} if late else {}) | (
            {"tooNewLogEventStartIndex": early} if early < len(times) else {}
        )
        return info or None

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(text) for texts in self.kept.values() for text in texts]

    @property
    def ids(self) -> list[str]:
        return [event["eventID"] for event in self.events if "eventID" in event]


class Objects:
    def __init__(self) -> None:
        self.kept, self.broken = dict[str, bytes](), False

    def put(self, key: str, body: bytes) -> None:
        if self.broken:
            raise Failed("AccessDenied")
        self.kept[key] = body


class World:
    def __init__(self, redact: Any = PLAIN) -> None:
        self.logs, self.objects, self.said = LogGroup(), Objects(), list[str]()
        self.forwarder = Forwarder(self.logs, self.objects, redact, PLACE, self.said.append)

    def forward(self, *records: object) -> str | None:
        """The number from which Lambda would send again."""
        failures = self.forwarder.forward(records, NOW)["batchItemFailures"]
        return failures[0]["itemIdentifier"] if failures else None


@pytest.fixture
def world() -> World:
    return World()


def test_a_record_is_written_as_delivered_into_its_table_and_day(world: World) -> None:
    given = record(1)
    assert world.forward(given) is None
    assert world.logs.kept.keys() == {f"Employee/{DAY}"}
    assert world.logs.events == [given]


@pytest.mark.parametrize(
    ("value", "moment"),
    [(NOW // 1000 - 7, NOW - 7000), (NOW / 1000 - 7.5, NOW - 7500), (None, NOW)],
    ids=["whole", "part", "absent"],
)
def test_the_events_time_is_the_records(value: Any, moment: int) -> None:
    given = record(1)
    given["dynamodb"]["ApproximateCreationDateTime"] = value
    assert line(given, PLAIN, PLACE, NOW).time == moment


def test_published_records_with_every_type_come_through_unchanged(world: World) -> None:
    path = DATA / "lambda_go" / "dynamodb-event.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    records = json.loads(path.read_text(encoding="utf-8"))["Records"]
    for one in records:
        one["dynamodb"]["ApproximateCreationDateTime"] = NOW // 1000
    assert world.forward(*records) is None
    assert world.logs.events == records


def test_records_of_one_second_keep_the_streams_order(world: World) -> None:
    records = [record(number) for number in range(50)]
    for one in records:
        one["dynamodb"]["ApproximateCreationDateTime"] = NOW // 1000
    world.forward(*records)
    assert world.logs.ids == [one["eventID"] for one in records]


def test_what_is_too_large_for_an_event_is_spilled_and_pointed_at(world: World) -> None:
    large = record(1, Photo={"B": "A" * 1_100_000})
    assert world.forward(large, record(2)) is None
    (key, body) = next(iter(world.objects.kept.items()))
    pointer = next(event for event in world.logs.events if event["eventID"] == "id1")
    digest = hashlib.sha256(body).hexdigest()
    assert pointer["spilled"] == {"bucket": "archive", "key": key, "sha256": digest, "size": len(body)}
    assert (pointer["keys"], pointer["eventName"]) == ({"EmpId": {"S": "E-1"}}, "INSERT")
    assert key == f"spill/Employee/{DAY}/{digest}.json"
    assert json.loads(body) == large


def test_sent_twice_it_spills_one_object(world: World) -> None:
    large = record(1, Photo={"B": "A" * 1_100_000})
    world.forward(large)
    world.forward(large)
    assert len(world.objects.kept) == 1


def test_the_largest_event_that_fits_is_not_spilled(world: World) -> None:
    empty = len(json.dumps(record(1, Text={"S": ""}), separators=(",", ":"))) + core.EVENT_OVERHEAD
    fits = record(1, Text={"S": "é" * ((core.MAX_EVENT_BYTES - empty) // 2)})
    beyond = record(2, Text={"S": "é" * ((core.MAX_EVENT_BYTES - empty) // 2 + 1)})
    world.forward(fits, beyond)
    assert len(world.objects.kept) == 1
    assert fits in world.logs.events


def test_what_cannot_be_spilled_is_sent_again_and_the_others_are_there(world: World) -> None:
    world.objects.broken = True
    assert world.forward(record(1), record(2, Photo={"B": "A" * 1_100_000}), record(3)) == "1002"
    assert world.logs.ids == ["id1", "id3"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r["dynamodb"].pop("Keys"),
        lambda r: r.pop("eventID"),
        lambda r: r.pop("eventName"),
        lambda r: r.pop("eventSourceARN"),
        lambda r: r["dynamodb"].update(ApproximateCreationDateTime="yesterday"),
    ],
)
def test_a_record_that_cannot_be_read_is_reported_and_the_others_are_stored(world: World, spoil: Any) -> None:
    poison = record(2)
    spoil(poison)
    assert world.forward(record(1), poison, record(3)) == "1002"
    assert world.logs.ids == ["id1", "id3"]


@pytest.mark.parametrize("poison", [None, [], {}, {"dynamodb": {"Keys": {}}}])
def test_a_record_without_a_number_fails_the_batch_so_that_it_is_split(world: World, poison: Any) -> None:
    assert world.forward(record(1), poison) == ""
    assert world.logs.ids == ["id1"]


def test_the_lowest_number_is_the_lowest_as_a_number(world: World) -> None:
    first, second = record(1), record(2)
    first["dynamodb"]["SequenceNumber"], second["dynamodb"]["SequenceNumber"] = "9", "100000000000000000000000"
    for one in (first, second):
        one.pop("eventName")
    assert world.forward(second, first) == "9"


def test_a_log_group_that_fails_fails_only_what_it_was_given(world: World) -> None:
    other = record(5)
    other["eventSourceARN"] = other["eventSourceARN"].replace("Employee", "Payroll")
    world.logs.broken = "Payroll"
    assert world.forward(record(1), other, record(7)) == "1005"
    assert world.logs.ids == ["id1", "id7"]
    assert "ThrottlingException" in " ".join(world.said)


def test_what_is_past_the_retention_is_done_and_said(world: World) -> None:
    old = record(1)
    old["dynamodb"]["ApproximateCreationDateTime"] -= 90_000
    assert world.forward(old, record(2)) is None
    (told,) = [event for event in world.logs.events if "itemtrail" in event]
    assert told["eventIDs"] == ["id1"]
    assert "too old" in told["itemtrail"]
    assert any('"tooOld"' in said and "id1" in said for said in world.said)


def test_what_is_from_the_future_is_sent_again(world: World) -> None:
    new = record(1)
    new["dynamodb"]["ApproximateCreationDateTime"] += 8_000
    assert world.forward(new, record(2)) == "1001"
    assert world.logs.ids == ["id2"]


def test_no_value_is_in_the_functions_own_log() -> None:
    world = World()
    world.objects.broken = True
    secret = "§secret§"
    poison = record(3, Name={"S": secret})
    poison["dynamodb"]["ApproximateCreationDateTime"] = secret
    world.forward(record(1, Name={"S": secret}), record(2, Name={"S": secret * 200_000}), poison)
    assert len(world.said) == 3
    assert secret not in " ".join(world.said) + json.dumps(world.said)
    assert "E-1" not in " ".join(world.said)


def test_rules_are_applied_before_anything_leaves() -> None:
    rules = {TABLE: [["Salary", "drop", False]], TABLE + "2": [["Name", "drop", False]]}
    world = World(Redactor.of(json.dumps(rules), ""))
    world.forward(record(1, Salary={"N": "5200"}, Name={"S": "x"}))
    (event,) = world.logs.events
    assert event["dynamodb"]["NewImage"] == {"Name": {"S": "x"}}
    assert event["redacted"] == ["Salary"]


def test_a_record_that_cannot_be_redacted_is_not_written() -> None:
    world = World(Redactor.of(json.dumps({TABLE: [["Pay.Base", "drop", False]]}), ""))
    assert world.forward(record(1, Pay={"M": "5200"}), record(2)) == "1001"
    assert world.logs.ids == ["id2"]
    assert "5200" not in " ".join(world.said)


def test_a_rule_on_the_key_stops_everything() -> None:
    world = World(Redactor.of(json.dumps({TABLE: [["EmpId", "drop", False]]}), ""))
    with pytest.raises(ConfigurationError, match="EmpId"):
        world.forward(record(1))
    assert world.logs.calls == 0


_lines = st.builds(
    Line,
    st.sampled_from(["a/1", "a/2", "b/1"]),
    st.integers(0, 3 * 86_400_000),
    st.sampled_from(["x", "é" * 1000, "y" * 400_000, "z" * 1_048_550]),
    st.just("e"),
    st.integers(0, 9).map(str),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_lines, max_size=40))
def test_batches_hold_every_line_once_within_the_limits(lines: list[Line]) -> None:
    found = list(batches(lines))
    assert sorted(map(repr, (one for _, batch in found for one in batch))) == sorted(map(repr, lines))
    for stream, batch in found:
        times = [one.time for one in batch]
        assert {one.stream for one in batch} == {stream}
        assert times == sorted(times)
        assert times[-1] - times[0] <= 86_400_000
        assert sum(one.size for one in batch) <= 1_048_576


def test_a_batch_has_ten_thousand_events_at_most() -> None:
    many = [Line("a/1", 0, "x", "e", "1")] * 10_001
    assert [len(batch) for _, batch in batches(many)] == [10_000, 1]


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_ends_are_exclusive_and_the_start_is_inclusive(old: int, expired: int, new: int) -> None:
    batch = [Line("a", number, "x", str(number), str(number)) for number in range(6)]
    info = {"tooOldLogEventEndIndex": old, "expiredLogEventEndIndex": expired, "tooNewLogEventStartIndex": new}
    found = rejected(batch, info)
    assert [one.time for one in found.late] == list(range(max(old, expired)))
    assert [one.time for one in found.early] == list(range(max(old, expired, new), 6))
    assert rejected(batch, None) == core.Rejected()


def test_half_a_surrogate_pair_is_sent_as_its_escape(world: World) -> None:
    given = record(1, Text={"S": "\ud800"})
    assert world.forward(given) is None
    assert world.logs.events == [given]


def test_an_unreadable_record_says_what_is_missing() -> None:
    with pytest.raises(Unreadable, match="eventSourceARN"):
        line(record(1) | {"eventSourceARN": TABLE}, PLAIN, PLACE, NOW)


def test_the_package_is_small_the_same_each_time_and_runs_alone(tmp_path: Path) -> None:
    package.cache_clear()
    once = package()
    package.cache_clear()
    assert once == package()
    assert len(once) < 64 << 10
    held = tmp_path / "code.zip"
    held.write_bytes(once)
    with zipfile.ZipFile(held) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        archive.extractall(tmp_path / "code")
    libraries = str(Path(__import__("boto3").__file__).parents[1])
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path / 'code')!r}]; sys.path.append({libraries!r})\n"
        "import itemtrail.forwarder.handler\n"
        "print(sorted(n for n, m in sys.modules.items() if n.startswith('itemtrail')))\n"
        "assert all(str(m.__file__).startswith(sys.path[0]) for n, m in sys.modules.items() if n.startswith('itemtrail'))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {name.replace(".", "/") for name in json.loads(done.stdout.replace("'", '"'))}
    assert loaded == {f"itemtrail/{name}".removesuffix("/__init__") for name in MODULES}


def test_a_days_stream_name_is_the_day_in_utc() -> None:
    found = line(record(1), PLAIN, PLACE, NOW)
    assert found.stream == f"Employee/{dt.datetime.fromtimestamp(found.time / 1000, dt.UTC).date()}"
