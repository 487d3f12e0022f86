"""Which endpoint each client of a connection speaks to: listings and reads of S3 must never go to different places."""

import boto3
import pytest
from botocore.utils import parse_timestamp

from itemtrail.aws.connection import Connection, _timestamp

ALL, S3, TRAIL = "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"


@pytest.fixture
def session(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_CLOUDTRAIL"):
        monkeypatch.delenv(name, raising=False)
    return boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")


def s3_endpoints(connection):
    store = connection.store("a-bucket", region="eu-west-1")
    return store._client.meta.endpoint_url, store._options.endpoint_url


def test_a_services_own_endpoint_stands_above_the_common_one(session, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ALL)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", S3)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", TRAIL)
    connection = Connection(session)
    assert s3_endpoints(connection) == (S3, S3)
    assert connection.client("cloudtrail").meta.endpoint_url == TRAIL
    assert connection.client("dynamodb").meta.endpoint_url == ALL


def test_the_common_endpoint_serves_listings_and_reads(session, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ALL)
    assert s3_endpoints(Connection(session)) == (ALL, ALL)


def test_an_endpoint_that_is_given_stands_above_the_environment(session, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", S3)
    connection = Connection(session, endpoint_url=ALL)
    assert s3_endpoints(connection) == (ALL, ALL)
    assert connection.client("cloudtrail").meta.endpoint_url == ALL


def test_without_an_endpoint_both_speak_to_aws(session):
    assert s3_endpoints(Connection(session)) == ("https://s3.eu-west-1.amazonaws.com", None)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-24T15:04:05.123Z",
        "2026-11-24T15:04:05Z",
        "2026-11-24T15:04:05+02:00",
        "2026-11-24T15:04:05",
        "Tue, 24 Nov 2026 15:04:05 GMT",
        "1764000000",
        1764000000,
        1764000000.5,
    ],
)
def test_times_are_read_as_botocore_reads_them(value):
    read, theirs = _timestamp(value), parse_timestamp(value)
    assert (read, read.utcoffset()) == (theirs, theirs.utcoffset())


def test_what_is_no_time_is_refused_as_botocore_refuses_it():
    with pytest.raises(ValueError, match="not a time"):
        _timestamp("not a time")


def test_a_listing_reads_its_times_that_way(session):
    client = Connection(session).s3()
    body = b"<R><Version><Key>a</Key><LastModified>2026-11-24T15:04:05.000Z</LastModified></Version></R>"
    parse = client._endpoint._response_parser_factory.create_parser("rest-xml").parse
    shape = client.meta.service_model.operation_model("ListObjectVersions").output_shape
    found = parse({"body": body, "headers": {}, "status_code": 200}, shape)["Versions"][0]["LastModified"]
    assert type(found.tzinfo).__module__ == "datetime"
