"""What receipts say of a unit, and when a day is delivered."""

import datetime as dt
import gzip
from pathlib import Path

import pytest
from tests.archive_world import BEGIN, DAY, HOUR, ArchiveWorld, Killed, MortalStore, a_chain
from tests.chain_world import Rules
from tests.memory import Fault

from itemtrail.flows.receipts import Lack, digest_due, history, latest, load, not_proven, ready
from itemtrail.model import LoggingStatus, Unit, Verdict


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    return ArchiveWorld(tmp_path, chain=a_chain(logs=1))


def lack(world: ArchiveWorld) -> tuple[Lack, Verdict | None]:
    (state,) = not_proven(world.archive, [world.unit])
    assert str(world.unit) in state.line
    assert "\n" not in state.line
    return state.reason, state.verdict


def test_nothing_archived_is_no_receipt(world: ArchiveWorld) -> None:
    assert lack(world) == (Lack.NO_RECEIPT, None)
    assert latest(world.archive, world.unit) is None
    assert history(world.archive, world.unit) == ()


def test_a_proven_unit_lacks_nothing(world: ArchiveWorld) -> None:
    receipt = world.run()
    assert not_proven(world.archive, [world.unit]) == ()
    assert latest(world.archive, world.unit) == receipt


def test_an_open_plan_is_told_from_no_receipt(world: ArchiveWorld) -> None:
    with pytest.raises(Killed):
        world.run(archive=MortalStore(world.archive, 4, after=True))  # type: ignore[arg-type]
    assert lack(world)[0] in (Lack.OPEN_PLAN, Lack.NO_RECEIPT)
    while not world.archive.keys("receipts/"):
        raise AssertionError("the plan is the fourth access at the latest")
    assert lack(world) == (Lack.OPEN_PLAN, None)


def test_a_disproven_unit_names_reason_and_object(world: ArchiveWorld) -> None:
    victim = world.logs()[0]
    world.source.replace(victim, gzip.compress(b'{"Records":[]}'))
    world.run()
    (state,) = not_proven(world.archive, [world.unit])
    assert (state.reason, state.verdict) == (Lack.NOT_PROVEN, Verdict.DISPROVEN)
    assert f"1 × HASH_MISMATCH ({victim})" in state.line


def test_a_proven_unit_with_quarantine_is_partial(tmp_path: Path) -> None:
    chain = a_chain(hours=0)
    log = chain.log(BEGIN + 10 * HOUR, "bad0000000000000", content=b'{"Records":[7]}')
    for n in range(30):
        start = BEGIN + n * HOUR
        chain.digest(start, start + HOUR, [log] if n == 10 else [], starting=n == 0)
    world = ArchiveWorld(tmp_path, chain=chain)
    assert world.run().verdict is Verdict.PROVEN
    assert lack(world) == (Lack.PARTIAL_CONVERSION, Verdict.PROVEN)


def test_broken_receipts_are_a_state_of_their_own(world: ArchiveWorld) -> None:
    world.run()
    world.archive.replace(world.archive.keys("receipts/")[1], b"{}")
    assert lack(world) == (Lack.BROKEN_RECEIPTS, None)


def test_a_receipt_that_cannot_be_read_is_not_absent(world: ArchiveWorld) -> None:
    world.run()
    world.archive.fail(world.archive.keys("receipts/")[1], Fault.DENIED)
    with pytest.raises(Exception, match="denied"):
        not_proven(world.archive, [world.unit])


def test_only_the_units_own_prefix_is_listed(world: ArchiveWorld) -> None:
    world.run()
    world.archive.listings.clear()
    load(world.archive, world.unit)
    assert world.archive.listings == ["receipts/account=111122223333/region=us-east-1/delivery_date=2026-03-10/"]


def test_a_day_is_delivered_when_the_next_days_first_digest_is_there(world: ArchiveWorld) -> None:
    assert ready(world.source, world.trail, world.unit)
    following = Unit(world.unit.account, world.unit.region, DAY + dt.timedelta(days=1))
    assert not ready(world.source, world.trail, following)


def test_another_trails_digest_does_not_make_a_day_delivered(tmp_path: Path) -> None:
    world = ArchiveWorld(tmp_path, chain=a_chain(hours=26))
    first = world.chain.digest_key(BEGIN + 27 * HOUR)
    world.source.put(first.replace("my_trail.one", "my_trail.two"), b"x")
    assert not ready(world.source, world.trail, world.unit)
    world.source.put(first, b"x")
    assert ready(world.source, world.trail, world.unit)


@pytest.mark.parametrize(
    ("now", "stopped", "due"),
    [
        ("2026-03-11T02:29:59", None, False),
        ("2026-03-11T02:30:00", None, True),
        ("2026-03-10T12:00:00", "2026-03-09T22:00:00", True),
        ("2026-03-10T12:00:00", "2026-03-09T23:00:00", False),
    ],
)
def test_waiting_ends_when_the_last_digest_is_past_due_or_logging_had_stopped(
    world: ArchiveWorld, now: str, stopped: str | None, due: bool
) -> None:
    status = LoggingStatus(is_logging=False, stopped=_utc(stopped)) if stopped else None
    assert digest_due(status, world.unit, _utc(now), world.settings.validation) is due
    assert Rules().digest_due_minutes == world.settings.validation.digest_due_minutes


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
