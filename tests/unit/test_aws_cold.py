"""The adapter of restores: what S3's answers become, the listing's words, and that keys are relative to the archive's root."""

import datetime as dt

import boto3
import pytest
from botocore.stub import Stubber

from itemtrail.aws.cold import S3ColdStore
from itemtrail.errors import AccessDenied, NotFound, SourceUnavailable
from itemtrail.model import Archived

WANTED = {"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}}


@pytest.fixture
def s3(monkeypatch):
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        yield stub, S3ColdStore(client, "bucket", "eu-west-1", root="evidence")
        stub.assert_no_pending_responses()


def ask(s3, code="", status=202):
    stub, store = s3
    asked = {"Bucket": "bucket", "Key": "evidence/originals/a.tar", "RestoreRequest": WANTED}
    if code:
        stub.add_client_error("restore_object", code, http_status_code=status, expected_params=asked)
    else:
        stub.add_response("restore_object", {"ResponseMetadata": {"HTTPStatusCode": status}}, asked)
    return store.request("originals/a.tar", days=7, tier="Bulk")


@pytest.mark.parametrize(
    ("code", "status", "begun"),
    [
        ("", 202, True),
        ("", 200, False),  # a copy is there: its expiry was moved
        ("RestoreAlreadyInProgress", 409, False),
        ("ObjectAlreadyInActiveTierError", 403, False),
        ("InvalidObjectState", 403, False),
    ],
)
def test_what_needs_no_restore_is_no_failure(s3, code, status, begun):
    assert ask(s3, code, status) is begun


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("AccessDenied", 403, AccessDenied, "s3:RestoreObject on s3://bucket/evidence/originals/a.tar"),
        ("NoSuchKey", 404, NotFound, "does not exist"),
        (
            "GlacierExpeditedRetrievalNotAvailable",
            503,
            SourceUnavailable,
            "no capacity for Expedited now. Next: take the tier Standard",
        ),
        ("SlowDown", 503, SourceUnavailable, "SlowDown"),
    ],
)
def test_what_is_a_failure_says_so(s3, code, status, kind, words):
    with pytest.raises(kind, match=words):
        ask(s3, code, status)


def test_a_listing_tells_class_and_restore_page_by_page(s3):
    stub, store = s3
    until, born = dt.datetime(2026, 12, 1, tzinfo=dt.UTC), dt.datetime(2023, 3, 15, tzinfo=dt.UTC)
    common = {"Bucket": "bucket", "Prefix": "evidence/originals/", "StartAfter": "evidence/originals/2023"}
    common["OptionalObjectAttributes"] = ["RestoreStatus"]

    def line(name, **more):
        return {"Key": f"evidence/originals/{name}", "Size": 5, "ETag": '"e"', "LastModified": born, **more}

    first = [line("a"), line("b", StorageClass="GLACIER", RestoreStatus={"IsRestoreInProgress": True})]
    second = [
        line("c", StorageClass="DEEP_ARCHIVE", RestoreStatus={"IsRestoreInProgress": False, "RestoreExpiryDate": until}),
        line("d", StorageClass="GLACIER", RestoreStatus={"IsRestoreInProgress": False}),
    ]
    stub.add_response("list_objects_v2", {"Contents": first, "IsTruncated": True, "NextContinuationToken": "t"}, common)
    stub.add_response("list_objects_v2", {"Contents": second, "IsTruncated": False}, common | {"ContinuationToken": "t"})
    assert list(store.list("originals/", start_after="originals/2023")) == [
        Archived("originals/a", 5, "e", "STANDARD", last_modified=born),
        Archived("originals/b", 5, "e", "GLACIER", restoring=True, last_modified=born),
        Archived("originals/c", 5, "e", "DEEP_ARCHIVE", readable_until=until, last_modified=born),
        Archived("originals/d", 5, "e", "GLACIER", last_modified=born),
    ]


def test_a_listing_that_is_denied_names_the_action(s3):
    stub, store = s3
    stub.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
    with pytest.raises(AccessDenied, match="s3:ListBucket"):
        list(store.list("originals/", start_after=""))
