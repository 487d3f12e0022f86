"""Which events a trail logs, case by case, and which selector documents are refused."""

from typing import Any

import pytest

from cloudtrail_sandbox.selector_rules import SelectorError, read
from cloudtrail_sandbox.selectors import DATA, DEFAULT_BASIC, MANAGEMENT, TABLE, Selection

ACCOUNT = "111122223333"
HR = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Hires"
HR2 = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Hires2"
STREAM = f"{HR}/stream/2026-10-01T00:00:00.000"
MANAGED = {"Field": "eventCategory", "Equals": [MANAGEMENT]}
OWNER = f"arn:aws:iam::{ACCOUNT}:user/owner"


def event(
    name: str, source: str = "dynamodb", *, read: bool = False, arns: tuple[str, ...] = (), who: str = OWNER
) -> dict[str, Any]:
    kinds = {arn: "AWS::DynamoDB::Stream" if "/stream/" in arn else "AWS::DynamoDB::Table" for arn in arns}
    kinds |= {arn: "AWS::S3::Object" for arn in arns if arn.startswith("arn:aws:s3")}
    kinds |= {arn: "AWS::Lambda::Function" for arn in arns if arn.startswith("arn:aws:lambda")}
    resources = [{"ARN": arn, "accountId": ACCOUNT, "type": kinds[arn]} for arn in arns]
    identity = {"type": "IAMUser", "arn": OWNER}
    return {
        "eventName": name,
        "eventSource": f"{source}.amazonaws.com",
        "eventType": "AwsApiCall",
        "readOnly": read,
        "resources": resources,
        "userIdentity": identity,
    }


PUT = event("PutItem", arns=(HR,))
PUT_STREAMED = event("PutItem", arns=(HR, STREAM))
PUT_HR2 = event("PutItem", arns=(HR2,))
GET = event("GetItem", read=True, arns=(HR,))
BOTH = event("TransactWriteItems", arns=(HR, HR2))
SELECT = event("ExecuteStatement", arns=(HR,))  # AWS says readOnly false of any PartiQL
RECORDS = event("GetRecords", read=True, arns=(HR, STREAM))
RECORDS_STREAM_ONLY = event("GetRecords", read=True, arns=(STREAM,))
S3_PUT = event("PutObject", "s3", arns=("arn:aws:s3:::hr-files/2026/a.txt",))
INVOKE = event("Invoke", "lambda", arns=(f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:pay",))
CREATE_TABLE = event("CreateTable")
LIST_TABLES = event("ListTables", read=True)
DECRYPT = event("Decrypt", "kms", read=True)


def field(name: str, **operators: list[str]) -> dict[str, Any]:
    return {"Field": name, **operators}


def advanced(*fields: dict[str, Any], category: str = DATA, kind: str = "AWS::DynamoDB::Table") -> Selection:
    head = [field("eventCategory", Equals=[category])]
    head += [field("resources.type", Equals=[kind])] if category == DATA else []
    return read(None, [{"Name": "one", "FieldSelectors": [*head, *fields]}])


def basic(kind: str = "All", management: bool = True, exclude: tuple[str, ...] = (), **values: list[str]) -> Selection:
    data = [{"Type": f"AWS::{name.replace('_', '::')}", "Values": arns} for name, arns in values.items()]
    selector = {
        "ReadWriteType": kind,
        "IncludeManagementEvents": management,
        "DataResources": data,
        "ExcludeManagementEventSources": list(exclude),
    }
    return read([selector], None)


ALL_TABLES = {"DynamoDB_Table": ["arn:aws:dynamodb"]}
CASES = {
    "default takes a management write": (Selection(), CREATE_TABLE, MANAGEMENT, True),
    "default takes a management read": (Selection(), LIST_TABLES, MANAGEMENT, True),
    "default takes no data event": (Selection(), PUT, DATA, False),
    "basic write-only leaves management reads": (basic("WriteOnly"), LIST_TABLES, MANAGEMENT, False),
    "basic read-only leaves management writes": (basic("ReadOnly"), CREATE_TABLE, MANAGEMENT, False),
    "basic read-only takes management reads": (basic("ReadOnly"), LIST_TABLES, MANAGEMENT, True),
    "basic without management": (basic(management=False, **ALL_TABLES), CREATE_TABLE, MANAGEMENT, False),
    "basic excluding kms": (basic(exclude=("kms.amazonaws.com",)), DECRYPT, MANAGEMENT, False),
    "basic excluding kms takes the rest": (basic(exclude=("kms.amazonaws.com",)), CREATE_TABLE, MANAGEMENT, True),
    "basic all tables takes a put": (basic(**ALL_TABLES), PUT, DATA, True),
    "basic all tables takes a get": (basic(**ALL_TABLES), GET, DATA, True),
    "basic all tables takes GetRecords": (basic(**ALL_TABLES), RECORDS, DATA, True),
    "basic all tables, writes only, leaves a get": (basic("WriteOnly", **ALL_TABLES), GET, DATA, False),
    "basic all tables, writes only, keeps a PartiQL select": (basic("WriteOnly", **ALL_TABLES), SELECT, DATA, True),
    "basic one table takes it": (basic(DynamoDB_Table=[HR]), PUT, DATA, True),
    "basic one table takes its stream reads": (basic(DynamoDB_Table=[HR]), RECORDS_STREAM_ONLY, DATA, True),
    "basic one table leaves one whose name begins alike": (basic(DynamoDB_Table=[HR]), PUT_HR2, DATA, False),
    "basic one table takes a transaction over it and another": (basic(DynamoDB_Table=[HR]), BOTH, DATA, True),
    "basic tables leaves objects": (basic(**ALL_TABLES), S3_PUT, DATA, False),
    "basic all objects": (basic(S3_Object=["arn:aws:s3"]), S3_PUT, DATA, True),
    "basic all objects, wide form": (basic(S3_Object=["arn:aws:s3:::"]), S3_PUT, DATA, True),
    "basic one bucket": (basic(S3_Object=["arn:aws:s3:::hr-files/"]), S3_PUT, DATA, True),
    "basic one prefix": (basic(S3_Object=["arn:aws:s3:::hr-files/2025"]), S3_PUT, DATA, False),
    "basic another bucket": (basic(S3_Object=["arn:aws:s3:::hr/"]), S3_PUT, DATA, False),
    "basic all functions": (basic(Lambda_Function=["arn:aws:lambda"]), INVOKE, DATA, True),
    "advanced management takes reads": (advanced(category=MANAGEMENT), LIST_TABLES, MANAGEMENT, True),
    "advanced management takes no data": (advanced(category=MANAGEMENT), PUT, DATA, False),
    "advanced data takes no management": (advanced(), CREATE_TABLE, MANAGEMENT, False),
    "advanced management, writes": (
        advanced(field("readOnly", Equals=["false"]), category=MANAGEMENT), LIST_TABLES, MANAGEMENT, False),
    "advanced management without kms": (
        advanced(field("eventSource", NotEquals=["kms.amazonaws.com"]), category=MANAGEMENT), DECRYPT, MANAGEMENT, False),
    "advanced tables": (advanced(), PUT, DATA, True),
    "advanced tables takes GetRecords": (advanced(), RECORDS, DATA, True),
    "advanced tables takes GetRecords that names the stream only": (advanced(), RECORDS_STREAM_ONLY, DATA, True),
    "advanced streams takes GetRecords": (advanced(kind="AWS::DynamoDB::Stream"), RECORDS, DATA, True),
    "advanced streams takes a put on a table with a stream": (advanced(kind="AWS::DynamoDB::Stream"), PUT_STREAMED, DATA, True),
    "advanced streams leaves a put on a table without": (advanced(kind="AWS::DynamoDB::Stream"), PUT, DATA, False),
    "advanced writes leaves GetRecords": (advanced(field("readOnly", Equals=["false"])), RECORDS, DATA, False),
    "advanced writes keeps a PartiQL select": (advanced(field("readOnly", Equals=["false"])), SELECT, DATA, True),
    "advanced reads takes a get": (advanced(field("readOnly", Equals=["true"])), GET, DATA, True),
    "advanced ARN equals": (advanced(field("resources.ARN", Equals=[HR])), PUT, DATA, True),
    "advanced ARN equals is exact": (advanced(field("resources.ARN", Equals=[HR])), PUT_HR2, DATA, False),
    "advanced ARN starts-with takes both": (advanced(field("resources.ARN", StartsWith=[HR])), PUT_HR2, DATA, True),
    "advanced ARN ends-with": (advanced(field("resources.ARN", EndsWith=["/Hires2"])), PUT, DATA, False),
    "advanced ARN not-equals": (advanced(field("resources.ARN", NotEquals=[HR])), PUT, DATA, False),
    "advanced ARN not-equals, another table": (advanced(field("resources.ARN", NotEquals=[HR])), PUT_HR2, DATA, True),
    "advanced ARN not-equals, a transaction over both": (advanced(field("resources.ARN", NotEquals=[HR])), BOTH, DATA, True),
    "positives of a field are or-ed": (
        advanced(field("eventName", Equals=["PutItem"], StartsWith=["Get"])), GET, DATA, True),
    "negatives of a field are and-ed": (
        advanced(field("eventName", NotEquals=["PutItem"], NotStartsWith=["Get"])), GET, DATA, False),
    "positives and negatives of a field are and-ed": (
        advanced(field("eventName", StartsWith=["Get"], NotEquals=["GetRecords"])), RECORDS, DATA, False),
    "positives and negatives of a field, both met": (
        advanced(field("eventName", StartsWith=["Get"], NotEquals=["GetRecords"])), GET, DATA, True),
    "fields are and-ed": (
        advanced(field("eventName", Equals=["PutItem"]), field("resources.ARN", Equals=[HR2])), PUT, DATA, False),
    "caller not-starts-with": (
        advanced(field("userIdentity.arn", NotStartsWith=[f"arn:aws:iam::{ACCOUNT}:user/own"])), PUT, DATA, False),
    "caller equals": (advanced(field("userIdentity.arn", Equals=[OWNER])), PUT, DATA, True),
    "event source": (advanced(field("eventSource", Equals=["dynamodb.amazonaws.com"])), PUT, DATA, True),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_selection(case):
    selection, what, category, logged = CASES[case]
    assert selection.selects(what, category) is logged


def test_selectors_are_or_ed():
    writes = {"FieldSelectors": [field("eventCategory", Equals=[DATA]), field("resources.type", Equals=["AWS::DynamoDB::Table"])]}
    management = {"FieldSelectors": [MANAGED]}
    selection = read(None, [management, writes])
    assert selection.selects(PUT, DATA)
    assert selection.selects(CREATE_TABLE, MANAGEMENT)
    assert selection.custom


def test_the_default_written_out_is_not_custom():
    assert not read([dict(DEFAULT_BASIC)], None).custom
    assert not read([{}], None).custom
    assert basic("WriteOnly").custom


def many(count: int) -> list[str]:
    return [f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t-{number:03}" for number in range(count)]


def data(*values: Any, kind: Any = "AWS::DynamoDB::Table") -> dict[str, Any]:
    return {"DataResources": [{"Type": kind, "Values": list(values)}]}


def fields(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"FieldSelectors": list(conditions)}


CATEGORY = field("eventCategory", Equals=[DATA])
KIND = field("resources.type", Equals=["AWS::DynamoDB::Table"])
REFUSED = {
    "neither": (None, None, "either"),
    "both": ([{}], [fields(MANAGED)], "either"),
    "an empty list": ([], None, "At least one"),
    "six basic selectors": ([{}] * 6, None, "up to 5"),
    "251 tables": ([data(*many(251))], None, "250"),
    "251 tables in two selectors": ([data(*many(250)), data(*many(1))], None, "250"),
    "unknown read-write type": ([{"ReadWriteType": "Writes"}], None, "ReadWriteType"),
    "unknown member": ([{"DataResource": []}], None, "DataResource"),
    "exclusion of another source": ([{"ExcludeManagementEventSources": ["iam.amazonaws.com"]}], None, "iam"),
    "basic selector for streams": ([data("arn:aws:dynamodb", kind="AWS::DynamoDB::Stream")], None, "Stream"),
    "ARN of another service": ([data("arn:aws:s3:::bucket/")], None, "not an ARN"),
    "a table's bare name": ([data("Employees")], None, "not an ARN"),
    "an index instead of a table": ([data(f"{HR}/index/by-name")], None, "ARN of a table"),
    "a wildcard": ([data("arn:aws:dynamodb:*:*:table/*")], None, "ARN of a table"),
    "no values": ([data()], None, "no Values"),
    "no event category": (None, [fields(KIND)], "eventCategory"),
    "two event categories": (None, [fields(field("eventCategory", Equals=[DATA, MANAGEMENT]), KIND)], "eventCategory"),
    "unknown event category": (None, [fields(field("eventCategory", Equals=["Everything"]))], "eventCategory"),
    "data without a type": (None, [fields(CATEGORY)], "resources.type"),
    "two types": (None, [fields(CATEGORY, field("resources.type", Equals=["AWS::S3::Object", TABLE]))], "one value"),
    "a mistyped type": (None, [fields(CATEGORY, field("resources.type", Equals=["AWS::DynamoDB::Tables"]))], "Tables"),
    "type not-equals": (None, [fields(CATEGORY, field("resources.type", NotEquals=["AWS::S3::Object"]))], "resources.type"),
    "a mistyped field": (None, [fields(CATEGORY, KIND, field("resource.ARN", Equals=[HR]))], "resource.ARN"),
    "read-only neither true nor false": (None, [fields(CATEGORY, KIND, field("readOnly", Equals=["no"]))], "readOnly"),
    "read-only starts-with": (None, [fields(CATEGORY, KIND, field("readOnly", StartsWith=["t"]))], "StartsWith"),
    "a field twice": (None, [fields(CATEGORY, KIND, KIND)], "twice"),
    "a field without operator": (None, [fields(CATEGORY, KIND, field("eventName"))], "no operator"),
    "an unknown operator": (None, [fields(CATEGORY, KIND, field("eventName", Contains=["Put"]))], "Contains"),
    "no values of an operator": (None, [fields(CATEGORY, KIND, field("eventName", Equals=[]))], "eventName"),
    "a number as value": (None, [fields(CATEGORY, KIND, {"Field": "eventName", "Equals": [7]})], "eventName"),
    "501 values": (None, [fields(CATEGORY, KIND, field("resources.ARN", Equals=many(499)))], "500"),
    "management by event name": (
        None, [fields(MANAGED, field("eventName", Equals=["X"]))], "eventName"),
    "management without iam": (
        None, [fields(MANAGED, field("eventSource", NotEquals=["iam.amazonaws.com"]))], "kms"),
    "selector is no structure": (None, ["all"], "structure"),
    "selectors are no list": (None, "all", "list"),
    "fields are no list": (None, [{"FieldSelectors": "all"}], "list"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_document(case):
    old, new, named = REFUSED[case]
    with pytest.raises(SelectorError, match=named):
        read(old, new)


def test_as_many_as_aws_takes():
    assert len(read([data(*many(250))], None).basic) == 1
    assert read([data("arn:aws:dynamodb"), data(*many(250))], None).custom
    assert read(None, [fields(CATEGORY, KIND, field("resources.ARN", Equals=many(498)))]).custom
