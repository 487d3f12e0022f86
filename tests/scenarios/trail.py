"""Scenarios of the trail, its Regions and what it records."""

from dataclasses import replace

from tests.posture_world import (
    ACCOUNT,
    AWAY,
    CHANGES_PATTERN,
    DAY,
    EMPLOYEES,
    HOME,
    HOUR,
    LEAVE,
    MINUTE,
    NOW,
    OTHER_TRAIL,
    PAYROLL,
    SELECTORS,
    TRAIL,
    TRAIL_BUCKET,
    changed,
    good,
    on,
    on_group,
    on_region,
    on_table,
    on_trail,
    selecting,
    wanted,
    with_other_trail,
)
from tests.scenarios import CANNOT, FAIL, NA, PASS
from tests.scenarios import scenario as s

from itemtrail.core.posture import RegionPosture, Unread

MANAGEMENT = SELECTORS["AdvancedEventSelectors"][0]
ARNS = {"Field": "resources.ARN", "Equals": [EMPLOYEES, PAYROLL, LEAVE]}
ALL_ARNS = {"Field": "resources.ARN", "Equals": [EMPLOYEES, PAYROLL, LEAVE, LEAVE.replace(HOME, AWAY)]}
LISTED = replace(wanted(), tables=(EMPLOYEES, LEAVE, PAYROLL))
NO_TRAIL = replace(good(), trails=(), regions=tuple(replace(one, trail_arns=()) for one in good().regions))
NARROW = ("data_events_recorded", "table_recorded", "replicas_recorded")


def _selecting(*fields, category="Data"):
    return on_trail({"selectors": selecting(*fields, category=category)})


def _equals(field, *values):
    return {"Field": field, "Equals": list(values)}


def _basic(**fields):
    everything = {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}],
        "ExcludeManagementEventSources": [],
    }
    return on_trail({"selectors": {"EventSelectors": [everything | fields]}})


def _filtered(**fields):
    filtered = next(one for one in good().log_groups if one.role == "trail").metric_filters[0]
    return on_group("trail", metric_filters=(filtered | fields,))


def _own_bucket(**fields):
    s3 = {
        "FieldSelectors": [
            _equals("eventCategory", "Data"),
            _equals("resources.type", "AWS::S3::Object"),
            {"Field": "resources.ARN", "StartsWith": [f"arn:aws:s3:::{TRAIL_BUCKET}/"]},
        ]
    }
    selectors = {"AdvancedEventSelectors": [*SELECTORS["AdvancedEventSelectors"], s3]}
    return on_trail({"selectors": selectors}, **fields)


def _unlisted(*regions, base=None):
    return replace(
        base or good(), unread=tuple(Unread("cloudtrail:DescribeTrails", "*", region, "AccessDenied") for region in regions)
    )


def _refused(action, resource, region=HOME):
    return replace(good(), unread=(Unread(action, resource, region, "AccessDenied"),))


SCENARIOS = [
    s(
        "trail_exists",
        "there is no trail",
        NO_TRAIL,
        FAIL,
        "no trail",
        "management_events_recorded",
        "region_trail_seen",
        "replicas_recorded",
        "table_recorded",
    ),
    s("trail_exists", "nobody may list trails", _unlisted(HOME, AWAY, base=NO_TRAIL), CANNOT, "AccessDenied"),
    s("trail_exists", "nobody may list trails in one Region, and it is seen in another", _unlisted(AWAY), PASS),
    s("table_recorded", "nobody may list trails", _unlisted(HOME, AWAY, base=NO_TRAIL), CANNOT, "AccessDenied"),
    s("replicas_recorded", "nobody may list trails", _unlisted(HOME, AWAY, base=NO_TRAIL), CANNOT, "AccessDenied"),
    s("management_events_recorded", "nobody may list trails", _unlisted(HOME, AWAY, base=NO_TRAIL), CANNOT, "AccessDenied"),
    s("management_events_recorded", "a Region where nobody may list trails", _unlisted("ap-south-1"), PASS),
    s("data_events_once", "an archived Region where nobody may list trails", _unlisted(AWAY), CANNOT, AWAY),
    s("data_events_once", "a Region that nobody looks at", _unlisted("ap-south-1"), PASS),
    s("management_events_once", "an archived Region where nobody may list trails", _unlisted(AWAY), CANNOT, AWAY),
    s("trail_change_alarm", "nobody may list alarms", _refused("cloudwatch:DescribeAlarms", "*"), CANNOT, "DescribeAlarms"),
    s("trail_change_alarm", "nobody may list alarms elsewhere", _refused("cloudwatch:DescribeAlarms", "*", AWAY), PASS),
    s(
        "trail_logging",
        "logging was stopped",
        on_trail({"logging": False}, stopped_at=NOW - HOUR),
        FAIL,
        "since 2026-11-23 05:00",
        "management_events_recorded",
    ),
    s("trail_logging", "the status does not say", on_trail({"logging": None}), CANNOT),
    s(
        "trail_multi_region",
        "it records in one Region",
        on_trail({"multi_region": False}),
        FAIL,
        "us-east-1 only",
        "management_events_recorded",
        "replicas_recorded",
    ),
    s("trail_global_events", "global services are left out", on_trail({"global_events": False}), FAIL),
    s("trail_validation", "no digests", on_trail({"validation": False}), FAIL),
    s("trail_key", "no KMS key", on_trail({"kms_key": ""}), FAIL, "no KMS key"),
    s("trail_delivery_error", "the bucket refuses", on_trail(delivery_error="AccessDenied"), FAIL, "'AccessDenied'"),
    s("trail_digest_error", "the bucket refuses digests", on_trail(digest_error="AccessDenied"), FAIL, "'AccessDenied'"),
    s("trail_cloudwatch_error", "the role may not write", on_trail(cloudwatch_error="AccessDenied"), FAIL, "'AccessDenied'"),
    s(
        "trail_cloudwatch_error",
        "there is no log group",
        on_trail(cloudwatch_log_group=""),
        NA,
        "",
        "trail_cloudwatch_logs",
        "trail_change_alarm",
    ),
    s(
        "trail_notification_error",
        "the topic refuses",
        on_trail(sns_topic="arn:t", notification_error="AuthorizationError"),
        FAIL,
    ),
    s("trail_notification_error", "the topic takes them", on_trail(sns_topic="arn:t"), PASS),
    s("trail_bucket_configured", "another bucket", on_trail({"bucket": "elsewhere"}), FAIL, "s3://elsewhere/"),
    s("trail_bucket_configured", "another prefix", on_trail({"prefix": "p"}), FAIL, f"s3://{TRAIL_BUCKET}/p"),
    s(
        "trail_home_region",
        "an organization's, in a Region to switch on",
        changed(on_trail({"organization": True}), "regions", lambda one: one.name == HOME, opt_in=True),
        FAIL,
        "switched on",
    ),
    s("trail_home_region", "an organization's, in a usual Region", on_trail({"organization": True}), PASS),
    s("trail_home_region", "one account's", on_region(HOME, opt_in=True), NA),
    s(
        "trail_home_region",
        "the home Region is not listed",
        replace(on_trail({"organization": True}), regions=()),
        CANNOT,
        "",
        "regions_enabled",
    ),
    s("region_trail_seen", "no copy in an archived Region", on_region(AWAY, trail_arns=(OTHER_TRAIL,)), FAIL, TRAIL),
    s(
        "region_trail_seen",
        "no copy where nothing is archived",
        replace(good(), regions=(*good().regions, RegionPosture("ap-south-1", False))),
        NA,
    ),
    s(
        "region_delivery_fresh",
        "nothing arrives",
        on_region(AWAY, delivered_at=NOW - 3 * DAY, digest_delivered_at=NOW - 3 * DAY),
        FAIL,
        "3 days ago",
        "region_digest_fresh",
    ),
    s(
        "region_delivery_fresh",
        "nothing ever arrived",
        on_region(AWAY, delivered_at=None, digest_delivered_at=None),
        FAIL,
        "never",
        "region_digest_fresh",
    ),
    s(
        "region_delivery_fresh",
        "an idle Region: its digests say so",
        on_region(AWAY, delivered_at=None),
        PASS,
        "nothing happened",
    ),
    s(
        "region_delivery_fresh",
        "idle, and the digest is two hours old to the minute",
        on_region(AWAY, delivered_at=None, digest_delivered_at=NOW - 2 * HOUR),
        PASS,
        "nothing happened",
    ),
    s(
        "region_delivery_fresh",
        "a day old to the minute",
        on_region(AWAY, delivered_at=NOW - DAY, digest_delivered_at=NOW - 121 * MINUTE),
        PASS,
        "24.0 hours",
        "region_digest_fresh",
    ),
    s(
        "region_delivery_fresh",
        "the trail began this morning",
        changed(on_region(AWAY, delivered_at=None, digest_delivered_at=None), "trails", started_at=NOW - HOUR),
        NA,
        "24 hours",
    ),
    s(
        "region_digest_fresh",
        "two hours and a minute",
        on_region(HOME, digest_delivered_at=NOW - 121 * MINUTE),
        FAIL,
        "2.0 hours",
    ),
    s("region_digest_fresh", "two hours to the minute", on_region(HOME, digest_delivered_at=NOW - 2 * HOUR), PASS),
    s(
        "region_digest_fresh",
        "none since the trail began two hours ago",
        changed(on_region(HOME, digest_delivered_at=None), "trails", started_at=NOW - 2 * HOUR),
        FAIL,
        "never",
    ),
    s("region_digest_fresh", "a clock ahead of ours", on_region(HOME, digest_delivered_at=NOW + MINUTE), PASS, "0.0 hours"),
    s("trail_insights", "Insights is off", on_trail(insights=()), FAIL),
    s("trail_recursive_logging", "its own deliveries are events", _own_bucket(recursive_logging=True), FAIL),
    s("trail_recursive_logging", "its own deliveries are left out", _own_bucket(recursive_logging=False), PASS),
    s("trail_recursive_logging", "CloudTrail does not say", _own_bucket(recursive_logging=None), CANNOT),
    s("trail_recursive_logging", "recursive, but nothing to recur", on_trail(recursive_logging=True), PASS),
    s("trail_cloudwatch_logs", "no log group", on_trail(cloudwatch_log_group=""), FAIL, "sends nothing", "trail_change_alarm"),
    s("trail_cloudwatch_logs", "delivered a day and a minute ago", on_trail(cloudwatch_delivered_at=NOW - DAY - MINUTE), FAIL),
    s("trail_cloudwatch_logs", "delivered a day ago", on_trail(cloudwatch_delivered_at=NOW - DAY), PASS),
    s("trail_cloudwatch_logs", "never delivered", on_trail(cloudwatch_delivered_at=None), FAIL, "never"),
    s(
        "trail_change_alarm",
        "the log group is another account's",
        replace(
            good(),
            unread=(
                Unread(
                    "logs:DescribeLogGroups",
                    "arn:aws:logs:us-east-1:111122223333:log-group:/itemtrail/trail",
                    HOME,
                    "of account 999999999999",
                ),
            ),
        ),
        CANNOT,
        "/itemtrail/trail",
    ),
    s("trail_change_alarm", "the log group was not looked at", replace(good(), log_groups=()), CANNOT, "/itemtrail/trail"),
    s("trail_change_alarm", "no metric filter", on_group("trail", metric_filters=()), FAIL, "no metric filter"),
    s(
        "trail_change_alarm",
        "StopLogging is not counted",
        _filtered(filterPattern=CHANGES_PATTERN.replace("StopLogging", "X")),
        FAIL,
        "StopLogging",
    ),
    s("trail_change_alarm", "everything is counted", _filtered(filterPattern=""), PASS),
    s(
        "trail_change_alarm",
        "a filter that is not understood",
        _filtered(filterPattern="?StopLogging ?DeleteTrail"),
        CANNOT,
        "not understood",
    ),
    s("trail_change_alarm", "no alarm", replace(good(), alarms=()), FAIL, "no alarm"),
    s("trail_change_alarm", "an alarm on another metric", on("alarms", metric="Other"), FAIL, "no alarm"),
    s("trail_change_alarm", "an alarm that tells nobody", on("alarms", actions=()), FAIL, "no SNS topic"),
    s(
        "trail_change_alarm",
        "an alarm that only scales",
        on("alarms", actions=("arn:aws:autoscaling:us-east-1:1:p",)),
        FAIL,
        "no SNS",
    ),
    s("trail_change_alarm", "an alarm whose actions are off", on("alarms", actions_enabled=False), FAIL, "no SNS topic"),
    s(
        "regions_enabled",
        "an archived Region is not switched on",
        good(),
        FAIL,
        "ap-south-1",
        wanted=replace(wanted(), regions=(AWAY, HOME, "ap-south-1")),
    ),
    s(
        "regions_enabled",
        "a table where nothing is archived",
        good(),
        FAIL,
        "us-east-1",
        wanted=replace(wanted(), regions=(AWAY,)),
    ),
    s(
        "data_events_recorded",
        "no data selector",
        on_trail({"selectors": {"AdvancedEventSelectors": [MANAGEMENT]}}),
        FAIL,
        "no selector",
        "table_recorded",
        "replicas_recorded",
    ),
    s("data_events_recorded", "no selectors at all", on_trail({"selectors": {}}), FAIL, "not recorded", *NARROW[1:]),
    s(
        "data_events_recorded",
        "narrowed by caller",
        _selecting({"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::1:assumed-role/etl"]}),
        FAIL,
        "userIdentity.arn",
        *NARROW[1:],
    ),
    s(
        "data_events_recorded",
        "narrowed by operation",
        _selecting(_equals("eventName", "PutItem", "UpdateItem")),
        FAIL,
        "DeleteItem",
        *NARROW[1:],
    ),
    s(
        "data_events_recorded",
        "an operation left out",
        _selecting({"Field": "eventName", "NotEquals": ["DeleteItem"]}),
        FAIL,
        "DeleteItem",
        *NARROW[1:],
    ),
    s("data_events_recorded", "reads only", _selecting(_equals("readOnly", "true")), FAIL, "PutItem", *NARROW[1:]),
    s("data_events_recorded", "reads and writes", _selecting(), PASS),
    s("data_events_recorded", "a list of tables where all are wanted", _selecting(ALL_ARNS), FAIL, "sometimes"),
    s("data_events_recorded", "reads are wanted too", good(), FAIL, "GetItem", *NARROW[1:], wanted=replace(wanted(), reads=True)),
    s("data_events_recorded", "a list of the wanted tables", _selecting(ALL_ARNS), PASS, wanted=LISTED),
    s(
        "data_events_recorded",
        "one wanted table is not listed",
        _selecting(_equals("resources.ARN", EMPLOYEES, LEAVE, LEAVE.replace(HOME, AWAY))),
        FAIL,
        "Payroll",
        "table_recorded",
        wanted=LISTED,
    ),
    s("data_events_recorded", "selectors of the first kind", _basic(), PASS),
    s(
        "data_events_recorded",
        "selectors of the first kind, by ARN",
        _basic(DataResources=[{"Type": "AWS::DynamoDB::Table", "Values": ALL_ARNS["Equals"]}]),
        PASS,
        wanted=LISTED,
    ),
    s(
        "data_events_recorded",
        "the first kind, of S3",
        _basic(DataResources=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]),
        FAIL,
        "not recorded",
        *NARROW[1:],
    ),
    s("data_events_recorded", "unreadable", on_trail({"selectors": None, "unreadable": "Throttled"}), CANNOT, "Throttled"),
    s(
        "table_recorded",
        "a table of another Region, and a trail of one",
        replace(on_trail({"multi_region": False}), tables=(on_table(EMPLOYEES).tables[0],)),
        PASS,
        "",
        "trail_multi_region",
        "management_events_recorded",
    ),
    s(
        "table_recorded",
        "its ARN begins like a listed one",
        _selecting(_equals("resources.ARN", EMPLOYEES + "2", LEAVE, LEAVE.replace(HOME, AWAY), PAYROLL)),
        FAIL,
        "Employees",
        wanted=replace(wanted(), tables=(PAYROLL,)),
    ),
    s("replicas_recorded", "the list misses a replica's Region", _selecting(ARNS), FAIL, AWAY, wanted=LISTED),
    s(
        "replicas_recorded",
        "a replica where nothing is archived",
        on_table(LEAVE, replica_regions=(AWAY, "ap-south-1")),
        FAIL,
        "ap-south-1",
    ),
    s(
        "replicas_recorded",
        "the beginning of the name, in every Region",
        _selecting({"Field": "resources.ARN", "StartsWith": ["arn:aws:dynamodb:"]}),
        PASS,
    ),
    s(
        "data_selectors_exact",
        "the beginning of a name",
        _selecting({"Field": "resources.ARN", "StartsWith": [EMPLOYEES[:-1]]}),
        FAIL,
        EMPLOYEES[:-1],
        "data_events_recorded",
        "table_recorded",
        "replicas_recorded",
    ),
    s(
        "data_selectors_exact",
        "the whole account",
        _selecting({"Field": "resources.ARN", "StartsWith": [f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/"]}),
        PASS,
        "",
        "replicas_recorded",
        "data_events_recorded",
    ),
    s(
        "management_events_recorded",
        "only writes",
        _selecting(_equals("readOnly", "false"), category="Management"),
        FAIL,
        "reads of",
    ),
    s(
        "management_events_recorded",
        "KMS left out",
        _basic(ExcludeManagementEventSources=["kms.amazonaws.com"]),
        FAIL,
        "kms",
        "management_exclusions",
    ),
    s(
        "management_events_recorded",
        "another trail does it",
        changed(
            with_other_trail({}),
            "trails",
            lambda one: one.state.arn == TRAIL,
            state={"selectors": {"AdvancedEventSelectors": [SELECTORS["AdvancedEventSelectors"][1]]}},
        ),
        PASS,
        OTHER_TRAIL,
    ),
    s(
        "management_events_recorded",
        "another trail might",
        changed(
            with_other_trail(None, unreadable="AccessDenied"),
            "trails",
            lambda one: one.state.arn == TRAIL,
            state={"selectors": {"AdvancedEventSelectors": [SELECTORS["AdvancedEventSelectors"][1]]}},
        ),
        CANNOT,
        OTHER_TRAIL,
    ),
    s(
        "management_events_recorded",
        "the other trail's selectors do not matter",
        with_other_trail(None, unreadable="AccessDenied"),
        PASS,
        TRAIL,
    ),
    s(
        "management_events_recorded",
        "two halves are no whole",
        changed(
            with_other_trail(selecting(_equals("readOnly", "true"), category="Management")),
            "trails",
            lambda one: one.state.arn == TRAIL,
            state={"selectors": selecting(_equals("readOnly", "false"), category="Management")},
        ),
        FAIL,
        "no trail records them all",
        "data_events_once",
        "management_events_once",
    ),
    s(
        "management_exclusions",
        "the RDS Data API left out",
        _basic(ExcludeManagementEventSources=["rdsdata.amazonaws.com"]),
        FAIL,
        "rdsdata",
    ),
    s(
        "data_events_once",
        "another trail records all data events",
        with_other_trail({"AdvancedEventSelectors": [SELECTORS["AdvancedEventSelectors"][1]]}),
        FAIL,
        OTHER_TRAIL,
    ),
    s("data_events_once", "another trail that does not log", with_other_trail(SELECTORS, logging=False), PASS),
    s("data_events_once", "another trail that cannot be read", with_other_trail(None), CANNOT),
    s("management_events_once", "another trail that does not log", with_other_trail({}, logging=False), PASS),
    s("management_events_once", "two copies", with_other_trail({}), FAIL, "2 trails"),
    s(
        "management_events_once",
        "another trail, of data events alone",
        with_other_trail({"AdvancedEventSelectors": [SELECTORS["AdvancedEventSelectors"][1]]}),
        PASS,
        "",
        "data_events_once",
    ),
    s("management_events_once", "another trail that cannot be read", with_other_trail(None), CANNOT),
]
