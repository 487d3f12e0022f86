"""Events, schema 1: the columns promised, their types in Parquet, and that the documentation names each."""

# ruff: noqa: E501 - a case a line

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.conversion import convert, sql
from tests.vectors.make_records import document, event, text

from itemtrail.core.operations import Kind
from itemtrail.core.records import Problem
from itemtrail.core.schema import FIELDS, JSON, SCHEMA, SCHEMA_VERSION, TEXT

DOCUMENTATION = (Path(__file__).parents[2] / "docs/schema.md").read_text(encoding="utf-8")

# docs/design.md: events, schema 1.
STRINGS = """eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage requestID eventID
eventType apiVersion recipientAccountId sharedEventID vpcEndpointId vpcEndpointAccountId eventCategory sessionCredentialFromConsole"""
NESTED = """userIdentity requestParameters responseElements additionalEventData resources serviceEventDetails addendum
edgeDeviceDetails tlsDetails eventContext insightDetails insightContext managementEvent readOnly"""
EXACT = "_keys _extra _record record_sha256"
DERIVED = """event_ts actor actor_source session_issuer source_identity table_arn item_keys operation_kind succeeded params_omitted
evidence_alarm"""
PROVENANCE = "source_object record_index"


def test_the_columns_are_those_of_schema_1() -> None:
    assert SCHEMA_VERSION == 1
    assert set(STRINGS.split()) == TEXT
    assert set(NESTED.split()) == JSON
    assert set(FIELDS) == TEXT | JSON
    assert set(SCHEMA.names) == set(" ".join((STRINGS, NESTED, EXACT, DERIVED, PROVENANCE)).split())


def test_what_a_reader_sees_is_the_schema(tmp_path: Path) -> None:
    (file,) = convert(tmp_path, [("a", document(*text(event(1))))]).files
    read = pq.read_schema(file.path)
    assert read.names == SCHEMA.names
    for field in SCHEMA:
        assert read.field(field.name).type == field.type, field.name
        assert read.field(field.name).nullable == field.nullable, field.name
    assert pa.types.is_fixed_size_binary(read.field("record_sha256").type)


def test_duckdb_sees_the_same_types(tmp_path: Path) -> None:
    convert(tmp_path, [("a", document(*text(event(1))))])
    described = {name: kind for name, kind, *_ in sql(tmp_path, "DESCRIBE events")}
    assert described["item_keys"] == 'STRUCT(table_arn VARCHAR, "key" VARCHAR)[]'
    assert described["event_ts"] == "TIMESTAMP WITH TIME ZONE"
    assert (described["record_sha256"], described["record_index"]) == ("BLOB", "INTEGER")
    assert (described["event_date"], described["succeeded"], described["readOnly"]) == ("VARCHAR", "BOOLEAN", "VARCHAR")


def test_every_column_kind_and_reason_is_documented() -> None:
    for name in SCHEMA.names:
        assert f"`{name}`" in DOCUMENTATION, name
    for reason in Problem:
        assert f"`{reason}`" in DOCUMENTATION, reason
    for kind in Kind:
        assert f"`{kind}`" in DOCUMENTATION, kind
