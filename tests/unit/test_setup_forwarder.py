"""The forwarder's part of the plan: what is created, brought up to date, left alone, refused."""

import dataclasses
import json

import pytest

from itemtrail import settings
from itemtrail.core import forwarder_config, retention
from itemtrail.core.setup_forwarder import forwarder
from itemtrail.flows.setup import wanted_of
from itemtrail.settings import Redaction
from itemtrail.snapshot import ForwarderState, FunctionState, LogGroupState, MappingState, RoleState, TableState

LOADED = settings.load(settings.DEFAULT_PATH)
REGION = "us-east-1"


def wanted_with(**streams):
    return wanted_of(LOADED.model_copy(update={"streams": LOADED.streams.model_copy(update=streams)}), "aws")


WANTED = wanted_with()
OURS = WANTED.forwarder
EMPLOYEES = OURS.tables[0]
MAPPING = MappingState("u1", OURS.function_arn(REGION), False, 3, 82_800, True, True, OURS.queue_arn(REGION))
THEIRS = MappingState("u2", OURS.function_arn(REGION).replace("itemtrail-forwarder", "search-index"))
FUNCTION = FunctionState(
    OURS.function_arn(REGION), OURS.handler, "python3.13", OURS.role_arn, 60, 256,
    forwarder_config.environment(OURS, REGION), OURS.code_sha256,
)  # fmt: skip


@dataclasses.dataclass
class World:
    """What this part reads of ``Observed``."""

    tables: dict
    forwarder_role: RoleState | None
    forwarders: dict
    readers: dict


def table(arn, **changes):
    stream = {"stream_view": "NEW_AND_OLD_IMAGES", "stream_arn": f"{arn}/stream/2026-11-01T00:00:00.000"}
    return TableState(arn, "ACTIVE", **({"key_attributes": ("EmpId",)} | stream | changes))


def world(ours=OURS, **changes):
    done = World(
        tables={arn: table(arn) for arn in ours.tables},
        forwarder_role=RoleState(ours.role_arn, forwarder_config.TRUST, forwarder_config.policy(ours)),
        forwarders={REGION: ForwarderState(FUNCTION, True, LogGroupState(ours.own_log, REGION, 14))},
        readers=dict.fromkeys(ours.tables, (MAPPING,)),
    )
    return dataclasses.replace(done, **changes)


NOTHING = world(forwarder_role=None, forwarders={REGION: ForwarderState()}, readers={})


def planned(observed, wanted=WANTED):
    part = forwarder(observed, wanted)
    return [action.call for action in part.actions], {finding.check: finding for finding in part.findings}


def names(observed, wanted=WANTED):
    return [call.operation for call in planned(observed, wanted)[0]]


def test_nothing_is_planned_where_everything_is_there():
    assert planned(world()) == ([], {})


def test_an_account_without_it_gets_it_in_an_order_that_works():
    calls, findings = planned(NOTHING)
    assert findings == {}
    assert [call.operation for call in calls] == [
        "CreateRole", "PutRolePolicy", "CreateQueue", "CreateLogGroup", "PutRetentionPolicy", "CreateFunction",
        *["CreateEventSourceMapping"] * 3,
    ]  # fmt: skip
    mapping = calls[-1].parameters
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] == 3
    assert mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{OURS.account}:{OURS.queue}"}}
    assert mapping["EventSourceArn"] == f"{OURS.tables[-1]}/stream/2026-11-01T00:00:00.000"


def test_the_plan_holds_the_codes_hash_not_its_bytes():
    (create,) = [call for call in planned(NOTHING)[0] if call.operation == "CreateFunction"]
    assert create.parameters["Code"] == {"ZipFile": OURS.code_sha256}
    assert json.loads(json.dumps(create.parameters)) == create.parameters


def test_a_stream_that_the_plan_switches_on_is_mapped_by_its_table():
    off = {arn: table(arn, stream_view="", stream_arn="") for arn in OURS.tables}
    calls, _ = planned(dataclasses.replace(NOTHING, tables=off))
    assert calls[-1].parameters["EventSourceArn"] == f"{OURS.tables[-1]}/stream/"


@pytest.mark.parametrize("found", [None, table(EMPLOYEES, stream_view="KEYS_ONLY")])
def test_a_table_that_cannot_be_followed_is_not_mapped(found):
    calls, _ = planned(dataclasses.replace(NOTHING, tables={**NOTHING.tables, EMPLOYEES: found}))
    assert [call.operation for call in calls].count("CreateEventSourceMapping") == 2


def test_switched_off_it_plans_nothing_and_leaves_no_rule():
    off = wanted_with(forwarder="")
    assert off.forwarder is None
    assert planned(NOTHING, off) == ([], {})
    assert "itemtrail-spill" not in [rule["ID"] for rule in off.archive_rules]


def test_each_region_has_its_function_and_queue():
    dublin = EMPLOYEES.replace("us-east-1", "eu-west-1")
    calls, _ = planned(dataclasses.replace(NOTHING, tables={dublin: table(dublin)}), wanted_with(tables=(EMPLOYEES, dublin)))
    assert [call.region for call in calls if call.operation == "CreateFunction"] == ["eu-west-1", "us-east-1"]
    assert [call.operation for call in calls].count("CreateRole") == 1
    policy = next(call.parameters["PolicyDocument"] for call in calls if call.operation == "PutRolePolicy")
    assert {"eu-west-1", "us-east-1"} == {arn.split(":")[3] for arn in policy["Statement"][3]["Resource"]}


@pytest.mark.parametrize(
    ("change", "operation"),
    [
        ({"code_sha256": "old"}, "UpdateFunctionCode"),
        ({"timeout": 3}, "UpdateFunctionConfiguration"),
        ({"environment": {}}, "UpdateFunctionConfiguration"),
        ({"runtime": "python3.9"}, "UpdateFunctionConfiguration"),
    ],
)
def test_a_function_that_differs_is_brought_up_to_date(change, operation):
    function = dataclasses.replace(FUNCTION, **change)
    state = {REGION: dataclasses.replace(world().forwarders[REGION], function=function)}
    assert names(world(forwarders=state)) == [operation]


@pytest.mark.parametrize("change", [{"retries": -1}, {"bisect": False}, {"reports": False}, {"destination": ""}, {"max_age": -1}])
def test_a_mapping_that_differs_is_brought_up_to_date(change):
    (call,), _ = planned(world(readers={**world().readers, EMPLOYEES: (dataclasses.replace(MAPPING, **change),)}))
    assert call.operation == "UpdateEventSourceMapping"
    assert call.parameters["UUID"] == "u1"
    assert "StartingPosition" not in call.parameters


def test_a_mapping_that_somebody_disabled_is_said_not_undone():
    calls, findings = planned(world(readers={**world().readers, EMPLOYEES: (dataclasses.replace(MAPPING, disabled=True),)}))
    assert calls == []
    assert "u1 is disabled" in findings["setup.forwarder"].detail


def test_a_third_reader_is_named_and_not_added():
    calls, findings = planned(dataclasses.replace(NOTHING, readers={EMPLOYEES: (THEIRS,)}))
    assert [call.operation for call in calls].count("CreateEventSourceMapping") == 2
    assert "function:search-index" in findings["setup.readers"].detail
    assert findings["setup.readers"].resource == EMPLOYEES
    assert findings["setup.readers"].bad


def test_a_global_table_has_room_for_the_archive_alone():
    replicated = {**NOTHING.tables, EMPLOYEES: table(EMPLOYEES, replicated=True)}
    calls, findings = planned(dataclasses.replace(NOTHING, tables=replicated))
    assert [call.operation for call in calls].count("CreateEventSourceMapping") == 2
    assert "global table" in findings["setup.readers"].detail


def test_a_function_of_our_name_that_is_not_ours_is_left():
    function = dataclasses.replace(FUNCTION, handler="app.handler")
    state = {REGION: dataclasses.replace(world().forwarders[REGION], function=function)}
    calls, findings = planned(world(forwarders=state, readers={}))
    assert calls == []
    assert "app.handler" in findings["setup.forwarder"].detail


def test_a_role_of_our_name_that_lambda_may_not_assume_stops_this_part():
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    calls, findings = planned(dataclasses.replace(NOTHING, forwarder_role=RoleState(OURS.role_arn, trust)))
    assert calls == []
    assert "somebody else's" in findings["setup.forwarder"].detail


@pytest.mark.parametrize(("action", "confirmed", "refused"), [("drop", True, True), ("hash", False, True), ("hash", True, False)])
def test_a_rule_on_a_key_attribute_is_refused_unless_hashed_and_confirmed(action, confirmed, refused):
    rule = Redaction(table=EMPLOYEES, attribute="EmpId", action=action, confirm_key=confirmed)
    calls, findings = planned(NOTHING, wanted_with(redact=(rule,), redaction_key_parameter="itemtrail/key"))
    assert ("setup.redaction" in findings) is refused
    assert (calls == []) is refused


def test_a_rule_on_a_table_without_a_stream_is_a_finding():
    rule = Redaction(table=EMPLOYEES + "2", attribute="Salary", action="drop")
    assert "does nothing" in planned(NOTHING, wanted_with(redact=(rule,)))[1]["setup.redaction"].detail


def test_the_role_reads_the_hash_key_only_where_something_is_hashed():
    assert "kms:Decrypt" not in json.dumps(forwarder_config.policy(OURS))
    rule = Redaction(table=EMPLOYEES, attribute="Salary", action="hash")
    ours = wanted_with(redact=(rule,), redaction_key_parameter="/itemtrail/key").forwarder
    arn = f"arn:aws:ssm:{REGION}:{OURS.account}:parameter/itemtrail/key"
    statements = {one["Sid"]: one for one in forwarder_config.policy(ours)["Statement"]}
    assert statements["ReadHashKey"]["Resource"] == [arn]
    assert statements["DecryptHashKey"]["Condition"] == {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arn}}
    assert forwarder_config.environment(ours, REGION)["REDACTION_KEY_PARAMETER"] == arn
    assert json.loads(forwarder_config.environment(ours, REGION)["REDACTION"]) == {EMPLOYEES: [["Salary", "hash", False]]}


def test_rules_that_exceed_the_functions_variables_are_a_finding():
    rules = tuple(Redaction(table=EMPLOYEES, attribute=f"{'a' * 100}{number}", action="drop") for number in range(40))
    calls, findings = planned(NOTHING, wanted_with(redact=rules))
    assert calls == []
    assert "Lambda takes 4096" in findings["setup.forwarder"].detail


def test_tables_that_exceed_the_roles_policy_are_a_finding():
    many = tuple(f"{EMPLOYEES}{number}" for number in range(200))
    calls, findings = planned(NOTHING, wanted_with(tables=many))
    assert calls == []
    assert "IAM takes 10240" in findings["setup.forwarder"].detail


def test_nothing_in_the_roles_policy_is_for_every_table_or_bucket():
    for statement in forwarder_config.policy(OURS)["Statement"]:
        assert all(resource.count(":") >= 5 and not resource.endswith(":*:*") for resource in statement["Resource"])
        assert not any("*" in action for action in statement["Action"])


def test_spills_expire_and_are_no_evidence():
    (rule,) = [rule for rule in WANTED.archive_rules if rule["ID"] == "itemtrail-spill"]
    assert rule["Expiration"] == {"Days": 1}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rule["Filter"] == {"Prefix": OURS.spill_prefix}
    assert not any(retention.SPILL.startswith(folder) or folder.startswith(retention.SPILL) for folder in retention.EVIDENCE)
