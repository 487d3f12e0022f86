"""One log's verdict, from a chain report made by hand."""

import datetime as dt

import pytest
from tests.chain_world import Rules

from itemtrail.core.chain import ChainReport, Claim, Scope
from itemtrail.core.logs import judge_foreign, judge_log, summarise
from itemtrail.core.reasons import Reason
from itemtrail.model import ObjectInfo, ObjectVerdict, SlotVerdict, TrailRef, Verdict

T = dt.datetime(2026, 3, 10, 7, 1, 31, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
LATE = T + 24 * HOUR
TRAIL = TrailRef("arn:aws:cloudtrail:us-east-1:111122223333:trail/main", "bucket")
SCOPE = Scope(TRAIL, "111122223333", "us-east-1")
FOLDER = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/10/"


def key(minutes: int) -> str:
    return f"{FOLDER}111122223333_CloudTrail_us-east-1_{T + dt.timedelta(minutes=minutes):%Y%m%dT%H%MZ}_abc.json.gz"


def slot(n: int, reason: Reason = Reason.OK) -> SlotVerdict:
    return SlotVerdict(T + n * HOUR, T + (n + 1) * HOUR, reason.verdict, reason, f"digest {n}")


def report(*slots: SlotVerdict, claims: dict[str, Reason] | None = None) -> ChainReport:
    made = {k: Claim(k, "aa", "digest", r.verdict, r) for k, r in (claims or {}).items()}
    return ChainReport(SCOPE, slots, made, (), LATE)


def judged(
    log: str, said: ChainReport, *, sha256: str | None = None, problem: str = "", now: dt.datetime = LATE
) -> tuple[str, str]:
    found = judge_log(log, content_sha256=sha256, problem=problem, report=said, now=now, rules=Rules())
    assert found.key == log
    return str(found.verdict), str(found.reason)


@pytest.mark.parametrize(
    ("digest", "sha256", "problem", "want"),
    [
        (Reason.OK, "aa", "", Reason.OK),
        (Reason.STARTING, "aa", "", Reason.OK),
        (Reason.SIGNED_BY_SUCCESSOR, "aa", "", Reason.OK),
        (Reason.OTHER_TRAIL, "aa", "", Reason.OTHER_TRAIL),
        (Reason.OK, "bb", "", Reason.HASH_MISMATCH),
        (Reason.OTHER_TRAIL, "bb", "", Reason.HASH_MISMATCH),
        (Reason.OK, None, "MISSING", Reason.MISSING),
        (Reason.OK, None, "TRUNCATED", Reason.TRUNCATED),
        (Reason.OK, None, "TOO_LARGE", Reason.TOO_LARGE),
        (Reason.OK, None, "COLD", Reason.COLD),
        (Reason.SIGNATURE_BAD, "aa", "", Reason.DIGEST_NOT_PROVEN),
        (Reason.SIGNATURE_BAD, "bb", "", Reason.DIGEST_NOT_PROVEN),
        (Reason.SIGNATURE_BAD, None, "MISSING", Reason.DIGEST_NOT_PROVEN),
        (Reason.SIGNATURE_BAD, None, "DENIED", Reason.DENIED),
        (Reason.KEYS_DENIED, "aa", "", Reason.DIGEST_NOT_READ),
        (Reason.LISTED_TWICE, "aa", "", Reason.LISTED_TWICE),
    ],
)
def test_listed_log(digest: Reason, sha256: str | None, problem: str, want: Reason) -> None:
    said = report(slot(0), claims={key(5): digest})
    assert judged(key(5), said, sha256=sha256, problem=problem) == (want.verdict, want)


@pytest.mark.parametrize(
    ("slots", "minutes", "want"),
    [
        ([slot(0), slot(1)], 20, Reason.UNLISTED),
        ([slot(0, Reason.SIGNATURE_BAD), slot(1)], 20, Reason.DIGEST_NOT_PROVEN),
        ([slot(0, Reason.MISSING_TAIL)], 20, Reason.DIGEST_NOT_PROVEN),
        ([slot(0, Reason.DENIED), slot(1)], 20, Reason.DIGEST_NOT_READ),
        ([slot(0, Reason.NOT_YET_DUE)], 20, Reason.AWAITING_DIGEST),
        ([slot(0), slot(1, Reason.SIGNATURE_BAD)], 20, Reason.UNLISTED),
        ([slot(0), slot(1, Reason.SIGNATURE_BAD)], 55, Reason.DIGEST_NOT_PROVEN),  # it may have arrived after the hour
        ([slot(1)], 20, Reason.BEFORE_CHAIN),
        ([], 20, Reason.BEFORE_CHAIN),
        ([slot(0)], 300, Reason.UNLISTED),  # after the last slot, and the grace time is over
    ],
)
def test_unlisted_log_is_judged_by_the_digests_of_its_time(slots: list[SlotVerdict], minutes: int, want: Reason) -> None:
    assert judged(key(minutes), report(*slots)) == (want.verdict, want)


def test_unlisted_log_is_tolerated_for_the_grace_time_only() -> None:
    said = report(slot(0), slot(1))
    assert judged(key(20), said, now=T + dt.timedelta(minutes=199))[1] == Reason.AWAITING_DIGEST
    assert judged(key(20), said, now=T + dt.timedelta(minutes=201))[1] == Reason.UNLISTED


def test_log_named_for_a_time_to_come_is_foreign_at_once() -> None:
    assert judged(key(120), report(slot(0)), now=T + HOUR)[1] == Reason.FOREIGN_OBJECT


def test_name_that_cloudtrail_does_not_give_is_foreign() -> None:
    assert judged(f"{FOLDER}notes.txt", report(slot(0)))[1] == Reason.FOREIGN_OBJECT


def test_foreign_object_is_tolerated_while_it_is_fresh() -> None:
    info = ObjectInfo(f"{FOLDER}notes.txt", 1, T)
    assert judge_foreign(info, T + HOUR, Rules()).verdict is Verdict.INCOMPLETE
    assert judge_foreign(info, T + 4 * HOUR, Rules()).verdict is Verdict.DISPROVEN


def test_listed_log_without_hash_or_problem_is_misuse() -> None:
    with pytest.raises(ValueError, match="neither a hash nor a problem"):
        judged(key(5), report(slot(0), claims={key(5): Reason.OK}))


def test_problem_that_is_no_reason_is_misuse() -> None:
    with pytest.raises(ValueError, match="NOT_A_REASON"):
        judged(key(5), report(slot(0), claims={key(5): Reason.OK}), problem="NOT_A_REASON")


def test_worst_verdict_stands_for_all_and_nothing_is_never_proven() -> None:
    objects = [ObjectVerdict("b", Verdict.UNPROVABLE, "DENIED"), ObjectVerdict("a", Verdict.PROVEN, "OK")]
    said = summarise([slot(0)], objects)
    assert (said.verdict, [o.key for o in said.objects]) == (Verdict.UNPROVABLE, ["a", "b"])
    assert summarise([], []).verdict is Verdict.UNPROVABLE
