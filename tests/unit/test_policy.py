"""Bucket policies: merged by meaning, nothing lost; and whether delivery gets through."""

import pytest

from itemtrail.core.policy import delivery_statements, merge, stale, tls_only
from itemtrail.core.policy_check import admits_delivery, open_to_any_trail

ACCOUNT = "111122223333"
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/HRMS"
BUCKET = "hrms-trail"
KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/01/01/x.json.gz"
WANTED = (*delivery_statements("aws", BUCKET, "", ACCOUNT, TRAIL), tls_only("aws", BUCKET))
SERVICE = {"Service": "cloudtrail.amazonaws.com"}
# What the console's older guide shows: it lets any account's trail in.
WIDE = {
    "Sid": "AWSCloudTrailWrite",
    "Effect": "Allow",
    "Principal": SERVICE,
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT}/*",
    "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
}


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_an_empty_policy_gets_every_statement():
    merged = merge(None, WANTED)
    assert merged.policy == document(*WANTED)
    assert merged.added == ("ItemtrailAclCheck", "ItemtrailDelivery", "ItemtrailTlsOnly")


def test_merging_twice_adds_nothing():
    assert merge(merge(None, WANTED).policy, WANTED).policy is None


def test_statements_of_others_stay_first_and_unchanged():
    before = document(WIDE)
    before["Id"] = "somebody"
    merged = merge(before, WANTED).policy
    assert merged["Statement"][0] == WIDE
    assert merged["Id"] == "somebody"


def test_a_single_statement_without_its_list_stays():
    merged = merge({"Version": "2012-10-17", "Statement": WIDE}, WANTED).policy
    assert merged["Statement"][0] == WIDE


def test_the_same_meaning_in_another_spelling_is_not_added_again():
    acl = dict(WANTED[0], Sid="X", Action=["S3:getbucketacl"], Resource=[WANTED[0]["Resource"]])
    acl["Condition"] = {"StringEquals": {"AWS:SourceArn": [TRAIL]}}
    assert merge(document(acl), WANTED).added == ("ItemtrailDelivery", "ItemtrailTlsOnly")


def test_a_sid_that_is_taken_is_numbered():
    other = dict(WIDE, Sid="ItemtrailDelivery")
    assert "ItemtrailDelivery2" in merge(document(other), WANTED).added
    assert stale(document(other), WANTED) == ("ItemtrailDelivery",)


def test_an_organization_gets_its_own_statement():
    statements = delivery_statements("aws", BUCKET, "audit", ACCOUNT, TRAIL, "o-abc")
    resources = [statement["Resource"] for statement in statements]
    arn = f"arn:aws:s3:::{BUCKET}"
    assert resources == [arn, f"{arn}/audit/AWSLogs/{ACCOUNT}/*", f"{arn}/audit/AWSLogs/o-abc/*"]


def test_arns_follow_the_partition():
    trail = f"arn:aws-us-gov:cloudtrail:us-gov-west-1:{ACCOUNT}:trail/T"
    text = str((*delivery_statements("aws-us-gov", BUCKET, "", ACCOUNT, trail), tls_only("aws-us-gov", BUCKET)))
    assert "arn:aws:" not in text
    assert "arn:aws-us-gov:s3:::" in text


def deny(action="s3:PutObject", principal="*", **condition):
    statement = {"Sid": "D", "Effect": "Deny", "Principal": principal, "Action": action, "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    return {**statement, "Condition": condition} if condition else statement


OURS = merge(None, WANTED).policy["Statement"]
DELIVERY = {
    "ours": (OURS, True),
    "no policy": ([], False),
    "delivery without the ACL check": ([WANTED[1]], False),
    "another account's path": ([WANTED[0], dict(WANTED[1], Resource=f"arn:aws:s3:::{BUCKET}/AWSLogs/999999999999/*")], False),
    "another trail's ARN": (list(delivery_statements("aws", BUCKET, "", ACCOUNT, TRAIL + "2")), False),
    "another service": ([WANTED[0], dict(WANTED[1], Principal={"Service": "config.amazonaws.com"})], False),
    "a Deny of all writes": ([*OURS, deny()], False),
    "a Deny of another action": ([*OURS, deny("s3:DeleteObject")], True),
    "a Deny of plain http": ([*OURS, deny(Bool={"aws:SecureTransport": "false"})], True),
    "a Deny of one role": ([*OURS, deny(principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/x"})], True),
    "a Deny of everybody but services": ([*OURS, deny(BoolIfExists={"aws:PrincipalIsAWSService": "false"})], True),
    "a Deny outside an organization": ([*OURS, deny(StringNotEquals={"aws:PrincipalOrgID": "o-1"})], False),
    "a Deny outside an organization, if known": ([*OURS, deny(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1"})], False),
    "a Deny of unencrypted uploads": ([*OURS, deny(StringNotEquals={"s3:x-amz-server-side-encryption": "aws:kms"})], None),
    "a Deny where a header is absent": ([*OURS, deny(Null={"s3:x-amz-grant-read": "true"})], False),
    "a Deny by an operator of tomorrow": ([*OURS, deny(NumericRhymes={"aws:x": "1"})], None),
    "a Deny with NotPrincipal": ([*OURS, {**deny(), "NotPrincipal": SERVICE}], None),
    "a Deny by NotAction": ([*OURS, {"Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject", "Resource": "*"}], False),
    "a Deny by NotResource": (
        [*OURS, {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": f"arn:aws:s3:::{BUCKET}*"}],
        True,
    ),
    "ArnLike with a wildcard": ([dict(s, Condition={"ArnLike": {"aws:SourceArn": TRAIL[:-4] + "*"}}) for s in WANTED[:2]], True),
    "old policy of the console": ([dict(WANTED[0]), WIDE], True),
}


@pytest.mark.parametrize(("statements", "expected"), DELIVERY.values(), ids=DELIVERY)
def test_delivery(statements, expected):
    assert admits_delivery(document(*statements), "aws", BUCKET, KEY, TRAIL) is expected


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (WIDE, ("AWSCloudTrailWrite",)),
        (WANTED[1], ()),
        (dict(WIDE, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}), ()),
        ({**WIDE, "Sid": "", "Principal": "*"}, ("(no Sid)",)),
    ],
    ids=["no SourceArn", "ours", "SourceAccount", "everybody"],
)
def test_a_statement_that_lets_any_trail_in_is_found(statement, found):
    assert open_to_any_trail(document(statement), "aws", BUCKET, KEY) == found
