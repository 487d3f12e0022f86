"""What the two judges say, told shortly and without changing it."""

import datetime as dt
import json

import pytest

from itemtrail_demo import drill, report
from itemtrail_demo.tour import drill_text

AWS_WORDS = """Validating log files for trail arn:aws:cloudtrail:us-east-1:111122223333:trail/T between 2026-11-23T19:00:00Z and …

Digest file	s3://b/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/23/d.json.gz	valid
Log file	s3://b/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/23/good.json.gz	valid

Results requested for 2026-11-23T19:00:00Z to 2026-11-24T08:02:07Z
Results found for 2026-11-23T19:00:00Z to 2026-11-24T08:02:07Z:

14/14 digest files valid
48/49 log files valid, 1/49 log files INVALID

Log file	s3://b/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/23/bad.json.gz	INVALID: hash value doesn't match
"""


def test_aws_s_words_are_its_findings_and_its_summary() -> None:
    assert drill.said_by_aws(AWS_WORDS) == (
        "Log file  …/bad.json.gz  INVALID: hash value doesn't match",
        "Results found for 2026-11-23T19:00:00Z to 2026-11-24T08:02:07Z:",
        "14/14 digest files valid",
        "48/49 log files valid, 1/49 log files INVALID",
    )


def test_words_of_aws_that_nobody_foresaw_are_not_hidden() -> None:
    assert drill.said_by_aws("An error occurred (AccessDenied)\n") == ("An error occurred (AccessDenied)",)


def test_our_words_are_verdict_counts_and_each_reason_once() -> None:
    slots = [
        {"start": "s", "end": "2026-11-24T05:02:07Z", "verdict": "PROVEN", "reason": "", "object": "x"},
        {"start": "s", "end": "2026-11-24T06:02:07Z", "verdict": "DISPROVEN", "reason": "MISSING_TAIL", "object": None},
        {"start": "s", "end": "2026-11-24T07:02:07Z", "verdict": "DISPROVEN", "reason": "MISSING_TAIL", "object": None},
    ]
    objects = [{"key": "AWSLogs/1/CloudTrail/r/2026/11/24/p.json.gz", "verdict": "DISPROVEN", "reason": "UNLISTED"}]
    answer = json.dumps({"verdict": "DISPROVEN", "counts": {}, "slots": slots, "objects": objects})
    assert drill.said_by_us(answer) == (
        "DISPROVEN: 1 of 3 digest hours and 0 of 1 logs proven",
        "2 × MISSING_TAIL: 2026-11-24T06:02:07Z",
        "1 × UNLISTED: …/p.json.gz",
    )


def test_an_answer_that_is_no_json_is_shown_as_it_is() -> None:
    assert drill.said_by_us("itemtrail: no such bucket\n") == ("itemtrail: no such bucket",)


@pytest.mark.parametrize(("codes", "good"), [((0, 1), True), ((1, 1), False), ((0, 0), False), ((0, 3), False)])
def test_an_outcome_is_good_only_with_exactly_the_expected_codes(codes: tuple[int, int], good: bool) -> None:
    outcome = drill.Outcome("x", drill.Answer(codes[0], ("a",)), drill.Answer(codes[1], ("b",)), (0, 1))
    assert outcome.good is good
    assert ("NOT as expected" in drill_text(outcome)) is not good


def test_a_range_over_midnight_looks_in_both_days() -> None:
    start, end = dt.datetime(2026, 11, 23, 19, tzinfo=dt.UTC), dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
    where = drill.Range("arn", "b", "1", "r", start, end)
    assert where.folders(drill.DIGESTS) == (
        "AWSLogs/1/CloudTrail-Digest/r/2026/11/23/",
        "AWSLogs/1/CloudTrail-Digest/r/2026/11/24/",
    )


def test_commands_are_broken_before_options_and_keep_their_values() -> None:
    start, end = dt.datetime(2026, 11, 23, 19, tzinfo=dt.UTC), dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
    where = drill.Range("arn:aws:cloudtrail:us-east-1:111122223333:trail/HRMS-DynamoDB-Logs", "b" * 30, "1" * 12, "r", start, end)
    for words in (drill.aws_command(where), drill.our_command(where)):
        text = report.command(words)
        assert max(map(len, text.splitlines())) <= report.WIDTH
        assert text.replace(" \\\n   ", "").split() == words
