"""Writes tests/vectors/records: log files that are not as CloudTrail delivers them, one a file, named by what is wrong.

Run `python -m tests.vectors.make_records` to write them again; a test fails when they differ from what this makes.
``expected.json`` says of each file what must become of it: how many records become rows, which are quarantined and why.
"""

# ruff: noqa: E501 - a case a line

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("records")
EXPECTED = FOLDER / "expected.json"
# Inflated size that the tests allow; the bomb exceeds it.
MAX_INFLATED = 4 << 20

Quarantined = list[list[Any]]
"""[record index or None, reason] of each."""


@dataclass(frozen=True)
class Vector:
    """``rows`` become rows, ``exact`` of them only through ``_record``."""

    name: str
    data: bytes
    rows: int = 0
    quarantined: Quarantined = field(default_factory=list)
    duplicates: int = 0
    exact: int = 0


def event(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A PutItem as CloudTrail writes it; a change to ``...`` leaves the member out."""
    arn = "arn:aws:dynamodb:us-east-1:111122223333:table/Employees"
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": "arn:aws:iam::111122223333:user/ana",
            "accountId": "111122223333",
            "userName": "ana",
        },
        "eventTime": f"2026-11-20T10:00:{number % 60:02d}Z",
        "eventSource": "dynamodb.amazonaws.com",
        "eventName": "PutItem",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "Boto3/1.43.5",
        "requestParameters": {"tableName": "Employees", "key": {"EmployeeId": f"E-{number}"}, "item": ["EmployeeId", "Name"]},
        "responseElements": None,
        "requestID": f"REQUEST{number:045d}",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "readOnly": False,
        "resources": [{"accountId": "111122223333", "type": "AWS::DynamoDB::Table", "ARN": arn}],
        "eventType": "AwsApiCall",
        "apiVersion": "2012-08-10",
        "managementEvent": False,
        "recipientAccountId": "111122223333",
        "eventCategory": "Data",
    } | changes
    return {name: value for name, value in record.items() if value is not ...}


def text(*records: Any) -> list[str]:
    """Records as compact JSON, one a string."""
    return [json.dumps(record, separators=(",", ":"), ensure_ascii=False) for record in records]


def document(*records: str | bytes) -> bytes:
    """A log file of records that are JSON already."""
    return b'{"Records":[' + b",".join(r if isinstance(r, bytes) else r.encode() for r in records) + b"]}"


def with_member(record: dict[str, Any], member: str | bytes, *, place: str = '"eventType"') -> bytes:
    """``record`` with raw JSON put in front of the member ``place``."""
    raw = member if isinstance(member, bytes) else member.encode()
    return text(record)[0].encode().replace(place.encode(), raw + b"," + place.encode(), 1)


GOOD = document(*text(event(1), event(2)))
PACKED = gzip.compress(GOOD, mtime=0)


def storage() -> list[Vector]:
    """Objects whose gzip is not one whole, sound member."""
    return [
        Vector("not-gzip.json.gz", GOOD, quarantined=[[None, "NOT_GZIP"]]),
        Vector("empty-object.json.gz", b"", quarantined=[[None, "NOT_GZIP"]]),
        Vector("truncated.json.gz", PACKED[:-40], quarantined=[[None, "TRUNCATED"]]),
        Vector("trailer-cut-off.json.gz", PACKED[:-8], quarantined=[[None, "TRUNCATED"]]),
        Vector("header-only.json.gz", PACKED[:10], quarantined=[[None, "TRUNCATED"]]),
        Vector("appended-member.json.gz", PACKED + gzip.compress(document(*text(event(3))), mtime=0), quarantined=[[None, "APPENDED_MEMBER"]]),
        Vector("appended-empty-member.json.gz", PACKED + gzip.compress(b"", mtime=0), quarantined=[[None, "APPENDED_MEMBER"]]),
        Vector("trailing-bytes.json.gz", PACKED + b"\0\0\0\0", quarantined=[[None, "TRAILING_DATA"]]),
        Vector("crc-wrong.json.gz", PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], quarantined=[[None, "CRC_MISMATCH"]]),
        Vector("length-wrong.json.gz", PACKED[:-4] + b"\1\0\0\0", quarantined=[[None, "CRC_MISMATCH"]]),
        Vector("deflate-damaged.json.gz", PACKED[:12] + b"\xff\xff\xff\xff" + PACKED[16:], quarantined=[[None, "CORRUPT"]]),
        Vector("bomb.json.gz", gzip.compress(b" " * (2 * MAX_INFLATED), mtime=0), quarantined=[[None, "TOO_LARGE"]]),
        Vector("as-delivered.json.gz", PACKED, rows=2),
    ]  # fmt: skip


def wrappers() -> list[Vector]:
    """Documents that are not one object with one list named Records."""
    one, two = text(event(1), event(2))
    digest = {
        "awsAccountId": "111122223333",
        "digestS3Bucket": "b",
        "digestS3Object": "o",
        "logFiles": [],
        "previousDigestSignature": None,
    }
    return [
        Vector("not-json.json", b"<html>Access denied</html>", quarantined=[[None, "NOT_JSON"]]),
        Vector("empty.json", b"", quarantined=[[None, "NOT_JSON"]]),
        Vector("json-breaks-off.json", GOOD[:-100], quarantined=[[None, "NOT_JSON"]]),
        Vector("two-documents.json", GOOD + GOOD, quarantined=[[None, "NOT_JSON"]]),
        Vector("something-after-the-document.json", GOOD + b" ]", quarantined=[[None, "NOT_JSON"]]),
        Vector("records-one-a-line.json", f"{one}\n{two}\n".encode(), quarantined=[[None, "NOT_JSON"]]),
        Vector("one-record-without-a-wrapper.json", one.encode(), quarantined=[[None, "NO_RECORDS"]]),
        Vector("list-without-a-wrapper.json", f"[{one}]".encode(), quarantined=[[None, "NO_RECORDS"]]),
        Vector("no-records.json", b'{"records":[]}', quarantined=[[None, "NO_RECORDS"]]),
        Vector("empty-object.json", b"{}", quarantined=[[None, "NO_RECORDS"]]),
        Vector("empty-records.json", b'{"Records":[]}'),
        Vector("records-is-null.json", b'{"Records":null}', quarantined=[[None, "RECORDS_NOT_A_LIST"]]),
        Vector("records-is-an-object.json", f'{{"Records":{one}}}'.encode(), quarantined=[[None, "RECORDS_NOT_A_LIST"]]),
        Vector("digest-in-the-log-folder.json", json.dumps(digest).encode(), quarantined=[[None, "DIGEST_IN_LOG_FOLDER"]]),
        Vector("second-records.json", f'{{"Records":[{one}],"Records":[{two}]}}'.encode(), quarantined=[[None, "SECOND_RECORDS"]]),
        Vector("second-records-with-escape.json", f'{{"Records":[{one}],"Recor\\u0064s":[{two}]}}'.encode(), quarantined=[[None, "SECOND_RECORDS"]]),
        Vector("extra-top-level-member-after.json", f'{{"Records":[{one}],"NextToken":"x"}}'.encode(), rows=1, quarantined=[[None, "EXTRA_TOP_LEVEL"]]),
        Vector("extra-top-level-member-before.json", f'{{"kind":{{"a":[1]}},"Records":[{one},{two}]}}'.encode(), rows=2, quarantined=[[None, "EXTRA_TOP_LEVEL"]]),
        Vector("byte-order-mark.json", b"\xef\xbb\xbf" + GOOD, rows=2),
        Vector("utf-16.json", GOOD.decode().encode("utf-16"), quarantined=[[None, "NOT_JSON"]]),
        Vector("trailing-comma-after-the-last-record.json", f'{{"Records":[{one},]}}'.encode(), quarantined=[[None, "NOT_JSON"]]),
        Vector("comma-missing-between-records.json", f'{{"Records":[{one} {two}]}}'.encode(), quarantined=[[None, "NOT_JSON"]]),
        Vector("comment-between-records.json", f'{{"Records":[{one},/* two */{two}]}}'.encode(), quarantined=[[None, "NOT_JSON"]]),
        Vector("brackets-do-not-pair.json", f'{{"Records":[{one}}}]'.encode(), quarantined=[[None, "NOT_JSON"]]),
        Vector("white-space-between-records.json", f' {{ "Records" :\t[\r\n{one} ,\n {two} ] }}\n'.encode(), rows=2),
        Vector("invalid-utf8-outside-the-records.json", b'{"Records":[],"\xff":1}', quarantined=[[None, "NOT_JSON"]]),
        Vector("null-bytes-at-the-end.json", GOOD + b"\0" * 512, quarantined=[[None, "NOT_JSON"]]),
    ]  # fmt: skip


def spoiled_records() -> list[Vector]:
    """One record among good ones that is no record: it alone is quarantined."""

    def among(bad: str | bytes, reason: str) -> dict[str, Any]:
        return {"data": document(text(event(1))[0], bad, text(event(2))[0]), "rows": 2, "quarantined": [[1, reason]]}

    latin = text(event(9, userAgent="Zoë"))[0].encode("latin-1")
    return [
        Vector("record-is-a-number.json", **among("42", "NOT_AN_OBJECT")),
        Vector("record-is-null.json", **among("null", "NOT_AN_OBJECT")),
        Vector("record-is-a-string.json", **among('"{}"', "NOT_AN_OBJECT")),
        Vector("record-is-a-list.json", **among(text([event(9)])[0], "NOT_AN_OBJECT")),
        Vector("nan-in-a-record.json", **among(with_member(event(9), '"cost":NaN'), "NOT_JSON")),
        Vector("infinity-in-a-record.json", **among(with_member(event(9), '"cost":-Infinity'), "NOT_JSON")),
        Vector("trailing-comma-in-a-record.json", **among('{"eventName":"PutItem",}', "NOT_JSON")),
        Vector("leading-zero-in-a-record.json", **among('{"cost":007}', "NOT_JSON")),
        Vector("single-quotes-in-a-record.json", **among("{'eventName':'PutItem'}", "NOT_JSON")),
        Vector("control-character-in-a-record.json", **among('{"eventName":"Put\tItem"}', "NOT_JSON")),
        Vector("line-break-in-a-string.json", **among('{"eventName":"Put\nItem"}', "NOT_JSON")),
        Vector("unknown-escape-in-a-record.json", **among(r'{"eventName":"Put\x49tem"}', "NOT_JSON")),
        Vector("invalid-utf8-in-a-record.json", **among(latin, "INVALID_UTF8")),
        Vector("overlong-utf8-in-a-record.json", **among(b'{"eventName":"\xc0\xaf"}', "INVALID_UTF8")),
        Vector("utf8-of-a-surrogate-in-a-record.json", **among(b'{"eventName":"\xed\xa0\x80"}', "INVALID_UTF8")),
        Vector("invalid-utf8-in-a-name.json", **among(b'{"event\xffName":"PutItem"}', "INVALID_UTF8")),
        Vector("nested-10000-deep.json", **among(with_member(event(9), '"deep":' + "[" * 10_000 + "]" * 10_000), "TOO_DEEP")),
        Vector("nested-10000-deep-objects.json", **among('{"a":' * 10_000 + "1" + "}" * 10_000, "TOO_DEEP")),
        Vector("nested-one-too-deep.json", **among('{"a":' + "[" * 512 + "]" * 512 + "}", "TOO_DEEP")),
        Vector("nested-10000-deep-never-closed.json", b'{"Records":[{"a":' + b"[" * 10_000, quarantined=[[None, "NOT_JSON"]]),
    ]  # fmt: skip


def unusual_records() -> list[Vector]:
    """Records that are JSON and must be kept to the byte; ``exact`` counts those that need ``_record``."""
    plain = text(event(1))[0]
    long_number = "1234567890123456789012345678901234567890"
    cases: list[tuple[str, list[str | bytes], int]] = [
        ("lone-surrogate-in-a-text-field", [with_member(event(1, userAgent=...), r'"userAgent":"\ud800x"')], 1),
        ("lone-surrogate-in-a-json-field", [with_member(event(1), r'"additionalEventData":{"a":"\udfff"}')], 0),
        ("lone-surrogate-in-a-key", [plain.replace('"E-1"', r'"\ud83d"')], 0),
        ("lone-surrogate-in-a-name", [with_member(event(1), r'"\ud800":1')], 1),
        ("surrogate-pair-escaped", [plain.replace("Boto3", r"\ud83d\ude00")], 1),
        ("escapes-where-none-are-needed", [plain.replace("Boto3/1.43.5", r"Boto3\/1.43.5 Zo\u00eb")], 1),
        ("escapes-in-json-fields", [plain.replace('"E-1"', r'"E\/1\u00e9"')], 0),
        ("escaped-member-name", [plain.replace('"userAgent"', r'"user\u0041gent"')], 1),
        ("not-ascii", [plain.replace("Boto3", "Zoë 東京 😀")], 0),
        ("escaped-control-characters", [plain.replace("Boto3", r"a\nb\t\u0000\u001f")], 0),
        ("null-character-in-a-key", [plain.replace('"E-1"', r'"E\u00001"')], 0),
        ("duplicate-members", [with_member(event(1), '"eventName":"DeleteItem","eventName":"PutItem"')], 1),
        ("duplicate-members-equal", [with_member(event(1), '"eventName":"PutItem"')], 0),
        ("duplicate-members-unknown", [with_member(event(1), '"x":1,"x":2')], 1),
        ("duplicate-members-nested", [plain.replace('"key":{', '"key":{"EmployeeId":"E-0",')], 0),
        ("number-of-40-digits", [with_member(event(1), f'"additionalEventData":{{"n":{long_number}}}')], 0),
        ("number-of-40-digits-in-a-key", [plain.replace('"E-1"', long_number)], 0),
        ("number-of-40-digits-in-an-unknown-field", [with_member(event(1), f'"sequence":{long_number}')], 0),
        ("numbers-spelled-unusually", [with_member(event(1), '"additionalEventData":[1.688560107857E9,-0,-0.0,1e400,1E-05,0.10,123456789.12345678901234567890]')], 0),
        ("names-differing-by-case", [with_member(event(1), '"EventName":"x","EVENTNAME":null,"ARN":1,"arn":2')], 0),
        ("nested-512-deep", [with_member(event(1), '"additionalEventData":' + "[" * 511 + "]" * 511)], 0),
        ("absent-null-and-empty", [*text(
            event(1, userAgent=..., responseElements=..., additionalEventData=...),
            event(2, userAgent=None, responseElements=None, additionalEventData=None),
            event(3, userAgent="", responseElements={}, additionalEventData=[]),
            event(4, userIdentity=None, requestParameters={}, resources=None, errorCode=None),
        )], 0),
        ("text-fields-of-other-types", [*text(
            event(1, eventVersion=1.11, userAgent=None, sourceIPAddress=["192.0.2.1"], errorCode=404, eventTime=1_700_000_000),
            event(2, eventID=7, recipientAccountId=111122223333, eventName={"a": None}, eventSource=True),
        )], 0),
        ("unknown-fields", [*text(event(1, annotation="later", eventVersion="1.12", zebra=None, nested={"a": [1, {}]}), event(2, annotation=None))], 0),
        ("members-in-another-order", [*text(dict(reversed(event(1).items())), event(2), dict(sorted(event(3).items())))], 0),
        ("empty-record", ["{}"], 0),
        ("record-with-only-unknown-fields", ['{"a":1}', '{"":""}', '{" ":{}}'], 0),
        ("no-event-time", text(event(1, eventTime=...)), 0),
        ("event-time-null", text(event(1, eventTime=None)), 0),
        ("event-time-unreadable", text(*(event(n, eventTime=t) for n, t in enumerate(("yesterday", "2026-13-45T99:99:99Z", "", "2026-11-20", "2026-11-20T10:00:00", "١٢٣٤-11-20T10:00:00Z")))), 0),
        ("event-time-with-fraction-and-offset", text(event(1, eventTime="2026-11-20T10:00:00.123456789Z"), event(2, eventTime="2026-11-21T00:30:00+01:00")), 0),
        ("event-time-out-of-range", text(event(1, eventTime="0001-01-01T00:00:00+14:00"), event(2, eventTime="9999-12-31T23:59:59-14:00")), 0),
        ("no-event-id", text(event(1, eventID=...), event(2, eventID=...)), 0),
        ("same-event-id-with-different-content", text(event(1), event(1, eventName="DeleteItem"), event(1, eventName="UpdateItem")), 0),
        ("event-versions-1.0-to-1.11", text(*(event(n, eventVersion=v) for n, v in enumerate(VERSIONS))), 0),
        ("white-space-inside-records", [json.dumps(event(1)), json.dumps(event(2), indent=2)], 2),
        ("carriage-returns-inside-records", [json.dumps(event(1), indent=1).replace("\n", "\r\n")], 1),
        ("a-string-of-one-megabyte", [with_member(event(1), '"additionalEventData":"' + "x" * (1 << 20) + '"')], 0),
        ("json-inside-strings", text(event(1, requestParameters={"policyDocument": json.dumps({"Records": [{"]": "}"}]})})), 0),
        ("null-and-the-string-null", text(event(1, userAgent="null", additionalEventData="null"), event(2, additionalEventData=None)), 0),
        ("dotted-and-odd-names", text(event(1, **{"resource.resourceType": "x", "a b": 1, "_keys": 2, "event_ts": 3, "source_object": None})), 0),
    ]  # fmt: skip
    return [_kept(name, document(*records), len(records), exact) for name, records, exact in cases]


def _kept(name: str, data: bytes, rows: int, exact: int) -> Vector:
    large = len(data) > _LARGE
    return Vector(f"{name}.json{'.gz' * large}", gzip.compress(data, mtime=0) if large else data, rows=rows, exact=exact)


_LARGE = 100_000


VERSIONS = ("1.0", "1.01", "1.02", "1.03", "1.04", "1.05", "1.06", "1.07", "1.08", "1.09", "1.10", "1.11")


def repeated_records() -> list[Vector]:
    """Equal records: the first stays, the others are named; equal means equal in every byte."""
    one = text(event(1))[0]
    return [
        Vector("equal-records.json", document(one, text(event(2))[0], one, one), rows=2, duplicates=2),
        Vector("equal-but-for-white-space.json", document(one, one.replace(",", ", ", 1)), rows=2, exact=1),
        Vector("equal-but-for-member-order.json", document(one, *text(dict(reversed(event(1).items())))), rows=2),
    ]


FAMILIES: tuple[Callable[[], list[Vector]], ...] = (storage, wrappers, spoiled_records, unusual_records, repeated_records)


def vectors() -> list[Vector]:
    """All of them; names are unique."""
    made = [vector for family in FAMILIES for vector in family()]
    assert len({vector.name for vector in made}) == len(made)
    return made


def expected(made: list[Vector]) -> str:
    """The text of ``expected.json``."""
    outcome = {v.name: {"rows": v.rows, "exact": v.exact, "duplicates": v.duplicates, "quarantined": v.quarantined} for v in made}
    return json.dumps(outcome, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the folder."""
    FOLDER.mkdir(exist_ok=True)
    for vector in vectors():
        (FOLDER / vector.name).write_bytes(vector.data)
    EXPECTED.write_text(expected(vectors()), encoding="utf-8")


if __name__ == "__main__":
    main()
