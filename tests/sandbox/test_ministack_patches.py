"""Each patch to ministack: the fault is still there without it (else the patch must go), and it is mended with it."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.conftest import ROOT, SANDBOX_PYTHON

pytestmark = pytest.mark.sandbox
GONE = "ministack has mended this: remove the patch and its case"
SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


@cache
def behaviour(*, patched: bool) -> dict[str, Any]:
    if not SANDBOX_PYTHON.exists():
        pytest.skip("no .venv-sandbox: run `make setup`")
    done = subprocess.run(
        [SANDBOX_PYTHON, Path(__file__).with_name("unpatched.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "include"), "PATCHED": "1" if patched else "0"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return dict(json.loads(done.stdout))


def both(case: str) -> tuple[Any, Any]:
    """What the emulator does by itself, and with the patches."""
    return behaviour(patched=False)[case], behaviour(patched=True)[case]


def test_made_up_keys_are_root_and_then_nobody() -> None:
    alone, patched = both("root_keys")
    assert alone is True, GONE
    assert patched is False


def test_the_age_of_a_request_is_refused_and_then_not_asked() -> None:
    alone, patched = both("request_age")
    assert alone is True, GONE
    assert patched is False


def test_a_presigned_url_expires_by_the_sandbox_clock_and_then_in_real_time() -> None:
    alone, patched = both("presigned_age")
    assert alone is True, GONE
    assert patched is False


def test_source_identity_is_dropped_and_then_kept() -> None:
    alone, patched = both("source_identity")
    assert alone == "", GONE
    assert patched == "j.doe"


def test_partiql_writes_reach_no_stream_and_then_do() -> None:
    alone, patched = both("partiql_writes")
    assert alone == [], GONE
    five, six = ({"EmpId": {"S": "E-1"}, "Salary": {"N": n}} for n in "56")
    assert patched == [["INSERT", None, five, None], ["MODIFY", five, six, None], ["REMOVE", six, None, None]]


def test_partiql_transactions_reach_the_stream_only_when_they_succeed() -> None:
    alone, patched = both("partiql_transactions")
    assert alone == [], GONE
    assert [[change[0], change[2]["EmpId"]["S"]] for change in patched] == [["INSERT", "E-1"], ["INSERT", "E-2"]]


def test_ttl_removals_reach_no_stream_and_then_do_under_the_services_name() -> None:
    alone, patched = both("ttl_removals")
    assert alone == [], GONE
    ((event, old, new, who),) = patched
    assert (event, old["EmpId"], new, who) == ("REMOVE", {"S": "old"}, None, SERVICE)


def test_stream_positions_are_the_emulators_own_and_then_as_aws() -> None:
    alone, patched = both("stream_positions")
    assert alone["from_the_start"] == 400, GONE
    assert alone["leading_zero"] is True, GONE
    assert alone["iterator_names_stream"] is False, GONE
    assert patched == {
        "iterator_names_stream": True,
        "leading_zero": False,
        "from_the_start": ["E-1", "E-2"],
        "from_the_middle": ["E-2"],
        "from_later": [],
    }


def test_s3_loses_the_smallest_moved_size_and_suspends_under_lock_and_then_does_not() -> None:
    alone, patched = both("s3_settings")
    assert alone == {"kept": "all_storage_classes_128K", "suspend": 200, "put_without": "all_storage_classes_128K"}, GONE
    assert patched == {"kept": "varies_by_storage_class", "suspend": 409, "put_without": "all_storage_classes_128K"}


def test_get_user_without_a_name_means_root_and_then_the_caller() -> None:
    alone, patched = both("caller_name")
    assert alone == "root", GONE
    assert patched == "asker"


def test_what_a_function_reports_as_failed_is_lost_and_then_sent_again() -> None:
    alone, patched = both("mapping_reports")
    assert alone == [["a", "b", "c", "d"]], GONE
    assert patched == [["a", "b", "c", "d"], ["c", "d"]]


def test_a_failing_batch_is_retried_without_end_and_then_as_often_as_asked() -> None:
    alone, patched = both("mapping_retries")
    assert len(alone) > 2, GONE
    assert patched == [["a", "b", "c", "d"]] * 2


def test_a_failing_batch_stays_whole_and_is_then_split() -> None:
    alone, patched = both("mapping_bisects")
    assert alone == [["a", "b", "c", "d"]] * len(alone), GONE
    assert patched == [["a", "b", "c", "d"], ["a", "b"], ["a"], ["b"], ["c", "d"], ["c"], ["d"]]


def test_a_stream_record_has_no_size_and_then_has() -> None:
    alone, patched = both("record_size")
    assert alone == [0, 36], GONE
    assert patched == [12, 32]


def test_log_events_beyond_the_limits_are_kept_and_then_refused_or_rejected() -> None:
    alone, patched = both("log_limits")
    assert alone == {"order": 200, "size": 200, "span": 200, "future": None, "expired": None}, GONE
    assert patched == {
        "order": 400,
        "size": 400,
        "span": 400,
        "future": {"tooNewLogEventStartIndex": 1},
        "expired": {"expiredLogEventEndIndex": 1},
    }


def test_json_patterns_deliver_nothing_and_find_everything_and_then_what_matches() -> None:
    alone, patched = both("log_patterns")
    assert alone == {"filters": [200, 200, 200], "invocations": 0, "found": 3}, GONE
    assert patched == {"filters": [200, 200, 400], "invocations": 2, "found": 1}


def test_a_clock_that_stands_still_hangs_a_function_and_then_does_not() -> None:
    alone, patched = both("worker_waits")
    assert alone is True, GONE
    assert patched is False


def test_a_handler_lives_in_the_machines_time_and_then_in_the_sandboxs() -> None:
    alone, patched = both("handler_time")
    assert alone > 1800, GONE
    assert patched < 60


def test_iam_is_asked_of_no_function_and_then_of_the_one_that_is_made_or_mapped() -> None:
    alone, patched = both("function_permissions")
    assert alone == ["*", None], GONE
    assert patched == ["arn:aws:lambda:eu-west-1:111122223333:function:f"] * 2


def test_iam_is_asked_of_no_stream_and_then_of_the_stream_that_is_read() -> None:
    alone, patched = both("stream_permissions")
    assert alone == ["*", "*"], GONE
    assert patched == ["arn:aws:dynamodb:eu-west-1:111122223333:table/T/stream/2026-01-01T00:00:00.000"] * 2


def test_a_range_of_a_version_is_the_whole_body_and_then_the_range() -> None:
    alone, patched = both("version_ranges")
    assert alone == [200, None, "0123456789", 200], GONE
    assert patched == [206, "bytes 2-4/10", "234", 416]


def test_a_restore_takes_seconds_in_any_tier_and_then_the_hours_of_its_tier() -> None:
    alone, patched = both("restores")
    assert (alone["deep"], alone["hours"], alone["told"]) == ([202, ""], 0, False), GONE
    assert alone["warm"] == [403, "ObjectAlreadyInActiveTierError"], GONE
    assert patched == {
        "warm": [403, "InvalidObjectState"],
        "deep": [400, "InvalidArgument"],
        "word": [400, "MalformedXML"],
        "cold": [202, ""],
        "again": [409, "RestoreAlreadyInProgress"],
        "hours": 5,
        "told": True,
    }


def test_s3_tells_neither_owner_nor_payer_nor_public_and_then_it_does() -> None:
    alone, patched = both("bucket_facts")
    assert alone == [200, 200, False, False], GONE
    assert patched == [403, 404, True, True]


def test_every_region_is_enabled_and_log_policies_unknown_and_then_as_the_account_has_them() -> None:
    alone, patched = both("account_facts")
    assert alone[0] > 20, GONE
    assert alone[2] == 400, GONE
    assert patched == [3, "opted-in", 200]


def test_iam_is_asked_of_no_trail_table_alarm_or_key_and_then_of_each() -> None:
    alone, patched = both("read_permissions")
    assert alone == ["*", "*", "arn:aws:kms:eu-west-1:111122223333:alias/told", "*"], GONE
    assert patched == [
        "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
        "arn:aws:kms:eu-west-1:111122223333:key/k",
        "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*",
    ]
