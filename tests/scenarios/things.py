"""Scenarios of keys, tables, log groups, the forwarder and the alert topic."""

from dataclasses import replace

from tests.posture_world import (
    ACCOUNT,
    AWAY,
    DAY,
    EMPLOYEES,
    FORWARDER,
    HOME,
    LEAVE,
    NOW,
    PAYROLL,
    TRAIL,
    allow,
    document,
    good,
    mapping,
    on,
    on_group,
    on_table,
    wanted,
)
from tests.scenarios import CANNOT, FAIL, NA, PASS
from tests.scenarios import scenario as s

CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
KINESIS = f"arn:aws:kinesis:{HOME}:{ACCOUNT}:stream/items"
ANYBODY = document({"Sid": "Any", **allow("*", "*", Principal="*")})


def _key(*statements, **fields):
    policy = {"policy": document(*statements)} if statements else {}
    return on("keys", **policy, **fields)


def _encrypts(**condition):
    return allow("kms:GenerateDataKey*", "*", Principal=CLOUDTRAIL, **({"Condition": condition} if condition else {}))


_ACCOUNT = allow("kms:*", "*", Principal=ROOT)
_DECRYPTS = allow("kms:Decrypt", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/itemtrail-trail-reader"})


def _mapped(arn=EMPLOYEES, **fields):
    return on_table(arn, readers=(mapping(**fields),))


def _forwarder(**fields):
    one = good().forwarders[0]
    return on("forwarders", {"function": replace(one.state.function, **fields)})


def _destination(**precision):
    return on_table(kinesis_streams=(KINESIS,), kinesis_precision=precision.get("known"))


SCENARIOS = [
    s("key_enabled", "disabled", _key(state="Disabled"), FAIL, "Disabled"),
    s("key_enabled", "KMS knows no such key", _key(state="NotFound"), FAIL, "NotFound"),
    s("key_enabled", "nobody knows", _key(state=""), CANNOT),
    s("key_not_pending_deletion", "scheduled", _key(state="PendingDeletion", deletion_at=NOW + 7 * DAY), FAIL, "2026-11-30"),
    s("key_not_pending_deletion", "replicas first", _key(state="PendingReplicaDeletion"), FAIL, "PendingReplicaDeletion"),
    s("key_rotates", "off", _key(rotation=False), FAIL),
    s("key_rotates", "AWS's own", _key(rotation=False, manager="AWS"), NA),
    s("key_rotates", "a key that cannot", _key(rotation=None), NA),
    s("key_admits_cloudtrail", "no statement for it", _key(_ACCOUNT), FAIL, TRAIL),
    s("key_admits_cloudtrail", "for another trail", _key(_ACCOUNT, _encrypts(StringEquals={"aws:SourceArn": "arn:other"})), FAIL),
    s(
        "key_admits_cloudtrail",
        "by the encryption context, as AWS once wrote it",
        _key(
            _ACCOUNT,
            _encrypts(StringLike={"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}),
        ),
        PASS,
    ),
    s(
        "key_admits_cloudtrail",
        "a condition that is not understood",
        _key(_ACCOUNT, _encrypts(IpAddress={"aws:SourceIp": "10.0.0.0/8"})),
        CANNOT,
        "cannot be evaluated",
    ),
    s("key_admits_cloudtrail", "denied", _key(_ACCOUNT, _encrypts(), {**_encrypts(), "Effect": "Deny"}), FAIL),
    s(
        "key_admits_cloudtrail",
        "everybody, for this trail",
        _key(_ACCOUNT, _encrypts(StringEquals={"aws:SourceArn": TRAIL}) | {"Principal": "*"}),
        PASS,
    ),
    s(
        "key_admits_cloudtrail",
        "a key of the request that nobody knows",
        _key(_ACCOUNT, _encrypts(StringEquals={"aws:SourceOrgID": "o-1"})),
        CANNOT,
    ),
    s(
        "key_admits_readers",
        "everybody",
        _key(_encrypts(), allow("kms:Decrypt", "*", Principal="*")),
        PASS,
        "everybody",
        "key_policy_closed",
    ),
    s("key_admits_cloudtrail", "not the trail's key", _key(_ACCOUNT, used_by=(EMPLOYEES,)), NA),
    s("key_admits_readers", "CloudTrail alone", _key(_encrypts()), FAIL, "nobody"),
    s("key_admits_readers", "a key that AWS manages", _key(_encrypts(), manager="AWS"), NA),
    s("key_admits_readers", "no such key", _key(_encrypts(), state="NotFound"), NA, "", "key_enabled"),
    s("key_admits_readers", "a named role", _key(_encrypts(), _DECRYPTS), PASS, "itemtrail-trail-reader"),
    s(
        "key_admits_readers",
        "everything but decryption",
        _key(_encrypts(), {"Effect": "Allow", "Principal": ROOT, "Resource": "*", "NotAction": "kms:Decrypt"}),
        FAIL,
    ),
    s("key_policy_closed", "open", _key(_ACCOUNT, _encrypts(), ANYBODY["Statement"][0]), FAIL, "'Any'"),
    s(
        "key_policy_closed",
        "everybody of the account",
        _key(_encrypts(), allow("kms:*", "*", Principal="*", Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}})),
        PASS,
    ),
    s(
        "table_exists",
        "no such table",
        replace(good(), tables=tuple(replace(one, state=None) if one.arn == EMPLOYEES else one for one in good().tables)),
        FAIL,
    ),
    s("table_stream_on", "no stream", on_table(state={"stream_view": "", "stream_arn": ""}, readers=()), FAIL),
    s("table_stream_images", "new images alone", on_table(state={"stream_view": "NEW_IMAGE"}), FAIL, "NEW_IMAGE"),
    s("table_pitr", "off", on_table(pitr=False), FAIL),
    s("table_pitr", "nobody knows", on_table(pitr=None), CANNOT),
    s("table_deletion_protected", "off", on_table(deletion_protection=False), FAIL),
    s(
        "table_ttl_explained",
        "items expire, and no stream",
        on_table(state={"stream_view": ""}, ttl_attribute="gone", readers=()),
        FAIL,
        "recorded nowhere",
        "table_stream_on",
    ),
    s("table_ttl_explained", "items of a global table expire", on_table(LEAVE, ttl_attribute="gone"), FAIL, AWAY),
    s("table_ttl_explained", "items expire, and the stream says so", on_table(ttl_attribute="gone"), PASS, "nobody deletes"),
    s(
        "stream_readers",
        "two functions",
        on_table(readers=(mapping(), mapping(uuid="2", function_arn=FORWARDER.replace("itemtrail", "x")))),
        FAIL,
        "2 reader(s)",
    ),
    s("stream_readers", "one, of a global table", _mapped(LEAVE), FAIL, "a global table's"),
    s(
        "stream_readers",
        "somebody else's, and no forwarder",
        _mapped(function_arn=FORWARDER.replace("itemtrail", "x")),
        PASS,
        "1 reader",
        wanted=replace(wanted(), forwarder=""),
    ),
    s("mapping_enabled", "disabled", on_table(mapping_states={mapping().uuid: "Disabled"}), FAIL, mapping().uuid),
    s("mapping_enabled", "about to be", _mapped(disabled=True), FAIL, mapping().uuid),
    s("mapping_enabled", "none", on_table(readers=()), FAIL, "does not read"),
    s("mapping_enabled", "another function of a name like it", _mapped(function_arn=FORWARDER + "-2"), FAIL, "does not read"),
    s("mapping_enabled", "an alias of it", _mapped(function_arn=FORWARDER + ":live"), PASS),
    s("mapping_failures_told", "nowhere", _mapped(destination=""), FAIL, mapping().uuid),
    s("mapping_retries_finite", "for ever", _mapped(retries=-1), FAIL, mapping().uuid),
    s("mapping_retries_finite", "for a whole day", _mapped(max_age=86_400), FAIL),
    s("mapping_retries_finite", "of any age", _mapped(max_age=-1), FAIL),
    s("mapping_retries_finite", "none at all", _mapped(retries=0), PASS),
    s("kinesis_precision", "milliseconds", _destination(known={KINESIS: "MILLISECOND"}), FAIL, KINESIS),
    s("kinesis_precision", "microseconds", _destination(known={KINESIS: "MICROSECOND"}), PASS),
    s("kinesis_precision", "nobody knows", _destination(), CANNOT),
    s("table_policy_closed", "open", on_table(resource_policy=ANYBODY), FAIL, "'Any'"),
    s(
        "table_policy_closed",
        "for one account",
        on_table(resource_policy=document(allow("dynamodb:*", "*", Principal=ROOT))),
        PASS,
    ),
    s(
        "log_group_exists",
        "no such group",
        replace(good(), log_groups=tuple(replace(one, state=None) if one.role == "debug" else one for one in good().log_groups)),
        FAIL,
    ),
    s("log_group_retention", "none set", on_group("debug", {"retention_days": None}), FAIL, "ever expires"),
    s(
        "log_group_retention",
        "none set on the forwarder's own",
        on_group("forwarder", {"retention_days": None}),
        FAIL,
        "ever expires",
    ),
    s("log_group_retention", "longer than configured", on_group("debug", {"retention_days": 3}), FAIL, "3 day(s)"),
    s("log_group_retention", "a year, which others praise", on_group("debug", {"retention_days": 365}), FAIL, "365"),
    s("log_group_retention", "the trail's own is not judged", on_group("trail", {"retention_days": None}), NA),
    s("log_group_not_overridden", "by the account", on_group("debug", {"overridden_by": "keep-all"}), FAIL, "'keep-all'"),
    s(
        "log_group_not_overridden",
        "by a policy for all",
        on_group("debug", account_policies=({"policyName": "all"},)),
        FAIL,
        "'all'",
    ),
    s(
        "log_group_not_overridden",
        "left out of the account's policy",
        on_group(
            "debug", account_policies=({"policyName": "all", "selectionCriteria": 'LogGroupName NOT IN ["/itemtrail/streams"]'},)
        ),
        PASS,
    ),
    s(
        "log_group_not_overridden",
        "another is left out",
        on_group(
            "debug", account_policies=({"policyName": "all", "selectionCriteria": 'LogGroupName NOT IN ["/itemtrail/stream"]'},)
        ),
        FAIL,
    ),
    s(
        "table_ttl_explained",
        "items of a global table expire, and all its streams are archived",
        on_table(LEAVE, ttl_attribute="gone"),
        PASS,
        wanted=replace(wanted(), stream_tables=(EMPLOYEES, LEAVE, LEAVE.replace(HOME, AWAY), PAYROLL)),
    ),
    s("log_group_class", "infrequent access", on_group("debug", log_class="INFREQUENT_ACCESS"), FAIL, "INFREQUENT_ACCESS"),
    s("log_group_class", "nobody knows", on_group("trail", log_class=""), CANNOT),
    s("log_group_class", "nobody subscribes to the forwarder's own", on_group("forwarder", log_class="INFREQUENT_ACCESS"), NA),
    s("log_group_key", "none", on_group("debug", kms_key=""), FAIL),
    s("forwarder_exists", "no function", on("forwarders", {"function": None}), FAIL, "itemtrail-forwarder"),
    s("forwarder_exists", "no queue", on("forwarders", {"queue": False}, queue_depth=None), FAIL, "itemtrail-forwarder-failed"),
    s("forwarder_runtime", "an old Python", _forwarder(runtime="python3.9"), FAIL, "python3.9"),
    s("forwarder_runtime", "another language", _forwarder(runtime="nodejs22.x"), FAIL, "nodejs22.x"),
    s("forwarder_runtime", "a newer Python", _forwarder(runtime="python3.14"), PASS),
    s("forwarder_role", "a whole service", on("forwarders", role_policy=document(allow("s3:*", "*"))), FAIL, "s3:*"),
    s("forwarder_role", "no policy of ours", on("forwarders", role_policy=None), FAIL, "no policy"),
    s("forwarder_queue_empty", "batches wait", on("forwarders", queue_depth=1), FAIL, "about 1"),
    s("forwarder_queue_empty", "nobody knows", on("forwarders", queue_depth=None), CANNOT),
    s("topic_exists", "gone", on("topics", exists=False), FAIL),
    s("topic_exists", "nobody knows", on("topics", exists=None), CANNOT),
    s("topic_confirmed", "nobody confirmed", on("topics", confirmed=0, pending=2), FAIL, "2 wait"),
    s("topic_confirmed", "nobody knows", on("topics", confirmed=None), CANNOT),
    s("topic_policy_closed", "open", on("topics", policy=ANYBODY), FAIL, "'Any'"),
    s("topic_policy_closed", "nobody knows", on("topics", policy=None), CANNOT),
]
