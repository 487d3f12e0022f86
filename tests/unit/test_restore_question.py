"""Which keys a question is about, and the command that a cold key is answered with."""

import datetime as dt

import pytest

from itemtrail.core import changes_files, layout
from itemtrail.core.keys import format_digest
from itemtrail.core.restore_question import Kind, Question, check, command_for, lacking, spans, units_of
from itemtrail.errors import ConfigurationError
from itemtrail.model import TrailRef, Unit

ACCOUNT, REGION = "111122223333", "us-east-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Payroll"
TRAIL = TrailRef("arn:aws:cloudtrail:us-east-1:111122223333:trail/t", "trail-bucket", "audit")
FIRST, LAST = dt.date(2023, 2, 28), dt.date(2023, 3, 31)
DAYS = [FIRST + dt.timedelta(days=n) for n in range(-3, 37)]
LOG = f"audit/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}"


def asking(*kinds, **more):
    return Question(kinds, FIRST, LAST, ((ACCOUNT, REGION),), (TABLE,), **more)


def hit(question, keys):
    """The keys that the question's spans hold, as a listing would find them."""
    found = spans(question, TRAIL)
    return [key for key in keys if any(key.startswith(s.prefix) and key > s.after and not s.is_past(key) for s in found)]


KEYS = {
    Kind.ORIGINALS: lambda day: layout.tar_key(Unit(ACCOUNT, REGION, day), 0, 0),
    Kind.EVENTS: lambda day: layout.events_key(Unit(ACCOUNT, REGION, day), f"event_date={day}/{day}.000-000.parquet"),
    Kind.STREAM_RECORDS: lambda day: layout.stream_records_key(TABLE, day, 7),
}


@pytest.mark.parametrize("kind", KEYS)
def test_days_are_included_at_both_ends_and_no_others(kind):
    made = {KEYS[kind](day): day for day in DAYS}
    assert [made[key] for key in hit(asking(kind), made)] == [day for day in DAYS if FIRST <= day <= LAST]


@pytest.mark.parametrize("kind", KEYS)
def test_other_kinds_accounts_and_tables_are_not_asked_for(kind):
    other_table = TABLE.replace("Payroll", "Payroll2")
    foreign = [
        layout.tar_key(Unit("444455556666", REGION, FIRST), 0, 0),
        layout.tar_key(Unit(ACCOUNT, "us-east-11", FIRST), 0, 0),
        layout.stream_records_key(other_table, FIRST, 7),
        layout.receipt_key(Unit(ACCOUNT, REGION, FIRST), 0),
    ]
    others = [make(FIRST) for other, make in KEYS.items() if other is not kind]
    assert hit(asking(kind), foreign + others) == []


def test_a_history_is_its_months_with_a_day_more_at_each_end():
    months = ["2023-01", "2023-02", "2023-03", "2023-04", "2023-05"]
    keys = [changes_files.month_key(TABLE, month) for month in months]
    keys += [changes_files.day_key(TABLE, dt.date.fromisoformat(f"{month}-15")) for month in months]
    assert {
        changes_files.parse_month(key) or str(changes_files.parse_day(key))[:7] for key in hit(asking(Kind.HISTORY), keys)
    } == {
        "2023-02",
        "2023-03",
        "2023-04",
    }


def test_what_was_delivered_is_its_folders_and_the_digests_a_day_longer():
    logs = {f"{LOG}/{day:%Y/%m/%d}/x.json.gz": day for day in DAYS}
    digests = {format_digest(TRAIL, ACCOUNT, REGION, dt.datetime.combine(day, dt.time(1), dt.UTC)): day for day in DAYS}
    asked = asking(Kind.DELIVERED)
    assert [logs[key] for key in hit(asked, logs)] == [day for day in DAYS if FIRST <= day <= LAST]
    assert [digests[key] for key in hit(asked, digests)][-1] == LAST + dt.timedelta(days=1)


def test_a_unit_without_originals_is_named():
    asked = Question((Kind.ORIGINALS,), FIRST, FIRST + dt.timedelta(days=2), ((ACCOUNT, REGION), (ACCOUNT, "eu-west-1")))
    there = [layout.tar_key(Unit(ACCOUNT, REGION, FIRST + dt.timedelta(days=n)), 0, 0) for n in range(2)]
    last = FIRST + dt.timedelta(days=2)
    without = [Unit(ACCOUNT, "eu-west-1", FIRST + dt.timedelta(days=n)) for n in range(3)]
    assert lacking(asked, there) == (*without, Unit(ACCOUNT, REGION, last))
    assert lacking(asking(Kind.EVENTS), []) == ()


def test_an_items_history_needs_the_units_of_its_logs_and_of_its_candidates():
    def log(day, region=REGION):
        return f"audit/AWSLogs/o-abc123/{ACCOUNT}/CloudTrail/{region}/{day:%Y/%m/%d}/{ACCOUNT}_CloudTrail_x.json.gz"

    rows = [
        {"source_object": log(FIRST), "candidates": []},
        {"source_object": log(FIRST)},
        {"source_object": None, "candidates": [{"source_object": log(LAST, "eu-west-1")}]},
        {"source_object": None},
    ]
    units = units_of(rows)
    assert units == (Unit(ACCOUNT, "eu-west-1", LAST), Unit(ACCOUNT, REGION, FIRST))
    asked = Question((Kind.ORIGINALS,), FIRST, LAST, units=units)
    check(asked)
    keys = [layout.tar_key(Unit(ACCOUNT, region, day), 0, 0) for region in (REGION, "eu-west-1") for day in DAYS]
    assert hit(asked, keys) == [layout.tar_key(units[1], 0, 0), layout.tar_key(units[0], 0, 0)]
    assert lacking(asked, keys[:20]) == (units[0],)
    with pytest.raises(ConfigurationError, match="asked for their originals"):
        check(Question((Kind.EVENTS,), FIRST, LAST, units=units))


COMMANDS = {
    layout.tar_key(Unit(ACCOUNT, REGION, FIRST), 0, 0): "--what originals --day 2023-02-28 --unit 111122223333/us-east-1",
    f"s3://b/root/events/account={ACCOUNT}/region={REGION}/event_date=2023-02-28/x.parquet": (
        "--what events --day 2023-02-28 --unit 111122223333/us-east-1"
    ),
    layout.stream_records_key(TABLE, FIRST, 7): f"--what stream_records --day 2023-02-28 --table {TABLE}",
    changes_files.month_key(TABLE, "2023-02"): f"--what history --from 2023-02-02 --to 2023-02-27 --table {TABLE}",
    f"s3://{LOG}/2023/02/28/x.json.gz": "--what delivered --day 2023-02-28 --unit 111122223333/us-east-1",
    "receipts/account=1/x": "",
}


@pytest.mark.parametrize(("key", "words"), COMMANDS.items())
def test_a_cold_key_is_answered_with_the_command_that_plans_its_restore(key, words):
    assert command_for(key) == f"itemtrail restore --plan {words}".rstrip()


REFUSED = {
    "nothing": (Question((), FIRST, LAST), "nothing is asked"),
    "backwards": (Question((Kind.ORIGINALS,), LAST, FIRST, ((ACCOUNT, REGION),)), "is after"),
    "two buckets": (Question((Kind.ORIGINALS, Kind.DELIVERED), FIRST, LAST, ((ACCOUNT, REGION),)), "lies in the trail bucket"),
    "no table": (Question((Kind.HISTORY,), FIRST, LAST), "are of tables"),
    "no account": (Question((Kind.EVENTS,), FIRST, LAST), "no account and Region"),
}


@pytest.mark.parametrize(("question", "words"), REFUSED.values(), ids=REFUSED)
def test_a_question_for_nothing_is_refused(question, words):
    with pytest.raises(ConfigurationError, match=words):
        check(question)
