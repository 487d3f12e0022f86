"""A proof of one event: that the stranger's checker accepts it, and nothing that was changed."""

import base64
import copy
import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.proof_world import ProofWorld, a_chain
from tests.vectors.make_chain import Signer

from itemtrail.core import layout
from itemtrail.core.receipt import Receipt
from itemtrail.errors import ConfigurationError, EvidenceError, NotFound
from itemtrail.flows.prove import find
from itemtrail.proof import check_proof

EVENT = "event-12-1"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> ProofWorld:
    made = ProofWorld(tmp_path_factory.mktemp("proof"))
    made.checkpoint()
    return made


@pytest.fixture(scope="module")
def proof(world: ProofWorld) -> dict[str, Any]:
    return world.proof(EVENT)


def failing(proof: object) -> list[int]:
    """Numbers of the steps that do not hold."""
    lines, anchored = check_proof.check(proof)
    assert not anchored
    return [number for number, (_, holds) in enumerate(lines, 1) if not holds]


def test_every_step_holds(proof):
    assert failing(proof) == []


def test_the_record_in_it_is_the_delivered_text(world, proof):
    assert '"note":"ü"}, "readOnly"' in proof["record"]
    assert json.loads(proof["record"])["eventID"] == EVENT
    assert proof["row"]["eventID"] == EVENT


def test_it_is_anchored_by_the_checkpoint_or_the_key_and_by_no_other(world, proof):
    checkpoint, fingerprint = world.book().last.sha256, check_proof.md5(base64.b64decode(proof["key"]))
    assert check_proof.check(proof, checkpoint)[1]
    assert check_proof.check(proof, "", [fingerprint])[1]
    assert not check_proof.check(proof, "0" * 64, ["0" * 32])[1]


def test_the_same_event_gives_the_same_bytes(world):
    made = [world.prove(world.found(EVENT)) for _ in range(2)]
    assert made[0] == made[1]


MUTATIONS = {
    "another_format": (1, lambda p: p.update(format="itemtrail-proof/2")),
    "record_changed": (1, lambda p: p.update(record=p["record"].replace("E-1017", "E-1018"))),
    "record_of_another_index": (1, lambda p: p["log"].update(index=0)),
    "record_at_another_offset": (1, lambda p: p["log"].update(offset=p["log"]["offset"] + 1)),
    "negative_offset": (1, lambda p: p["log"].update(offset=-1)),
    "row_with_another_name": (2, lambda p: p["row"].update(eventName="DeleteItem")),
    "row_with_a_column_of_its_own": (2, lambda p: p["row"].update(actor="somebody else")),
    "row_without_its_time": (2, lambda p: p["row"].pop("eventTime")),
    "row_of_another_file": (2, lambda p: p["row"].update(source_object="elsewhere")),
    "log_under_another_key": (3, lambda p: (p["log"].update(key="elsewhere"), p["row"].update(source_object="elsewhere"))),
    "log_content_changed": (1, lambda p: p["log"].update(gzip=regzipped(p["log"]["gzip"], b"UpdateItem", b"DeleteItem"))),
    "digest_content_changed": (
        4,
        lambda p: p["digest"].update(gzip=regzipped(p["digest"]["gzip"], b"digestStartTime", b"digestStartTimo")),
    ),
    "signature_of_another_digest": (4, lambda p: p["digest"].update(signature="00" * 256)),
    "signature_missing": (4, lambda p: p["digest"].update(signature="")),
    "another_key": (4, lambda p: p.update(key=base64.b64encode(Signer(8).pkcs1).decode())),
    "receipt_says_less": (7, lambda p: receipt_with(p, conversion="PARTIAL")),
    "receipt_of_another_key": (7, lambda p: p["receipts"].update(key="receipts/elsewhere")),
    "receipt_not_proven": (6, lambda p: receipt_with(p, objects=[])),
    "path_cut": (7, lambda p: p["ledger"].update(path=p["ledger"]["path"][:-1])),
    "path_too_long": (7, lambda p: p["ledger"]["path"].append("00" * 32)),
    "another_leaf": (7, lambda p: p["ledger"].update(leaf=p["ledger"]["leaf"] + 1)),
    "root_changed": (7, lambda p: checkpoint_with(p, root="0" * 64)),
    "two_gzip_members": (1, lambda p: p["log"].update(gzip=doubled(p["log"]["gzip"]))),
    "no_ledger": (7, lambda p: p.pop("ledger")),
}


def regzipped(text: str, old: bytes, new: bytes) -> str:
    changed = gzip.decompress(base64.b64decode(text)).replace(old, new)
    return base64.b64encode(gzip.compress(changed)).decode()


def doubled(text: str) -> str:
    body = base64.b64decode(text)
    return base64.b64encode(body + gzip.compress(b"")).decode()


def receipt_with(proof: dict[str, Any], **fields: Any) -> None:
    proof["receipts"]["json"][-1] = json.dumps(json.loads(proof["receipts"]["json"][-1]) | fields)


def checkpoint_with(proof: dict[str, Any], **fields: Any) -> None:
    proof["ledger"]["checkpoint"] = json.dumps(json.loads(proof["ledger"]["checkpoint"]) | fields)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_what_was_changed_fails_at_its_step(proof, mutation):
    step, change = MUTATIONS[mutation]
    changed = copy.deepcopy(proof)
    change(changed)
    assert failing(changed)[0] == step


def leaves(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [found for name, child in items for found in leaves(child, (*path, name))]
    yield from inner or [path]


def other_bytes(name: str, old: str, new: str) -> bool:
    """Whether a text that stands for bytes stands for others: a byte of a gzip header that says nothing may differ."""
    reading = {"gzip": check_proof.inflate, "key": lambda text: base64.b64decode(text, validate=True), "signature": bytes.fromhex}
    try:
        return name not in reading or reading[name](old) != reading[name](new)
    except (ValueError, zlib.error):
        return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_any_character_changed_anywhere_is_noticed(world, proof, data):
    """Under a checkpoint from outside: without one, what its text says besides the root is nobody's word."""
    changed = copy.deepcopy(proof)
    *way, name = data.draw(st.sampled_from(sorted(leaves(proof), key=str)))
    holder = changed
    for step in way:
        holder = holder[step]
    old = holder[name]
    if isinstance(old, str):
        at = data.draw(st.integers(0, len(old) - 1))
        new = old[:at] + data.draw(st.characters(codec="ascii")) + old[at + 1 :]
        assume(new != old and other_bytes(str(name), old, new))
    else:
        new = data.draw(st.integers(0, 10**9).filter(lambda one: one != old))
    holder[name] = new
    assert not check_proof.check(changed, world.book().last.sha256)[1]


@pytest.mark.parametrize("junk", [None, [], {}, {"format": check_proof.FORMAT}, "x", {"format": check_proof.FORMAT, "log": 3}])
def test_what_is_no_proof_holds_nothing(junk):
    assert failing(junk) == [1, 2, 3, 4, 5, 6, 7]


def alone(folder: Path, proof: dict[str, Any], *words: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
    """The checker in a folder of its own, in Python's isolated mode, where no import of the project can succeed."""
    (folder / "check_proof.py").write_bytes(Path(check_proof.__file__).read_bytes())
    (folder / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    command = [*before, sys.executable, "-I", "check_proof.py", "proof.json", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()[-1]


def test_the_checker_runs_without_itemtrail(proof, tmp_path: Path):
    assert alone(tmp_path, proof) == (0, "PROVEN  anchored: false")
    assert alone(tmp_path, proof, "--checkpoint", "0" * 64) == (1, "NOT PROVEN  anchored: false")


def test_the_checker_runs_where_no_network_interface_is_up(proof, tmp_path: Path):
    apart = ("unshare", "--map-root-user", "--net")
    try:
        subprocess.run([*apart, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("this machine does not let a user make a network namespace (unshare --map-root-user --net)")
    down = subprocess.run([*apart, "cat", "/proc/net/dev"], check=True, capture_output=True, text=True, timeout=10).stdout
    assert [line.split(":")[0].strip() for line in down.splitlines()[2:]] == ["lo"]
    assert alone(tmp_path, proof, before=apart) == (0, "PROVEN  anchored: false")


def test_the_checker_is_read_in_an_afternoon():
    assert len(Path(check_proof.__file__).read_text(encoding="utf-8").splitlines()) <= 150


def receipt_of(world: ProofWorld) -> Receipt:
    """The day's receipt."""
    key = layout.receipt_key(world.world.unit, 0)
    return Receipt.from_json(world.world.archive.body(key), key=key)


def test_an_event_that_is_not_archived_is_told(world):
    with pytest.raises(NotFound, match="no such event"):
        world.proof("event-99-9")


def test_a_receipt_that_no_checkpoint_holds_gives_no_proof(tmp_path):
    with pytest.raises(ConfigurationError, match="no ledger"):
        ProofWorld(tmp_path).proof(EVENT)


def test_a_row_that_was_edited_gives_no_proof(world):
    (found,) = world.found(EVENT)
    edited = type(found)(found.unit, found.row | {"eventName": "DeleteItem"})
    with pytest.raises(EvidenceError, match="eventName"):
        world.prove([edited])


def test_bytes_that_are_not_their_receipts_give_no_proof(tmp_path):
    world = ProofWorld(tmp_path)
    world.checkpoint()
    (tar,) = (key for key in world.world.archive.keys(layout.ORIGINALS) if "2026-03-10" in key)
    body = bytearray(world.world.archive.body(tar))
    log = next(one for one in receipt_of(world).inputs if "00000012abcdefgh" in one.key)
    body[log.offset + log.size // 2] ^= 1
    world.world.archive.replace(tar, bytes(body))
    with pytest.raises(EvidenceError, match="other bytes than its receipt says"):
        world.proof(EVENT)


def test_a_log_under_a_bad_digest_gives_no_proof(tmp_path):
    chain = a_chain()
    victim = sorted(key for key in chain.objects if "Digest" in key)[12]
    chain.objects[victim].metadata["signature"] = "00" * 256
    world = ProofWorld(tmp_path, chain)
    world.checkpoint()
    refused = 0
    for hour in range(3, 24):
        if hour != 10:
            try:
                assert failing(world.proof(f"event-{hour:02d}-0")) == []
            except EvidenceError:
                refused += 1
    assert refused == 1


def test_find_reads_only_files_of_events(tmp_path):
    assert list(find([], EVENT)) == []
