"""The archive flow over buckets in memory: what is committed, what is said of it, and what never happens twice."""

import dataclasses
import datetime as dt
import gzip
import hashlib
import json
from pathlib import Path

import pytest
from tests.archive_world import BEGIN, DAY, HOUR, LATER, SIGNER, ArchiveWorld, a_chain, records, settings
from tests.memory import Fault
from tests.vectors.make_chain import Chain

from itemtrail.core import layout, rebuild, tarball
from itemtrail.core.receipt import OutputKind, Receipt
from itemtrail.errors import ConfigurationError, SourceUnavailable
from itemtrail.flows.receipts import history, latest
from itemtrail.model import Conversion, TrailRef, Unit, Verdict


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return ArchiveWorld(tmp_path)


def members(world: ArchiveWorld, receipt: Receipt, room: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for output in receipt.outputs:
        if output.kind is OutputKind.ORIGINALS:
            path = room / "t.tar"
            path.write_bytes(world.archive.body(output.key))
            found |= {m.name: tarball.read_member(path, m) for m in tarball.members(path, name=output.key)}
    return found


def rebuilt(world: ArchiveWorld, receipt: Receipt, room: Path) -> list[tuple[str, int, bytes]]:
    paths = []
    for n, output in enumerate(o for o in receipt.outputs if o.kind is OutputKind.EVENTS):
        paths.append(room / f"{n}.parquet")
        paths[-1].write_bytes(world.archive.body(output.key))
    return list(rebuild.records(paths))


def test_a_whole_day_is_proven(world: ArchiveWorld) -> None:
    receipt = world.run()
    assert (receipt.verdict, receipt.conversion) == (Verdict.PROVEN, Conversion.COMPLETE)
    assert (receipt.counts.slots, receipt.counts.objects, receipt.counts.rows) == (24, 48, 48)
    assert {s.end.date() for s in receipt.slots} == {DAY}


def test_originals_come_back_byte_for_byte_with_the_digests_that_prove_them(world: ArchiveWorld, tmp_path: Path) -> None:
    receipt = world.run()
    found = members(world, receipt, tmp_path)
    digests = [key for key in world.chain.digests if f"{DAY:%Y/%m/%d}" in key]
    first_of_next_day = next(key for key in world.chain.digests if "20260311T0001" in key)
    assert sorted(found) == sorted([*world.logs(), *digests, first_of_next_day])
    assert all(found[key] == world.source.body(key) for key in found)
    signatures = {p.key: p.metadata.get("signature") for p in receipt.inputs if "Digest" in p.key}
    assert all(signatures[key] == world.source.metadata(key)["signature"] for key in signatures)


def test_members_are_where_the_receipt_says(world: ArchiveWorld) -> None:
    for packed in world.run().inputs:
        data = world.archive.read_range(packed.tar, packed.offset, packed.size)
        assert hashlib.sha256(data).hexdigest() == packed.sha256


def test_records_come_back_from_parquet_alone(world: ArchiveWorld, tmp_path: Path) -> None:
    receipt = world.run()
    wanted = [
        (key, index, json.dumps(record).encode())
        for key in world.logs()
        for index, record in enumerate(json.loads(gzip.decompress(world.source.body(key)))["Records"])
    ]
    assert rebuilt(world, receipt, tmp_path) == wanted


def test_each_original_is_read_once(world: ArchiveWorld) -> None:
    world.run()
    reads = [key for key in world.source.reads if key in world.logs()]
    assert sorted(reads) == world.logs()
    digests = [key for key in world.source.reads if "Digest" in key]
    assert len(digests) == len(set(digests))


def test_a_second_run_adds_nothing(world: ArchiveWorld) -> None:
    first, before = world.run(), world.contents()
    world.archive.puts.clear()
    world.source.reads.clear()
    assert world.run() == first
    assert world.archive.puts == []
    assert world.contents() == before
    assert not set(world.source.reads) & set(world.logs())


def test_a_second_run_reads_the_digests_again_and_of_the_logs_what_its_listing_shows_changed(world: ArchiveWorld) -> None:
    world.run()
    first = {key for key in world.source.reads if "Digest" in key}
    world.source.reads.clear()
    changed = world.logs()[3]
    world.source.replace(changed, gzip.compress(b"forged"))
    receipt = world.run()
    assert {key for key in world.source.reads if "Digest" in key} == first
    assert [key for key in world.source.reads if "Digest" not in key] == [changed]
    assert {o.key: o.verdict for o in receipt.objects}[changed] is Verdict.DISPROVEN


def test_nothing_stays_in_the_spool(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_in_the_spool_after_a_fault(world: ArchiveWorld, tmp_path: Path) -> None:
    world.archive.fail(layout.plan_key(world.unit, 0), Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        world.run()
    assert list(tmp_path.iterdir()) == []


def test_evidence_is_locked_and_the_root_is_claimed(world: ArchiveWorld) -> None:
    world.run()
    unlocked = [key for key in world.archive.keys("") if not world.archive.locked(key)]
    assert unlocked == [layout.ARCHIVE_KEY]
    prefixes = {key.split("/")[0] for key in world.archive.keys("")}
    assert prefixes == {"archive.json", "events", "keys", "originals", "receipts"}


def test_another_trail_is_refused(world: ArchiveWorld) -> None:
    world.run()
    world.trail = TrailRef(world.trail.arn.replace("my_trail", "other"), world.trail.bucket, world.trail.prefix)
    with pytest.raises(
        ConfigurationError, match=r"belongs to another trail: arn:aws:cloudtrail:.*my_trail.*an archive of its own"
    ):
        world.run()


def test_public_keys_are_archived_with_their_validity(world: ArchiveWorld) -> None:
    receipt = world.run()
    (name,) = receipt.keys
    document = json.loads(world.archive.body(name))
    assert document["fingerprint"] == world.keys.all[0].fingerprint
    assert name == layout.public_key_key("us-east-1", hashlib.sha256(world.keys.all[0].value).hexdigest())
    assert document["valid_from"] < document["valid_to"]


def test_a_day_without_events_is_archived_and_proven(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, chain=a_chain(logs=0))
    receipt = world.run()
    assert (receipt.verdict, receipt.counts.slots, receipt.counts.objects, receipt.counts.rows) == (Verdict.PROVEN, 24, 0, 0)
    assert {s.reason for s in receipt.slots} == {"EMPTY"}
    assert receipt.counts.inputs == 24


def test_an_altered_log_is_disproven_and_archived_as_evidence(world: ArchiveWorld, tmp_path: Path) -> None:
    victim = world.logs()[3]
    world.source.replace(victim, gzip.compress(records("forged"), mtime=0))
    receipt = world.run()
    assert receipt.verdict is Verdict.DISPROVEN
    assert {(o.key, o.reason) for o in receipt.objects if o.verdict is not Verdict.PROVEN} == {(victim, "HASH_MISMATCH")}
    assert members(world, receipt, tmp_path)[victim] == world.source.body(victim)


def test_a_deleted_log_and_a_planted_one_are_told_apart(world: ArchiveWorld) -> None:
    gone, planted = world.logs()[0], world.logs()[1].replace("abcdefgh", "planted0")
    world.source.delete(gone)
    world.source.put(planted, gzip.compress(records("planted"), mtime=0))
    receipt = world.run()
    assert {o.key: o.reason for o in receipt.objects if o.verdict is not Verdict.PROVEN} == {gone: "MISSING", planted: "UNLISTED"}


def test_objects_that_cloudtrail_would_not_write_are_packed_and_disproven(world: ArchiveWorld, tmp_path: Path) -> None:
    folder = world.logs()[0].rpartition("/")[0]
    foreign = [f"{folder}/notes.txt", f"{folder}/../../escape.json.gz", f"{folder}/zwei wörter+%41.json.gz"]
    for key in foreign:
        world.source.put(key, b"x")
    world.source.put(f"{folder}/", b"")
    receipt = world.run()
    assert {o.key: o.reason for o in receipt.objects if o.verdict is not Verdict.PROVEN} == dict.fromkeys(
        foreign, "FOREIGN_OBJECT"
    )
    assert set(foreign) < set(members(world, receipt, tmp_path))


def test_what_cannot_be_decoded_is_packed_quarantined_and_the_rest_converted(world: ArchiveWorld, tmp_path: Path) -> None:
    victim = world.logs()[5]
    world.source.replace(victim, b"not gzip at all")
    receipt = world.run()
    assert (receipt.verdict, receipt.conversion) == (Verdict.DISPROVEN, Conversion.PARTIAL)
    (note,) = receipt.quarantined
    assert (note.source_object, note.record_index, note.reason, note.size) == (victim, None, "NOT_GZIP", 15)
    path = tmp_path / "q.tar"
    path.write_bytes(world.archive.body(note.tar))
    inside = {m.name: tarball.read_member(path, m) for m in tarball.members(path, name=note.tar)}
    assert inside[note.member] == b"not gzip at all"
    (line,) = inside["index.ndjson"].splitlines()
    assert json.loads(line)["source_object"] == victim
    assert receipt.counts.rows == 47
    assert members(world, receipt, tmp_path)[victim] == b"not gzip at all"


def test_a_record_that_is_none_is_quarantined_and_its_neighbours_kept(tmp_path: Path) -> None:
    chain = a_chain()
    key = next(k for k in chain.objects if "/CloudTrail/" in k and f"{DAY:%Y/%m/%d}" in k)
    world = ArchiveWorld(tmp_path, chain=chain)
    world.source.replace(key, gzip.compress(b'{"Records":[{"eventID":"a"},[1],{"eventID":"b"}]}', mtime=0))
    counts = world.run().counts
    assert (counts.records_in, counts.rows, counts.quarantined, counts.quarantined_objects) == (50, 49, 1, 0)


def test_an_object_above_the_limit_goes_through_a_file(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, settings=settings(max_object_bytes=1024))
    victim = world.logs()[5]
    world.source.replace(victim, gzip.compress(bytes(range(256)) * 20, compresslevel=0, mtime=0))
    receipt = world.run()
    assert [(q.source_object, q.reason) for q in receipt.quarantined if "Digest" not in q.source_object] == [
        (victim, "TOO_LARGE")
    ]
    assert members(world, receipt, tmp_path)[victim] == world.source.body(victim)


def test_equal_records_are_dropped_once_and_named(world: ArchiveWorld) -> None:
    one, other = world.logs()[0], world.logs()[40]
    world.source.replace(other, world.source.body(one))
    receipt = world.run()
    assert [(d.source_object, d.survivor_object) for d in receipt.duplicates] == [(other, one)]
    assert (receipt.counts.records_in, receipt.counts.rows, receipt.counts.duplicates) == (48, 47, 1)


def test_parts_are_cut_by_stored_bytes_and_equal_records_are_dropped_within_a_part_only(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, settings=settings(part_bytes=1 << 20))
    for n in (5, 20):
        world.source.replace(world.logs()[n], gzip.compress(records(f"{n}") + b" " * 700_000, compresslevel=0, mtime=0))
    one, near, far = (world.logs()[n] for n in (0, 1, 40))
    for key in (one, near, far):
        world.source.replace(key, gzip.compress(records("equal"), mtime=0))
    receipt = world.run()
    tars = [o.key for o in receipt.outputs if o.kind is OutputKind.ORIGINALS]
    assert tars == [layout.tar_key(world.unit, 0, n) for n in range(2)]
    parts = {p.key: p.part for p in receipt.inputs}
    assert (parts[one], parts[near], parts[far]) == (0, 0, 1)
    assert [(d.source_object, d.survivor_object) for d in receipt.duplicates] == [(near, one)]
    assert (receipt.counts.records_in, receipt.counts.rows, receipt.counts.duplicates) == (48, 47, 1)
    assert len(members(world, receipt, tmp_path)) == 48 + 25


def test_a_late_log_opens_a_second_commit_and_the_first_stays(world: ArchiveWorld) -> None:
    late = world.logs()[-1]
    body = world.source.body(late)
    world.source.delete(late)
    first = world.run()
    assert (first.verdict, first.counts.inputs) == (Verdict.DISPROVEN, 72)
    before = world.contents()
    world.source.put(late, body)
    second = world.run()
    assert (second.number, second.verdict, second.counts.inputs, second.counts.rows) == (1, Verdict.PROVEN, 1, 1)
    assert second.previous == hashlib.sha256(before[layout.receipt_key(world.unit, 0)]).hexdigest()
    assert {key: body for key, body in world.contents().items() if key in before} == before


def test_a_verdict_that_changed_later_is_a_commit_without_outputs(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, chain=a_chain(hours=26))
    unit_end = dt.datetime(2026, 3, 10, 23, 50, tzinfo=dt.UTC)
    first = world.run(now=unit_end)
    assert first.verdict is Verdict.INCOMPLETE
    assert {s.verdict for s in first.slots} == {Verdict.PROVEN}
    last = BEGIN + 26 * HOUR
    world.deliver(world.chain.digest(last, last + HOUR, []))
    second = world.run(now=LATER)
    assert (second.number, second.verdict, second.inputs, second.outputs) == (1, Verdict.PROVEN, (), ())


def test_a_log_of_the_last_minutes_that_vanished_is_missing_although_the_day_looked_whole(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, chain=a_chain(hours=26))
    world.run(now=dt.datetime(2026, 3, 10, 23, 50, tzinfo=dt.UTC))
    last = BEGIN + 26 * HOUR
    vanished = world.chain.log(last + dt.timedelta(minutes=30), "vanished00000000")
    world.deliver(world.chain.digest(last, last + HOUR, [vanished]))
    assert world.unit in world.discover(DAY + dt.timedelta(days=1))
    second = world.run()
    assert {o.key: o.reason for o in second.objects if o.verdict is not Verdict.PROVEN} == {vanished: "MISSING"}


def test_mending_the_cause_turns_the_unit_proven_without_new_objects(world: ArchiveWorld) -> None:
    planted = world.logs()[1].replace("abcdefgh", "planted0")
    world.source.put(planted, gzip.compress(records("planted"), mtime=0))
    assert world.run().verdict is Verdict.DISPROVEN
    world.source.delete(planted)
    mended = world.run()
    assert (mended.number, mended.verdict, mended.inputs, mended.outputs) == (1, Verdict.PROVEN, (), ())


def test_a_denied_log_is_unprovable_and_the_others_are_committed(world: ArchiveWorld) -> None:
    denied = world.logs()[2]
    world.source.fail(denied, Fault.DENIED)
    first = world.run()
    assert first.verdict is Verdict.UNPROVABLE
    assert [(o.key, o.reason) for o in first.objects if o.verdict is not Verdict.PROVEN] == [(denied, "DENIED")]
    assert denied not in {p.key for p in first.inputs}
    world.source.mend(denied)
    second = world.run()
    assert (second.verdict, [p.key for p in second.inputs]) == (Verdict.PROVEN, [denied])


@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.COLD, "COLD"), (Fault.UNAVAILABLE, "UNAVAILABLE"), (Fault.REFUSED, "REFUSED")]
)
def test_what_cannot_be_read_is_told_apart_and_never_bad(world: ArchiveWorld, fault: Fault, reason: str) -> None:
    world.source.fail(world.logs()[2], fault)
    receipt = world.run()
    assert receipt.verdict is Verdict.UNPROVABLE
    assert {o.reason for o in receipt.objects if o.verdict is not Verdict.PROVEN} == {reason}


def test_a_log_that_was_listed_and_is_gone_is_missing(world: ArchiveWorld) -> None:
    gone = world.logs()[2]
    world.source.fail(gone, Fault.GONE)
    receipt = world.run()
    assert {o.key: o.reason for o in receipt.objects if o.verdict is not Verdict.PROVEN} == {gone: "MISSING"}


def test_a_deleted_log_whose_version_is_kept_is_archived_proven_and_told(world: ArchiveWorld, tmp_path: Path) -> None:
    world = versioned(world)
    victim, body = world.logs()[2], world.source.body(world.logs()[2])
    world.source.mark_deleted(victim, at=LATER)
    receipt = world.run()
    assert receipt.verdict is Verdict.PROVEN
    told = {o.key: (o.reason, o.detail) for o in receipt.objects if o.reason != "OK"}
    assert set(told) == {victim}
    assert told[victim][0] == "RECOVERED_DELETED"
    assert "2026-03-12T00:00:00Z (delete marker v" in told[victim][1]
    assert members(world, receipt, tmp_path)[victim] == body
    assert world.run() == receipt, "a second run finds nothing new"


def test_a_deleted_log_whose_kept_version_was_altered_is_missing(world: ArchiveWorld) -> None:
    world = versioned(world)
    victim = world.logs()[2]
    world.source.delete(victim)
    world.source.put(victim, gzip.compress(b'{"Records":[]}'))
    world.source.mark_deleted(victim)
    assert {o.reason for o in world.run().objects if o.verdict is not Verdict.PROVEN} == {"MISSING"}


def test_a_deleted_digest_whose_version_is_kept_proves_its_hour_and_is_archived(world: ArchiveWorld, tmp_path: Path) -> None:
    world = versioned(world)
    victim = next(key for key in world.chain.digests if f"{DAY:%Y/%m/%d}" in key)
    body = world.source.body(victim)
    world.source.mark_deleted(victim, at=LATER)
    receipt = world.run()
    assert receipt.verdict is Verdict.PROVEN
    assert [s.object for s in receipt.slots if s.reason == "RECOVERED_DELETED"] == [victim]
    assert members(world, receipt, tmp_path)[victim] == body
    assert world.run() == receipt


def test_a_unit_says_the_same_after_its_originals_expired_into_older_versions(world: ArchiveWorld) -> None:
    world = versioned(world)
    first = world.run()
    for key in list(world.chain.objects):
        world.source.mark_deleted(key, at=LATER)
    assert world.run(now=LATER + dt.timedelta(days=100)) == first


def versioned(world: ArchiveWorld) -> ArchiveWorld:
    """The same world, in a trail bucket that keeps versions."""
    world.source.versioned = True
    for key, item in world.chain.objects.items():
        world.source.delete(key)
        world.source.put(key, item.body, metadata=item.metadata, at=item.modified)
    return world


def test_where_no_log_can_be_read_nothing_is_committed(world: ArchiveWorld) -> None:
    for key in [*world.logs(), *world.chain.digests]:
        world.source.fail(key, Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        world.run()
    assert latest(world.archive, world.unit) is None


def test_keys_that_cannot_be_had_are_unprovable_and_a_later_run_proves(world: ArchiveWorld) -> None:
    world.keys.fault = Fault.DENIED
    assert world.run().verdict is Verdict.UNPROVABLE
    world.keys.fault = None
    second = world.run()
    assert (second.number, second.verdict, second.outputs, len(second.keys)) == (1, Verdict.PROVEN, (), 1)


def test_a_unit_stays_proven_after_its_originals_expired_in_the_trail_bucket(world: ArchiveWorld) -> None:
    first = world.run()
    for key in list(world.chain.objects):
        world.source.delete(key)
    again = world.run(now=LATER + dt.timedelta(days=100))
    assert again == first


def test_a_unit_stays_proven_while_only_some_of_its_originals_expired(world: ArchiveWorld) -> None:
    first = world.run()
    for key in [*world.logs()[:20], *world.chain.digests[:12]]:
        world.source.delete(key)
    assert world.run(now=LATER + dt.timedelta(days=100)) == first


def test_an_overwritten_log_is_disproven_although_its_original_was_proven(world: ArchiveWorld) -> None:
    world.run()
    victim = world.logs()[2]
    world.source.replace(victim, gzip.compress(records("forged"), mtime=0))
    second = world.run()
    assert (second.number, second.verdict, [p.key for p in second.inputs]) == (1, Verdict.DISPROVEN, [victim])


def test_receipts_have_no_clock_and_no_run_id(world: ArchiveWorld, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = ArchiveWorld(tmp_path / "other")
    other.archive.clock = LATER + dt.timedelta(days=3)
    world.run()
    other.run(now=LATER + dt.timedelta(hours=5))
    assert other.contents() == world.contents()


def test_bucket_without_versions_is_archived_by_etag(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path)
    world.source.versioned = False
    for key, item in world.chain.objects.items():
        world.source.delete(key)
        world.source.put(key, item.body, metadata=item.metadata, at=item.modified)
    assert world.run().verdict is Verdict.PROVEN
    victim = world.logs()[2]
    world.source.replace(victim, gzip.compress(records("forged"), mtime=0))
    second = world.run()
    assert (second.number, second.verdict, [p.key for p in second.inputs]) == (1, Verdict.DISPROVEN, [victim])


def test_no_status_of_the_past_day_without_a_trail_is_unprovable_or_disproven_never_proven(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path)
    receipt = world.run(unit=Unit(world.unit.account, world.unit.region, DAY - dt.timedelta(days=5)))
    assert receipt.verdict is not Verdict.PROVEN
    assert receipt.counts.inputs == 0


def test_a_day_to_come_is_incomplete(world: ArchiveWorld) -> None:
    receipt = world.run(unit=Unit(world.unit.account, world.unit.region, LATER.date() + dt.timedelta(days=1)))
    assert (receipt.verdict, receipt.slots, receipt.objects) == (Verdict.INCOMPLETE, (), ())


def test_another_trails_digest_that_proves_a_log_here_is_packed_too(world: ArchiveWorld, tmp_path: Path) -> None:
    other = Chain(SIGNER, trail="second")
    start = BEGIN + 10 * HOUR
    log = other.log(start + dt.timedelta(minutes=5), "ofthesecondtrail")
    digest = other.digest(start, start + HOUR, [log], starting=True)
    other.digest(start + HOUR, start + 2 * HOUR, [])
    world.chain.objects |= other.objects
    world.sync()
    receipt = world.run()
    assert {o.key: (o.verdict, o.reason) for o in receipt.objects}[log] == (Verdict.PROVEN, "OTHER_TRAIL")
    found = members(world, receipt, tmp_path)
    assert found[digest] == world.source.body(digest)
    assert [key for key in found if "_second_" in key] == [digest]


def test_history_is_a_chain_by_hash(world: ArchiveWorld) -> None:
    world.run()
    world.source.put(world.logs()[1].replace("abcdefgh", "planted0"), b"x")
    world.run()
    receipts = history(world.archive, world.unit)
    assert [r.number for r in receipts] == [0, 1]
    assert receipts[1].previous == hashlib.sha256(receipts[0].to_json()).hexdigest()
    assert dataclasses.replace(receipts[0]).to_json() == world.archive.body(layout.receipt_key(world.unit, 0))
