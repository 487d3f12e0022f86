"""Selectors, asked: does this trail record that call? One line a case."""

import pytest

from itemtrail.core.selectors import (
    WRITES,
    covers,
    covers_management,
    is_everything,
    management_event,
    records,
    table_event,
    touches_management,
    value_count,
)

HR = "arn:aws:dynamodb:us-east-1:111122223333:table/HR"
HR2 = "arn:aws:dynamodb:us-east-1:111122223333:table/HR2"
HR_EU = "arn:aws:dynamodb:eu-west-1:111122223333:table/HR"
CN = "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/HR"
TABLE = "AWS::DynamoDB::Table"


def advanced(*fields, name="s"):
    return {"AdvancedEventSelectors": [{"Name": name, "FieldSelectors": list(fields)}]}


def data(*fields, kind=TABLE):
    return advanced({"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": [kind]}, *fields)


def arn(**conditions):
    return data({"Field": "resources.ARN", **conditions})


def basic(values=None, side="All", management=True, exclude=(), kind=TABLE):
    resources = [] if values is None else [{"Type": kind, "Values": list(values)}]
    return {
        "EventSelectors": [
            {
                "ReadWriteType": side,
                "IncludeManagementEvents": management,
                "DataResources": resources,
                "ExcludeManagementEventSources": list(exclude),
            }
        ]
    }


PUT = table_event("PutItem", HR)
GET = table_event("GetItem", HR)
SELECT = table_event("ExecuteStatement", HR)
ANY = table_event("PutItem", None)
OTHER = table_event("PutItem", HR2)
REPLICA = table_event("PutItem", HR_EU)
MANAGEMENT = management_event(read_only=False, source="dynamodb.amazonaws.com")
KMS = management_event(read_only=True, source="kms.amazonaws.com")

CASES = {
    "every table": (data(), PUT, True),
    "every table, current and future": (data(), ANY, True),
    "another type": (data(kind="AWS::S3::Object"), PUT, False),
    "stream type alone": (data(kind="AWS::DynamoDB::Stream"), PUT, False),
    "management selector records no data": (advanced({"Field": "eventCategory", "Equals": ["Management"]}), PUT, False),
    "data selector records no management": (data(), MANAGEMENT, False),
    "writes only, a write": (data({"Field": "readOnly", "Equals": ["false"]}), PUT, True),
    "writes only, a read": (data({"Field": "readOnly", "Equals": ["false"]}), GET, False),
    "writes only, PartiQL": (data({"Field": "readOnly", "Equals": ["false"]}), SELECT, True),
    "reads only, a write": (data({"Field": "readOnly", "Equals": ["true"]}), PUT, False),
    "this table": (arn(Equals=[HR]), PUT, True),
    "another table": (arn(Equals=[HR]), OTHER, False),
    "the replica in another Region": (arn(Equals=[HR]), REPLICA, False),
    "one of several": (arn(Equals=[HR2, HR]), PUT, True),
    "any table, of a list": (arn(Equals=[HR]), ANY, None),
    "StartsWith takes the longer name too": (arn(StartsWith=[HR]), OTHER, True),
    "EndsWith": (arn(EndsWith=["table/HR"]), REPLICA, True),
    "NotEquals excludes": (arn(NotEquals=[HR]), PUT, False),
    "NotEquals of another": (arn(NotEquals=[HR2]), PUT, True),
    "NotEquals leaves any table sometimes": (arn(NotEquals=[HR2]), ANY, None),
    "NotStartsWith excludes": (arn(NotStartsWith=["arn:aws:dynamodb:us-east-1:"]), PUT, False),
    "NotEndsWith excludes": (arn(NotEndsWith=["/HR"]), PUT, False),
    "positive and negative are both needed": (arn(StartsWith=[HR], NotEquals=[HR2]), OTHER, False),
    "positives are OR-ed": (arn(Equals=[HR2], EndsWith=["/HR"]), PUT, True),
    "negatives are AND-ed": (arn(NotEquals=[HR2], NotEndsWith=["/HR"]), PUT, False),
    "two fields are AND-ed": (
        data({"Field": "resources.ARN", "Equals": [HR]}, {"Field": "eventName", "Equals": ["GetItem"]}),
        PUT,
        False,
    ),
    "eventName NotEquals": (data({"Field": "eventName", "NotEquals": ["PutItem"]}), PUT, False),
    "eventName NotStartsWith": (data({"Field": "eventName", "NotStartsWith": ["Get"]}), PUT, True),
    "eventSource": (data({"Field": "eventSource", "Equals": ["dynamodb.amazonaws.com"]}), PUT, True),
    "limited to one caller": (data({"Field": "userIdentity.arn", "Equals": ["arn:aws:iam::111122223333:user/a"]}), PUT, None),
    "all callers but one": (data({"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::"]}), PUT, None),
    "console sessions only": (data({"Field": "sessionCredentialFromConsole", "Equals": ["true"]}), PUT, None),
    "a condition of tomorrow": (arn(Equals=[HR], Resembles=["x"]), PUT, None),
    "selectors are OR-ed": (
        {
            "AdvancedEventSelectors": [
                *arn(NotEquals=[HR])["AdvancedEventSelectors"],
                *arn(Equals=[HR])["AdvancedEventSelectors"],
            ]
        },
        PUT,
        True,
    ),
    "basic: all tables": (basic(["arn:aws:dynamodb"]), ANY, True),
    "basic: all tables of another partition": (basic(["arn:aws-cn:dynamodb"]), table_event("PutItem", CN), True),
    "basic: this table": (basic([HR]), PUT, True),
    "basic: not by prefix": (basic([HR]), OTHER, False),
    "basic: any table, of a list": (basic([HR]), ANY, None),
    "basic: no values": (basic([]), PUT, False),
    "basic: management only": (basic(), PUT, False),
    "basic: write only, a write": (basic(["arn:aws:dynamodb"], side="WriteOnly"), PUT, True),
    "basic: write only, a read": (basic(["arn:aws:dynamodb"], side="WriteOnly"), GET, False),
    "basic: read only, a write": (basic(["arn:aws:dynamodb"], side="ReadOnly"), PUT, False),
    "basic: another type": (basic(["arn:aws:s3"], kind="AWS::S3::Object"), PUT, False),
    "basic: management": (basic(), MANAGEMENT, True),
    "basic: management off": (basic(["arn:aws:dynamodb"], management=False), MANAGEMENT, False),
    "basic: KMS excluded": (basic(exclude=["kms.amazonaws.com"]), KMS, False),
    "basic: KMS excluded, another service": (basic(exclude=["kms.amazonaws.com"]), MANAGEMENT, True),
    "no selectors: management": ({}, MANAGEMENT, True),
    "no selectors: no data events": ({}, PUT, False),
}


@pytest.mark.parametrize(("selectors", "event", "expected"), CASES.values(), ids=CASES)
def test_records(selectors, event, expected):
    assert records(selectors, event) is expected


def test_coverage_names_what_is_missed_and_why():
    coverage = covers(data({"Field": "eventName", "Equals": ["PutItem", "UpdateItem", "DeleteItem"]}), HR)
    assert coverage.missed == (
        "BatchWriteItem",
        "TransactWriteItems",
        "ExecuteStatement",
        "BatchExecuteStatement",
        "ExecuteTransaction",
    )
    assert "selector 's' excludes it by eventName Equals PutItem, UpdateItem, DeleteItem" in coverage.reason


def test_a_limit_to_some_callers_is_not_full_coverage():
    coverage = covers(data({"Field": "userIdentity.arn", "NotEquals": ["arn:aws:iam::111122223333:role/batch"]}), HR)
    assert not coverage.full
    assert coverage.sometimes == WRITES
    assert "limits it by userIdentity.arn" in coverage.reason


def test_full_coverage_says_nothing():
    assert covers(data({"Field": "readOnly", "Equals": ["false"]}), HR).full
    assert not covers(data({"Field": "readOnly", "Equals": ["false"]}), HR, reads=True).full


@pytest.mark.parametrize(
    ("selectors", "whole", "some"),
    [
        ({}, True, True),
        (basic(), True, True),
        (basic(side="WriteOnly"), False, True),
        (basic(exclude=["kms.amazonaws.com"]), None, True),
        (basic(["arn:aws:dynamodb"], management=False), False, False),
        (advanced({"Field": "eventCategory", "Equals": ["Management"]}), True, True),
        (
            advanced(
                {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}
            ),
            None,
            True,
        ),
        (data(), False, False),
    ],
)
def test_management_events(selectors, whole, some):
    assert covers_management(selectors) is whole
    assert touches_management(selectors) is some


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("arn:aws:dynamodb", True),
        ("arn:aws-us-gov:dynamodb", True),
        ("arn:aws:s3", True),
        ("arn:aws:s3:::", True),
        ("arn:aws:lambda", True),
        (HR, False),
        ("arn:aws:s3:::bucket/", False),
    ],
)
def test_a_basic_value_for_everything(value, expected):
    assert is_everything(value) is expected


def test_values_are_counted_over_all_conditions():
    assert value_count(arn(Equals=["a", "b"], NotEquals=["c"])["AdvancedEventSelectors"]) == 5


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"StartsWith": ["arn:aws:dynamodb:"]}, True),
        ({"StartsWith": ["arn:aws:dynamodb:eu-west-1:"]}, None),
        ({"StartsWith": ["arn:aws:dynamodb:"], "NotStartsWith": [HR]}, None),
        ({"EndsWith": [":"]}, None),
    ],
)
def test_a_beginning_that_every_table_has_does_not_narrow(condition, answer):
    assert records(data({"Field": "resources.ARN", **condition}), table_event("PutItem", None)) is answer
