"""A trail and its bucket, as a careful owner makes them, in a running sandbox."""

import json
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from cloudtrail_sandbox.client import Sandbox

ONCE = Config(retries={"total_max_attempts": 1})


@dataclass
class TrailBucket:
    """Clients of the owner, and what is in the bucket."""

    sandbox: Sandbox
    name: str
    bucket: str
    home: str = "us-east-1"
    prefix: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudtrail:{self.home}:{self.sandbox.account}:trail/{self.name}"

    def client(self, service: str, region: str = "", keys: tuple[str, str] | None = None) -> Any:
        """A client of the owner, or of whoever has ``keys``."""
        key_id, secret = keys or (self.sandbox.access_key_id, self.sandbox.secret_access_key)
        return boto3.client(
            service,
            endpoint_url=self.sandbox.endpoint_url,
            region_name=region or self.home,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=ONCE,
        )

    def make_bucket(self) -> None:
        """Versioned, encrypted, owner-enforced, closed to the public, TLS only, open to this trail."""
        s3 = self.client("s3", "us-east-1")
        s3.create_bucket(Bucket=self.bucket, ObjectOwnership="BucketOwnerEnforced")
        s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        closed = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
        s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=closed)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        self.admit()

    def admit(self, arn: str = "", folder: str = "") -> None:
        """The delivery policy AWS documents, with a TLS-only deny."""
        head = f"{self.prefix}/" if self.prefix else ""
        folder = folder or f"{head}AWSLogs/{self.sandbox.account}/*"
        source = {"aws:SourceArn": arn or self.arn}
        service = {"Service": "cloudtrail.amazonaws.com"}
        everything = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        statements = [
            {"Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": everything[0]},
            {"Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": f"{everything[0]}/{folder}"},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything},
        ]
        statements[0]["Condition"] = {"StringEquals": source}
        statements[1]["Condition"] = {"StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}}
        statements[2]["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
        policy = {"Version": "2012-10-17", "Statement": statements}
        self.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def start(self, **settings: Any) -> "TrailBucket":
        """Create the trail and switch it on; multi-Region and validated unless told otherwise."""
        settings = {"IsMultiRegionTrail": True, "EnableLogFileValidation": True} | settings
        if self.prefix:
            settings["S3KeyPrefix"] = self.prefix
        trails = self.client("cloudtrail")
        trails.create_trail(Name=self.name, S3BucketName=self.bucket, **settings)
        trails.start_logging(Name=self.name)
        return self

    def keys(self, kind: str = "CloudTrail", region: str = "") -> list[str]:
        """Keys of one kind, in every Region or one, oldest first."""
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return sorted(key for key in keys if f"/{kind}/{region}" in key)

    def table(self, name: str, region: str, puts: int = 3) -> None:
        """A new table with some items put into it."""
        dynamodb = self.client("dynamodb", region)
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "EmpId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "EmpId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for number in range(puts):
            dynamodb.put_item(TableName=name, Item={"EmpId": {"S": f"E-{number}"}, "Salary": {"N": "1"}})
