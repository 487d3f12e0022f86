"""Patch 16: a range of a version.

The emulator honours Range for the current object and forgets it where a version is named: 200 with the whole body. AWS answers
206 with the range, or 416. Source: S3 API reference, GetObject (read 2026-11-24).
"""

from typing import Any


def patch() -> None:
    """Cut what a versioned read answers."""
    from ministack.services import s3

    get = s3._get_object

    def get_object(bucket: str, key: str, headers: Any, query: Any = None) -> Any:
        status, answered, body = get(bucket, key, headers, query)
        asked = (headers or {}).get("range", "")
        if status != 200 or not asked or not s3._qp(query or {}, "versionId", ""):
            return status, answered, body
        span = s3._parse_range(asked, len(body))
        if span is None:
            unsatisfied = {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}
            return 416, unsatisfied, s3._xml_body(s3._range_error_xml(bucket, key))
        first, last = span
        cut = body[first : last + 1]
        place = {"Content-Length": str(len(cut)), "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        return 206, {**answered, **place}, cut

    s3._get_object = get_object
