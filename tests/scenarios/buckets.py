"""Scenarios of the two buckets: who gets in, what is kept, what lifecycle does."""

from dataclasses import replace

from tests.posture_world import (
    ACCESS_BUCKET,
    ACCOUNT,
    ARCHIVE_BUCKET,
    BLOCKED,
    TRAIL_BUCKET,
    allow,
    changed,
    good,
    on_bucket,
    on_trail,
    wanted,
    with_rules,
    with_statements,
    without_statement,
)
from tests.scenarios import CANNOT, FAIL, NA, PASS
from tests.scenarios import scenario as s

from itemtrail.core.posture import Unread

TRAIL_ARN, ARCHIVE_ARN = f"arn:aws:s3:::{TRAIL_BUCKET}", f"arn:aws:s3:::{ARCHIVE_BUCKET}"
SOMEBODY = f"arn:aws:iam::{ACCOUNT}:role/somebody"
ANYBODY = {"Sid": "Any", **allow("s3:GetObject", f"{ARCHIVE_ARN}/*", Principal="*")}
KMS_ONLY = {
    "Sid": "KmsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": f"{TRAIL_ARN}/*",
    "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
}
NONE_WANTED = replace(wanted(), retention_mode="NONE")


def _rule(name="somebody's", prefix="", **actions):
    return {"ID": name, "Status": "Enabled", "Filter": {"Prefix": prefix}, **actions}


def _expires(days, prefix=""):
    return _rule(prefix=prefix, Expiration={"Days": days})


def _moves(days, to, prefix):
    return _rule(prefix=prefix, Transitions=[{"Days": days, "StorageClass": to}])


def _locked(mode, **length):
    rule = {"DefaultRetention": {"Mode": mode, **length}}
    return {"object_lock": {"ObjectLockEnabled": "Enabled", "Rule": rule}}


def _tls(**fields):
    plain = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [ARCHIVE_ARN, f"{ARCHIVE_ARN}/*"]}
    state = next(one.state for one in without_statement("archive", "ItemtrailTlsOnly").buckets if "archive" in one.roles)
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    return on_bucket("archive", {"policy": {"Statement": [*state.policy["Statement"], plain | condition | fields]}})


def _deny(**fields):
    one = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [ARCHIVE_ARN, f"{ARCHIVE_ARN}/*"]} | fields
    state = next(one.state for one in without_statement("archive", "NoRemoval").buckets if "archive" in one.roles)
    return on_bucket("archive", {"policy": {"Statement": [*state.policy["Statement"], one]}})


def _own_rules(which, keep):
    now = next(one.state.lifecycle for one in good().buckets if which in one.roles)
    return on_bucket(which, {"lifecycle": {"Rules": [one for one in now["Rules"] if keep(one)]}})


def _disabled(which, name):
    now = next(one.state.lifecycle for one in good().buckets if which in one.roles)
    return on_bucket(
        which, {"lifecycle": {"Rules": [one | ({"Status": "Disabled"} if one["ID"] == name else {}) for one in now["Rules"]]}}
    )


def _legacy_delivery():
    state = next(one.state for one in without_statement("trail", "ItemtrailDelivery").buckets if "trail" in one.roles)
    regional = {
        "Sid": "Old",
        **allow("s3:PutObject", f"{TRAIL_ARN}/AWSLogs/{ACCOUNT}/*", Principal={"AWS": "arn:aws:iam::086441151436:root"}),
    }
    return on_bucket("trail", {"policy": {"Statement": [*state.policy["Statement"], regional]}})


def _unencrypted_trail():
    """The trail has no key, the policy demands one."""
    state = next(one.state for one in with_statements("trail", KMS_ONLY).buckets if "trail" in one.roles)
    return changed(on_trail({"kms_key": ""}), "buckets", lambda one: "trail" in one.roles, {"policy": state.policy})


def _organization():
    """An organization's trail, and a policy that admits one account's folder alone."""
    return replace(on_trail({"organization": True}), organization="o-abcdefghij")


def _gone(which):
    return replace(good(), buckets=tuple(replace(one, state=None) if which in one.roles else one for one in good().buckets))


def _refused(action, bucket):
    return replace(good(), unread=(Unread(action, f"arn:aws:s3:::{bucket}", "us-east-1", "AccessDenied"),))


SCENARIOS = [
    s("bucket_exists", "no trail bucket", _gone("trail"), FAIL, "no such bucket"),
    s("bucket_account", "somebody else's", on_bucket("trail", account="999999999999"), FAIL, "999999999999"),
    s("bucket_account", "none of the configured accounts'", on_bucket("trail", account="", foreign=True), FAIL, "none of"),
    s(
        "bucket_account",
        "of as many accounts as are asked for",
        on_bucket("trail", account="", foreign=True),
        FAIL,
        "none of",
        wanted=replace(wanted(), accounts=tuple(f"{number:012d}" for number in range(10))),
    ),
    s(
        "bucket_account",
        "of more accounts than are asked for",
        on_bucket("trail", account="", foreign=True),
        CANNOT,
        wanted=replace(wanted(), accounts=tuple(f"{number:012d}" for number in range(11))),
    ),
    s("bucket_account", "nobody knows whose", on_bucket("trail", account="", foreign=None), CANNOT),
    s(
        "bucket_account",
        "the log archive account's",
        on_bucket("trail", account="222233334444", foreign=True),
        PASS,
        wanted=replace(wanted(), accounts=(ACCOUNT, "222233334444")),
    ),
    s("bucket_versioned", "suspended", on_bucket("archive", {"versioning": "Suspended"}), FAIL, "Suspended"),
    s("bucket_versioned", "never on", on_bucket("trail", {"versioning": ""}), FAIL, "off"),
    s("bucket_blocks_public", "no block", on_bucket("trail", {"public_access_block": None}), FAIL, "BlockPublicPolicy"),
    s(
        "bucket_blocks_public",
        "one of four is off",
        on_bucket("trail", {"public_access_block": BLOCKED | {"IgnorePublicAcls": False}}),
        FAIL,
        "not on: IgnorePublicAcls.",
    ),
    s("bucket_not_public", "a statement for everybody", with_statements("archive", ANYBODY), FAIL, "'Any'"),
    s(
        "bucket_not_public",
        "everybody of the organization",
        with_statements("archive", ANYBODY | {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}),
        PASS,
    ),
    s("bucket_not_public", "S3 says so", on_bucket("archive", public=True), FAIL, "S3 calls"),
    s("bucket_not_public", "S3 did not say", on_bucket("archive", public=None), CANNOT),
    s(
        "bucket_not_public",
        "an ACL for everybody",
        on_bucket("trail", {"ownership": "ObjectWriter", "other_grants": ("http://acs.amazonaws.com/groups/global/AllUsers",)}),
        FAIL,
        "AllUsers",
        "bucket_owner_enforced",
    ),
    s("bucket_not_public", "an ACL that is switched off", on_bucket("trail", {"other_grants": ("AllUsers",)}), PASS),
    s("bucket_owner_enforced", "ACLs are in force", on_bucket("trail", {"ownership": "BucketOwnerPreferred"}), FAIL, "Preferred"),
    s("bucket_owner_enforced", "never set", on_bucket("trail", {"ownership": ""}), FAIL, "not set"),
    s("bucket_encrypted", "not set", on_bucket("archive", {"encryption": None}), FAIL),
    s(
        "bucket_encrypted",
        "a rule that sets nothing",
        on_bucket("archive", {"encryption": {"Rules": [{"BucketKeyEnabled": True}]}}),
        FAIL,
    ),
    s(
        "bucket_encrypted",
        "with S3's own key",
        on_bucket("archive", {"encryption": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}),
        PASS,
        "AES256",
    ),
    s("bucket_tls_only", "no policy", on_bucket("archive", {"policy": None}), FAIL, "", "archive_held", "removal_denied"),
    s("bucket_tls_only", "objects alone", _tls(Resource=f"{ARCHIVE_ARN}/*"), FAIL),
    s("bucket_tls_only", "one principal alone", _tls(Principal={"AWS": SOMEBODY}), FAIL),
    s("bucket_tls_only", "reads alone", _tls(Action="s3:Get*"), FAIL),
    s(
        "bucket_tls_only",
        "on a further condition",
        _tls(Condition={"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        FAIL,
    ),
    s("bucket_tls_only", "the wrong way round", _tls(Condition={"Bool": {"aws:SecureTransport": "true"}}), FAIL),
    s("bucket_tls_only", "everybody written out, all of AWS", _tls(Principal={"AWS": "*"}, Action="*", Resource="*"), PASS),
    s("delivery_admitted", "no statement for CloudTrail", without_statement("trail", "ItemtrailDelivery"), FAIL, "does not let"),
    s("delivery_admitted", "no look at the ACL", without_statement("trail", "ItemtrailAclCheck"), FAIL, "does not let"),
    s("delivery_admitted", "CloudTrail's own accounts, one a Region", _legacy_delivery(), FAIL, "does not let"),
    s(
        "delivery_admitted",
        "a Deny for everybody else",
        with_statements("trail", {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{TRAIL_ARN}/*"}),
        FAIL,
        "does not let",
    ),
    s(
        "delivery_admitted",
        "a Deny whose condition is not understood",
        with_statements(
            "trail",
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": f"{TRAIL_ARN}/*",
                "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
            },
        ),
        CANNOT,
        "not understood",
    ),
    s("delivery_admitted", "an organization's folder is not admitted", _organization(), FAIL, "o-abcdefghij"),
    s(
        "delivery_only_ours",
        "without aws:SourceArn",
        with_statements(
            "trail",
            {"Sid": "Open", **allow("s3:PutObject", f"{TRAIL_ARN}/AWSLogs/*", Principal={"Service": "cloudtrail.amazonaws.com"})},
        ),
        FAIL,
        "Open",
    ),
    s(
        "delivery_only_ours",
        "for any trail of the account",
        with_statements(
            "trail",
            {
                "Sid": "Account",
                **allow(
                    "s3:PutObject",
                    f"{TRAIL_ARN}/AWSLogs/*",
                    Principal={"Service": "cloudtrail.amazonaws.com"},
                    Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                ),
            },
        ),
        PASS,
    ),
    s(
        "delivery_encryption_admitted",
        "the trail has no key, the bucket wants one",
        _unencrypted_trail(),
        FAIL,
        "AES256",
        "trail_key",
    ),
    s("delivery_encryption_admitted", "both have", with_statements("trail", KMS_ONLY), PASS, "aws:kms"),
    s("bucket_access_logged", "not logged", on_bucket("archive", logging_bucket=""), FAIL),
    s("bucket_access_logged", "logged to itself", on_bucket("archive", logging_bucket=ARCHIVE_BUCKET), FAIL, "itself"),
    s(
        "access_log_target",
        "it logs to itself",
        on_bucket("archive", logging_bucket=ARCHIVE_BUCKET),
        NA,
        "",
        "bucket_access_logged",
    ),
    s(
        "access_log_target",
        "the target has a default retention",
        on_bucket("access_logs", _locked("GOVERNANCE", Days=1)),
        FAIL,
        "default retention",
    ),
    s(
        "access_log_target",
        "the target has Object Lock alone",
        on_bucket("access_logs", {"object_lock": {"ObjectLockEnabled": "Enabled"}}),
        PASS,
    ),
    s("access_log_target", "the target is gone", _gone("access_logs"), FAIL, f"{ACCESS_BUCKET} does not"),
    s("access_log_target", "the target was not looked at", replace(good(), buckets=good().buckets[1:]), CANNOT, ACCESS_BUCKET),
    s(
        "access_log_target",
        "nobody may ask the target",
        _refused("s3:GetBucketObjectLockConfiguration", ACCESS_BUCKET),
        CANNOT,
        "GetBucketObjectLockConfiguration",
    ),
    s(
        "delivery_admitted",
        "the organization's id is not known",
        replace(_organization(), organization=""),
        CANNOT,
        "organization's id",
    ),
    s(
        "delivery_only_ours",
        "the organization's id is not known",
        replace(_organization(), organization=""),
        CANNOT,
        "organization's id",
    ),
    s(
        "delivery_only_ours",
        "asked by the account that keeps the logs",
        replace(
            with_statements(
                "trail",
                {
                    "Sid": "Open",
                    **allow(
                        "s3:PutObject", f"{TRAIL_ARN}/AWSLogs/{ACCOUNT}/*", Principal={"Service": "cloudtrail.amazonaws.com"}
                    ),
                },
            ),
            account="222233334444",
        ),
        FAIL,
        "Open",
    ),
    s(
        "delivery_encryption_admitted",
        "nobody may list trails",
        replace(good(), trails=(), unread=(Unread("cloudtrail:DescribeTrails", "*", "us-east-1", "AccessDenied"),)),
        CANNOT,
        "DescribeTrails",
    ),
    s("archive_object_lock", "off", on_bucket("archive", {"object_lock": None}), FAIL, "GOVERNANCE"),
    s("archive_object_lock", "off, and so it is wanted", on_bucket("archive", {"object_lock": None}), NA, wanted=NONE_WANTED),
    s(
        "archive_default_retention",
        "COMPLIANCE that nobody meant",
        on_bucket("archive", _locked("COMPLIANCE", Days=1)),
        FAIL,
        "COMPLIANCE",
    ),
    s(
        "archive_default_retention",
        "longer than configured",
        on_bucket("archive", _locked("GOVERNANCE", Years=1)),
        FAIL,
        "365 days",
    ),
    s("archive_default_retention", "a day longer", on_bucket("archive", _locked("GOVERNANCE", Days=31)), FAIL, "31 days"),
    s("archive_default_retention", "as configured", on_bucket("archive", _locked("GOVERNANCE", Days=30)), PASS, "30 days"),
    s(
        "archive_held",
        "no Deny, and a lock of 30 days",
        without_statement("archive", "NoRemoval"),
        FAIL,
        "30 days",
        "removal_denied",
    ),
    s(
        "archive_held",
        "a Deny that leaves out a folder",
        _deny(Resource=[ARCHIVE_ARN, f"{ARCHIVE_ARN}/originals/*"]),
        FAIL,
        "no Deny",
        "removal_denied",
    ),
    s("archive_held", "a Deny for everybody", _deny(), PASS, "denies everybody"),
    s(
        "archive_held",
        "locked for as long as it is kept",
        without_statement("archive", "NoRemoval"),
        PASS,
        "3653",
        "removal_denied",
        wanted=replace(wanted(), retention_days=3653),
    ),
    s(
        "archive_held",
        "a long lock in a bucket without Object Lock",
        changed(without_statement("archive", "NoRemoval"), "buckets", lambda one: "archive" in one.roles, {"object_lock": None}),
        FAIL,
        "no Object Lock",
        "removal_denied",
        "archive_object_lock",
        wanted=replace(wanted(), retention_days=3653),
    ),
    s(
        "removal_denied",
        "the lock alone may be bypassed",
        _deny(Action=["s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration", "s3:DeleteBucket"]),
        FAIL,
        "no Deny for everybody: s3:BypassGovernanceRetention.",
    ),
    s(
        "removal_denied",
        "no Deny on the trail's bucket",
        without_statement("trail", "NoRemoval"),
        FAIL,
        "PutLifecycleConfiguration",
    ),
    s(
        "removal_denied",
        "a Deny under a condition",
        _deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        FAIL,
        "BypassGovernanceRetention",
        "archive_held",
    ),
    s("removal_denied", "a Deny for one role", _deny(Principal={"AWS": SOMEBODY}), FAIL, "s3:DeleteBucket", "archive_held"),
    s(
        "removal_not_granted",
        "somebody may delete",
        with_statements(
            "archive", {"Sid": "Cleaner", **allow("s3:DeleteObject", f"{ARCHIVE_ARN}/originals/*", Principal={"AWS": SOMEBODY})}
        ),
        FAIL,
        "'Cleaner'",
    ),
    s(
        "removal_not_granted",
        "somebody may change lifecycle",
        with_statements("trail", {"Sid": "Ops", **allow("s3:Put*", TRAIL_ARN, Principal={"AWS": SOMEBODY})}),
        FAIL,
        "PutLifecycleConfiguration",
    ),
    s(
        "removal_not_granted",
        "somebody may read",
        with_statements(
            "archive",
            {
                "Sid": "Auditor",
                **allow(["s3:GetObject", "s3:List*"], [ARCHIVE_ARN, f"{ARCHIVE_ARN}/*"], Principal={"AWS": SOMEBODY}),
            },
        ),
        PASS,
    ),
    s("bucket_mfa_delete", "on", on_bucket("archive", {"mfa_delete": True}), FAIL),
    s("bucket_owner_pays", "Requester Pays", on_bucket("trail", requester_pays=True), FAIL),
    s("bucket_owner_pays", "S3 did not say", on_bucket("trail", requester_pays=None), CANNOT),
    s(
        "bucket_replication",
        "a rule that was switched off",
        on_bucket("archive", replication={"Role": "r", "Rules": [{"ID": "copy", "Status": "Disabled"}]}),
        FAIL,
        "copy",
    ),
    s(
        "bucket_replication",
        "on",
        on_bucket("archive", replication={"Role": "r", "Rules": [{"ID": "copy", "Status": "Enabled"}]}),
        PASS,
    ),
    s(
        "buckets_apart",
        "one bucket for both",
        good(),
        FAIL,
        "both are",
        "trail_bucket_configured",
        wanted=replace(wanted(), trail_bucket=ARCHIVE_BUCKET),
    ),
    s(
        "lifecycle_exists",
        "no configuration",
        on_bucket("archive", {"lifecycle": None}),
        FAIL,
        "0 rule(s)",
        "originals_get_cold",
        "uploads_aborted",
    ),
    s(
        "lifecycle_exists",
        "rules that are off",
        with_rules("trail", _rule() | {"Status": "Disabled"}, instead=True),
        FAIL,
        "1 rule(s)",
        "proven_expires",
        "uploads_aborted",
    ),
    s("originals_get_cold", "a rule that is off", _disabled("archive", "itemtrail-originals"), FAIL, "only Disabled rules"),
    s(
        "originals_get_cold",
        "objects under 128 KB stay",
        with_rules(
            "archive",
            *(
                one
                for one in next(b.state.lifecycle for b in good().buckets if "archive" in b.roles)["Rules"]
                if "originals" not in one["ID"]
            ),
            _moves(45, "DEEP_ARCHIVE", "originals/"),
            instead=True,
        ),
        FAIL,
        "128 KB",
    ),
    s(
        "originals_get_cold",
        "another folder's rule",
        _own_rules("archive", lambda one: "originals" not in one["ID"]),
        FAIL,
        "DEEP_ARCHIVE",
    ),
    s("evidence_kept", "everything expires", with_rules("archive", _expires(365)), FAIL, "after 365 day(s)"),
    s("evidence_kept", "a day too early", with_rules("archive", _expires(3652)), FAIL, "3652"),
    s("evidence_kept", "to the day", with_rules("archive", _expires(3653)), PASS),
    s(
        "evidence_kept",
        "old versions expire",
        with_rules("archive", _rule(NoncurrentVersionExpiration={"NoncurrentDays": 7})),
        FAIL,
        "NoncurrentVersionExpiration",
    ),
    s("evidence_kept", "on a date", with_rules("archive", _rule(Expiration={"Date": "2030-01-01T00:00:00Z"})), FAIL),
    s("evidence_kept", "what is derived may go", with_rules("archive", _expires(30, "changes/")), PASS),
    s(
        "evidence_kept",
        "markers without a version",
        with_rules("archive", _rule(Expiration={"ExpiredObjectDeleteMarker": True})),
        PASS,
    ),
    s("evidence_kept", "a part that nobody knows", with_rules("archive", _rule(Shred={"Days": 1})), CANNOT, "Shred"),
    s("unproven_kept", "everything expires", with_rules("trail", _expires(365, "AWSLogs/")), FAIL, "365"),
    s("unproven_kept", "another folder expires", with_rules("trail", _expires(1, "access/")), PASS),
    s(
        "unproven_kept",
        "what is proven, too soon",
        with_rules(
            "trail",
            {
                "ID": "soon",
                "Status": "Enabled",
                "Filter": {"Tag": {"Key": "itemtrail", "Value": "proven"}},
                "Expiration": {"Days": 7},
            },
        ),
        FAIL,
        "7",
    ),
    s("evidence_readable", "events in Glacier", with_rules("archive", _moves(200, "GLACIER", "events/")), FAIL, "GLACIER"),
    s(
        "evidence_readable",
        "receipts out of STANDARD",
        with_rules("archive", _moves(100, "STANDARD_IA", "receipts/")),
        FAIL,
        "receipts/",
    ),
    s("trail_logs_readable", "logs in Glacier at once", with_rules("trail", _moves(1, "GLACIER", "AWSLogs/")), FAIL, "GLACIER"),
    s("proven_expires", "nothing expires", _own_rules("trail", lambda one: one["ID"] == "itemtrail-tidy"), FAIL, "proven"),
    s(
        "proven_expires",
        "nothing is tagged",
        _own_rules("trail", lambda one: one["ID"] == "itemtrail-tidy"),
        NA,
        wanted=replace(wanted(), tag_proven=False),
    ),
    s("uploads_aborted", "nobody clears them", _own_rules("archive", lambda one: one["ID"] != "itemtrail-abort-uploads"), FAIL),
    s(
        "minimum_durations",
        "on from Glacier after ten days",
        with_rules(
            "archive",
            _rule(
                prefix="originals/x",
                Transitions=[{"Days": 45, "StorageClass": "GLACIER"}, {"Days": 55, "StorageClass": "DEEP_ARCHIVE"}],
            ),
        ),
        FAIL,
        "10 day(s)",
    ),
]
