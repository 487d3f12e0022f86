"""Which endpoint each client of a connection speaks to: listings and reads of S3 must never go to different places."""

import boto3
import pytest

from itemtrail.aws.connection import Connection

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
