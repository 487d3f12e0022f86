"""What a call looks like in CloudTrail: AWS's samples are the measure, values must not pass."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_sandbox.operations import Call, Request
from cloudtrail_sandbox.shapes import dynamodb, generic, partiql, s3

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "awsdocs_dynamodb" / "ddb_events.json"
MUSIC = ("Artist", "SongTitle")
TABLES = dynamodb.Tables("111122223333", "us-west-2", lambda _: MUSIC, lambda _: None)
KEY = {"Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"}}


def sample(name: str, which: int = 0) -> dict[str, Any]:
    if not SAMPLES.is_file():
        pytest.skip(f"AWS's samples are not present: {SAMPLES}")
    records = [r for r in json.loads(SAMPLES.read_bytes())["Records"] if r["eventName"] == name]
    return dict(records[which])


def shown(operation: str, request: dict[str, Any]) -> Any:
    return dynamodb.request_parameters(operation, request, TABLES)


def test_put_item_is_written_as_in_aws_sample() -> None:
    expected = sample("PutItem")["requestParameters"]
    item = {"Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Scared of My Shadow"}, "AlbumTitle": {"S": "secret"}}
    assert shown("PutItem", {"TableName": "Music", "Item": item, "ReturnConsumedCapacity": "TOTAL"}) == expected


def test_update_item_is_written_as_in_aws_sample() -> None:
    expected = sample("UpdateItem")["requestParameters"]
    request = {
        "TableName": "Music",
        "Key": KEY,
        "UpdateExpression": "SET #Y = :y, #AT = :t",
        "ExpressionAttributeNames": {"#Y": "Year", "#AT": "AlbumTitle"},
        "ExpressionAttributeValues": {":y": {"N": "2026"}, ":t": {"S": "secret"}},
        "ConditionExpression": "attribute_not_exists(#Y)",
        "ReturnConsumedCapacity": "TOTAL",
    }
    assert shown("UpdateItem", request) == expected
    assert list(shown("UpdateItem", request)) == list(expected)


@pytest.mark.parametrize("which", [0, 1])
def test_transact_write_items_is_written_as_in_aws_sample_with_its_mixed_spelling(which: int) -> None:
    expected = sample("TransactWriteItems", which)["requestParameters"]
    key = lambda title: {"Artist": {"S": "No One You Know"}, "SongTitle": {"S": title}}  # noqa: E731
    price = {"ConditionExpression": "#P between :lo and :hi", "ExpressionAttributeNames": {"#P": "Price"}}
    common = {
        "TableName": "Music",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ExpressionAttributeValues": {":lo": {"N": "100000"}},
    }
    request = {
        "TransactItems": [
            {
                "Put": common
                | {
                    "Item": key("Call Me Today") | {"AlbumTitle": {"S": "secret"}},
                    "ConditionExpression": "#AT = :A",
                    "ExpressionAttributeNames": {"#AT": "AlbumTitle"},
                }
            },
            {
                "Update": common
                | {
                    "Key": key("Call Me Tomorrow"),
                    "UpdateExpression": "SET #AT = :newval",
                    "ConditionExpression": "attribute_not_exists(Rating)",
                    "ExpressionAttributeNames": {"#AT": "AlbumTitle"},
                }
            },
            {"Delete": common | {"Key": key("Call Me Yesterday")} | price},
            {"ConditionCheck": common | {"Key": key("Call Me Now")} | price},
        ],
        "ClientRequestToken": "11111111-2222",
        "ReturnConsumedCapacity": "TOTAL",
        "ReturnItemCollectionMetrics": "SIZE",
    }
    assert shown("TransactWriteItems", request) == expected


def test_execute_statement_is_masked_as_in_aws_sample() -> None:
    expected = sample("ExecuteStatement")["requestParameters"]
    statement = expected["statement"].replace(partiql.REDACTED, "'secret'")
    assert shown("ExecuteStatement", {"Statement": statement}) == expected


def test_batch_execute_statement_is_masked_as_in_aws_sample() -> None:
    expected = sample("BatchExecuteStatement")["requestParameters"]
    statements = [{"Statement": entry["statement"].replace(partiql.REDACTED, "'secret'")} for entry in expected["requestItems"]]
    assert shown("BatchExecuteStatement", {"Statements": statements}) == expected


def test_get_records_names_its_table_by_the_iterator_as_in_aws_sample() -> None:
    event = sample("GetRecords")
    assert shown("GetRecords", {"ShardIterator": event["requestParameters"]["shardIterator"]}) == event["requestParameters"]
    resources = dynamodb.resources("GetRecords", {"ShardIterator": event["requestParameters"]["shardIterator"]}, TABLES)
    assert [r["ARN"] for r in resources] == [r["ARN"] for r in event["resources"]]


def test_a_table_with_a_stream_lists_both_once_however_many_items() -> None:
    stream = "arn:aws:dynamodb:us-west-2:111122223333:table/Music/stream/2026-10-01T00:00:00.000"
    tables = dynamodb.Tables("111122223333", "us-west-2", lambda _: MUSIC, lambda name: stream if name == "Music" else None)
    put = {"Put": {"TableName": "Music", "Item": KEY}}
    other = {"Delete": {"TableName": "Plain", "Key": KEY}}
    assert dynamodb.resources("TransactWriteItems", {"TransactItems": [put, put, other]}, tables) == [
        {
            "accountId": "111122223333",
            "type": "AWS::DynamoDB::Table",
            "ARN": "arn:aws:dynamodb:us-west-2:111122223333:table/Music",
        },
        {"accountId": "111122223333", "type": "AWS::DynamoDB::Stream", "ARN": stream},
        {
            "accountId": "111122223333",
            "type": "AWS::DynamoDB::Table",
            "ARN": "arn:aws:dynamodb:us-west-2:111122223333:table/Plain",
        },
    ]


def test_batch_write_shows_each_key_and_no_value() -> None:
    items = [
        {"PutRequest": {"Item": KEY | {"Salary": {"N": "90000"}}}},
        {"DeleteRequest": {"Key": KEY}},
    ]
    assert shown("BatchWriteItem", {"RequestItems": {"Music": items}, "ReturnConsumedCapacity": "TOTAL"}) == {
        "requestItems": {
            "Music": [
                {"putRequest": {"key": {n: v["S"] for n, v in KEY.items()}, "item": ["Artist", "SongTitle", "Salary"]}},
                {"deleteRequest": {"key": {n: v["S"] for n, v in KEY.items()}}},
            ]
        },
        "returnConsumedCapacity": "TOTAL",
    }


def test_a_query_shows_placeholders_and_the_key_it_starts_from() -> None:
    request = {
        "TableName": "Music",
        "IndexName": "ByYear",
        "KeyConditionExpression": "#A = :a",
        "ExpressionAttributeNames": {"#A": "Artist"},
        "ExpressionAttributeValues": {":a": {"S": "secret"}},
        "ExclusiveStartKey": KEY,
        "Limit": 5,
    }
    assert shown("Query", request) == {
        "tableName": "Music",
        "indexName": "ByYear",
        "keyConditionExpression": "#A = :a",
        "expressionAttributeNames": {"#A": "Artist"},
        "limit": 5,
        "exclusiveStartKey": {"Artist": "No One You Know", "SongTitle": "Call Me Today"},
    }


@pytest.mark.parametrize("operation", sorted(dynamodb.DATA_OPERATIONS))
@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"TableName": None, "Key": [], "Item": "x", "RequestItems": [], "TransactItems": {}, "Statement": 5, "Statements": "s"},
        {"RequestItems": {"T": None, "U": [None, {"PutRequest": 5}]}, "TransactItems": [None, {"Put": None}, {"X": {"Key": 1}}]},
        {"TableName": {"S": "x"}, "ShardIterator": 7, "TransactStatements": [None]},
    ],
)
def test_a_malformed_request_is_shown_as_far_as_it_can_be(operation: str, request_: dict[str, Any]) -> None:
    json.dumps(dynamodb.request_parameters(operation, request_, TABLES))
    json.dumps(dynamodb.resources(operation, request_, TABLES))


SECRETS = st.text(st.characters(categories=["L", "N"]), min_size=6, max_size=10).map(lambda t: f"zq{t}")
VALUES = st.recursive(
    SECRETS.map(lambda s: {"S": s}) | st.integers(10**7, 10**9).map(lambda n: {"N": str(n)}),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda v: {"L": v}) | st.dictionaries(st.just("m"), inner).map(lambda v: {"M": v})
    ),
    max_leaves=4,
)


def secrets_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            s
            for tag, held in value.items()
            for s in ([held] if tag in {"S", "N"} and isinstance(held, str) else secrets_in(held))
        ]
    return [s for held in value for s in secrets_in(held)] if isinstance(value, list) else []


@given(VALUES)
def test_no_attribute_value_passes_in_any_write(value: Any) -> None:
    item = KEY | {"Salary": value}
    requests = {
        "PutItem": {
            "TableName": "T",
            "Item": item,
            "ExpressionAttributeValues": {":v": value},
            "Expected": {"Salary": {"Value": value}},
        },
        "UpdateItem": {"TableName": "T", "Key": KEY, "AttributeUpdates": {"Salary": {"Value": value, "Action": "PUT"}}},
        "DeleteItem": {"TableName": "T", "Key": KEY, "Expected": {"Salary": {"Value": value}}},
        "BatchWriteItem": {"RequestItems": {"T": [{"PutRequest": {"Item": item}}]}},
        "TransactWriteItems": {
            "TransactItems": [{"Put": {"TableName": "T", "Item": item, "ExpressionAttributeValues": {":v": value}}}]
        },
        "Scan": {"TableName": "T", "ScanFilter": {"Salary": {"AttributeValueList": [value]}}},
        "ExecuteStatement": {"Statement": "INSERT INTO T VALUE ?", "Parameters": [value]},
    }
    for operation, request in requests.items():
        text = json.dumps(shown(operation, request), ensure_ascii=False)
        assert not [secret for secret in secrets_in(value) if secret in text], operation


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE \"Emp\" SET Salary = 5200 WHERE EmpId = 'E-1'", "UPDATE \"Emp\" SET Salary = ***(Redacted) WHERE EmpId = 'E-1'"),
        ("update Emp set a.b[0] = 'x' where EmpId='E-1'", "update Emp set a.b[0] = ***(Redacted) where EmpId='E-1'"),
        ("UPDATE Emp SET Salary=Salary-500 WHERE EmpId=?", "UPDATE Emp SET Salary=Salary***(Redacted) WHERE EmpId=?"),
        ("DELETE FROM Emp WHERE EmpId = 'E-1' AND Salary > 5", "DELETE FROM Emp WHERE EmpId = 'E-1' AND Salary > ***(Redacted)"),
        ("SELECT * FROM Emp WHERE EmpId IN ['a', 'b']", "SELECT * FROM Emp WHERE EmpId IN ['a', 'b']"),
        (
            "SELECT * FROM Emp WHERE EmpId BETWEEN 'a' AND 'b' AND x = 1",
            "SELECT * FROM Emp WHERE EmpId BETWEEN 'a' AND 'b' AND x = ***(Redacted)",
        ),
        ("SELECT * FROM Emp WHERE begins_with(EmpId, 'E-')", "SELECT * FROM Emp WHERE begins_with(EmpId, 'E-')"),
        ("SELECT * FROM Emp WHERE contains(Notes, 'ill')", "SELECT * FROM Emp WHERE contains(Notes, ***(Redacted))"),
        ("SELECT * FROM Emp WHERE address.EmpId = 'x'", "SELECT * FROM Emp WHERE address.EmpId = ***(Redacted)"),
        (
            "SELECT * FROM Emp WHERE Left IS NOT NULL AND Gone = true",
            "SELECT * FROM Emp WHERE Left IS NOT NULL AND Gone = ***(Redacted)",
        ),
        (
            "INSERT INTO Emp VALUE {'EmpId': 'E-1', 'P': {'q': 1}}",
            "INSERT INTO Emp VALUE {'EmpId': ***(Redacted), 'P': {'q': ***(Redacted)}}",
        ),
        ("UPDATE Emp SET Name = 'O''Hara' WHERE EmpId = 'O''E'", "UPDATE Emp SET Name = ***(Redacted) WHERE EmpId = 'O''E'"),
        ("UPDATE Emp SET Name = 'open and secret", "UPDATE Emp SET Name = ***(Redacted)"),
        (
            "UPDATE Emp SET L = [1, 'two', <<3>>] WHERE EmpId = 'E'",
            "UPDATE Emp SET L = [***(Redacted), ***(Redacted), <<***(Redacted)>>] WHERE EmpId = 'E'",
        ),
        ("", ""),
    ],
)
def test_a_statement_keeps_key_literals_and_masks_the_rest(statement: str, expected: str) -> None:
    assert partiql.mask(statement, ("EmpId",)) == expected


def test_without_key_names_every_literal_is_masked() -> None:
    assert partiql.mask("SELECT * FROM T WHERE EmpId = 'E-1'", ()) == "SELECT * FROM T WHERE EmpId = ***(Redacted)"


@given(st.text(max_size=60))
def test_masking_never_fails_and_shows_no_string_of_an_insert(text: str) -> None:
    partiql.mask(text, ("EmpId",))
    quoted = "'" + text.replace("'", "''") + "'"
    assert partiql.mask(f"INSERT INTO T VALUE {{'a': {quoted}}}", ("a",)) == "INSERT INTO T VALUE {'a': ***(Redacted)}"


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ('SELECT * FROM "my-t"."ix" WHERE a=1', "my-t"),
        ("insert into T value {}", "T"),
        ("UPDATE T SET a=1", "T"),
        ("nonsense", ""),
    ],
)
def test_the_table_of_a_statement(statement: str, table: str) -> None:
    assert partiql.table_name(statement) == table


def call(service: str, operation: str, **path: str) -> Call:
    return Call(service, operation, path)


def test_a_query_request_is_nested_and_typed_by_its_shape() -> None:
    shape = call("sts", "AssumeRole").model.input_shape
    parameters = {
        "RoleArn": "arn:aws:iam::1:role/r",
        "DurationSeconds": "900",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "hr",
        "TransitiveTagKeys.member.1": "team",
    }
    assert generic.query_parameters(parameters, shape) == {
        "RoleArn": "arn:aws:iam::1:role/r",
        "DurationSeconds": 900,
        "Tags": [{"Key": "team", "Value": "hr"}],
        "TransitiveTagKeys": ["team"],
    }


def test_what_the_model_marks_sensitive_is_left_out() -> None:
    login = call("iam", "CreateLoginProfile").model.input_shape
    assert generic.render({"UserName": "u", "Password": "p"}, login, "iam") == {"userName": "u"}
    created = call("iam", "CreateAccessKey").model.output_shape
    key = {"AccessKey": {"AccessKeyId": "AKIA", "SecretAccessKey": "s", "UserName": "u"}}
    assert generic.render(key, created, "iam") == {"accessKey": {"accessKeyId": "AKIA", "userName": "u"}}
    function = call("lambda", "CreateFunction").model.input_shape
    asked = {"FunctionName": "f", "Code": {"ZipFile": "UEs="}, "Environment": {"Variables": {"DB": "secret"}}}
    assert generic.render(asked, function, "lambda") == {"functionName": "f", "code": {}, "environment": {}}
    message = call("sqs", "SendMessage").model.input_shape
    sent = generic.render({"QueueUrl": "q", "MessageBody": "secret"}, message, "sqs")
    assert sent == {"queueUrl": "q", "messageBody": generic.HIDDEN}


def test_times_are_written_as_aws_writes_them() -> None:
    assert generic.written_time(1688990087, "sts") == "Jul 10, 2023, 11:54:47 AM"
    assert generic.written_time(1688990087, "iam") == "Jul 10, 2023 11:54:47 AM"


def test_s3_lifecycle_is_written_as_in_a_published_trail() -> None:
    body = (
        b'<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><Status>Enabled</Status><Filter><Prefix>*</Prefix>'
        b"</Filter><Expiration><Days>1</Days></Expiration><ID>nuke</ID></Rule></LifecycleConfiguration>"
    )
    request = Request("PUT", "/b", {"lifecycle": [""]}, {"host": "b.s3.amazonaws.com"}, body)
    put = call("s3", "PutBucketLifecycleConfiguration", Bucket="b")
    assert s3.request_parameters(put, request, management=True) == {
        "lifecycle": "",
        "bucketName": "b",
        "LifecycleConfiguration": {
            "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
            "Rule": {"Status": "Enabled", "Filter": {"Prefix": "*"}, "Expiration": {"Days": 1}, "ID": "nuke"},
        },
        "Host": "b.s3.amazonaws.com",
    }


def test_s3_shows_no_signature_token_or_customer_key() -> None:
    query = {"X-Amz-Signature": ["sig"], "X-Amz-Credential": ["c"], "X-Amz-Security-Token": ["tok"], "versionId": ["v"]}
    headers = {"host": "h", "x-amz-server-side-encryption-customer-key": "k", "authorization": "a", "x-amz-security-token": "t"}
    shown_ = s3.request_parameters(
        call("s3", "GetObject", Bucket="b", Key="k"), Request("GET", "/b/k", query, headers, b""), management=False
    )
    assert shown_ == {"bucketName": "b", "Host": "h", "key": "k", "versionId": "v"}


@pytest.mark.parametrize("body", [b"<a", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b"", b"not xml", b"<a>" * 50])
def test_an_unreadable_document_is_left_out(body: bytes) -> None:
    request = Request("PUT", "/b", {"tagging": [""]}, {"host": "h"}, body)
    assert s3.request_parameters(call("s3", "PutBucketTagging", Bucket="b"), request, management=True) == {
        "bucketName": "b",
        "Host": "h",
        "tagging": "",
    }
