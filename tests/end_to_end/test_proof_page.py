"""The page that checks proofs, in a real browser: green for a proof, red for a byte changed, and never a connection."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.browser import Page, needs_chromium, opened
from tests.proof_world import ProofWorld

from itemtrail.proof import check_proof

pytestmark = needs_chromium
PAGE = Path(check_proof.__file__).with_name("proof.html")
SHOWN = """new Promise((done) => {
  const look = () => document.getElementById("result").hidden ? setTimeout(look, 20) : done();
  look();
})"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> ProofWorld:
    made = ProofWorld(tmp_path_factory.mktemp("proof"))
    made.checkpoint()
    return made


@pytest.fixture(scope="module")
def proof(world: ProofWorld) -> dict[str, Any]:
    return world.proof("event-12-1")


@pytest.fixture(scope="module")
def page():
    with opened(PAGE) as found:
        yield found


def verdict(page: Page, proof: object, folder: Path, *, checkpoint: str = "", trusted: str = "") -> tuple[str, list[bool]]:
    """The page's verdict, and which steps hold."""
    path = folder / "proof.json"
    path.write_text(proof if isinstance(proof, str) else json.dumps(proof), encoding="utf-8")
    page.run("document.getElementById('file').value = ''; document.getElementById('result').hidden = true")
    for name, value in (("checkpoint", checkpoint), ("trusted", trusted)):
        page.run(f"document.getElementById('{name}').value = {json.dumps(value)}")
    page.give("#file", path)
    page.run(SHOWN)
    steps = page.run("Array.from(document.querySelectorAll('#steps li'), one => one.className === 'holds')")
    return page.run("document.getElementById('verdict').textContent"), steps


def test_a_proof_turns_it_green(page, proof, tmp_path):
    assert verdict(page, proof, tmp_path) == ("PROVEN", [True] * 7)
    assert page.run("getComputedStyle(document.getElementById('verdict')).backgroundColor") == "rgb(10, 107, 53)"
    assert "event-12-1" in page.run("document.getElementById('facts').textContent")
    assert page.run("document.getElementById('anchored').textContent").startswith("Not anchored")


def test_one_byte_changed_turns_it_red(page, proof, tmp_path):
    body = bytearray(base64.b64decode(proof["digest"]["gzip"]))
    body[len(body) // 2] ^= 1
    changed = proof | {"digest": proof["digest"] | {"gzip": base64.b64encode(body).decode()}}
    said, steps = verdict(page, changed, tmp_path)
    assert (said, steps[:3]) == ("NOT PROVEN", [True, True, False])
    assert page.run("getComputedStyle(document.getElementById('verdict')).backgroundColor") == "rgb(163, 18, 27)"


def test_it_agrees_with_the_other_checker_on_every_mutation(page, proof, tmp_path):
    import copy

    from tests.flows.test_prove import MUTATIONS

    for _, change in MUTATIONS.values():
        changed = copy.deepcopy(proof)
        change(changed)
        said, steps = verdict(page, changed, tmp_path)
        lines, _ = check_proof.check(changed)
        assert (said, steps) == ("NOT PROVEN", [bool(holds) for _, holds in lines])


def test_it_is_anchored_by_what_is_kept_elsewhere(page, world, proof, tmp_path):
    checkpoint, key = world.book().last.sha256, check_proof.md5(base64.b64decode(proof["key"]))
    assert verdict(page, proof, tmp_path, checkpoint=checkpoint)[0] == "PROVEN"
    assert verdict(page, proof, tmp_path, trusted=key.upper())[0] == "PROVEN"
    assert verdict(page, proof, tmp_path, checkpoint="0" * 64)[0] == "NOT PROVEN"


@pytest.mark.parametrize("junk", ["", "null", "[]", "{}", "not JSON", '{"format":"itemtrail-proof/1","log":3}'])
def test_what_is_no_proof_turns_it_red(page, tmp_path, junk):
    assert verdict(page, junk, tmp_path) == ("NOT PROVEN", [False] * 7)


def test_what_a_record_says_is_shown_and_never_run(page, proof, tmp_path):
    said = json.loads(proof["record"]) | {"eventName": "<img src=x onerror=\"document.title='run'\">"}
    verdict(page, proof | {"record": json.dumps(said)}, tmp_path)
    assert page.run("document.querySelectorAll('#facts img').length") == 0
    assert page.run("document.title") == "Check a proof"


def test_it_opens_no_connection(page):
    assert page.run("fetch('http://127.0.0.1:9/').then(() => 'answered', () => 'refused')") == "refused"
    assert page.run("performance.getEntriesByType('resource').length") == 0
