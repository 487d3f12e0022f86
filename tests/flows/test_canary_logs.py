"""The canary's search, over files that lie: none of them stops it, none is taken for the write."""

import datetime as dt
import gzip
import json

import pytest
from tests.memory import MemoryStore

from itemtrail.flows.canary_logs import NewLogs

FOLDER = "AWSLogs/111122223333/CloudTrail/us-east-1/"
RECORD = {"eventName": "PutItem", "eventTime": "2026-11-21T10:00:00Z", "requestParameters": {"key": {"id": "m-1"}}}


def log(*records):
    return gzip.compress(json.dumps({"Records": records}).encode())


LIES = {
    "not gzip": b"m-1",
    "gzip of no JSON": gzip.compress(b"m-1"),
    "no records": gzip.compress(b'{"m-1": 1}'),
    "a record that is text": log("m-1"),
    "a list of key": log({**RECORD, "requestParameters": {"key": ["m-1"]}}),
    "parameters that are text": log({**RECORD, "requestParameters": "m-1"}),
    "no time": log({name: value for name, value in RECORD.items() if name != "eventTime"}),
    "a time that is none": log({**RECORD, "eventTime": "soon"}),
    "a time without zone": log({**RECORD, "eventTime": "2026-11-21T10:00:00"}),
    "a failed put": log({**RECORD, "errorCode": "AccessDenied"}),
    "another operation": log({**RECORD, "eventName": "DeleteItem"}),
    "a longer marker": log({**RECORD, "requestParameters": {"key": {"id": "m-10"}}}),
}


@pytest.mark.parametrize("body", LIES.values(), ids=LIES)
def test_what_is_not_the_write_is_passed_over(body):
    store = MemoryStore()
    logs = NewLogs(store, FOLDER, None, 1 << 20)
    store.put(FOLDER + "2026/11/21/a.json.gz", body)
    assert logs.find("m-1") is None
    assert logs.seen == 1
    store.put(FOLDER + "2026/11/21/b.json.gz", log(RECORD))
    found = logs.find("m-1")
    assert found is not None
    assert found.key.endswith("b.json.gz")
    assert found.written == dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)


def test_what_was_there_before_is_not_new():
    store = MemoryStore()
    store.put(FOLDER + "2026/11/21/a.json.gz", log(RECORD))
    assert NewLogs(store, FOLDER, dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC), 1 << 20).find("m-1") is None


def test_a_file_is_read_once():
    store = MemoryStore()
    logs = NewLogs(store, FOLDER, None, 1 << 20)
    store.put(FOLDER + "2026/11/21/a.json.gz", log())
    assert [logs.find("m-1"), logs.find("m-1")] == [None, None]
    assert logs.seen == 1
