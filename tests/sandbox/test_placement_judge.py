"""Two that know nothing of each other: the local AWS moves and expires objects by its own reading of the rules, and the lifecycle
function says where they should be. Every few days for a quarter of a year, over our own rules and over rules that overlap."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.sandbox.setup_world import SetupWorld

from cloudtrail_sandbox.client import Sandbox
from itemtrail.core.lifecycle_placement import Place, Rules, judge
from itemtrail.core.lifecycle_rules import parse
from itemtrail.flows.lifecycle import archive_rules, trail_rules

pytestmark = pytest.mark.sandbox
START = dt.datetime(2026, 3, 1, 10, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PROVEN = ("itemtrail", "proven")
SIZES = (20, 131_071, 131_072, 200_000)
FOLDERS = (
    "originals",
    "events",
    "stream_records",
    "receipts",
    "quarantine",
    "spill",
    "changes",
    "ledger",
    "AWSLogs/1/CloudTrail",
)


def moved(days: int, to: str, **filters: Any) -> dict[str, Any]:
    return {
        "ID": f"{days}-{to}-{filters}"[:200],
        "Status": "Enabled",
        "Filter": filters,
        "Transitions": [{"Days": days, "StorageClass": to}],
    }


OVERLAPPING = (
    moved(40, "GLACIER"),
    moved(30, "STANDARD_IA", Prefix="events/"),
    moved(35, "ONEZONE_IA", Prefix="ch"),
    moved(50, "GLACIER_IR", Prefix="changes/"),
    moved(60, "DEEP_ARCHIVE", ObjectSizeLessThan=131_072),
    moved(45, "INTELLIGENT_TIERING", Tag={"Key": PROVEN[0], "Value": PROVEN[1]}),
    {"ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}},
    {"ID": "soon", "Status": "Enabled", "Filter": {"Prefix": "spill/"}, "Expiration": {"Days": 33}},
    {"ID": "sooner", "Status": "Enabled", "Filter": {"Prefix": "sp"}, "Expiration": {"Days": 31}},
)


@pytest.fixture(scope="module")
def world(new_sandbox: Callable[..., Sandbox]) -> Iterator[SetupWorld]:
    """Three versioned buckets with everything in them, and no trail: time costs nothing."""
    with new_sandbox(clock=START, regions=("us-east-1",), tick=False) as sandbox:
        made = SetupWorld.of(sandbox)
        for name, rules in rules_of(made).items():
            s3 = made.client("s3")
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": list(rules)})
            for folder in FOLDERS:
                for size in SIZES:
                    for tagging in ("", "=".join(PROVEN)):
                        key = f"{folder}/{size}-{'proven' if tagging else 'plain'}"
                        s3.put_object(Bucket=name, Key=key, Body=b"x" * size, Tagging=tagging)
        yield made


def rules_of(world: SetupWorld) -> dict[str, tuple[Any, ...]]:
    return {"judge-archive": archive_rules(world.settings), "judge-trail": trail_rules(world.settings), "judge-odd": OVERLAPPING}


def places(world: SetupWorld, name: str, lag: dt.timedelta) -> dict[str, Place]:
    """How each listed object lies, its tags known."""
    live = world.client("s3").get_bucket_lifecycle_configuration(Bucket=name)
    live.pop("ResponseMetadata", None)
    rules = Rules(parse(live), world.now(), lag)
    found = {}
    for one in world.connection.cold(name, region="us-east-1").list("", start_after=""):
        tags = frozenset({PROVEN} if one.key.endswith("proven") else ())
        found[one.key] = judge(rules, one, tags)[0]
    return found


def test_where_the_local_aws_puts_objects_is_where_they_are_due_and_nowhere_else(world: SetupWorld) -> None:
    changed, gone = 0, 0
    everything = len(FOLDERS) * len(SIZES) * 2
    for day in (1, 29, 31, 32, 34, 36, 41, 45, 46, 51, 61, 90, 91, 95):
        world.sandbox.advance_to(START + day * DAY)
        due = {name: places(world, name, dt.timedelta(0)) for name in rules_of(world)}
        waiting = sum(place in (Place.WARMER, Place.STILL_THERE) for found in due.values() for place in found.values())
        done = world.sandbox.run_lifecycle()
        assert done["moved"] + done["expired"] == waiting, f"day {day}"  # what we say is overdue is what it acts on
        changed, gone = changed + done["moved"], gone + done["expired"]
        for name in rules_of(world):
            after = places(world, name, dt.timedelta(0))
            assert {key: place for key, place in after.items() if place is not Place.AS_DUE} == {}, f"{name}, day {day}"
    assert changed > everything
    assert gone >= len(FOLDERS) * len(SIZES)
