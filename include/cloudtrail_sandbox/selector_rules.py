"""What a PutEventSelectors call may say. Pure; evaluation is in ``selectors``.

Decides: whether a selector document is one AWS takes, and its stored form. Refuses, with a text that names the selector and the
field (the service's InvalidEventSelectorsException): both kinds at once, neither, too many, unknown fields, operators a field
does not have, categories without their required fields, resource types and ARNs that cannot be.

Source: CloudTrail API reference PutEventSelectors, EventSelector, DataResource, AdvancedFieldSelector; user guide "Quotas in
AWS CloudTrail" (5 basic selectors, 250 data resources, 500 values); read 2026-11-24. Not checked: that an ARN exists.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloudtrail_sandbox.selectors import DATA, DEFAULT_BASIC, MANAGEMENT, NEGATIVE, POSITIVE, TABLE, Selection

NETWORK = "NetworkActivity"
MOST_BASIC = 5
MOST_RESOURCES = 250
MOST_VALUES = 500
EXCLUDABLE = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})
BASIC_TYPES = {"AWS::DynamoDB::Table": "dynamodb", "AWS::Lambda::Function": "lambda", "AWS::S3::Object": "s3"}
EQUALS_ONLY = frozenset({"eventCategory", "resources.type", "readOnly"})
FIELDS = {
    MANAGEMENT: frozenset({"eventCategory", "eventSource", "readOnly"}),
    DATA: frozenset(
        {
            "eventCategory",
            "resources.type",
            "resources.ARN",
            "readOnly",
            "eventName",
            "eventSource",
            "eventType",
            "userIdentity.arn",
            "sessionCredentialFromConsole",
        }
    ),
    NETWORK: frozenset({"eventCategory", "eventSource", "eventName", "errorCode", "vpcEndpointId"}),
}
REQUIRED = {MANAGEMENT: (), DATA: ("resources.type",), NETWORK: ("eventSource",)}
_DATA_TYPES = """
AWS::DynamoDB::Table AWS::DynamoDB::Stream AWS::S3::Object AWS::S3::AccessPoint AWS::S3Express::Object
AWS::S3ObjectLambda::AccessPoint AWS::S3Outposts::Object AWS::S3Tables::Table AWS::S3Tables::TableBucket AWS::Lambda::Function
AWS::AppConfig::Configuration AWS::AppSync::GraphQLApi AWS::B2BI::Transformer AWS::Bedrock::AgentAlias AWS::Bedrock::FlowAlias
AWS::Bedrock::Guardrail AWS::Bedrock::InlineAgent AWS::Bedrock::KnowledgeBase AWS::Bedrock::Model AWS::Bedrock::Prompt
AWS::Cassandra::Table AWS::CloudFront::KeyValueStore AWS::CloudTrail::Channel AWS::CloudWatch::Metric
AWS::CodeWhisperer::Profile AWS::CodeWhisperer::Customization AWS::Cognito::IdentityPool AWS::EC2::Snapshot
AWS::EMRWAL::Workspace AWS::FinSpace::Environment AWS::Glue::Table AWS::GuardDuty::Detector AWS::IoT::Certificate AWS::IoT::Thing
AWS::IoTSiteWise::Asset AWS::IoTSiteWise::TimeSeries AWS::IoTTwinMaker::Entity AWS::IoTTwinMaker::Workspace
AWS::KendraRanking::ExecutionPlan AWS::Kinesis::Stream AWS::Kinesis::StreamConsumer AWS::KinesisVideo::Stream
AWS::ManagedBlockchain::Network AWS::ManagedBlockchain::Node AWS::MedicalImaging::Datastore AWS::NeptuneGraph::Graph
AWS::PCAConnectorAD::Connector AWS::QBusiness::Application AWS::RDS::DBCluster AWS::SageMaker::Endpoint
AWS::SageMaker::FeatureGroup AWS::SCN::Instance AWS::ServiceDiscovery::Namespace AWS::ServiceDiscovery::Service
AWS::SNS::PlatformEndpoint AWS::SNS::Topic AWS::SQS::Queue AWS::SSM::ManagedNode AWS::SSMMessages::ControlChannel
AWS::StepFunctions::StateMachine AWS::SWF::Domain AWS::ThinClient::Device AWS::Timestream::Database AWS::Timestream::Table
AWS::VerifiedPermissions::PolicyStore AWS::XRay::Trace
"""
DATA_TYPES = frozenset(_DATA_TYPES.split())
_TABLE_ARN = re.compile(r"arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}")


class SelectorError(ValueError):
    """The selector document is not one AWS takes; the text names the selector and what is wrong."""


def read(basic: object, advanced: object) -> Selection:
    """The stored form of a PutEventSelectors request.

    Raises:
        SelectorError: what is wrong, and where.
    """
    if (basic is None) == (advanced is None):
        raise SelectorError("Specify either EventSelectors or AdvancedEventSelectors, and not both.")
    documents = _list(basic if advanced is None else advanced, "selectors")
    if not documents:
        raise SelectorError("At least one event selector is required.")
    if advanced is not None:
        return Selection(advanced=_read_advanced(documents))
    return Selection(basic=_read_basic(documents))


def _read_basic(documents: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    if len(documents) > MOST_BASIC:
        raise SelectorError(f"A trail can have up to {MOST_BASIC} event selectors; {len(documents)} were given.")
    selectors = tuple(_basic({**DEFAULT_BASIC, **_map(document, "event selector")}) for document in documents)
    if sum(len(data["Values"]) for one in selectors for data in one["DataResources"] if not _everything(data)) > MOST_RESOURCES:
        raise SelectorError(f"A trail is limited to {MOST_RESOURCES} data resources across all event selectors.")
    return selectors


def _basic(selector: dict[str, Any]) -> Mapping[str, Any]:
    unknown = set(selector) - set(DEFAULT_BASIC)
    if unknown:
        raise SelectorError(f"Unknown event selector members: {', '.join(sorted(unknown))}.")
    if selector["ReadWriteType"] not in ("All", "ReadOnly", "WriteOnly"):
        raise SelectorError(f"ReadWriteType {selector['ReadWriteType']!r} is not one of All, ReadOnly, WriteOnly.")
    wrong = set(_list(selector["ExcludeManagementEventSources"], "ExcludeManagementEventSources")) - EXCLUDABLE
    if wrong:
        raise SelectorError(f"ExcludeManagementEventSources takes {', '.join(sorted(EXCLUDABLE))}; not {sorted(wrong)}.")
    for data in _list(selector["DataResources"], "DataResources"):
        _data_resource(_map(data, "data resource"))
    return selector


def _data_resource(data: Mapping[str, Any]) -> None:
    service = BASIC_TYPES.get(str(data.get("Type")))
    if service is None:
        raise SelectorError(f"Data resource type {data.get('Type')!r} is not one of {', '.join(BASIC_TYPES)}.")
    values = _list(data.get("Values"), f"Values of {data['Type']}")
    if not values:
        raise SelectorError(f"Data resource {data['Type']} has no Values.")
    for value in values:
        if not re.match(rf"arn:aws[a-z-]*:{service}(:|$)", str(value)):
            raise SelectorError(f"Value {value!r} is not an ARN of {data['Type']}.")
        if data["Type"] == TABLE and value.count(":") > 2 and not _TABLE_ARN.fullmatch(value):
            raise SelectorError(f"Value {value!r} is not the ARN of a table, nor arn:aws:dynamodb for all tables.")


def _everything(data: Mapping[str, Any]) -> bool:
    return any(value.count(":") < 3 for value in data["Values"])


def _read_advanced(documents: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    selectors = tuple(_advanced(_map(document, "advanced event selector")) for document in documents)
    values = sum(len(field.get(name, ())) for one in selectors for field in one["FieldSelectors"] for name in POSITIVE + NEGATIVE)
    if values > MOST_VALUES:
        raise SelectorError(f"A trail is limited to {MOST_VALUES} values over all advanced event selectors; {values} were given.")
    return selectors


def _advanced(selector: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(selector.get("Name") or "without a name")
    if len(name) > 1000:
        raise SelectorError("The Name of an advanced event selector has more than 1000 characters.")
    fields = [_map(field, "field selector") for field in _list(selector.get("FieldSelectors"), f"FieldSelectors of {name}")]
    conditions = {str(field.get("Field")): field for field in fields}
    if len(conditions) < len(fields):
        raise SelectorError(f"Advanced event selector {name}: a Field occurs twice.")
    category = _category(conditions, name)
    missing = [field for field in REQUIRED[category] if not conditions.get(field, {}).get("Equals")]
    if missing:
        raise SelectorError(f"Advanced event selector {name}: category {category} requires {', '.join(missing)} Equals.")
    for field, condition in conditions.items():
        if field not in FIELDS[category]:
            raise SelectorError(f"Advanced event selector {name}: field {field!r} cannot be used with category {category}.")
        _operators(field, condition, name)
        _values(category, field, condition, name)
    return selector


def _category(conditions: Mapping[str, Mapping[str, Any]], name: str) -> str:
    values = conditions.get("eventCategory", {}).get("Equals") or []
    if len(values) != 1 or values[0] not in FIELDS:
        raise SelectorError(f"Advanced event selector {name}: eventCategory must Equal one of {', '.join(FIELDS)}.")
    return str(values[0])


def _operators(field: str, condition: Mapping[str, Any], name: str) -> None:
    operators = [key for key in condition if key != "Field"]
    if not operators:
        raise SelectorError(f"Advanced event selector {name}: field {field} has no operator.")
    for operator in operators:
        if operator not in POSITIVE + NEGATIVE or (field in EQUALS_ONLY and operator != "Equals"):
            raise SelectorError(f"Advanced event selector {name}: field {field} does not take operator {operator}.")
        values = _list(condition[operator], f"{field} {operator}")
        if not values or not all(isinstance(value, str) and 0 < len(value) <= 2048 for value in values):
            raise SelectorError(f"Advanced event selector {name}: {field} {operator} needs texts of 1 to 2048 characters.")


def _values(category: str, field: str, condition: Mapping[str, Any], name: str) -> None:
    values = condition.get("Equals") or []
    if field in EQUALS_ONLY and len(values) != 1:
        raise SelectorError(f"Advanced event selector {name}: {field} takes exactly one value.")
    if field == "readOnly" and values[0] not in ("true", "false"):
        raise SelectorError(f"Advanced event selector {name}: readOnly is true or false, not {values[0]!r}.")
    if field == "resources.type" and values[0] not in DATA_TYPES:
        raise SelectorError(f"Advanced event selector {name}: {values[0]!r} is not a resource type that logs data events.")
    if field == "eventSource" and category == MANAGEMENT:
        excluded = set(condition.get("NotEquals") or [])
        if set(condition) != {"Field", "NotEquals"} or not excluded <= EXCLUDABLE:
            raise SelectorError(f"Advanced event selector {name}: eventSource takes NotEquals of {sorted(EXCLUDABLE)}.")


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise SelectorError(f"{what} must be a list.")
    return value


def _map(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SelectorError(f"An {what} must be a structure.")
    return value
