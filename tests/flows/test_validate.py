"""The validation flow and its command over a bucket in memory: what is read, which trail is meant, exit codes, the page."""

import argparse
import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tests.chain_world import MAX_BYTES, Rules, World, not_proven
from tests.memory import Fault, MemoryKeys, MemoryStore
from tests.vectors.chain_cases import END, LATER, START, base
from tests.vectors.make_chain import HOUR, Chain, Signer, hourly

from itemtrail.cli import validate as command
from itemtrail.cli.validate_report import document as validate_document
from itemtrail.cli.validate_report import table
from itemtrail.errors import ConfigurationError, SourceUnavailable
from itemtrail.flows.find_trail import UNKNOWN, find_trail, organization
from itemtrail.flows.side_by_side import WORKERS, each
from itemtrail.flows.validate import read_chain
from itemtrail.model import LoggingStatus, StoredObject, TrailRef, Verdict

RANGE = {"start": START, "end": END}


@pytest.fixture
def world() -> World:
    return World.of(base())


def test_each_object_is_read_once_and_what_cannot_be_proven_is_not_read(world: World) -> None:
    planted = base().log_key(START + dt.timedelta(minutes=70), "plantedplanted00")
    world.store.put(planted, b"x", at=START)
    world.validate(START, END, LATER)
    assert sorted(world.store.reads) == sorted(set(world.store.keys()) - {planted})


def test_keys_are_asked_for_once_in_the_digests_region(world: World) -> None:
    world.validate(START, END, LATER)
    assert [region for region, _, _ in world.keys.asked] == ["us-east-1"]


def test_late_digest_signed_with_a_later_key_is_proven(world: World) -> None:
    """A digest redelivered days later is signed by the key that is valid then."""
    key = world.keys.all[0]
    world.keys.all[0] = type(key)(key.fingerprint, key.value, key.region, END + 24 * HOUR, END + 600 * HOUR)
    for digest in base().digests:
        world.store.put(digest, world.store.body(digest), metadata=world.store.metadata(digest), at=END + 48 * HOUR)
    assert world.validate(START, END, END + 100 * HOUR).verdict is Verdict.PROVEN
    assert len(world.keys.asked) == 2


def test_range_in_the_middle_of_a_chain_links_to_what_lies_before(world: World) -> None:
    result = world.validate(START + 2 * HOUR, START + 4 * HOUR, LATER)
    assert (result.verdict, len(result.slots), len(result.objects)) == (Verdict.PROVEN, 2, 2)
    unread = set(base().digests) - set(world.store.reads)
    assert unread == set()  # two hours before and after are read: that is all of this chain


def test_long_chain_is_read_around_the_range_only() -> None:
    world = World.of(hourly(Chain(Signer(1)), START - 60 * HOUR, 120, logs=1))
    result = world.validate(START, START + 3 * HOUR, LATER + 100 * HOUR)
    assert (result.verdict, len(result.slots)) == (Verdict.PROVEN, 3)
    assert sum("Digest" in key for key in world.store.reads) <= 3 + 2 + 1 + 4
    assert sum("Digest" not in key for key in world.store.reads) <= 4


def test_range_ends_at_the_wall_clock(world: World) -> None:
    result = world.validate(START, END + 100 * HOUR, END + dt.timedelta(minutes=30))
    assert (result.verdict, len(result.slots)) == (Verdict.PROVEN, 6)


def test_second_newest_missing_is_not_taken_for_the_tail(world: World) -> None:
    world.store.delete(base().digests[4])
    assert not_proven(world.validate(START, END, LATER))["12:01:31"] == ("DISPROVEN", "MISSING_LINKED")


def test_restart_is_flagged_also_when_the_range_begins_in_the_gap() -> None:
    chain = hourly(Chain(Signer(1)), START - 20 * HOUR, 3)
    for n in range(3):
        begin = START + n * HOUR
        chain.digest(begin, begin + HOUR, [], starting=n == 0)
    result = World.of(chain).validate(START - 2 * HOUR, START + 3 * HOUR, LATER)
    assert [s.reason for s in result.slots] == ["LOGGING_GAP", "LOGGING_GAP", "STARTING", "EMPTY", "EMPTY"]
    assert result.verdict is Verdict.UNPROVABLE


def test_status_that_says_logging_was_on_makes_holes_before_an_unread_digest_a_finding(world: World) -> None:
    for n in (2, 3):
        world.store.delete(base().digests[n])
    world.fail(base().digests[4], Fault.DENIED)
    silent = not_proven(world.validate(START, END, LATER))
    assert silent["10:01:31"] == silent["11:01:31"] == ("UNPROVABLE", "BEGINNING_UNKNOWN")
    spoken = not_proven(world.validate(START, END, LATER, LoggingStatus(is_logging=True, started=START)))
    assert spoken["10:01:31"] == spoken["11:01:31"] == ("DISPROVEN", "MISSING_BY_CADENCE")


def test_chain_report_keeps_digests_as_read_and_claims_of_logs(world: World) -> None:
    report = read_chain(
        world.store,
        world.keys,
        world.trail,
        None,
        account=world.account,
        region=world.region,
        now=LATER,
        rules=Rules(),
        max_bytes=MAX_BYTES,
        **RANGE,
    )
    assert [d.key for d in report.digests] == base().digests
    assert {c.verdict for c in report.claims.values()} == {Verdict.PROVEN}
    assert len(report.claims) == 10


def test_chain_whose_digests_cannot_be_listed_is_an_error_of_the_source(world: World) -> None:
    world.fail(base().folder("CloudTrail-Digest"), Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        read_chain(
            world.store,
            world.keys,
            world.trail,
            None,
            account=world.account,
            region=world.region,
            now=LATER,
            rules=Rules(),
            max_bytes=MAX_BYTES,
            **RANGE,
        )


def test_work_is_done_by_a_bounded_number_of_threads_in_order() -> None:
    seen: set[int] = set()
    alive, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(WORKERS)

    def work(n: int) -> int:
        nonlocal alive, most
        with lock:
            seen.add(threading.get_ident())
            alive += 1
            most = max(most, alive)
        if n < WORKERS:
            gate.wait(timeout=10)
        with lock:
            alive -= 1
        return n

    assert list(each(range(200), work)) == list(range(200))
    assert len(seen) <= WORKERS
    assert most == WORKERS


def test_large_objects_are_not_held_together() -> None:
    held, most, lock = 0, 0, threading.Lock()
    sizes = [1 << 10] * 20 + [20 << 20] * 12 + [1 << 30] * 3 + [1 << 10] * 20

    def work(size: int) -> int:
        nonlocal held, most
        with lock:
            held += size
            most = max(most, held)
        time.sleep(0.001)
        with lock:
            held -= size
        return size

    assert list(each(sizes[:32], work, size=lambda size: size)) == sizes[:32]
    assert most <= 32 << 20
    assert list(each(sizes, work, size=lambda size: size)) == sizes
    assert most == 1 << 30  # alone: what is larger than the bound is read all the same


def test_items_are_taken_only_as_results_are() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 5_000:
            taken += 1
            yield taken

    for done in each(items(), lambda n: n):
        assert taken - done <= 2 * WORKERS


def test_an_error_in_a_thread_is_raised_and_nothing_hangs() -> None:
    def work(n: int) -> int:
        if n == 5:
            raise SourceUnavailable("gone")
        return n

    with pytest.raises(SourceUnavailable):
        list(each(range(1000), work))


# Which trail.


def test_trail_is_found_by_the_names_of_its_digests() -> None:
    chain = hourly(Chain(Signer(1), home="eu-west-1", trail="a_b.c-d"), START, 1)
    trail = _find(World.of(chain).store, chain)
    assert (trail.name, trail.home_region, trail.prefix) == ("a_b.c-d", "eu-west-1", "audit")


def test_two_trails_in_one_place_are_named_and_not_chosen_from() -> None:
    chain = hourly(Chain(Signer(1)), START, 1)
    chain.objects |= hourly(Chain(Signer(1), trail="second"), START, 1).objects
    with pytest.raises(ConfigurationError, match=r"2 trails deliver here: .*trail/my_trail\.one, .*trail/second"):
        _find(World.of(chain).store, chain)


def test_trail_of_another_time_is_found_when_the_range_has_no_digest() -> None:
    chain = hourly(Chain(Signer(1)), START - 900 * HOUR, 1)
    assert _find(World.of(chain).store, chain).name == "my_trail.one"


def test_logs_without_any_digest_make_an_unknown_trail_and_an_empty_place_an_error() -> None:
    chain = base()
    world = World.of(chain)
    for key in chain.digests:
        world.store.delete(key)
    assert _find(world.store, chain).name == UNKNOWN
    with pytest.raises(ConfigurationError, match="nothing lies under"):
        _find(MemoryStore(), chain)


def test_organization_folder_is_found_below_which_the_account_lies() -> None:
    store = MemoryStore()
    store.put("audit/AWSLogs/o-abc123/111122223333/CloudTrail/us-east-1/x", b"")
    assert organization(store, "audit", "111122223333") == "o-abc123"
    store.put("audit/AWSLogs/111122223333/CloudTrail/us-east-1/x", b"")
    assert organization(store, "audit", "111122223333") == ""
    store.fail("audit/AWSLogs/", Fault.DENIED)
    assert organization(store, "audit", "111122223333") == ""


def _find(store: MemoryStore, chain: Chain) -> TrailRef:
    return find_trail(store, chain.bucket, chain.prefix, chain.account, chain.region, start=START, end=END)


# The command.


class _Connection:
    """What the command asks of a connection, over a world in memory; the CloudTrail API does not answer."""

    def __init__(self, world: World) -> None:
        self.world = world

    def store(self, bucket: str) -> MemoryStore:
        return self.world.store

    def public_keys(self) -> MemoryKeys:
        return self.world.keys

    def trail_api(self) -> "_Connection":
        return self

    def status(self, trail: TrailRef) -> LoggingStatus:
        raise SourceUnavailable("the service answered 503.")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, world: World, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setattr(command, "Connection", lambda: _Connection(world))
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())

    def call(
        *arguments: str, start: str = "2026-03-10T07:01:31Z", end: str = "2026-03-10T13:01:31+00:00"
    ) -> tuple[int, str, str]:
        place = ["--bucket", "trail-bucket", "--prefix", "/audit/", "--account", world.account, "--region", "us-east-1"]
        parsed = parser.parse_args(["validate", *place, "--from", start, "--to", end, *arguments])
        code = command.run(parsed)
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def test_json_document_has_exactly_the_promised_shape(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = run("--json")
    document = json.loads(out)
    assert code == 0
    assert list(document) == ["verdict", "counts", "slots", "objects"]
    assert document["verdict"] == "PROVEN"
    assert document["counts"]["slots"] == {"PROVEN": 6, "INCOMPLETE": 0, "UNPROVABLE": 0, "DISPROVEN": 0}
    first = {"start": "2026-03-10T07:01:31Z", "end": "2026-03-10T08:01:31Z", "verdict": "PROVEN", "reason": "STARTING"}
    assert document["slots"][0] == first | {"object": base().digests[0]}
    assert [set(o) for o in document["objects"]] == [{"key", "verdict", "reason"}] * 10
    assert "going on without GetTrailStatus" in err


def test_page_collapses_what_is_proven_and_says_once_what_to_do(run: Callable[..., tuple[int, str, str]], world: World) -> None:
    for n in (1, 2):
        world.store.delete(base().digests[n])
    world.store.put(f"{base().folder('CloudTrail')}2026/03/10/\x1b[31mred", b"x", at=START)
    code, out, _ = run()
    assert code == 1
    lines = out.splitlines()
    assert "  2026-03-10T10:01:31Z  2026-03-10T13:01:31Z     3 × PROVEN" in lines
    assert out.count("next: Look for a delete marker") == 2  # by link, by cadence
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out
    assert lines[-1] == "DISPROVEN: 2 of 6 slots and 5 of 11 objects are not proven."


def test_page_of_a_proven_range_is_short(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run()
    assert code == 0
    assert out.splitlines()[-1] == "PROVEN: every slot and every object."
    assert len(out.splitlines()) <= 10


def test_could_not_look_is_exit_3_and_a_finding_beside_it_is_exit_1(
    run: Callable[..., tuple[int, str, str]], world: World
) -> None:
    world.fail(base().digests[2], Fault.COLD)
    assert run()[0] == 3
    world.store.delete(base().digests[5])
    assert run()[0] == 1


def test_nothing_at_all_to_prove_is_exit_1(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run(start="2026-03-09", end="2026-03-09T12:00")
    assert (code, "nothing to prove" in out) == (1, True)


@pytest.mark.parametrize(
    ("start", "end"), [("2026-03-11", "2026-03-10"), ("2026-03-10", "2026-03-10"), ("2999-01-01", "2999-01-02")]
)
def test_range_that_cannot_be_is_a_configuration_error(run: Callable[..., tuple[int, str, str]], start: str, end: str) -> None:
    with pytest.raises(ConfigurationError, match="--from must be before"):
        run(start=start, end=end)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--from", "yesterday"],
        ["--account", "1234"],
        ["--region", "Frankfurt"],
        ["--trail-arn", "main"],
        ["--trail-arn", "arn:aws:s3:::bucket"],
    ],
)
def test_wrong_usage_is_exit_2_and_says_what_is_allowed(
    run: Callable[..., tuple[int, str, str]], wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(*wrong)
    assert left.value.code == 2
    assert "is not a" in capsys.readouterr().err


def test_trail_given_by_arn_is_not_searched_for(run: Callable[..., tuple[int, str, str]], world: World) -> None:
    for key in base().digests:
        world.store.delete(key)
    code, out, err = run("--json", "--trail-arn", base().arn)
    assert code == 1
    assert {s["reason"] for s in json.loads(out)["slots"]} == {"MISSING_ALL"}
    assert "found trail" not in err


def test_bucket_that_cannot_be_listed_is_could_not_look_with_or_without_the_trails_arn(
    run: Callable[..., tuple[int, str, str]], world: World
) -> None:
    world.fail(base().folder("CloudTrail-Digest"), Fault.DENIED)
    for arguments in (["--json"], ["--json", "--trail-arn", base().arn]):
        code, out, _ = run(*arguments)
        assert code == 3
        assert {(s["verdict"], s["reason"]) for s in json.loads(out)["slots"]} == {("UNPROVABLE", "DENIED")}


# Hostile names and sizes.


def test_names_of_impossible_times_are_no_crash(world: World) -> None:
    chain = base()
    for end in (dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)):
        world.store.put(
            chain.digest_key(end).replace("/1/01/01/", "/0001/01/01/").replace("_10101T", "_00010101T"), b"x", at=START
        )
        world.store.put(chain.log_key(end, "x"), b"x", at=START)
    backfill = chain.digest(START, START + HOUR, [], backfill=True)
    metadata = chain.objects[backfill].metadata | {"backfill-generation-timestamp": "9999-12-31T23:59:59Z"}
    world.store.put(backfill, chain.objects[backfill].body, metadata=metadata, at=START + 2 * HOUR)
    found = not_proven(world.validate(START, END, LATER))
    assert found == {backfill: ("UNPROVABLE", "BACKFILL_NO_TIMESTAMP")}
    for key in chain.digests:
        world.store.delete(key)
    assert world.validate(START, END, LATER).verdict is Verdict.DISPROVEN


def test_object_larger_than_the_limit_is_not_even_read(world: World) -> None:
    digest, log = base().digests[2], world.store.keys(base().folder("CloudTrail"))[0]
    for key in (digest, log):
        world.store.replace(key, b"\x1f\x8b" + b"\0" * MAX_BYTES)
    found = not_proven(world.validate(START, END, LATER))
    assert found["10:01:31"] == found[log] == ("UNPROVABLE", "TOO_LARGE")
    assert not {digest, log} & set(world.store.reads)


class _CurrentUnavailable(MemoryStore):
    """The current version of one key does not answer; its older versions do."""

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        if version_id is None and key in self.tags:
            raise SourceUnavailable(f"{key}: 503.", advice="run again.")
        return super().read(key, version_id=version_id)


@pytest.mark.parametrize("kind", ["CloudTrail", "CloudTrail-Digest"])
def test_a_current_version_that_does_not_answer_is_not_called_overwritten(kind: str) -> None:
    chain = base()
    world = World.of(chain)
    store = _CurrentUnavailable()
    for key, item in chain.objects.items():
        for _ in (0, 1):
            store.put(key, item.body, metadata=item.metadata, at=item.modified)
    key = sorted(k for k in chain.objects if f"/{kind}/" in k)[2]
    store.tags[key] = "unavailable"
    world.store = store
    found = not_proven(world.validate(START, END, LATER))
    assert "UNAVAILABLE" in {reason for _, reason in found.values()}
    assert {reason for _, reason in found.values()} <= {"UNAVAILABLE", "DIGEST_NOT_READ"}


def test_the_page_and_the_document_tell_who_hid_a_log_that_is_proven(world: World) -> None:
    chain, store = base(), MemoryStore()
    for key, item in chain.objects.items():
        store.put(key, item.body, metadata=item.metadata, at=item.modified)
    victim = min(key for key in chain.objects if "/CloudTrail/" in key)
    store.mark_deleted(victim, at=LATER)
    world.store = store
    result = world.validate(START, END, LATER)
    page, document = table(result, "a trail", START, END), json.loads(validate_document(result))
    line = f"{victim} (deleted 2026-03-10T20:00:00Z (delete marker "
    assert line in page
    assert "PROVEN RECOVERED_DELETED: The object was deleted;" in page
    assert page.splitlines()[-1].endswith("1 of them by older versions: somebody deleted or overwrote what was there.")
    [told] = [one for one in document["objects"] if "detail" in one]
    assert (told["key"], told["reason"], document["verdict"]) == (victim, "RECOVERED_DELETED", "PROVEN")


@pytest.mark.parametrize("kind", ["CloudTrail", "CloudTrail-Digest"])
def test_the_oldest_version_is_looked_at_however_often_it_was_overwritten(world: World, kind: str) -> None:
    chain, store = base(), MemoryStore()
    for key, item in chain.objects.items():
        store.put(key, item.body, metadata=item.metadata, at=item.modified)
    victim = sorted(key for key in chain.objects if f"/{kind}/" in key)[2]
    for n in range(40):
        store.put(victim, b"junk %d" % n)
    world.store = store
    result = world.validate(START, END, LATER)
    assert not_proven(result) == {}
    assert [one.reason for one in (*result.slots, *result.objects) if one.detail] == ["RECOVERED_OVERWRITTEN"]
    assert store.reads.count(victim) <= 11
