"""Faults that are planted in the demo's account, each by real API calls, and the checks that must find each.

Decides what is planted and what finds it: ``finds`` are all checks that may speak of the plant; at least one must, and what no
plant explains is an invention. ``setup_mends`` are those of them that `itemtrail setup --apply` puts right by itself.
What blinds the trail comes last: the plants before it are recorded, and the review tells who made them.
"""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itemtrail_demo.config import ACCOUNT, ARCHIVE_BUCKET, TRAIL, TRAIL_BUCKET
from itemtrail_demo.hardened import TOPIC, Owner, role_arn
from itemtrail_demo.tables import EMPLOYEES, HOME, LEAVE, PAYROLL


@dataclass(frozen=True, slots=True)
class Plant:
    """One fault. ``finds``: checks that may find it, on a resource whose name holds ``where``; at least one must.

    ``setup_mends``: whether setting up again resolves all that they found.
    """

    name: str
    do: Callable[[Owner], None]
    where: str
    finds: frozenset[str]
    setup_mends: bool = False

    def explains(self, check: str, resource: str) -> bool:
        """Whether a finding may be this plant's."""
        return check in self.finds and self.where in resource


def validation_off(owner: Owner) -> None:
    """No digests any more."""
    owner.client("cloudtrail").update_trail(Name=TRAIL, EnableLogFileValidation=False)


def selectors_narrowed(owner: Owner) -> None:
    """Only one table's writes are recorded, and no management events."""
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]},
        {"Field": "resources.ARN", "Equals": [f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/{LEAVE}"]},
    ]
    selector = {"Name": "less is cheaper", "FieldSelectors": fields}
    owner.client("cloudtrail").put_event_selectors(TrailName=TRAIL, AdvancedEventSelectors=[selector])


def third_reader(owner: Owner) -> None:
    """Somebody else reads the stream as well."""
    function = "reporting-feed"
    dynamodb, lambdas = owner.client("dynamodb"), owner.client("lambda")
    stream = dynamodb.describe_table(TableName=EMPLOYEES)["Table"]["LatestStreamArn"]
    ours = lambdas.get_function(FunctionName="itemtrail-forwarder")["Configuration"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as written:
        written.writestr("index.py", "def handler(event, context):\n    return None\n")
    package = {"ZipFile": code.getvalue()}
    lambdas.create_function(
        FunctionName=function, Runtime=ours["Runtime"], Role=ours["Role"], Handler="index.handler", Code=package
    )
    lambdas.create_event_source_mapping(EventSourceArn=stream, FunctionName=function, StartingPosition="LATEST", Enabled=False)


def trail_bucket_public(owner: Owner) -> None:
    """Everybody may read what CloudTrail delivers."""
    s3, policy = owner.client("s3"), owner.policy(TRAIL_BUCKET)
    s3.delete_public_access_block(Bucket=TRAIL_BUCKET)
    policy["Statement"].append(
        {
            "Sid": "Dashboard",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{TRAIL_BUCKET}/*",
        }
    )
    s3.put_bucket_policy(Bucket=TRAIL_BUCKET, Policy=json.dumps(policy))


def archive_without_tls(owner: Owner) -> None:
    """The archive may be read over plain HTTP."""
    policy = owner.policy(ARCHIVE_BUCKET)
    policy["Statement"] = [one for one in policy["Statement"] if "aws:SecureTransport" not in json.dumps(one)]
    owner.client("s3").put_bucket_policy(Bucket=ARCHIVE_BUCKET, Policy=json.dumps(policy))


def archive_expires(owner: Owner) -> None:
    """A clean-up rule deletes evidence after two months."""
    _add_rule(owner, ARCHIVE_BUCKET, {"ID": "cleanup", "Filter": {"Prefix": ""}, "Expiration": {"Days": 60}})


def unproven_expires(owner: Owner) -> None:
    """What nobody archived expires as well."""
    _add_rule(owner, TRAIL_BUCKET, {"ID": "save-money", "Filter": {"Prefix": "AWSLogs/"}, "Expiration": {"Days": 14}})


def versioning_suspended(owner: Owner) -> None:
    """An overwritten log is gone."""
    owner.client("s3").put_bucket_versioning(Bucket=TRAIL_BUCKET, VersioningConfiguration={"Status": "Suspended"})


def access_log_off(owner: Owner) -> None:
    """Who reads evidence is not logged."""
    owner.client("s3").put_bucket_logging(Bucket=ARCHIVE_BUCKET, BucketLoggingStatus={})


def stream_off(owner: Owner) -> None:
    """What values a payment had is recorded nowhere."""
    owner.client("dynamodb").update_table(TableName=PAYROLL, StreamSpecification={"StreamEnabled": False})


def backups_off(owner: Owner) -> None:
    """The table cannot be brought back."""
    off = {"PointInTimeRecoveryEnabled": False}
    owner.client("dynamodb").update_continuous_backups(TableName=PAYROLL, PointInTimeRecoverySpecification=off)


def table_deletable(owner: Owner) -> None:
    """One call deletes the table."""
    owner.client("dynamodb").update_table(TableName=EMPLOYEES, DeletionProtectionEnabled=False)


def images_kept_for_ever(owner: Owner) -> None:
    """Personal data stays in the debug group."""
    owner.client("logs").delete_retention_policy(logGroupName="/itemtrail/streams")


def key_ends(owner: Owner) -> None:
    """The archive's key is scheduled for deletion."""
    found = owner.client("s3").get_bucket_encryption(Bucket=ARCHIVE_BUCKET)["ServerSideEncryptionConfiguration"]
    key = found["Rules"][0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    owner.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def nobody_listens(owner: Owner) -> None:
    """Alerts go nowhere."""
    sns = owner.client("sns")
    for one in sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


def forwarder_paused(owner: Owner) -> None:
    """The forwarder reads one stream no more."""
    lambdas = owner.client("lambda")
    for one in lambdas.list_event_source_mappings(FunctionName="itemtrail-forwarder")["EventSourceMappings"]:
        if f"table/{LEAVE}/" in one["EventSourceArn"]:
            lambdas.update_event_source_mapping(UUID=one["UUID"], Enabled=False)


def archiver_may_bypass(owner: Owner) -> None:
    """Who archives can also undo."""
    statement = {
        "Effect": "Allow",
        "Action": ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"],
        "Resource": f"arn:aws:s3:::{ARCHIVE_BUCKET}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = role_arn("archive_writer").rpartition("/")[2]
    owner.client("iam").put_role_policy(RoleName=name, PolicyName="fix-it-later", PolicyDocument=document)


def anybody_may_set_up(owner: Owner) -> None:
    """The setup role trusts everybody."""
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    name = role_arn("setup").rpartition("/")[2]
    owner.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def refused_attempt(owner: Owner) -> None:
    """A stolen key tries to blind the trail, and is refused."""
    iam = owner.client("iam")
    iam.create_user(UserName="svc-reporting")
    key = iam.create_access_key(UserName="svc-reporting")["AccessKey"]
    thief = owner.acting_as(key["AccessKeyId"], key["SecretAccessKey"]).client("cloudtrail")
    try:
        thief.stop_logging(Name=TRAIL)
    except thief.exceptions.ClientError as refusal:
        if "AccessDenied" not in str(refusal):
            raise
    else:
        raise RuntimeError("svc-reporting could stop the trail")


def trail_stopped(owner: Owner) -> None:
    """Nothing is recorded."""
    owner.client("cloudtrail").stop_logging(Name=TRAIL)


def _add_rule(owner: Owner, bucket: str, rule: dict[str, Any]) -> None:
    s3 = owner.client("s3")
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    kept = {name: found[name] for name in ("TransitionDefaultMinimumObjectSize",) if name in found}
    rules = [*found["Rules"], {"Status": "Enabled", **rule}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **kept)


def _plant(do: Callable[[Owner], None], where: str, *finds: str, setup_mends: bool = False) -> Plant:
    assert do.__doc__
    return Plant(do.__doc__.strip().rstrip("."), do, where, frozenset(finds), setup_mends)


PLANTS = (
    _plant(refused_attempt, ACCOUNT, "no_attempt_on_evidence"),
    _plant(third_reader, f"table/{EMPLOYEES}", "stream_readers"),
    _plant(trail_bucket_public, TRAIL_BUCKET, "bucket_not_public", "bucket_blocks_public"),
    _plant(archive_without_tls, ARCHIVE_BUCKET, "bucket_tls_only", setup_mends=True),
    _plant(archive_expires, ARCHIVE_BUCKET, "evidence_kept"),
    _plant(unproven_expires, TRAIL_BUCKET, "unproven_kept"),
    _plant(versioning_suspended, TRAIL_BUCKET, "bucket_versioned", setup_mends=True),
    _plant(access_log_off, ARCHIVE_BUCKET, "bucket_access_logged"),
    _plant(stream_off, f"table/{PAYROLL}", "table_stream_on", "table_stream_images", setup_mends=True),
    _plant(backups_off, f"table/{PAYROLL}", "table_pitr"),
    _plant(table_deletable, f"table/{EMPLOYEES}", "table_deletion_protected"),
    _plant(images_kept_for_ever, f"{HOME}:{ACCOUNT}:log-group:/itemtrail/streams", "log_group_retention", setup_mends=True),
    _plant(key_ends, f"arn:aws:kms:{HOME}", "key_not_pending_deletion", "key_enabled"),
    _plant(nobody_listens, TOPIC, "topic_confirmed"),
    _plant(forwarder_paused, f"table/{LEAVE}", "mapping_enabled"),
    _plant(archiver_may_bypass, role_arn("archive_writer"), "role_cannot_delete"),
    _plant(anybody_may_set_up, role_arn("setup"), "role_trust_closed"),
    _plant(validation_off, TRAIL, "trail_validation", setup_mends=True),
    _plant(selectors_narrowed, "", "table_recorded", "data_events_recorded", setup_mends=True),
    _plant(trail_stopped, "", "trail_logging", "management_events_recorded", setup_mends=True),
)
EVENTS = frozenset(
    {"trail_not_weakened", "bucket_not_weakened", "table_not_weakened", "stream_path_not_weakened", "key_not_endangered"}
)
"""Checks that see the plants' own calls in the archive: who planted, and when."""
