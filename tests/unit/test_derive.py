"""Derived columns on AWS's own ten DynamoDB examples, and on the spellings AWS published no example of."""

# ruff: noqa: E501 - a case a line

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import Raw
from tests.conversion import convert, rows
from tests.vectors.make_records import document, event, text

from itemtrail.core import operations
from itemtrail.core.dynamodb import Tables, canonical, read, table_arn, touched, weakens
from itemtrail.core.eventtime import moment
from itemtrail.core.identity import Identity, identity
from itemtrail.core.operations import Kind
from itemtrail.core.partiql import parse

MUSIC = "arn:aws:dynamodb:us-west-2:123456789012:table/Music"
OWN = "arn:aws:dynamodb:us-east-1:111122223333:table/Employees"
TABLES = Tables((), "us-east-1", "111122223333")


def song(title: str) -> str:
    return json.dumps({"Artist": "No One You Know", "SongTitle": title}, separators=(",", ":"))


def keys_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["table_arn"], item["key"]) for item in row["item_keys"] or []]


@pytest.fixture(scope="module")
def samples(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("samples")
    content = (shared_data / "awsdocs_dynamodb/ddb_events.json").read_bytes()
    made = convert(folder, [("ddb_events.json", content)])
    # One eventID stands for DeleteTable, PutItem and UpdateItem: all are kept, two are flagged.
    assert (made.records_in, made.rows, len(made.duplicates), made.same_event_id) == (10, 10, 0, 2)
    return rows(folder)


def test_awss_samples_have_their_kind_table_and_keys(samples: list[dict[str, Any]]) -> None:
    transaction = [(MUSIC, song(f"Call Me {when}")) for when in ("Today", "Tomorrow", "Yesterday")]  # not the ConditionCheck's
    made = "arn:aws:dynamodb:us-west-2:111122223333:table/Music"
    assert [(row["eventName"], row["operation_kind"], row["table_arn"], keys_of(row)) for row in samples] == [
        ("UpdateTable", "control", made, []),
        ("DeleteTable", "control", made, []),
        ("CreateCluster", "control", None, []),
        ("PutItem", "write", MUSIC, [(MUSIC, song("Scared of My Shadow"))]),
        ("UpdateItem", "write", MUSIC, [(MUSIC, song("Call Me Today"))]),
        ("TransactWriteItems", "write", MUSIC, transaction),
        ("TransactWriteItems", "write", MUSIC, transaction),
        ("ExecuteStatement", "read", MUSIC, [(MUSIC, song("Call Me Today"))]),
        ("BatchExecuteStatement", "write", MUSIC, [(MUSIC, song("Call Me Today"))]),
        ("GetRecords", "read", MUSIC, []),
    ]


def test_awss_samples_say_who_and_whether_it_worked(samples: list[dict[str, Any]]) -> None:
    assert {(row["actor"], row["actor_source"]) for row in samples} == {("bob", "roleSessionName")}
    assert [row["succeeded"] for row in samples] == [True] * 4 + [False, True, False] + [True] * 3
    assert [row["evidence_alarm"] for row in samples] == [False, True] + [False] * 8
    assert not any(row["params_omitted"] for row in samples)


def test_awss_samples_are_kept_as_printed(samples: list[dict[str, Any]], shared_data: Path) -> None:
    delivered = json.loads((shared_data / "awsdocs_dynamodb/ddb_events.json").read_bytes())["Records"]
    assert [json.loads(row["_record"]) for row in samples] == delivered  # printed with white space, so kept whole


PERSON: dict[str, Any] = {
    "type": "AssumedRole",
    "principalId": "AROA:session",
    "arn": "arn:aws:sts::111122223333:assumed-role/path/to/hr-app/ana.mail@example.com",
    "accountId": "111122223333",
    "userName": "ana",
    "invokedBy": "dax.amazonaws.com",
    "onBehalfOf": {"userId": "d-906", "identityStoreArn": "arn:aws:identitystore::1:identitystore/d"},
    "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/hr-app"}, "sourceIdentity": "a.silva"},
}
ORDER = [
    ("sourceIdentity", "a.silva", lambda p: p["sessionContext"].pop("sourceIdentity")),
    ("onBehalfOf.userId", "d-906", lambda p: p.pop("onBehalfOf")),
    ("roleSessionName", "ana.mail@example.com", lambda p: p.update(arn="arn:aws:iam::111122223333:user/x")),
    ("sessionIssuer.arn", "arn:aws:iam::111122223333:role/hr-app", lambda p: p.pop("sessionContext")),
    ("arn", "arn:aws:iam::111122223333:user/x", lambda p: p.pop("arn")),
    ("userName", "ana", lambda p: p.pop("userName")),
    ("invokedBy", "dax.amazonaws.com", lambda p: p.pop("invokedBy")),
    ("principalId", "AROA:session", lambda p: p.pop("principalId")),
    ("accountId", "111122223333", lambda p: p.pop("accountId")),
    (None, None, lambda p: None),
]


def test_the_actor_is_the_first_that_is_said() -> None:
    person = json.loads(json.dumps(PERSON))
    for source, name, without in ORDER:
        found = identity(json.dumps(person))
        assert (found.actor_source, found.actor) == (source, name)
        without(person)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "",
        "null",
        "[]",
        '"x"',
        "{}",
        '{"arn":null}',
        '{"arn":{"a":1},"sessionContext":[1],"onBehalfOf":"x"}',
        '{"a":' * 400 + "1" + "}" * 400,
    ],
)
def test_an_identity_that_says_nothing_has_no_actor(odd: str | None) -> None:
    assert identity(odd) == Identity()


def test_an_identity_with_a_lone_surrogate_is_still_read() -> None:
    assert identity('{"userName":"ana","accessKeyId":"\\ud800"}').actor == "ana"


class Call(NamedTuple):
    keys: Any
    kind: Kind
    table: str | None


def call(name: str, parameters: Any, tables: Tables = TABLES) -> Call:
    raw = Raw(json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode())
    return Call(*touched(name, operations.kind(operations.DYNAMODB, name), raw, tables))


KEY = {"EmployeeId": "E-1"}
SPELLINGS: dict[str, tuple[str, Any, list[dict[str, Any]], Kind]] = {
    "one item": ("DeleteItem", {"tableName": "Employees", "key": KEY}, [KEY], Kind.WRITE),
    "one item, other case": ("PutItem", {"TableName": "Employees", "Key": KEY}, [KEY], Kind.WRITE),
    "a read": ("GetItem", {"tableName": "Employees", "key": KEY, "consistentRead": True}, [KEY], Kind.READ),
    "table by ARN": ("UpdateItem", {"tableName": OWN, "key": KEY}, [KEY], Kind.WRITE),
    "names out of order": ("PutItem", {"tableName": "Employees", "key": {"b": "2", "a": 1}}, [{"a": 1, "b": "2"}], Kind.WRITE),
    "typed key": ("PutItem", {"tableName": "Employees", "key": {"EmployeeId": {"S": "E-1"}}}, [{"EmployeeId": {"S": "E-1"}}], Kind.WRITE),
    "batch by table": ("BatchWriteItem", {"requestItems": {"Employees": [{"putRequest": {"key": KEY, "item": ["a"]}}, {"deleteRequest": {"Key": {"EmployeeId": "E-2"}}}]}},
                       [KEY, {"EmployeeId": "E-2"}], Kind.WRITE),
    "batch as a list": ("BatchWriteItem", {"requestItems": [{"tableName": "Employees", "operation": "Put", "key": KEY}]}, [KEY], Kind.WRITE),
    "batch read": ("BatchGetItem", {"requestItems": {"Employees": {"keys": [KEY, {"EmployeeId": "E-2"}]}}}, [KEY, {"EmployeeId": "E-2"}], Kind.READ),
    "transaction": ("TransactWriteItems", {"requestItems": [{"operation": "Delete", "TableName": "Employees", "Key": KEY}]}, [KEY], Kind.WRITE),
    "transaction, API's shape": ("TransactWriteItems", {"transactItems": [{"put": {"tableName": "Employees", "key": KEY}}, {"conditionCheck": {"tableName": "Employees", "key": {"EmployeeId": "no"}}}]}, [KEY], Kind.WRITE),
    "transaction of checks alone": ("TransactWriteItems", {"requestItems": [{"operation": "ConditionCheck", "tableName": "Employees", "key": KEY}]}, [], Kind.READ),
    "transaction read": ("TransactGetItems", {"requestItems": [{"tableName": "Employees", "key": KEY}]}, [KEY], Kind.READ),
    "query": ("Query", {"tableName": "Employees", "keyConditionExpression": "#k = :k", "exclusiveStartKey": {"key": {"a": 1}}}, [], Kind.READ),
    "PartiQL update": ("ExecuteStatement", {"statement": """UPDATE "Employees" SET a = ***(Redacted) WHERE EmployeeId = 'E-1'"""}, [KEY], Kind.WRITE),
    "PartiQL insert": ("ExecuteStatement", {"statement": "INSERT INTO Employees VALUE {'EmployeeId': ***(Redacted)}"}, [], Kind.WRITE),
    "PartiQL transaction": ("ExecuteTransaction", {"transactStatements": [{"statement": "DELETE FROM Employees WHERE EmployeeId = 'E-1'"}, {"statement": "EXISTS(SELECT * FROM Employees WHERE EmployeeId = 'E-9')"}]}, [KEY], Kind.WRITE),
    "PartiQL not understood": ("ExecuteStatement", {"statement": "MERGE INTO Employees"}, [], Kind.UNKNOWN),
    "PartiQL without statements": ("BatchExecuteStatement", {}, [], Kind.UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_keys_are_found_however_they_are_spelled(spelling: str) -> None:
    name, parameters, keys, kind = SPELLINGS[spelling]
    found = call(name, parameters)
    assert list(found.keys or ()) == [(OWN, json.dumps(key, separators=(",", ":"))) for key in keys]
    assert found.kind is kind


def test_a_named_table_is_found_where_no_key_is() -> None:
    assert call("Query", {"tableName": "Employees"}).table == OWN
    assert call("UpdateTimeToLive", {"TableName": "Employees"}).table == OWN
    assert call("GetRecords", {"shardIterator": f"{OWN}/stream/2026-10-01T00:00:00.000|1|AAAA=="}).table == OWN
    assert call("DeleteBackup", {"backupArn": f"{OWN}/backup/0123"}).table == OWN
    assert call("DescribeStream", {"streamArn": f"{OWN}/stream/2026-10-01T00:00:00.000"}).table == OWN


def test_several_tables_of_one_transaction_are_told_apart() -> None:
    other = OWN.replace("Employees", "Payroll")
    tables = Tables((OWN, other), "us-east-1", "111122223333")
    items = [{"operation": "Put", "tableName": name, "key": KEY} for name in ("Payroll", "Employees")]
    assert [arn for arn, _ in call("TransactWriteItems", {"requestItems": items}, tables).keys] == [other, OWN]


def test_an_arn_of_another_account_counts_as_it_stands() -> None:
    foreign = "arn:aws:dynamodb:eu-west-1:999988887777:table/Employees"
    assert call("PutItem", {"tableName": foreign, "key": KEY}, Tables((OWN,), "us-east-1", "111122223333")).keys[0][0] == foreign


@pytest.mark.parametrize("arn", [OWN, f"{OWN}/index/byName", f"{OWN}/stream/2026-10-01T00:00:00.000", f"{OWN}/backup/01"])
def test_index_stream_and_backup_belong_to_their_table(arn: str) -> None:
    assert table_arn(arn) == OWN


@pytest.mark.parametrize(
    "arn", ["", "arn:aws:s3:::table/x", "arn:aws:dynamodb:us-east-1:1", "arn:aws:dynamodb:us-east-1:1:global-table/x"]
)
def test_other_arns_are_no_table(arn: str) -> None:
    assert table_arn(arn) is None


@pytest.mark.parametrize(
    ("region", "begins"), [("cn-north-1", "arn:aws-cn:"), ("us-gov-west-1", "arn:aws-us-gov:"), ("eu-west-1", "arn:aws:")]
)
def test_a_made_arn_has_the_regions_partition(region: str, begins: str) -> None:
    arn = Tables((), region, "111122223333").arn("T")
    assert arn is not None
    assert arn.startswith(begins)


def test_canonical_keys_keep_numbers_as_delivered() -> None:
    wanted = {'{ "b" : 1.50, "a" : 12345678901234567890123456789012345678901 }': '{"a":12345678901234567890123456789012345678901,"b":1.50}',
              '{"a":"\\u00e9\\/\\n"}': '{"a":"é/\\n"}', '{"a":[1e5,{"z":-0,"b":null,"c":true}]}': '{"a":[1e5,{"b":null,"c":true,"z":-0}]}'}  # fmt: skip
    for delivered, expected in wanted.items():
        assert canonical(read(Raw(delivered.encode()))) == expected


def test_keys_named_key_and_values_that_look_like_structure() -> None:
    assert call("PutItem", {"tableName": "Employees", "key": {"key": "tableName", "k}": '{"a":['}}).keys == (
        (OWN, '{"key":"tableName","k}":"{\\"a\\":["}'),
    )


def test_parameters_nested_beyond_reason_name_no_key() -> None:
    deep = Raw(b'{"tableName":"T","Key":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}")
    assert touched("PutItem", Kind.WRITE, deep, TABLES) == (None, Kind.WRITE, None)


def test_operations_of_other_services_are_other() -> None:
    assert operations.kind("s3.amazonaws.com", "PutItem") is Kind.OTHER
    assert operations.kind(None, None) is Kind.OTHER
    assert operations.kind("dax.amazonaws.com", "DeleteCluster") is Kind.CONTROL


@pytest.mark.parametrize(("name", "parameters", "alarm"), [
    ("UpdateTable", {"tableName": "T", "provisionedThroughput": {}}, False),
    ("UpdateTable", {"streamSpecification": {"streamEnabled": False}}, True),
    ("UpdateTable", {"StreamSpecification": {"StreamEnabled": True}}, False),
    ("UpdateTable", {"replicaUpdates": [{"create": {"regionName": "eu-west-1"}}]}, True),
    ("UpdateContinuousBackups", {"pointInTimeRecoverySpecification": {"pointInTimeRecoveryEnabled": False}}, True),
    ("UpdateContinuousBackups", {"pointInTimeRecoverySpecification": {"pointInTimeRecoveryEnabled": True}}, False),
])  # fmt: skip
def test_updates_that_weaken_the_evidence_are_alarms(name: str, parameters: Any, alarm: bool) -> None:
    assert weakens(name, Raw(json.dumps(parameters).encode())) is alarm
    assert weakens(name, None) is True  # cannot be told


def _flags(folder: Path, *records: dict[str, Any]) -> list[dict[str, Any]]:
    convert(folder, [("a", document(*text(*records)))])
    return rows(folder)


def test_blind_spots_are_flagged(tmp_path: Path) -> None:
    names = [("cloudtrail", "StopLogging"), ("s3", "PutBucketLifecycle"), ("kms", "DisableKey"), ("logs", "DeleteLogGroup"),
             ("dynamodb", "ImportTable"), ("dynamodb", "DescribeTable"), ("s3", "GetObject"), ("kms", "Decrypt")]  # fmt: skip
    made = [event(n, eventSource=f"{service}.amazonaws.com", eventName=name) for n, (service, name) in enumerate(names)]
    assert [row["evidence_alarm"] for row in _flags(tmp_path, *made)] == [True] * 5 + [False] * 3


def test_omitted_parameters_are_flagged(tmp_path: Path) -> None:
    found = _flags(
        tmp_path,
        event(1, requestParameters=None),
        event(2, requestParameters=...),
        event(3, requestParameters={"omitted": True}, eventName="BatchWriteItem"),
        event(4, requestParameters={"tableName": "T", "key": {"omitted": True}}),
        event(5, eventName="ListTables", requestParameters=None),
        event(6),
    )
    assert [row["params_omitted"] for row in found] == [True, True, True, False, False, False]


def test_a_sign_in_that_failed_with_a_message_alone_did_not_succeed(tmp_path: Path) -> None:
    made = event(1, eventSource="signin.amazonaws.com", eventName="ConsoleLogin", errorMessage="Failed authentication")
    assert _flags(tmp_path, made)[0]["succeeded"] is False


@pytest.mark.parametrize(("given", "day", "second"), [
    ("1970-01-01T00:00:01Z", "1970-01-01", 1),
    ("2026-11-20T00:30:00+01:00", "2026-11-19", 1_795_131_000),
    ("1969-12-31T23:59:59Z", "1969-12-31", -1),
])  # fmt: skip
def test_moments(given: str, day: str, second: int) -> None:
    assert moment(given) == (day, second * 1_000_000)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "now",
        "2026-11-20",
        "2026-11-20T10:00:00",
        "2026-02-30T00:00:00Z",
        "20261120T100000Z",
        "2026-W47-5T10:00:00Z",
        "2026-11-20T24:00:00Z ",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_moment(given: str) -> None:
    assert moment(given) is None


@pytest.mark.parametrize(("statement", "verb", "table", "key"), [
    ("select * from Music where Artist = 'A''s' and Year = -12.50", "SELECT", "Music", {"Artist": '"A\'s"', "Year": "-12.50"}),
    ('UPDATE "a.b-c"."index" SET x = ***(Redacted) WHERE "k""1" = 1', "UPDATE", "a.b-c", {'k"1': "1"}),
    ("DELETE FROM T WHERE a = 1 OR b = 2", "DELETE", "T", {}),
    ("DELETE FROM T WHERE a = 1 AND begins_with(b, 'x')", "DELETE", "T", {}),
    ("SELECT * FROM T WHERE a IN [1, 2]", "SELECT", "T", {}),
    ("SELECT * FROM T WHERE a = ***(Redacted)", "SELECT", "T", {}),
    ("SELECT * FROM T", "SELECT", "T", {}),
    ("DELETE FROM T WHERE a = 1 AND a = 2", "DELETE", "T", {}),
    ("", "", None, {}), ("'", "", None, {}), ("UPDATE", "UPDATE", None, {}), ("WHERE " * 30_000, "WHERE", None, {}),
])  # fmt: skip
def test_partiql_statements(statement: str, verb: str, table: str | None, key: dict[str, str]) -> None:
    parsed = parse(statement)
    assert (parsed.verb, parsed.table, dict(parsed.key)) == (verb, table, key)
