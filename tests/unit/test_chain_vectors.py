"""Every vector of ``tests/vectors/chain``: the verdicts wanted, in the slots and objects wanted, and no other."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from tests.chain_world import World, not_proven, verdicts
from tests.memory import Fault
from tests.vectors.chain_cases import CASES, vector

from itemtrail.cli.validate_report import exit_code
from itemtrail.model import LoggingStatus, PublicKey, TrailRef

FOLDER = Path(__file__).parents[1] / "vectors" / "chain"


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return document


def world(document: dict[str, Any]) -> World:
    trail = document["trail"]
    place = TrailRef(trail["arn"], trail["bucket"], trail["prefix"], organization_id=trail.get("organization", ""))
    made = World(place, trail["account"], trail["region"])
    objects = {k: v for k, v in load("clean")["put"].items() if k not in document["delete"]} | document["put"]
    older, marked = document.get("older", {}), document.get("marked", {})
    made.store.versioned = bool(older or marked)
    versions = [(key, item) for key, found in older.items() for item in found]
    for key, item in [*versions, *objects.items()]:
        made.store.put(key, base64.b64decode(item["body"]), metadata=item["metadata"], at=_time(item["modified"]))
    for key, at in marked.items():
        made.store.mark_deleted(key, at=_time(at))
    for key, fault in document["faults"].items():
        made.store.fail(key, Fault(fault))
    made.keys.fault = Fault(document["keys_fault"]) if document["keys_fault"] else None
    made.keys.all = [_key(item) for item in document["keys"]]
    return made


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_vector(name: str) -> None:
    document = load(name)
    made = world(document)
    result = made.validate(_time(document["from"]), _time(document["to"]), _time(document["now"]), _status(document["status"]))

    want = document["want"]
    wanted = {k: tuple(v) for k, v in (want["slots"] | want["objects"]).items()}
    assert not_proven(result) == {k: v for k, v in wanted.items() if v[0] != "PROVEN"}
    assert wanted.items() <= verdicts(result).items()
    assert (len(result.slots), len(result.objects)) == (want["slot_count"], want["object_count"])
    assert exit_code([result]) == want["exit"]
    if not made.store.versioned:
        assert len(made.store.reads) == len(set(made.store.reads)), "an object was read twice"


def test_vectors_are_what_the_generator_makes() -> None:
    """Compressed bytes may differ with the zlib at hand, so bodies are compared as the generator made them or not at all."""
    assert {path.stem for path in FOLDER.glob("*.json")} == {item.name for item in CASES}
    for item in CASES:
        made, stored = vector(item), load(item.name)
        for document in (made, stored):
            for entry in (*document["put"].values(), *(one for found in document.get("older", {}).values() for one in found)):
                entry["body"] = len(entry["body"]) > 0
        assert made == stored, item.name


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _status(values: dict[str, Any] | None) -> LoggingStatus | None:
    if values is None:
        return None
    times = {k: _time(values[k]) for k in ("started", "stopped") if k in values}
    return LoggingStatus(values["is_logging"], **times)


def _key(item: dict[str, str]) -> PublicKey:
    value = base64.b64decode(item["value"])
    return PublicKey(item["fingerprint"], value, item["region"], _time(item["from"]), _time(item["to"]))
