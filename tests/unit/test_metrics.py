"""What the metrics say, from real receipts and cells; that they cost nothing when off, name nothing secret and fail no task."""

import datetime as dt
import logging
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import pytest
from tests import review_world, stream_world
from tests.archive_world import DAY, LATER, ArchiveWorld, a_chain
from tests.ledger_world import LedgerWorld, week

from itemtrail.core import layout
from itemtrail.flows import archive_stream_state
from itemtrail.flows.coverage import Cell, Coverage, coverage
from itemtrail.model import Unit
from itemtrail_airflow import metrics

ACCOUNT, HERE, THERE = "111122223333", "us-east-1", "eu-west-1"
TODAY = dt.date(2026, 11, 24)
NOW = dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.UTC)
AGO = dt.timedelta(days=1)


def told(gauges):
    """Values by name and label values, in the order of the labels' names."""
    return {(one.name, *(value for _, value in sorted(one.labels.items()))): one.value for one in gauges}


def test_a_day_tells_its_verdicts_and_sizes_as_its_receipts_have_them(tmp_path):
    world = ArchiveWorld(tmp_path, chain=a_chain(logs=1))
    receipt = world.run()
    nothing = Unit(ACCOUNT, THERE, DAY)
    said = told(metrics.of_day(world.archive, [world.unit, nothing], LATER.date() - AGO))
    assert {name[1]: value for name, value in said.items() if name[0] == "day_units"} == {
        "PROVEN": 1,
        "INCOMPLETE": 0,
        "UNPROVABLE": 0,
        "DISPROVEN": 0,
        "NONE": 1,
        "BROKEN": 0,
    }
    where = (world.unit.account, world.unit.region)
    assert said["day_objects", *where] == receipt.counts.objects > 0
    assert said["day_records", *where] == receipt.counts.records_in > 0
    assert said["day_bytes", where[0], "json", where[1]] == receipt.counts.bytes_in > 0
    assert said["day_records", ACCOUNT, THERE] == 0
    assert said["day_timestamp_seconds",] == dt.datetime.combine(DAY, dt.time(), dt.UTC).timestamp()


def test_a_backfill_of_an_old_day_does_not_rewrite_what_is_said_of_the_newest(tmp_path):
    world = ArchiveWorld(tmp_path, chain=a_chain(logs=1))
    world.run()
    assert list(metrics.of_day(world.archive, [world.unit], LATER.date())) == []


def test_a_day_whose_receipts_contradict_each_other_is_said_and_does_not_leave_the_good_day_before_standing(tmp_path):
    world = ArchiveWorld(tmp_path, chain=a_chain(logs=1))
    world.run()
    world.archive.put(layout.receipt_key(world.unit, 0), b"not a receipt")
    said = told(metrics.of_day(world.archive, [world.unit], LATER.date() - AGO))
    assert (said["day_units", "BROKEN"], said["day_units", "PROVEN"]) == (1, 0)
    assert said["day_records", world.unit.account, world.unit.region] == 0


def cells(**states):
    """A cell for each letter: Proven, Missing, Findings; the days end with yesterday."""
    kinds = {"P": Coverage.PROVEN, "M": Coverage.MISSING, "F": Coverage.FINDINGS, "W": Coverage.PENDING}
    regions = {"here": HERE, "there": THERE}
    return [
        Cell(Unit(ACCOUNT, regions[name], TODAY - (len(row) - index) * AGO), kinds[letter], letter in "MF", 0)
        for name, row in states.items()
        for index, letter in enumerate(row)
    ]


def of_coverage(found):
    return told(metrics.of_coverage(found, [ACCOUNT], [HERE, THERE], expiry_days=90, now=NOW))


def hours(said, region):
    return (NOW.timestamp() - said["newest_proven_timestamp_seconds", ACCOUNT, region]) / 3600


def days_left(said, region):
    return (said["expiry_timestamp_seconds", ACCOUNT, region] - dt.datetime(2026, 11, 24, tzinfo=dt.UTC).timestamp()) / 86400


def test_the_newest_proven_day_counts_from_its_end_and_a_hole_before_it_from_its_expiry():
    said = of_coverage(cells(here="PMPP", there="PPPP"))
    assert (hours(said, HERE), hours(said, THERE)) == (6.5, 6.5)
    assert (days_left(said, HERE), days_left(said, THERE)) == (87, 90)
    assert said["coverage_units", ACCOUNT, HERE, "MISSING"] == 1
    assert said["coverage_units", ACCOUNT, THERE, "MISSING"] == 0


def test_where_nothing_was_ever_proven_the_lag_counts_from_the_first_day_that_was_due():
    said = of_coverage(cells(here="MMF", there="W"))
    assert (hours(said, HERE), days_left(said, HERE)) == (78.5, 87)
    assert (hours(said, THERE), days_left(said, THERE)) == (30.5, 89)


def test_a_bad_day_that_somebody_answers_for_is_counted_apart_and_waits_for_no_expiry():
    found = [replace(cell, accepted=cell.state is Coverage.FINDINGS) for cell in cells(here="FPP")]
    said = of_coverage(found)
    assert days_left(said, HERE) == 90
    assert [said["coverage_units", ACCOUNT, HERE, state] for state in ("ACCEPTED", "FINDINGS", "PROVEN")] == [1, 0, 2]


def test_a_place_of_which_nothing_is_due_is_said_all_the_same():
    said = of_coverage([])
    assert (hours(said, HERE), days_left(said, HERE)) == (6.5, 90)
    assert {value for name, value in said.items() if name[0] == "coverage_units"} == {0}


def test_coverage_is_what_the_receipts_say(tmp_path):
    world = ArchiveWorld(tmp_path, chain=a_chain(logs=1))
    world.run()
    found = coverage(world.archive, [world.unit], now=LATER, max_age=dt.timedelta(hours=30), expiry_days=90)
    said = told(metrics.of_coverage(found, [world.unit.account], [world.unit.region], expiry_days=90, now=LATER))
    assert said["coverage_units", world.unit.account, world.unit.region, "PROVEN"] == 1


def test_a_stream_tells_until_when_it_is_archived_and_how_often_records_were_lost():
    world = stream_world.a_busy_hour()
    receipt = world.run()
    last = archive_stream_state.load(world.archive, receipt.table_arn).last
    said = told(metrics.of_streams({receipt.table_arn: last, "arn:aws:dynamodb:us-east-1:111122223333:table/Empty": None}))
    (covered,) = [value for name, value in said.items() if name[0] == "stream_covered_timestamp_seconds"]
    assert covered == receipt.covered_until.timestamp()
    assert {name[3] for name in said} == {receipt.table_arn.rpartition("/")[2]}


def test_a_history_that_is_not_complete_or_not_the_newest_tells_nothing():
    arn = "arn:aws:dynamodb:us-east-1:111122223333:table/Employees"
    report = {"complete": True, "records": {"rate": 0.99}, "events": {"rate": 1.0}}
    day = TODAY - 2 * AGO
    said = told(metrics.of_history(arn, day, report, TODAY))
    assert said["history_explained_ratio", ACCOUNT, HERE, "records", "Employees"] == 0.99
    assert not [*metrics.of_history(arn, day - AGO, report, TODAY)]
    assert not [*metrics.of_history(arn, day, {**report, "complete": False}, TODAY)]
    assert not [*metrics.of_history(arn, day, None, TODAY)]


def test_findings_are_counted_by_severity_and_one_that_is_gone_is_a_zero():
    review = review_world.report().review
    said = told(metrics.of_review(review))
    assert sum(value for name, value in said.items() if name[0] == "review_findings") > 0
    assert len([name for name in said if name[0] == "review_findings"]) == 8, "every severity and standing, zeros too"


def test_the_ledger_tells_its_last_checkpoint_and_what_it_found(tmp_path):
    world = LedgerWorld(tmp_path)
    keys = week(world)
    first = world.append()
    assert told(metrics.of_ledger(first, NOW))["ledger_receipts",] == 7
    world.archive.delete(keys[0])
    said = told(metrics.of_ledger(world.append(until=first.last.until + AGO), NOW))
    assert said["ledger_findings",] == 1
    assert "ledger_receipts" not in {name for name, *_ in told(metrics.of_ledger(type(first)(None), NOW))}


@pytest.fixture
def backend(monkeypatch):
    """Airflow's statistics, taken down here; ``on`` is what its configuration says."""
    seen = SimpleNamespace(on=True, sent=[], fails=False)

    def gauge(name, value, *, tags):
        if seen.fails:
            raise OSError("no route to host")
        seen.sent.append((name, value, tags))

    for name in ("airflow", "airflow.sdk", "airflow.sdk.observability"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["airflow.sdk"].conf = SimpleNamespace(getboolean=lambda _s, key, fallback: seen.on and key == "otel_on")
    sys.modules["airflow.sdk.observability"].stats = SimpleNamespace(gauge=gauge)
    return seen


def test_off_nothing_is_computed(backend):
    backend.on = False
    assert metrics.emit(lambda: pytest.fail("computed")) == 0


def test_on_each_gauge_is_sent_under_our_name_with_its_labels(backend):
    assert metrics.emit(lambda: metrics.of_deliveries({"sns": False}, now=NOW)) == 1
    assert backend.sent == [("itemtrail.alert_failed_timestamp_seconds", NOW.timestamp(), {"channel": "sns"})]


def test_a_backend_that_fails_costs_a_line_in_the_log(backend, caplog):
    backend.fails = True
    with caplog.at_level(logging.WARNING):
        assert metrics.emit(lambda: metrics.of_deliveries({"sns": True}, now=NOW)) == 0
    assert "no route to host" in caplog.text


def test_receipts_that_cannot_be_read_cost_a_line_in_the_log_too(backend, caplog):
    with caplog.at_level(logging.WARNING):
        metrics.emit(lambda: metrics.of_history("not an arn", TODAY, {"complete": True}, TODAY))
    assert "metrics were not sent" in caplog.text
