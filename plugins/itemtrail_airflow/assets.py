"""Assets: hints to consumers that something may be new. Receipts, not assets, say what is true."""

from airflow.sdk import Asset

EVENTS_DAY = Asset(name="itemtrail_events_day", uri="x-itemtrail://archive/events_day")
STREAM_DAY = Asset(name="itemtrail_stream_day", uri="x-itemtrail://archive/stream_day")
HISTORY_DAY = Asset(name="itemtrail_history_day", uri="x-itemtrail://archive/history_day")
