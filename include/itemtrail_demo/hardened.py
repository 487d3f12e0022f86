"""The demo's account after its owner did what a clean review asks for besides `itemtrail setup`, and what is accepted instead.

Decides what a careful owner would do by hand: tables that cannot be deleted, access logs, a Deny for everybody but two, a topic
that somebody hears, roles with the documented policies. What costs money in AWS or is not in the sandbox is an exception, with
its reason: a review without exceptions would be clean of nothing.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import boto3

from itemtrail_demo.config import ACCOUNT, ARCHIVE_BUCKET, TRAIL_BUCKET
from itemtrail_demo.tables import HOME, TABLES

ACCESS_LOGS = f"hrms-access-{ACCOUNT}"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:itemtrail-alerts"
ROLES = ("trail_reader", "stream_reader", "archive_writer", "setup", "posture")
ACCEPTED = {
    "trail_key": "the sandbox's trails know no KMS key",
    "trail_insights": "billed by the event; the HRMS has no baseline to compare with",
    "trail_cloudwatch_logs": "alerts come from the archive and from the review",
    "trail_change_alarm": "a stopped trail is found by this review and by watch_deadline",
    "log_group_key": "the debug group keeps a day",
}
"""Check → reason: what the demo's owner answers for."""


def role_arn(kind: str) -> str:
    """The ARN of one of the roles that the review looks at."""
    return f"arn:aws:iam::{ACCOUNT}:role/itemtrail-{kind.replace('_', '-')}"


def settings(until: dt.date) -> str:
    """The sections of itemtrail.toml that the review needs; exceptions hold until a day."""
    roles = "".join(f'{kind} = "{role_arn(kind)}"\n' for kind in ROLES)
    accepted = "".join(
        f'\n[[review.exceptions]]\ncheck = "{check}"\nresource = "*"\nreason = "{reason}"\nowner = "demo"\nexpires = {until}\n'
        for check, reason in ACCEPTED.items()
    )
    return f'\n[alerts]\nsns_topic_arn = "{TOPIC}"\n\n[review.roles]\n{roles}{accepted}'


class Owner:
    """Who owns the sandbox's account."""

    def __init__(self, session: boto3.Session, endpoint_url: str) -> None:
        self._session = session
        self._endpoint = endpoint_url

    def client(self, service: str, region: str = HOME) -> Any:
        """A client of the owner's."""
        return self._session.client(service, region_name=region, endpoint_url=self._endpoint)

    def acting_as(self, key_id: str, secret: str) -> "Owner":
        """Somebody else, with their key."""
        return Owner(boto3.Session(key_id, secret, region_name=HOME), self._endpoint)

    def user(self, name: str, policy: Mapping[str, Any]) -> boto3.Session:
        """Somebody new, who may do what the policy says."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=HOME)

    def prepare(self, policies: Mapping[str, Mapping[str, Any]]) -> None:
        """Before `itemtrail setup`: a topic that somebody hears, and the roles. ``policies`` by kind of role."""
        sns, sqs = self.client("sns"), self.client("sqs")
        sns.create_topic(Name=TOPIC.rpartition(":")[2])
        queue = sqs.create_queue(QueueName="itemtrail-alerts")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
        iam = self.client("iam")
        trust = _document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"})
        for kind in ROLES:
            name = role_arn(kind).rpartition("/")[2]
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(policies[kind]))

    def harden(self) -> None:
        """After `itemtrail setup`: what it leaves to the owner."""
        for table in TABLES:
            dynamodb = self.client("dynamodb", table.region)
            dynamodb.update_table(TableName=table.name, DeletionProtectionEnabled=True)
            pitr = {"PointInTimeRecoveryEnabled": True}
            dynamodb.update_continuous_backups(TableName=table.name, PointInTimeRecoverySpecification=pitr)
        s3 = self.client("s3")
        self._archive_key(s3)
        self._access_logs(s3)
        self._deny(s3, TRAIL_BUCKET, "")
        self._deny(s3, ARCHIVE_BUCKET, "/*")

    def policy(self, bucket: str) -> dict[str, Any]:
        """A bucket's policy as it is."""
        found: dict[str, Any] = json.loads(self.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        return found

    def _archive_key(self, s3: Any) -> None:
        """The archive is encrypted with a key of the account's own, which turns every year."""
        kms = self.client("kms")
        account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
        key = kms.create_key(Description="itemtrail archive", Policy=_document(account))["KeyMetadata"]["Arn"]
        kms.enable_key_rotation(KeyId=key)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        s3.put_bucket_encryption(Bucket=ARCHIVE_BUCKET, ServerSideEncryptionConfiguration={"Rules": rules})

    def _access_logs(self, s3: Any) -> None:
        s3.create_bucket(Bucket=ACCESS_LOGS)
        block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
        s3.put_public_access_block(Bucket=ACCESS_LOGS, PublicAccessBlockConfiguration=block)
        admitted = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{ACCESS_LOGS}/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
        s3.put_bucket_policy(Bucket=ACCESS_LOGS, Policy=_document(admitted))
        for bucket in (TRAIL_BUCKET, ARCHIVE_BUCKET):
            target = {"LoggingEnabled": {"TargetBucket": ACCESS_LOGS, "TargetPrefix": f"{bucket}/"}}
            s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=target)

    def _deny(self, s3: Any, bucket: str, objects: str) -> None:
        """Nobody but the owner and the setup role changes the lifecycle, bypasses a lock, removes a version or the bucket."""
        named = {"ArnNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:user/owner", role_arn("setup")]}}
        arn = f"arn:aws:s3:::{bucket}"
        denied = {"KeepRules": (["s3:PutLifecycleConfiguration", "s3:DeleteBucket"], arn)}
        if objects:
            denied["KeepVersions"] = (["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"], f"{arn}{objects}")
        policy = self.policy(bucket)
        policy["Statement"] = [
            *policy["Statement"],
            *(
                {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resource, "Condition": named}
                for sid, (actions, resource) in denied.items()
            ),
        ]
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
