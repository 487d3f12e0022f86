"""Assets: hints to consumers that something may be new. Receipts, not assets, say what is true."""

from airflow.sdk import Asset

EVENTS_DAY = Asset(name="itemtrail_events_day", uri="x-itemtrail://archive/events_day")
