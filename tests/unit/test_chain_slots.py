"""Which hours are expected: windows, holes, gaps, the trail's beginning and end, the wall clock."""

import datetime as dt

from tests.chain_world import Rules

from itemtrail.core.completeness import Before, Kind, Slot, Span, Window, due, expected
from itemtrail.model import LoggingStatus

T = dt.datetime(2026, 3, 10, 0, 1, 31, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
C, B = Before.CONTINUES, Before.BEGINS


def at(hours: float) -> dt.datetime:
    return T + hours * HOUR


def window(n: float, before: Before = C, length: float = 1) -> Window:
    return Window(at(n), at(n + length), f"d{n}", before)


def short(slots: tuple[Slot, ...]) -> list[tuple[float, float, Kind]]:
    return [((s.start - T) / HOUR, (s.end - T) / HOUR, s.kind) for s in slots]


def test_offset_is_the_chains_own() -> None:
    slots = expected([window(1)], [], Span(at(0), at(3), at(9)))
    assert [f"{s.end:%M:%S}" for s in slots] == ["01:31"] * 4


def test_trail_begins_at_a_starting_digest_and_nothing_is_due_before() -> None:
    assert short(expected([window(2, B)], [], Span(at(-5), at(3), at(9)))) == [(2, 3, Kind.WINDOW)]


def test_starting_digest_although_an_older_one_exists_is_a_gap_before() -> None:
    slots = expected([window(2, B)], [], Span(at(1), at(3), at(9), older=True))
    assert short(slots) == [(0, 1, Kind.GAP), (1, 2, Kind.GAP), (2, 3, Kind.WINDOW)]


def test_digest_with_a_predecessor_has_hours_due_before_it_back_to_the_range() -> None:
    slots = expected([window(3)], [], Span(at(1.5), at(4), at(9)))
    assert short(slots) == [(1, 2, Kind.HOLE), (2, 3, Kind.HOLE), (3, 4, Kind.WINDOW)]


def test_hours_before_the_trail_was_started_are_not_due() -> None:
    status = LoggingStatus(is_logging=True, started=at(1.5))
    slots = expected([window(3)], [], Span(at(-9), at(4), at(9), status))
    assert short(slots) == [(1.5, 2, Kind.HOLE), (2, 3, Kind.HOLE), (3, 4, Kind.WINDOW)]


def test_latest_start_says_nothing_of_a_trail_with_older_digests() -> None:
    status = LoggingStatus(is_logging=True, started=at(2.5))
    slots = expected([window(3)], [], Span(at(1.5), at(4), at(9), status, older=True))
    assert short(slots) == [(1, 2, Kind.HOLE), (2, 3, Kind.HOLE), (3, 4, Kind.WINDOW)]


def test_final_digest_may_be_short_and_nothing_is_due_after_it() -> None:
    status = LoggingStatus(is_logging=False, started=at(0), stopped=at(1.4))
    slots = expected([window(0, B), window(1, C, 0.5)], [], Span(at(0), at(9), at(9), status))
    assert short(slots) == [(0, 1, Kind.WINDOW), (1, 1.5, Kind.WINDOW)]


def test_final_digest_that_is_missing_is_due_and_no_hour_after_it() -> None:
    status = LoggingStatus(is_logging=False, started=at(0), stopped=at(1.4))
    slots = expected([window(0, B)], [], Span(at(0), at(9), at(9), status))
    assert short(slots) == [(0, 1, Kind.WINDOW), (1, 2, Kind.HOLE)]


def test_restart_at_another_offset_leaves_a_gap_cut_into_hours() -> None:
    slots = expected([window(0, B), window(2.25, B)], [], Span(at(0), at(9), at(3.3)))
    assert short(slots) == [(0, 1, Kind.WINDOW), (1, 2, Kind.GAP), (2, 2.25, Kind.GAP), (2.25, 3.25, Kind.WINDOW)]


def test_unproven_digest_cuts_only_time_that_is_not_proven() -> None:
    slots = expected([window(0, B), window(1), window(3)], [at(1.5), at(2.5)], Span(at(0), at(4), at(4)))
    kinds = [(2, 2.5, Kind.HOLE), (2.5, 3, Kind.HOLE)]
    assert short(slots) == [(0, 1, Kind.WINDOW), (1, 2, Kind.WINDOW), *kinds, (3, 4, Kind.WINDOW)]


def test_holes_before_an_unproven_digest_are_unknown_unless_the_trail_is_known_to_have_run() -> None:
    windows, marks = [window(0, B), window(4)], [at(4)]
    assert [k for _, _, k in short(expected(windows, marks, Span(at(1.5), at(4), at(9))))] == [
        Kind.UNKNOWN,
        Kind.UNKNOWN,
        Kind.HOLE,
    ]
    status = LoggingStatus(is_logging=True, started=at(0))
    slots = expected(windows, marks, Span(at(1.5), at(4), at(9), status))
    assert [k for _, _, k in short(slots)] == [Kind.HOLE] * 3


def test_nothing_is_expected_to_end_after_the_wall_clock() -> None:
    assert short(expected([window(0, B)], [], Span(at(0), at(9), at(2.99)))) == [(0, 1, Kind.WINDOW), (1, 2, Kind.HOLE)]


def test_without_digests_hours_are_the_clocks_or_at_a_known_offset() -> None:
    span = Span(at(0), at(2), at(9))
    assert [f"{s.end:%H:%M:%S}" for s in expected([], [], span)] == ["01:00:00", "02:00:00"]
    known = Span(at(0), at(2), at(9), offset=T - 1000 * HOUR + dt.timedelta(minutes=7))
    assert [f"{s.end:%H:%M:%S}" for s in expected([], [], known)] == ["00:08:31", "01:08:31"]


def test_digest_is_due_so_many_minutes_after_its_window() -> None:
    assert not due(T, T + dt.timedelta(minutes=89), Rules())
    assert due(T, T + dt.timedelta(minutes=90), Rules())


def test_five_years_of_missing_digests_are_cut_quickly() -> None:
    slots = expected([], [T + n * HOUR for n in range(0, 40_000, 2)], Span(T, T + 40_000 * HOUR, T + 50_000 * HOUR))
    assert len(slots) == 40_001
