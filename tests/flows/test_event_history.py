"""Exporting an event history: what is asked, how often, what is kept, and what is said of the rest."""

import datetime as dt
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.event_history_world import BEGIN, DAY, HOUR, SECOND, UNIT, World, unavailable

from itemtrail.core import layout
from itemtrail.core.event_history import Window, decode
from itemtrail.core.event_history_plan import EventHistoryReceipt
from itemtrail.core.rebuild import records
from itemtrail.errors import AccessDenied, EvidenceError, SourceUnavailable, Throttled
from itemtrail.flows.event_history import Exported, export_days
from itemtrail.flows.event_history_ask import Pages
from itemtrail.flows.event_history_state import State, load
from itemtrail.model import Conversion, Unit
from itemtrail.ports.event_history import EventPage

FEW = Pages(probe=2, part=4, most=12)
WHOLE = Window(BEGIN, BEGIN + 24 * HOUR)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("itemtrail.flows.event_history.PAGES", FEW)
    (tmp_path / "spool").mkdir()
    return World(tmp_path / "spool")


def ids(world: World, unit: Unit = UNIT) -> list[str]:
    """eventIDs of all rows of the unit's files, through the bytes that they rebuild."""
    found = []
    for key in world.archive.keys(f"{layout.EVENT_HISTORY}{layout.account_region(unit.account, unit.region)}"):
        path = world.spool / "look.parquet"
        path.write_bytes(world.archive.body(key))
        found += [json.loads(record)["eventID"] for _, _, record in records([path])]
        path.unlink()
    return sorted(found)


def bodies(world: World) -> dict[str, bytes]:
    found = world.archive.keys()
    return {key: world.archive.body(key) for key in found}


def receipt(world: World, number: int = 0) -> EventHistoryReceipt:
    return load(world.archive, UNIT).receipts[number]


def test_a_day_is_exported_whole_with_every_string_byte_for_byte(world: World) -> None:
    world.history.add(BEGIN, "first")
    world.history.add(BEGIN + 5 * HOUR, "odd", text='{ "eventTime":"2026-11-10T05:00:00Z","eventID":"odd","n":1.50,"s":"\\/é" }')
    world.history.add(BEGIN + 24 * HOUR - SECOND, "last")
    world.history.add(BEGIN + 24 * HOUR, "the next day's")
    world.history.add(BEGIN - SECOND, "the day before's")
    done = world.run()
    assert (done.state, done.covered, done.open, done.missing, done.rows) == (State.COVERED, (WHOLE,), (), (), 3)
    assert ids(world) == ["first", "last", "odd"]
    (part,) = world.archive.keys(layout.EVENT_HISTORY_PAGES)
    answered = {event["EventId"]: event["CloudTrailEvent"] for event in decode(world.archive.body(part), key=part).events}
    assert answered == {e["EventId"]: e["CloudTrailEvent"] for e in world.history.events if e["EventId"] in answered}
    assert len(answered) == 3
    (file,) = world.archive.keys(layout.EVENT_HISTORY)
    assert file == f"event_history/account=111122223333/region=eu-west-1/event_date={DAY}/{DAY}.000-000.parquet"


def test_every_place_says_that_it_is_unproven(world: World, tmp_path: Path) -> None:
    world.history.add(BEGIN + HOUR)
    done = world.run()
    assert (done.source, done.proof) == ("event_history", "UNPROVEN") and "unproven" in done.line
    (file,), (part,) = world.archive.keys(layout.EVENT_HISTORY), world.archive.keys(layout.EVENT_HISTORY_PAGES)
    (tmp_path / "f.parquet").write_bytes(world.archive.body(file))
    metadata = pq.read_metadata(tmp_path / "f.parquet").metadata
    assert (metadata[b"itemtrail.source"], metadata[b"itemtrail.proof"]) == (b"event_history", b"UNPROVEN")
    assert pq.read_table(tmp_path / "f.parquet")["source_object"].to_pylist() == [part]
    for key in world.archive.keys(layout.EVENT_HISTORY_RECEIPTS):
        document = json.loads(world.archive.body(key))
        assert (document["source"], document["proof"]) == ("event_history", "UNPROVEN")
        assert b'"PROVEN"' not in world.archive.body(key)


def test_a_receipt_that_calls_itself_proven_is_refused(world: World) -> None:
    world.history.add(BEGIN + HOUR)
    world.run()
    key = layout.event_history_receipt_key(UNIT, 0)
    world.archive.replace(key, world.archive.body(key).replace(b'"UNPROVEN"', b'"PROVEN"'))
    with pytest.raises(EvidenceError, match="not a eventhistoryreceipt"):
        world.run()


def test_an_empty_day_is_covered_too(world: World) -> None:
    done = world.run()
    assert (done.state, done.rows, done.commits) == (State.COVERED, 0, 1)
    assert world.archive.keys(layout.EVENT_HISTORY) == []
    assert len(world.history.asked) == 1
    assert world.run() == done and len(world.history.asked) == 1, "a covered day is not asked for again"


def test_never_more_than_two_requests_in_any_second(world: World) -> None:
    world.busy(1_000)
    world.clock.lasts = 0.13
    world.history.burst = True
    assert world.run().rows == 1_000
    begun = world.history.begun
    assert len(begun) >= 20
    assert all(third - first >= 1 - 1e-9 for first, third in zip(begun, begun[2:], strict=False))
    assert world.pacer.throttled == 0
    assert (len(begun) - 1) / (begun[-1] - begun[0]) == pytest.approx(2, rel=0.01), "and not much fewer"


def test_somebody_else_who_uses_the_limit_up_is_waited_for(world: World) -> None:
    world.busy(120)
    world.history.faults = iter([None, Throttled("Rate exceeded"), Throttled("Rate exceeded"), None])
    assert world.run().rows == 120
    gaps = [b - a for a, b in itertools.pairwise(world.history.begun)]
    assert gaps[1:3] == [pytest.approx(1), pytest.approx(2)]
    assert world.pacer.throttled == 2


def test_a_moving_day_is_not_closed_and_goes_on_where_it_stopped(world: World) -> None:
    world.clock.now = BEGIN + 10 * HOUR
    early = world.history.add(BEGIN + 9 * HOUR)
    late = world.history.add(BEGIN + 10 * HOUR - 16 * MINUTE)
    moving = world.history.add(BEGIN + 10 * HOUR - 5 * MINUTE)
    world.history.late = {late: 15 * MINUTE, moving: 15 * MINUTE}
    done = world.run()
    until = BEGIN + 10 * HOUR - 15 * MINUTE
    assert (done.state, done.covered, done.open) == (State.OPEN, (Window(BEGIN, until),), (Window(until, WHOLE.end),))
    assert ids(world) == [early, late]
    assert "not covered yet [2026-11-10T09:45:00Z, 2026-11-11T00:00:00Z)" in done.line
    assert receipt(world).covered == Window(BEGIN, until) and receipt(world).missing == ()
    world.clock.now = BEGIN + 30 * HOUR
    done = world.run()
    assert (done.state, done.commits, done.open) == (State.COVERED, 2, ())
    assert ids(world) == [early, late, moving]
    assert receipt(world, 1).covered == Window(until, WHOLE.end)


def test_what_is_past_90_days_is_a_finding_and_not_silence(world: World) -> None:
    world.busy(24, seconds=86_400)
    world.clock.now = BEGIN + dt.timedelta(days=90, hours=12, minutes=30)
    done = world.run()
    lost = Window(BEGIN, world.history.asked[0][0])
    assert BEGIN + 12.5 * HOUR <= lost.end <= BEGIN + 12.5 * HOUR + MINUTE
    assert (done.state, done.rows) == (State.PAST_HORIZON, 11)
    (missing,) = done.missing
    assert missing.start == BEGIN and receipt(world).missing == (missing,)
    assert "older than 90 days" in done.line
    assert world.run() == done, "it stays said"


def test_a_day_wholly_past_90_days_is_told_without_asking(world: World) -> None:
    world.clock.now = BEGIN + dt.timedelta(days=92)
    done = world.run()
    assert (done.state, done.missing, world.history.asked) == (State.PAST_HORIZON, (WHOLE,), [])


def test_what_grows_too_old_while_it_is_read_is_not_called_covered(world: World) -> None:
    world.busy(2_000, seconds=3 * 3600)
    world.clock.now = BEGIN + dt.timedelta(days=90)
    world.clock.lasts = 60.0
    done = world.run()
    (covered,), (missing,) = done.covered, done.missing
    assert covered == Window(missing.end, WHOLE.end)
    assert missing.start == BEGIN and missing.end >= BEGIN + 20 * MINUTE
    kept = {event["EventId"] for event in world.history.events if event["EventTime"] >= missing.end.timestamp()}
    assert kept <= set(ids(world))


def test_a_plan_left_open_past_the_horizon_says_what_it_lost(world: World) -> None:
    world.busy(24, seconds=86_400)
    with pytest.raises(SourceUnavailable):
        world.history.faults = itertools.repeat(unavailable())
        world.run()
    world.history.faults = iter(())
    world.clock.now = BEGIN + dt.timedelta(days=90, hours=6)
    done = world.run()
    assert (done.state, done.rows) == (State.PAST_HORIZON, 17), "06:00:00 went while it was asked for"
    assert receipt(world).planned == WHOLE and receipt(world).missing == done.missing


def test_a_hole_between_two_commits_is_lost_not_forgotten(world: World) -> None:
    world.clock.now = BEGIN + 10 * HOUR
    world.run()
    world.clock.now = BEGIN + dt.timedelta(days=90, hours=20)
    done = world.run()
    assert done.state is State.PAST_HORIZON
    (missing,) = done.missing
    assert missing.start == BEGIN + 10 * HOUR - 15 * MINUTE
    assert BEGIN + 20 * HOUR <= missing.end <= BEGIN + 20 * HOUR + SECOND
    assert world.run().missing == done.missing


def test_a_busy_day_is_cut_into_parts_and_no_event_is_lost_or_twice_at_a_cut(world: World) -> None:
    for number in range(1_300):  # 60 events share each second, and a page holds 50
        world.history.add(BEGIN + 8 * HOUR + (number // 60) * SECOND)
    done = world.run()
    parts = receipt(world).parts
    assert len(parts) >= 3 and all(part.events <= 12 * 50 for part in parts)
    assert [p.window.start for p in parts[:-1]] == [p.window.end for p in parts[1:]]
    assert (done.rows, done.duplicates) == (1_300, 0)
    assert len(set(ids(world))) == 1_300
    assert any(line.endswith("left") and "about" in line for line in world.said)


def test_more_events_in_one_second_than_a_part_holds_are_read_all_the_same(world: World) -> None:
    for _ in range(450):
        world.history.add(BEGIN + 8 * HOUR)
    assert world.run().rows == 450


def test_the_order_of_answers_is_not_trusted_for_what_is_complete(world: World) -> None:
    world.busy(700)
    world.history.order = lambda events: events[1::2] + events[::2]
    done = world.run()
    assert (done.state, done.rows, len(set(ids(world)))) == (State.COVERED, 700, 700)


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """An archive whose ``at``-th put is the last thing that happens, before or after it took effect."""

    def __init__(self, world: World, at: int, *, after: bool) -> None:
        self._inner, self._left, self._after = world.archive, at, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put_new(self, *arguments: Any, **named: Any) -> bool:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        created = self._inner.put_new(*arguments, **named)
        if self._left == 0:
            raise Killed
        return created


@pytest.mark.parametrize(("put", "after"), list(itertools.product(range(1, 7), (False, True))))
def test_killed_anywhere_a_second_run_ends_in_the_same_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: int, after: bool
) -> None:
    monkeypatch.setattr("itemtrail.flows.event_history.PAGES", FEW)

    def made(name: str) -> World:
        (tmp_path / name).mkdir()
        world = World(tmp_path / name)
        world.busy(600)
        return world

    whole, killed = made("whole"), made("killed")
    whole.run()
    assert len(whole.archive.puts) == 6, "plan, three parts, one file, receipt"
    with pytest.raises(Killed):
        killed.run(archive=Mortal(killed, put, after=after))
    done = killed.run()
    assert done.state is State.COVERED and not list(killed.spool.iterdir())
    assert bodies(killed) == bodies(whole)


def test_a_stop_keeps_what_was_read_and_the_next_run_goes_on_from_there(world: World) -> None:
    world.busy(600)
    end = world.clock.seconds + 2.9
    done = world.run(stop=lambda: world.clock.seconds >= end)
    assert (done.state, done.rows, done.commits) == (State.UNFINISHED, 0, 0)
    assert "run it again" in done.line
    assert len(world.archive.keys(layout.EVENT_HISTORY_PAGES)) == 1
    before = len(world.history.asked)
    assert world.run().rows == 600
    assert (before, len(world.history.asked)) == (7, 15), "what was put is not asked for again"


def test_after_a_stop_every_day_that_is_left_is_told(world: World) -> None:
    days = [DAY + dt.timedelta(days=n) for n in (1, 0, -1, -90)]
    world.run(Unit(UNIT.account, UNIT.region, DAY))
    found = dict(export_days(UNIT.account, UNIT.region, days, lambda unit: world.run(unit, stop=lambda: True)))
    assert {unit.day: done.state for unit, done in found.items() if isinstance(done, Exported)} == {
        days[3]: State.PAST_HORIZON,
        days[2]: State.UNFINISHED,
        days[1]: State.COVERED,
        days[0]: State.UNFINISHED,
    }
    assert [unit.day for unit in found] == sorted(days), "the oldest first"
    assert len(world.history.asked) == 1


def test_evidence_that_contradicts_itself_stops_its_own_day_and_a_denial_all(world: World) -> None:
    days = [DAY - dt.timedelta(days=1), DAY]
    world.run(Unit(UNIT.account, UNIT.region, days[0]))
    world.archive.replace(layout.event_history_receipt_key(Unit(UNIT.account, UNIT.region, days[0]), 0), b"{}")
    found = list(export_days(UNIT.account, UNIT.region, days, world.run))
    assert isinstance(found[0][1], EvidenceError) and isinstance(found[1][1], Exported)
    world.history.faults = iter([AccessDenied("cloudtrail:LookupEvents", "x")])
    found = list(export_days(UNIT.account, UNIT.region, [day - dt.timedelta(days=7) for day in days], world.run))
    assert [type(outcome) for _, outcome in found] == [AccessDenied]


def test_a_service_that_fails_for_long_keeps_what_was_read(world: World) -> None:
    world.busy(900)
    world.history.faults = itertools.chain([None] * 8, itertools.repeat(unavailable(), 8), itertools.repeat(None))
    with pytest.raises(SourceUnavailable):
        world.run()
    assert len(world.archive.keys(layout.EVENT_HISTORY_PAGES)) == 1
    assert world.run().rows == 900
    assert len(ids(world)) == 900


def test_two_writers_end_in_one_content(tmp_path: Path, world: World) -> None:
    world.busy(600)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other", clock=world.clock, archive=world.archive)
    other.history = world.history

    class Interrupted(Mortal):
        def put_new(self, key: str, *arguments: Any, **named: Any) -> bool:
            if key.endswith("000001.jsonl.gz") and not self._left:
                self._left = 1
                other.run()  # the other one does it all while this one reads its second part
            return bool(self._inner.put_new(key, *arguments, **named))

    done = world.run(archive=Interrupted(world, 0, after=False))
    assert (done.state, done.rows, done.commits) == (State.COVERED, 600, 1)


def test_strings_that_are_no_record_are_set_aside_by_name_and_nothing_is_dropped(world: World) -> None:
    good = world.history.add(BEGIN + HOUR)
    texts = [
        "",
        "not json",
        "[1]",
        '{"a":1},{"b":2}',
        '{"s":"\ud800"}',
        '{"eventID":"x"',
        '{"eventID":' + "[" * 600 + "]" * 600 + "}",
    ]
    for number, text in enumerate(texts):
        world.history.add(BEGIN + 2 * HOUR + number * SECOND, text=text)
    world.history.events.append({"EventId": "none", "EventTime": int(BEGIN.timestamp())})
    done = world.run()
    told = receipt(world)
    assert (done.state, done.rows, done.quarantined, told.conversion) == (State.PARTIAL, 1, 8, Conversion.PARTIAL)
    assert ids(world) == [good]
    assert told.counts.records_in == 9
    assert {q.reason for q in told.quarantined} == {"NOT_JSON", "NOT_AN_OBJECT", "INVALID_UTF8", "TOO_DEEP"}
    part = decode(world.archive.body(told.parts[0].key), key="")
    aside = {str(part.events[q.record_index].get("CloudTrailEvent")) for q in told.quarantined}
    assert aside == {*texts, "None"}


def test_large_events_are_read_in_shorter_windows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itemtrail.flows.event_history.PAGES", Pages(probe=50, part=50, most=50, most_bytes=20_000))
    for number in range(200):
        world.history.add(BEGIN + number * 400 * SECOND, requestParameters={"policy": "x" * 500})
    done = world.run()
    assert (done.rows, len(set(ids(world)))) == (200, 200)
    assert len(receipt(world).parts) > 4


def test_an_event_without_a_time_is_an_error_and_nothing_is_committed(world: World) -> None:
    world.history.order = lambda events: [*events, {"EventId": "timeless", "CloudTrailEvent": "{}"}]
    with pytest.raises(EvidenceError, match="'timeless' without a time"):
        world.run()
    assert world.archive.keys(layout.EVENT_HISTORY) == []


def test_an_answer_given_twice_is_one_row_and_named(world: World) -> None:
    world.history.add(BEGIN + HOUR, "twice")
    world.history.order = lambda events: events * 2
    done = world.run()
    assert (done.rows, done.duplicates) == (1, 1)
    assert receipt(world).duplicates[0].survivor_index == 0


@pytest.mark.parametrize("answers", ["empty", "the same"])
def test_answers_that_do_not_end_are_given_up(world: World, answers: str) -> None:
    numbers = itertools.count()

    def page(_start: dt.datetime, _end: dt.datetime, _token: str | None) -> EventPage:
        return (
            EventPage((), f"{next(numbers)}") if answers == "empty" else EventPage(({"EventTime": int(BEGIN.timestamp())},), "t")
        )

    world.history.page = page  # type: ignore[method-assign]
    with pytest.raises(SourceUnavailable, match="do not end"):
        world.run()
    assert world.archive.keys(layout.EVENT_HISTORY_PAGES) == []


def test_an_empty_answer_in_between_ends_nothing(world: World) -> None:
    world.busy(30)
    inner, first = world.history.page, [True]

    def page(start: dt.datetime, end: dt.datetime, token: str | None) -> EventPage:
        return (
            EventPage((), "on")
            if token is None and first and first.pop()
            else inner(start, end, None if token == "on" else token)
        )

    world.history.page = page  # type: ignore[method-assign]
    assert world.run().rows == 30


def test_a_denial_names_the_action(world: World) -> None:
    world.history.faults = iter([AccessDenied("cloudtrail:LookupEvents", "the event history")])
    with pytest.raises(AccessDenied, match="cloudtrail:LookupEvents"):
        world.run()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda body: b"x", "not a part of an event history"),
        (lambda body: body[:-9], "not a part of an event history"),
    ],
)
def test_a_damaged_part_is_evidence_not_an_empty_answer(world: World, damage: Callable[[bytes], bytes], says: str) -> None:
    world.busy(60)
    with pytest.raises(Killed):
        world.run(archive=Mortal(world, 3, after=False))
    (part,) = world.archive.keys(layout.EVENT_HISTORY_PAGES)
    world.archive.replace(part, damage(world.archive.body(part)))
    with pytest.raises(EvidenceError, match=says):
        world.run()


def test_a_file_that_stands_there_with_other_records_is_not_taken_for_ours(world: World, tmp_path: Path) -> None:
    world.busy(3)
    world.run()
    (key,) = world.archive.keys(layout.EVENT_HISTORY)
    (other := tmp_path / "other").mkdir()
    stranger = World(other)
    stranger.busy(3)
    stranger.archive.put(key, world.archive.body(key))
    stranger.history.add(BEGIN + HOUR)
    with pytest.raises(EvidenceError, match="other records"):
        stranger.run()
    assert layout.event_history_receipt_key(UNIT, 0) not in bodies(stranger)


def test_a_receipt_that_was_deleted_is_noticed(world: World) -> None:
    world.clock.now = BEGIN + 10 * HOUR
    world.run()
    world.clock.now = BEGIN + 30 * HOUR
    world.run()
    world.archive.delete(layout.event_history_receipt_key(UNIT, 0))
    with pytest.raises(EvidenceError, match="not every one between"):
        world.run()
