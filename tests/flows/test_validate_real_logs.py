"""The 55 published log files of the invictus set under digests of our own signer: counts as awscli gives them, and stricter."""

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest
from tests.chain_world import VALID_FROM, World, not_proven
from tests.vectors.make_chain import HOUR, Chain, Obj, Signer, gzipped

from itemtrail.model import Verdict

START = dt.datetime(2023, 7, 10, 10, 1, 31, tzinfo=dt.UTC)
END, LATER = START + 4 * HOUR, START + 40 * HOUR


@pytest.fixture(scope="module")
def chain(shared_data: Path) -> Chain:
    files = sorted((shared_data / "invictus").glob("*.json.gz"))
    assert len(files) == 55
    made = Chain(Signer(1), bucket="trail", prefix="", account="218007301253", trail="main")
    by_hour: dict[int, list[str]] = {n: [] for n in range(4)}
    for file in files:
        delivered = dt.datetime.strptime(file.name.split("_")[3], "%Y%m%dT%H%MZ").replace(tzinfo=dt.UTC)
        key = f"{made.folder('CloudTrail')}{delivered:%Y/%m/%d}/{file.name}"
        made.objects[key] = Obj(file.read_bytes(), modified=delivered)
        by_hour[int((delivered - START) / HOUR)].append(key)
    for n, keys in by_hour.items():
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, keys, starting=n == 0)
    return made


@pytest.fixture
def world(chain: Chain) -> World:
    made = World.of(chain)
    key = made.keys.all[0]
    made.keys.all[0] = type(key)(key.fingerprint, key.value, key.region, START - HOUR, VALID_FROM)
    return made


def logs(world: World) -> list[str]:
    return [key for key in world.store.keys() if "/CloudTrail/" in key]  # noqa: SIM118


def test_all_are_proven(world: World) -> None:
    result = world.validate(START, END, LATER)
    assert (result.verdict, len(result.slots), len(result.objects)) == (Verdict.PROVEN, 4, 55)


def test_log_parsed_and_written_again_is_not_the_log(world: World) -> None:
    """Numbers like 1.688560107857E9 are written back by no JSON library."""
    tampered = next(key for key in logs(world) if "1230Z_AvIajGd5rkz6vTy4" in key)
    content = gzip.decompress(world.store.body(tampered))
    world.store.replace(tampered, gzipped(json.dumps(json.loads(content)).encode()))
    assert not_proven(world.validate(START, END, LATER)) == {tampered: ("DISPROVEN", "HASH_MISMATCH")}


def test_logs_of_an_hour_whose_digest_was_altered_are_named_one_by_one(world: World, chain: Chain) -> None:
    digest = max(chain.digests, key=lambda key: chain.objects[key].content.count(b"s3Object"))
    document = json.loads(chain.objects[digest].content)
    listed = [item["s3Object"] for item in document["logFiles"]]
    document["logFiles"].pop()
    world.store.replace(digest, gzipped(json.dumps(document).encode()))
    result = world.validate(START, END, LATER)
    unproven = {o.key for o in result.objects if o.reason == "DIGEST_NOT_PROVEN"}
    assert unproven == set(listed)  # aws-cli leaves them out of its count
    assert len(listed) > 20
