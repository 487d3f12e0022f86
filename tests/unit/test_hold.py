"""Holds as records: names, chains, and what a release may let go."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itemtrail.core.hold import Action, Held, Hold, HoldRecord, Scope, fold, hold_id, to_let_go
from itemtrail.core.plan import sha256
from itemtrail.errors import EvidenceError

SCOPE = Scope(dt.date(2026, 1, 1), None, (("111122223333", "us-east-1"),))
AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
FEW = st.frozensets(st.integers(0, 8), max_size=6)


def record(
    action: Action, objects: frozenset[int] = frozenset(), before: frozenset[int] = frozenset(), case: str = "c"
) -> HoldRecord:
    return HoldRecord(
        id=hold_id(case, SCOPE),
        number=0,
        previous=None,
        action=action,
        case=case,
        reason="r",
        by="arn",
        at=AT,
        scope=SCOPE,
        objects=tuple(Held(f"key-{n}", "v1") for n in sorted(objects)),
        before=tuple(Held(f"key-{n}", "v1") for n in sorted(before)),
    )


def chain(*records: HoldRecord) -> list[tuple[int, bytes]]:
    documents: list[tuple[int, bytes]] = []
    previous = None
    for number, one in enumerate(records):
        body = replace(one, number=number, previous=previous).to_json()
        documents.append((number, body))
        previous = sha256(body)
    return documents


def hold(*records: HoldRecord) -> Hold:
    return fold(records[0].id, chain(*records))


def test_the_same_case_and_scope_have_the_same_name_and_others_have_not() -> None:
    assert hold_id("Doe v. Acme", SCOPE) == hold_id("Doe v. Acme", SCOPE)
    assert hold_id("Doe v. Acme", SCOPE).startswith("doe-v-acme-")
    others = {
        hold_id("Doe v Acme", SCOPE),
        hold_id("Doe v. Acme", replace(SCOPE, last=dt.date(2026, 2, 1))),
        hold_id("§§", SCOPE),
    }
    assert len(others | {hold_id("Doe v. Acme", SCOPE)}) == 4


@pytest.mark.parametrize(
    "actions",
    [
        [Action.EXTEND],
        [Action.RELEASE],
        [Action.LET_GO],
        [Action.SET, Action.SET],
        [Action.SET, Action.LET_GO],
        [Action.SET, Action.RELEASE, Action.RELEASE],
        [Action.SET, Action.RELEASE, Action.EXTEND],
        [Action.SET, Action.RELEASE, Action.LET_GO, Action.EXTEND],
    ],
)
def test_an_order_that_means_nothing_is_refused(actions: list[Action]) -> None:
    with pytest.raises(EvidenceError, match="does not follow"):
        hold(*(record(action) for action in actions))


def test_a_record_of_another_case_or_with_a_gap_is_refused() -> None:
    good = chain(record(Action.SET), record(Action.EXTEND))
    name = record(Action.SET).id
    for documents in (good[1:], [good[0], (2, good[1][1])], [good[0], (1, good[0][1])], [(0, b"{}")]):
        with pytest.raises(EvidenceError):
            fold(name, documents)
    with pytest.raises(EvidenceError):
        fold("another-name", good)


def test_what_is_held_is_that_of_the_last_set_and_its_extensions() -> None:
    made = hold(
        record(Action.SET, frozenset({1})),
        record(Action.RELEASE),
        record(Action.SET, frozenset({2})),
        record(Action.EXTEND, frozenset({3})),
    )
    assert {held.key for held in made.objects} == {"key-2", "key-3"}
    assert made.open


@given(mine=FEW, before=FEW, theirs=st.lists(st.tuples(FEW, FEW, st.booleans()), max_size=4))
def test_a_release_never_lets_go_what_another_open_hold_names_or_somebody_held_before(
    mine: frozenset[int], before: frozenset[int], theirs: list[tuple[frozenset[int], frozenset[int], bool]]
) -> None:
    one = hold(record(Action.SET, mine, before & mine), record(Action.RELEASE))
    others = []
    for number, (objects, held, is_open) in enumerate(theirs):
        records = [record(Action.SET, objects, held & objects, case=f"other {number}")]
        others.append(hold(*records, *([] if is_open else [record(Action.RELEASE, case=f"other {number}")])))
    free = {held.key for held in to_let_go(one, [one, *others])}
    still = {f"key-{n}" for objects, _, is_open in theirs if is_open for n in objects}
    assert free == {f"key-{n}" for n in mine - before} - still
