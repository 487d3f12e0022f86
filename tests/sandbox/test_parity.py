"""docs/validation-parity.md says what both validators say: ours over every scenario, awscli over a few, otherwise as recorded."""

import json
import os
from collections.abc import Callable, Iterator

import pytest
from tests import parity, parity_scenarios
from tests.parity import SCENARIOS, START, Answers, Bench, Scenario, make_bench, page, recorded, row, run

from cloudtrail_sandbox.client import Sandbox

pytestmark = pytest.mark.sandbox
assert parity_scenarios.__name__  # importing it registers the scenarios


@pytest.fixture(scope="module")
def bench(new_sandbox: Callable[..., Sandbox]) -> Iterator[Bench]:
    if not parity.AWS.exists():
        pytest.skip(f"no {parity.AWS}: the judge is awscli from requirements-dev.txt")
    sandbox = new_sandbox(clock=START, tick=False)
    with pytest.MonkeyPatch.context() as surroundings:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            surroundings.delenv(name)
        for name, value in sandbox.environment().items():
            surroundings.setenv(name, value)
        yield make_bench(sandbox)


@pytest.fixture(scope="module")
def answers(bench: Bench) -> dict[str, tuple[Answers, Answers]]:
    """Ours as of now; awscli's as of now for the spots, else as the page has it."""
    known = recorded()
    found: dict[str, tuple[Answers, Answers]] = {}
    for one in SCENARIOS:
        assert one.spot or one.name in known, f"{one.name} is not on the page: make parity"
        mine, other = run(bench, one, awscli=one.spot)
        found[one.name] = mine, other or known[one.name]
    return found


def test_page_is_what_the_validators_say(answers: dict[str, tuple[Answers, Answers]]) -> None:
    rows = [row(one, *answers[one.name]) for one in SCENARIOS]
    assert parity.PAGE.read_text(encoding="utf-8") == page(rows), "make parity writes it anew"


@pytest.mark.parametrize("one", SCENARIOS, ids=lambda one: one.name)
def test_ours_is_never_milder_than_awscli(one: Scenario, answers: dict[str, tuple[Answers, Answers]]) -> None:
    mine, other = answers[one.name]
    assert (mine.exit == 0 and other.exit != 0) == one.milder
    assert one.why or (mine.exit == 0) == (other.exit == 0), "say why they differ"


def test_chain_of_the_bench_has_what_the_page_promises(bench: Bench) -> None:
    """Late digests out of order, two signing keys, and backfill digests that name each other."""
    bench.place = parity.MAIN
    documents = [json.loads(bench.content(key)) for key in bench.digests()]
    assert len({document["digestPublicKeyFingerprint"] for document in documents}) == 2
    late = [json.loads(bench.content(key)) for key in bench.digests(backfill=True)]
    assert [document["previousDigestS3Object"] for document in late] == [None, *bench.digests(backfill=True)[:-1]]
    assert len(late) >= 2
    assert all(document["logFiles"] for document in late)
    delivered = [bench.modified[key] for key in bench.digests()]
    assert delivered != sorted(delivered), "no digest came out of order"
