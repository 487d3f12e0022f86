"""Whatever a function does with the records of a stream, each leaves its mapping once, in order, done or given up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_sandbox.stream_batches import (
    EXHAUSTED,
    TOO_OLD,
    Batch,
    Discard,
    Limits,
    after_failure,
    fitting,
    report,
    too_old,
    undone_from,
)

COUNT = 12


def record(number: int, created: float = 1_000.0) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(100 + number), "ApproximateCreationDateTime": created}}


RECORDS = tuple(record(number) for number in range(COUNT))


def numbers(batch: Batch) -> list[int]:
    return [int(one["dynamodb"]["SequenceNumber"]) - 100 for one in batch.records]


@dataclass
class Run:
    """A whole stream through a function that fails at the records in `bad`."""

    limits: Limits
    bad: frozenset[int]
    reports: bool
    left: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    sent: list[list[int]] = field(default_factory=list)

    def go(self) -> "Run":
        waiting = [Batch(RECORDS)]
        while waiting:
            batch = waiting.pop(0)
            self.sent.append(numbers(batch))
            undone = self._invoke(batch)
            if undone is None:
                self.left += numbers(batch)
                continue
            self.left += numbers(batch)[:undone]
            again, given_up = after_failure(batch, undone, self.limits)
            waiting[:0] = again
            if given_up:
                assert given_up.condition == EXHAUSTED
                self.left += numbers(given_up.batch)
                self.lost += numbers(given_up.batch)
        return self

    def _invoke(self, batch: Batch) -> int | None:
        failing = [number for number in numbers(batch) if number in self.bad]
        if not self.reports:
            return 0 if failing else None
        named = [{"itemIdentifier": str(100 + number)} for number in reversed(failing)]
        return undone_from({"batchItemFailures": named}, batch.records)


@given(
    bad=st.frozensets(st.integers(0, COUNT - 1)),
    retries=st.integers(0, 4),
    bisect=st.booleans(),
    reports=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_every_record_leaves_once_in_order_and_bisection_loses_only_what_is_bad(
    bad: frozenset[int], retries: int, bisect: bool, reports: bool
) -> None:
    run = Run(Limits(retries=retries, bisect=bisect, partial=reports), bad, reports).go()
    assert run.left == list(range(COUNT))
    assert bad <= set(run.lost)
    if bisect:
        assert set(run.lost) == bad
        for number in bad:
            assert run.sent.count([number]) == 1 + retries
    elif bad:
        assert run.lost == list(range(min(bad) if reports else 0, COUNT))
        assert len(run.sent) == 1 + retries


ANSWERS: list[tuple[Any, int | None]] = [
    (None, None),
    ("", None),
    ({}, None),
    ({"batchItemFailures": []}, None),
    ({"batchItemFailures": None}, None),
    ({"other": 1}, None),
    ({"batchItemFailures": [{"itemIdentifier": "103"}, {"itemIdentifier": "102"}]}, 2),
    ({"batchItemFailures": [{"itemIdentifier": ""}]}, 0),
    ({"batchItemFailures": [{"itemIdentifier": None}]}, 0),
    ({"batchItemFailures": [{"itemIdentifier": 102}]}, 0),
    ({"batchItemFailures": [{"ItemIdentifier": "102"}]}, 0),
    ({"batchItemFailures": [{"itemIdentifier": "102"}, {"itemIdentifier": "999"}]}, 0),
    ({"batchItemFailures": ["102"]}, 0),
    ({"batchItemFailures": {"itemIdentifier": "102"}}, 0),
    ("done", 0),
    (["102"], 0),
    (False, 0),
]


@pytest.mark.parametrize(("answer", "undone"), ANSWERS)
def test_what_an_answer_means(answer: Any, undone: int | None) -> None:
    assert undone_from(answer, RECORDS) == undone


def test_numbers_are_compared_by_place_not_as_text() -> None:
    records = [record(-1), record(0)]  # "99" before "100"
    answer = {"batchItemFailures": [{"itemIdentifier": "100"}, {"itemIdentifier": "99"}]}
    assert undone_from(answer, records) == 0


@given(ages=st.lists(st.integers(0, 200_000), min_size=1, max_size=8), limit=st.sampled_from([-1, 60, 3600, 604_800]))
def test_only_leading_records_too_old_are_given_up(ages: Sequence[int], limit: int) -> None:
    ordered = sorted(ages, reverse=True)
    batch = Batch(tuple(record(place, 1e6 - age) for place, age in enumerate(ordered)), failures=1, invocations=2)
    rest, given_up = too_old(batch, 1e6, Limits(age_seconds=limit))
    longest = 86_400 if limit == -1 else min(limit, 86_400)
    expected = sum(age > longest for age in ordered)
    assert (len(given_up.batch.records) if given_up else 0) == expected
    assert (len(rest.records) if rest else 0) == len(ordered) - expected
    assert given_up is None or given_up.condition == TOO_OLD
    assert rest is None or (rest.failures, rest.invocations) == (1, 2)


def test_a_payload_holds_what_fits_and_at_least_one() -> None:
    records = [record(1) | {"fill": "x" * 1000} for _ in range(4)]
    assert fitting(records, 2_400) == 2
    assert fitting(records, 10) == 1
    assert fitting(records) == 4


def test_the_report_of_records_never_sent_has_no_answer_in_it() -> None:
    document = report(
        Discard(Batch(RECORDS[:2]), TOO_OLD),
        request_id="id",
        function_arn="arn",
        function_error=False,
        shard_id="shard",
        stream_arn="stream",
        now=2_000.5,
    )
    assert document["responseContext"] is None
    assert document["timestamp"] == "1970-01-01T00:33:20.500Z"
    assert document["DDBStreamBatchInfo"]["approximateArrivalOfFirstRecord"] == "1970-01-01T00:16:40Z"
    assert document["requestContext"]["approximateInvokeCount"] == 0
