"""Whatever is done to a valid chain is seen in the right slot, and nowhere else."""

import datetime as dt
import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain_world import World, not_proven, verdicts
from tests.memory import MemoryStore
from tests.vectors.chain_case import LATE_HOURS, late_log, with_backfill
from tests.vectors.chain_cases import END, LATER, START, base
from tests.vectors.make_chain import HOUR, Chain, Signer, hourly

from itemtrail.cli.validate_report import exit_code
from itemtrail.core.completeness import Before, Span, Window, expected
from itemtrail.core.digest import read
from itemtrail.core.inflate import inflate
from itemtrail.core.keys import parse_digest
from itemtrail.errors import Undecodable
from itemtrail.model import TrailRef, Verdict

FEW = settings(max_examples=40, deadline=None)
CLEAN = base()
DIGESTS = CLEAN.digests
LOGS = sorted(key for key in CLEAN.objects if "/CloudTrail/" in key)
LISTS = {digest: [log for log in LOGS if log in CLEAN.objects[digest].content.decode().replace("\\/", "/")] for digest in DIGESTS}


def slot_of(digest: str) -> str:
    return f"{START + (DIGESTS.index(digest) + 1) * HOUR:%H:%M:%S}"


def validated(world: World) -> dict[str, tuple[str, str]]:
    return not_proven(world.validate(START, END, LATER))


@FEW
@given(data=st.data())
def test_any_bit_of_any_content_flipped_is_seen_where_it_is(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(DIGESTS + LOGS))
    content = bytearray(CLEAN.objects[key].content)
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    world = World.of(CLEAN)
    world.store.replace(key, gzip.compress(bytes(content)))
    found = validated(world)
    if key in LOGS:
        assert found == {key: ("DISPROVEN", "HASH_MISMATCH")}
    else:
        newest = key == DIGESTS[-1]  # its fingerprint or algorithm altered: nobody follows who would contradict it
        assert found[slot_of(key)][0] in ({"DISPROVEN", "UNPROVABLE"} if newest else {"DISPROVEN"})
        assert set(found) == {slot_of(key), *LISTS[key]}
        assert {found[log][0] for log in LISTS[key]} <= {"UNPROVABLE"}


@FEW
@given(data=st.data())
def test_any_bit_of_the_signature_metadata_flipped_is_seen_where_it_is(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(DIGESTS))
    metadata = dict(CLEAN.objects[key].metadata)
    raw = bytearray(bytes.fromhex(metadata["signature"]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    world = World.of(CLEAN)
    world.store.replace(key, metadata=metadata | {"signature": raw.hex()})
    found = validated(world)
    assert found[slot_of(key)] == ("DISPROVEN", "SIGNATURE_BAD")
    assert set(found) == {slot_of(key), *LISTS[key]}


@FEW
@given(gone=st.sets(st.sampled_from(DIGESTS + LOGS), min_size=1))
def test_any_set_of_objects_deleted_is_seen_one_by_one(gone: set[str]) -> None:
    world = World.of(CLEAN)
    for key in gone:
        world.store.delete(key)
    result = world.validate(START, END, LATER)
    found = not_proven(result)
    if set(DIGESTS) <= gone:
        assert {slot.verdict for slot in result.slots} == {Verdict.DISPROVEN}
        return
    assert {slot for slot in found if ":" in slot} == {slot_of(key) for key in DIGESTS if key in gone}
    lost = {log for digest in DIGESTS if digest in gone for log in LISTS[digest]}
    assert {key for key in found if ":" not in key} == ((set(LOGS) & gone) - lost) | (lost - gone)


LATE = with_backfill(base())
LATE_DIGESTS = {
    key: late_log(LATE, hour) for key, hour in zip(sorted(k for k in LATE.objects if "backfill" in k), LATE_HOURS, strict=True)
}


@FEW
@given(data=st.data())
def test_any_bit_of_a_backfill_digest_or_its_log_flipped_is_seen_there_and_nowhere_else(data: st.DataObject) -> None:
    digest = data.draw(st.sampled_from(sorted(LATE_DIGESTS)))
    key = data.draw(st.sampled_from([digest, LATE_DIGESTS[digest]]))
    content = bytearray(LATE.objects[key].content)
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    world = World.of(LATE)
    world.store.replace(key, gzip.compress(bytes(content)))
    assert set(validated(world)) == ({key} if key != digest else {digest, LATE_DIGESTS[digest]})


@FEW
@given(gone=st.sets(st.sampled_from(sorted({*LATE_DIGESTS, *LATE_DIGESTS.values()})), min_size=1))
def test_any_set_of_backfill_digests_and_late_logs_deleted_is_seen_unless_nobody_is_left_to_tell(gone: set[str]) -> None:
    world = World.of(LATE)
    for key in gone:
        world.store.delete(key)
    found = validated(world)
    order = sorted(LATE_DIGESTS)
    named = {one for one, after in pairwise(order) if after not in gone}
    lone = {log for digest, log in LATE_DIGESTS.items() if digest in gone and log not in gone}
    lost = {log for digest, log in LATE_DIGESTS.items() if digest not in gone and log in gone}
    assert set(found) == (gone & named) | lone | lost


@FEW
@given(gone=st.sets(st.sampled_from(DIGESTS + LOGS), min_size=1), altered=st.sets(st.sampled_from(DIGESTS + LOGS)))
def test_whatever_is_deleted_or_overwritten_is_recovered_and_told_where_versions_are_kept(
    gone: set[str], altered: set[str]
) -> None:
    world = kept_world()
    for key in altered:
        world.store.replace(key, b"junk")
    for key in gone:
        world.store.mark_deleted(key)
    result = world.validate(START, END, LATER)
    assert not_proven(result) == {}
    told = {k for k, v in verdicts(result).items() if v[1].startswith("RECOVERED_")}
    assert told == {key if key in LOGS else slot_of(key) for key in gone | altered}
    assert exit_code([result]) == 1


@FEW
@given(key=st.sampled_from(DIGESTS + LOGS), at=st.integers(4, 9), bit=st.integers(0, 7))
def test_a_flip_outside_the_content_is_noted_or_refused_and_harms_no_other(key: str, at: int, bit: int) -> None:
    """Bytes 4 to 9 of gzip's header: the time, the extra flags, the system. None of them changes what is inflated."""
    body = bytearray(CLEAN.objects[key].body)
    body[at] ^= 1 << bit
    world = kept_world()
    world.store.replace(key, bytes(body))
    result = world.validate(START, END, LATER)
    assert not_proven(result) == {}
    noted = {k for k, v in verdicts(result).items() if v[1] == "BYTES_DIFFER"}
    assert noted == {key if key in LOGS else slot_of(key)}
    assert exit_code([result]) == 0


@FEW
@given(data=st.data())
def test_any_bit_of_any_stored_byte_flipped_stays_proven_only_if_the_content_is_equal(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(DIGESTS + LOGS))
    body = bytearray(CLEAN.objects[key].body)
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        same = inflate(bytes(body), max_bytes=1 << 20) == CLEAN.objects[key].content
    except Undecodable:
        same = False
    world = World.of(CLEAN)
    world.store.replace(key, bytes(body))
    found = validated(world)
    assert set(found) == (set() if same else {key} if key in LOGS else {slot_of(key), *LISTS[key]})


def kept_world() -> World:
    """The clean chain in a bucket that keeps versions."""
    world = World.of(CLEAN)
    world.store = MemoryStore()
    for key, item in CLEAN.objects.items():
        world.store.put(key, item.body, metadata=item.metadata, at=item.modified)
    return world


@FEW
@given(key=st.sampled_from(DIGESTS + LOGS), level=st.integers(0, 9), name=st.booleans())
def test_recompressed_objects_stay_proven(key: str, level: int, name: bool) -> None:
    world = World.of(CLEAN)
    machine = zlib.compressobj(level, zlib.DEFLATED, 31)
    content = CLEAN.objects[key].content
    world.store.replace(key, gzip.compress(content, level) if name else machine.compress(content) + machine.flush())
    assert validated(world) == {}


@FEW
@given(key=st.sampled_from(DIGESTS + LOGS), tail=st.binary(min_size=1, max_size=40))
def test_anything_appended_is_seen_where_it_is(key: str, tail: bytes) -> None:
    world = World.of(CLEAN)
    world.store.replace(key, CLEAN.objects[key].body + tail)
    found = validated(world)
    assert found[key if key in LOGS else slot_of(key)][0] == "DISPROVEN"
    assert len(found) == 1 + len(LISTS.get(key, []))


@FEW
@given(
    minute=st.integers(0, 349),  # a log named later may be the next hour's, and that digest is missing
    name=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16),
    content=st.binary(max_size=50),
)
def test_any_log_planted_is_seen_and_harms_no_other(minute: int, name: str, content: bytes) -> None:
    delivered = START + dt.timedelta(minutes=minute)
    world = World.of(CLEAN)
    key = CLEAN.log_key(delivered, name)
    world.store.put(key, content, at=delivered)
    before_first_window = delivered.replace(second=0) < START
    assert validated(world) == ({} if before_first_window else {key: ("DISPROVEN", "UNLISTED")})


@FEW
@given(body=st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress))
def test_any_bytes_in_a_digests_place_are_a_verdict_and_no_crash(body: bytes) -> None:
    world = World.of(CLEAN)
    world.store.replace(DIGESTS[2], body)
    found = validated(world)
    assert found[slot_of(DIGESTS[2])][0] == "DISPROVEN"
    assert set(found) == {slot_of(DIGESTS[2]), *LISTS[DIGESTS[2]]}


@FEW
@given(
    hours=st.integers(1, 30),
    offset=st.integers(0, 3599),
    empty=st.integers(0, 30),
    before=st.integers(0, 5),
    after=st.integers(0, 5),
)
def test_a_clean_chain_is_proven_whatever_its_length_and_offset(
    hours: int, offset: int, empty: int, before: int, after: int
) -> None:
    start = dt.datetime(2026, 3, 10, tzinfo=dt.UTC) + dt.timedelta(seconds=offset)
    chain = hourly(Chain(Signer(1)), start, hours, logs=1, empty=empty)
    result = World.of(chain).validate(start - before * HOUR, start + hours * HOUR + after * HOUR, start + 60 * HOUR)
    expected_missing = {f"{start + (hours + n + 1) * HOUR:%H:%M:%S}" for n in range(after)}
    assert len(result.slots) == hours + after
    if hours + after <= 24:
        assert {k for k in not_proven(result) if ":" in k} == expected_missing
    assert verdicts(result)


@FEW
@given(
    present=st.sets(st.integers(0, 20), max_size=20),
    unproven=st.sets(st.integers(0, 20), max_size=5),
    start=st.integers(-90, 600),
    length=st.integers(1, 900),
    now=st.integers(0, 2000),
    older=st.booleans(),
)
def test_slots_never_overlap_leave_nothing_out_and_end_in_the_range(
    present: set[int], unproven: set[int], start: int, length: int, now: int, older: bool
) -> None:
    zero = dt.datetime(2026, 3, 10, 0, 1, 31, tzinfo=dt.UTC)
    windows = [Window(zero + n * HOUR, zero + (n + 1) * HOUR, str(n), Before.CONTINUES) for n in present]
    begin = zero + dt.timedelta(minutes=start)
    span = Span(begin, begin + dt.timedelta(minutes=length), zero + dt.timedelta(minutes=now), older=older)
    marks = [zero + (n + 1) * HOUR for n in unproven - present]
    slots = expected(windows, marks, span)
    assert all(span.start <= s.end <= span.end for s in slots)
    assert all(a.end == b.start for a, b in pairwise(slots))
    assert all(s.start < s.end for s in slots)
    if slots:
        assert slots[0].start < span.start or slots[0].end - span.start <= HOUR
    assert {s.key for s in slots if s.key} == {str(n) for n in present if span.start <= zero + (n + 1) * HOUR <= span.end}


@pytest.mark.parametrize("digest", DIGESTS)
def test_reading_never_raises_on_bad_bytes(digest: str) -> None:
    from itemtrail.model import StoredObject

    trail = TrailRef(CLEAN.arn, CLEAN.bucket, CLEAN.prefix)
    key = parse_digest(digest, trail, CLEAN.account, CLEAN.region)
    assert key is not None
    body = CLEAN.objects[digest].body
    for cut in range(0, len(body), 37):
        try:
            read(StoredObject(digest, body[:cut], {}), key, trail, max_bytes=1 << 20)
        except Undecodable as error:
            pytest.fail(f"cut at {cut}: {error}")
