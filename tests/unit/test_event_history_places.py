"""Where the event history lies: apart from the trail's, readable at once as long as the archive keeps it."""

import datetime as dt

from itemtrail.core import layout, retention
from itemtrail.model import Unit

UNIT = Unit("111122223333", "eu-west-1", dt.date(2026, 11, 10))


def test_the_lifecycle_assertion_covers_every_prefix():
    assert {layout.EVENT_HISTORY, layout.EVENT_HISTORY_PAGES} <= set(retention.QUERIED)
    assert layout.EVENT_HISTORY_RECEIPTS in retention.STANDARD
    assert {layout.EVENT_HISTORY, layout.EVENT_HISTORY_PAGES, layout.EVENT_HISTORY_RECEIPTS} <= set(retention.EVIDENCE)


def test_no_prefix_is_one_of_the_trail_s_nor_begins_like_one():
    keys = [
        layout.event_history_key(UNIT, "event_date=2026-11-10/x.parquet"),
        layout.event_history_part_key(UNIT, 0, 0),
        layout.event_history_plan_key(UNIT, 0),
        layout.event_history_receipt_key(UNIT, 0),
    ]
    trails = (layout.EVENTS, layout.RECEIPTS, layout.ORIGINALS, layout.QUARANTINE, layout.STREAM_RECORDS, layout.STREAM_RECEIPTS)
    assert not [key for key in keys if key.startswith(trails)]
    assert [layout.parse_commit(key) for key in keys] == [None] * 4


def test_a_commit_s_name_is_read_as_it_is_written():
    for number in (0, 999, 1000):
        name = layout.event_history_receipt_key(UNIT, number).removeprefix(layout.event_history_receipts_folder(UNIT))
        assert layout.parse_commit_name(name) == (number, "receipt")
    assert layout.parse_commit_name("000.receipt.json.bak") is None
