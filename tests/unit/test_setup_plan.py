"""The plan of setting up, decided from configuration as read: what is called, what is left alone, what is said."""

import dataclasses
import json

import pytest

from itemtrail import settings
from itemtrail.core.policy import delivery_statements, tls_only
from itemtrail.core.selectors import covers, covers_management
from itemtrail.core.setup_plan import Observed
from itemtrail.flows.setup import decide, wanted_of
from itemtrail.snapshot import BucketState, FindingStatus, Identity, LogGroupState, TableState, TrailState

ACCOUNT = "111122223333"
WANTED = dataclasses.replace(wanted_of(settings.load(settings.DEFAULT_PATH), "aws"), forwarder=None)  # test_setup_forwarder.py
EMPLOYEES = WANTED.stream_tables[0]
BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
AES = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        *delivery_statements("aws", WANTED.trail_bucket, "", ACCOUNT, WANTED.trail_arn),
        tls_only("aws", WANTED.trail_bucket),
    ],
}
TRAIL_BUCKET = BucketState(
    WANTED.trail_bucket,
    "us-east-1",
    versioning="Enabled",
    encryption=AES,
    public_access_block=BLOCK,
    ownership="BucketOwnerEnforced",
    policy=POLICY,
    lifecycle={"Rules": list(WANTED.trail_rules)},
)
ARCHIVE_BUCKET = dataclasses.replace(
    TRAIL_BUCKET,
    name=WANTED.archive_bucket,
    policy={"Statement": [tls_only("aws", WANTED.archive_bucket)]},
    lifecycle={"Rules": list(WANTED.archive_rules)},
    object_lock={"ObjectLockEnabled": "Enabled"},
)
SELECTORS = {
    "AdvancedEventSelectors": [
        {"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {
            "Name": "d",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]},
            ],
        },
    ]
}
TRAIL = TrailState(
    WANTED.trail_arn,
    "us-east-1",
    WANTED.trail_bucket,
    multi_region=True,
    global_events=True,
    validation=True,
    logging=True,
    selectors=SELECTORS,
)
OTHER = dataclasses.replace(TRAIL, arn=WANTED.trail_arn.replace("HRMS-DynamoDB-Logs", "security"), bucket="security-logs")
DONE = Observed(
    identity=Identity(ACCOUNT, "aws", f"arn:aws:iam::{ACCOUNT}:user/owner"),
    organization_id="",
    regions=("eu-west-1", "us-east-1"),
    trail_bucket=TRAIL_BUCKET,
    archive_bucket=ARCHIVE_BUCKET,
    trails=(TRAIL,),
    tables={arn: TableState(arn, "ACTIVE", "NEW_AND_OLD_IMAGES") for arn in (*WANTED.stream_tables, WANTED.canary_arn)},
    log_groups={"us-east-1": LogGroupState(WANTED.log_group, "us-east-1", 1)},
)
NOTHING = dataclasses.replace(
    DONE,
    trail_bucket=None,
    archive_bucket=None,
    trails=(),
    tables={**dict.fromkeys(DONE.tables), EMPLOYEES: TableState(EMPLOYEES, "ACTIVE")},
    log_groups={"us-east-1": None},
)


def decided(observed=DONE, wanted=WANTED, **changes):
    return decide(dataclasses.replace(observed, **changes), wanted)


def called(plan):
    return [action.call.operation for action in plan.actions]


def found(plan):
    return {finding.check: finding for finding in plan.findings if finding.bad}


def noted(plan):
    """Notes, but for the one that is always there."""
    notes = [finding for finding in plan.findings if finding.status is FindingStatus.NOTE]
    return [finding.detail for finding in notes if finding.check != "setup.retention-mode"]


def bucket(**changes):
    return {"trail_bucket": dataclasses.replace(TRAIL_BUCKET, **changes)}


def trail(**changes):
    return {"trails": (dataclasses.replace(TRAIL, **changes),)}


def test_nothing_is_planned_where_everything_is_there():
    plan = decided()
    assert plan.empty
    assert plan.good
    assert noted(plan) == []


def test_an_empty_account_gets_everything_in_an_order_that_works():
    plan = decided(NOTHING)
    names = called(plan)
    assert (
        names.index("PutBucketPolicy")
        < names.index("CreateTrail")
        < names.index("PutEventSelectors")
        < names.index("StartLogging")
    )
    create = [action.call.parameters for action in plan.actions if action.call.operation == "CreateBucket"]
    assert create == [
        {"Bucket": WANTED.archive_bucket, "ObjectOwnership": "BucketOwnerEnforced", "ObjectLockEnabledForBucket": True},
        {"Bucket": WANTED.trail_bucket, "ObjectOwnership": "BucketOwnerEnforced"},
    ]
    trail_made = next(action.call.parameters for action in plan.actions if action.call.operation == "CreateTrail")
    assert trail_made["IsMultiRegionTrail"]
    assert trail_made["EnableLogFileValidation"]
    assert set(found(plan)) == {"setup.stream"}  # Payroll and LeaveRequests do not exist


def test_a_bucket_outside_us_east_1_names_its_region():
    wanted = dataclasses.replace(WANTED, archive_region="eu-west-1")
    plan = decided(NOTHING, wanted)
    assert plan.actions[0].call.parameters["CreateBucketConfiguration"] == {"LocationConstraint": "eu-west-1"}


BUCKET_ACTIONS = {
    "no versioning": ({"versioning": ""}, ["PutBucketVersioning"]),
    "versioning suspended": ({"versioning": "Suspended"}, ["PutBucketVersioning"]),
    "no encryption": ({"encryption": None}, ["PutBucketEncryption"]),
    "KMS stays": ({"encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}}, []),
    "no public access block": ({"public_access_block": None}, ["PutPublicAccessBlock"]),
    "public access blocked in part": ({"public_access_block": {**BLOCK, "BlockPublicPolicy": False}}, ["PutPublicAccessBlock"]),
    "ACLs that grant nothing": ({"ownership": "ObjectWriter"}, ["PutBucketOwnershipControls"]),
    "no policy": ({"policy": None}, ["PutBucketPolicy"]),
    "no lifecycle": ({"lifecycle": None}, ["PutBucketLifecycleConfiguration"]),
}


@pytest.mark.parametrize(("changes", "operations"), BUCKET_ACTIONS.values(), ids=BUCKET_ACTIONS)
def test_a_bucket_is_mended_one_thing_at_a_time(changes, operations):
    assert called(decided(**bucket(**changes))) == operations


DENY = {"Effect": "Deny", "Principal": "*"}
BUCKET_FINDINGS = {
    "another Region": ({"region": "eu-west-1"}, "setup.region", []),
    "ACLs that grant somebody": ({"ownership": "ObjectWriter", "other_grants": ("x",)}, "setup.ownership", []),
    "MFA delete": ({"mfa_delete": True, "lifecycle": None}, "setup.lifecycle", []),
    "another's rule deletes what is not proven": (
        {
            "lifecycle": {
                "Rules": [*WANTED.trail_rules, {"ID": "old", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 90}}]
            }
        },
        "lifecycle.P7",
        [],
    ),
    "another's rule freezes what is not archived": (
        {
            "lifecycle": {
                "Rules": [
                    *WANTED.trail_rules,
                    {"ID": "x", "Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 7, "StorageClass": "GLACIER"}]},
                ]
            }
        },
        "lifecycle.P4",
        [],
    ),
    "a Deny in the way": (
        {
            "policy": {
                "Statement": [*POLICY["Statement"], {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "*"}]
            }
        },
        "setup.delivery",
        [],
    ),
    "open to any trail": (
        {
            "policy": {
                "Statement": [
                    *POLICY["Statement"],
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudtrail.amazonaws.com"},
                        "Action": "s3:PutObject",
                        "Resource": f"arn:aws:s3:::{WANTED.trail_bucket}/*",
                    },
                ]
            }
        },
        "setup.confused-deputy",
        [],
    ),
}


@pytest.mark.parametrize(("changes", "check", "operations"), BUCKET_FINDINGS.values(), ids=BUCKET_FINDINGS)
def test_what_belongs_to_others_is_found_and_not_touched(changes, check, operations):
    plan = decided(**bucket(**changes))
    assert check in found(plan)
    assert called(plan) == operations
    assert found(plan)[check].advice


def test_an_archive_without_object_lock_is_a_finding_unless_none_is_wanted():
    unlocked = dataclasses.replace(ARCHIVE_BUCKET, object_lock=None)
    assert "setup.object-lock" in found(decided(archive_bucket=unlocked))
    assert decided(DONE, dataclasses.replace(WANTED, archive_retention=("NONE", 1)), archive_bucket=unlocked).good


def test_rules_of_others_and_their_default_minimum_are_put_again_with_ours():
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 5}}
    plan = decided(**bucket(lifecycle={"Rules": [theirs], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}))
    (action,) = plan.actions
    assert action.call.parameters["LifecycleConfiguration"]["Rules"] == [theirs, *WANTED.trail_rules]
    assert action.call.parameters["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


TRAIL_ACTIONS = {
    "one Region": ({"multi_region": False}, ["UpdateTrail"]),
    "no validation": ({"validation": False}, ["UpdateTrail"]),
    "no global events": ({"global_events": False}, ["UpdateTrail"]),
    "not logging": ({"logging": False}, ["StartLogging"]),
    "no selectors": ({"selectors": {}}, ["PutEventSelectors"]),
    "management only": (
        {"selectors": {"AdvancedEventSelectors": SELECTORS["AdvancedEventSelectors"][:1]}},
        ["PutEventSelectors"],
    ),
}


@pytest.mark.parametrize(("changes", "operations"), TRAIL_ACTIONS.values(), ids=TRAIL_ACTIONS)
def test_a_trail_is_mended(changes, operations):
    assert called(decided(**trail(**changes))) == operations


def test_an_adopted_trail_keeps_its_default_management_events():
    (action,) = decided(**trail(selectors={})).actions
    put = {"AdvancedEventSelectors": action.call.parameters["AdvancedEventSelectors"]}
    assert covers_management(put) is True
    assert covers(put, EMPLOYEES).full
    assert "$0.10" in action.cost


def test_a_trail_that_delivers_elsewhere_is_never_redirected():
    plan = decided(**trail(bucket="else", prefix="p"))
    assert "setup.trail" in found(plan)
    assert called(plan) == []


def test_selectors_that_cannot_be_read_are_not_overwritten():
    plan = decided(**trail(selectors=None, unreadable="denied"))
    assert found(plan)["setup.selectors"].status is FindingStatus.CANNOT_PROVE
    assert called(plan) == []


def test_the_name_in_another_home_region_is_a_finding():
    taken = dataclasses.replace(TRAIL, arn=TRAIL.arn.replace("us-east-1", "eu-west-1"), home_region="eu-west-1", bucket="b")
    plan = decided(trails=(taken,))
    assert "setup.trail" in found(plan)
    assert "CreateTrail" not in called(plan)


def selectors_put(plan):
    put = next(action.call.parameters for action in plan.actions if action.call.operation == "PutEventSelectors")
    return {"AdvancedEventSelectors": put["AdvancedEventSelectors"]}


def test_where_another_trail_logs_management_events_ours_logs_data_only():
    put = selectors_put(decided(trails=(OTHER,)))
    assert covers_management(put) is False
    assert covers(put, EMPLOYEES).full


OTHERS = {
    "not logging": {"logging": False},
    "one Region": {"multi_region": False},
    "data events only": {"selectors": {"AdvancedEventSelectors": SELECTORS["AdvancedEventSelectors"][1:]}},
    "writes only": {"selectors": {"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}},
    "not readable": {"selectors": None, "unreadable": "denied"},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_where_the_other_trail_does_not_suffice_ours_logs_management_events(changes):
    plan = decided(trails=(dataclasses.replace(OTHER, **changes),))
    assert covers_management(selectors_put(plan)) is True


def test_the_price_of_a_second_copy_is_told():
    assert any("$2" in text for text in noted(decided(trails=(TRAIL, OTHER))))
    assert any("$2" in text for text in noted(decided(trails=(TRAIL, dataclasses.replace(OTHER, multi_region=False)))))


def test_two_trails_in_one_place_is_a_finding():
    plan = decided(trails=(TRAIL, dataclasses.replace(OTHER, bucket=TRAIL.bucket)))
    assert "setup.shared-prefix" in found(plan)


def test_a_sixth_trail_is_not_tried():
    others = tuple(dataclasses.replace(OTHER, arn=f"{OTHER.arn}{number}") for number in range(5))
    plan = decided(trails=others)
    assert "5 trails" in found(plan)["setup.trail"].detail
    assert called(plan) == []


def test_more_values_than_aws_takes_are_not_put():
    many = tuple(f"{EMPLOYEES}{number}" for number in range(500))
    plan = decided(DONE, dataclasses.replace(WANTED, data_tables=many, stream_tables=()), **trail(selectors={}))
    assert "AWS takes 500" in found(plan)["setup.selectors"].detail
    assert called(plan) == []


def test_chosen_tables_bring_the_canarys_table_along():
    wanted = dataclasses.replace(WANTED, data_tables=WANTED.stream_tables)
    put = selectors_put(decided(NOTHING, wanted))
    assert covers(put, EMPLOYEES).full
    assert covers(put, WANTED.canary_arn).full
    assert not covers(put, EMPLOYEES + "2").full


def test_a_stream_whose_table_the_trail_leaves_out_is_a_finding():
    wanted = dataclasses.replace(WANTED, data_tables=WANTED.stream_tables[1:])
    plan = decided(DONE, wanted)
    assert found(plan)["setup.stream"].resource == EMPLOYEES


def test_an_organization_trail_gets_the_organizations_statement():
    plan = decided(**trail(organization=True), organization_id="o-1")
    (action,) = plan.actions
    assert f"{WANTED.trail_bucket}/AWSLogs/o-1/*" in str(action.call.parameters["Policy"])


def tables(**changed):
    return {"tables": {**DONE.tables, EMPLOYEES: TableState(EMPLOYEES, "ACTIVE", changed["view"])}}


def test_a_stream_is_switched_on_and_never_over():
    (action,) = decided(**tables(view="")).actions
    assert action.call.parameters == {
        "TableName": "Employees",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    plan = decided(**tables(view="KEYS_ONLY"))
    assert plan.empty
    assert "KEYS_ONLY" in found(plan)["setup.stream"].detail


def test_a_table_of_another_account_is_a_finding():
    arn = EMPLOYEES.replace(ACCOUNT, "999999999999")
    plan = decided(DONE, dataclasses.replace(WANTED, stream_tables=(arn,)))
    assert plan.empty
    assert "999999999999" in found(plan)["setup.stream"].detail


LOG_GROUPS = {
    "absent": (None, ["CreateLogGroup", "PutRetentionPolicy"], False),
    "never expires": (LogGroupState(WANTED.log_group, "us-east-1"), ["PutRetentionPolicy"], False),
    "as wanted": (LogGroupState(WANTED.log_group, "us-east-1", 1), [], False),
    "longer": (LogGroupState(WANTED.log_group, "us-east-1", 14), [], True),
    "account-level policy": (LogGroupState(WANTED.log_group, "us-east-1", 30, "everything-30"), [], True),
}


@pytest.mark.parametrize(("group", "operations", "bad"), LOG_GROUPS.values(), ids=LOG_GROUPS)
def test_log_group(group, operations, bad):
    plan = decided(log_groups={"us-east-1": group})
    assert called(plan) == operations
    assert ("setup.retention" in found(plan)) is bad


def test_a_shorter_retention_is_lengthened():
    plan = decided(
        DONE,
        dataclasses.replace(WANTED, log_retention_days=7),
        log_groups={"us-east-1": LogGroupState(WANTED.log_group, "us-east-1", 3)},
    )
    assert called(plan) == ["PutRetentionPolicy"]
    assert plan.actions[0].warning == ""


def test_a_first_retention_warns_that_older_events_are_deleted():
    plan = decided(log_groups={"us-east-1": LogGroupState(WANTED.log_group, "us-east-1")})
    assert "deleted" in plan.actions[0].warning
    assert "WARNING: " in plan.table()


def test_regions_that_are_not_enabled_or_not_expected():
    assert "setup.regions" in found(decided(regions=("us-east-1",)))
    assert any("ap-south-1" in text for text in noted(decided(regions=("ap-south-1", *DONE.regions))))


def test_the_hash_follows_the_account_and_not_the_order_of_keys():
    turned = dict(reversed(list(BLOCK.items())))
    assert decided().hash == decided(**bucket(public_access_block=turned)).hash
    assert decided().hash != decided(**bucket(encryption={"Rules": []})).hash
    assert decided().hash != decided(NOTHING).hash


def test_the_table_says_why_and_at_what_price():
    text = decided(NOTHING).table()
    assert "why: no default encryption is set" in text
    assert "cost: data events: about $0.10 per 100,000 events" in text
    assert "FAIL  [setup.stream]" in text
    assert text.rstrip().endswith(decided(NOTHING).hash)


def test_the_plan_as_json_is_json():
    document = json.loads(json.dumps(decided(NOTHING).to_json()))
    assert document["actions"][0]["call"]["operation"] == "CreateBucket"
    assert document["hash"] == decided(NOTHING).hash


def test_no_arn_is_of_another_partition():
    wanted = wanted_of(settings.load(settings.DEFAULT_PATH), "aws-us-gov")
    plan = decided(NOTHING, dataclasses.replace(wanted, stream_tables=(), forwarder=None))
    assert "arn:aws:" not in plan.table()
    assert all("arn:aws:" not in str(action.call.parameters) for action in plan.actions)


@pytest.mark.parametrize(
    ("mode", "days", "says"),
    [
        ("GOVERNANCE", 30, "cannot be deleted for 30 days, but by who has s3:BypassGovernanceRetention"),
        ("COMPLIANCE", 2557, "deleted by nobody for 2557 days (7 years), not by root either"),
        ("NONE", 1, "no retention"),
    ],
)
def test_the_plan_says_what_its_retention_means(mode, days, says):
    plan = decided(wanted=dataclasses.replace(WANTED, archive_retention=(mode, days)))
    (note,) = [finding for finding in plan.findings if finding.check == "setup.retention-mode"]
    assert mode in note.detail
    assert says in note.detail
    assert note.detail in plan.table()
