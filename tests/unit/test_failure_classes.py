"""Every failure class has its vectors, and every reason of the code has one: none was forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.vectors.failure_classes import DIGEST_CLASSES, LOG_CLASSES, NONE, FailureClass

from itemtrail.core.reasons import Reason

FOLDER = Path(__file__).parents[1] / "vectors" / "chain"
TABLES = {"digest": DIGEST_CLASSES, "log": LOG_CLASSES}
ALL = [
    pytest.param(one, kind, id=f"{what}-{one.name}-{kind}")
    for what, classes in TABLES.items()
    for one in classes
    for kind in ("standard", "backfill")
]


def _wanted(name: str) -> set[str]:
    want: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["want"]
    return {reason for _, reason in (want["slots"] | want["objects"]).values()} or {"OK"}


@pytest.mark.parametrize(("one", "kind"), ALL)
def test_failure_class_is_shown_by_vectors_of_both_chains(one: FailureClass, kind: str) -> None:
    expects = set(one.expects.split())
    assert expects <= set(Reason), "a reason that the code does not know"
    vectors = str(getattr(one, kind)).split()
    if not vectors:
        assert getattr(one, kind) == NONE
        assert one.why_none, "say why this chain cannot have it"
    for name in vectors:
        assert (FOLDER / f"{name}.json").is_file(), f"{name}: no such vector"
        assert _wanted(name) & expects, f"{name} wants {_wanted(name)}, none of {expects}"


# Reasons that only a test of its own shows: isa-l tells CORRUPT from TRUNCATED by chance of the bytes.
ELSEWHERE = {"CORRUPT": "tests/vectors/records/expected.json"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_wanted_by_a_vector(reason: Reason) -> None:
    if reason in ELSEWHERE:
        assert reason in (FOLDER.parents[2] / ELSEWHERE[reason]).read_text(encoding="utf-8")
        return
    assert any(reason in _wanted(path.stem) for path in FOLDER.glob("*.json")), f"no vector wants {reason}"
