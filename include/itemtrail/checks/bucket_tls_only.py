"""Whether the policy denies everybody every request that does not come over TLS.

Source: S3 user guide, "Security best practices" (aws:SecureTransport), read 2026-11-24.
"""

from itemtrail.core.bucket_policy import refuses_plain_http
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    held = refuses_plain_http(bucket.state.policy, bucket.arn)
    return told(held, "requests without TLS are denied.", "no statement denies every request without TLS.")


CHECK = Check(
    id="bucket_tls_only",
    title="Requests without TLS are refused",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why="Whoever listens on the way reads the evidence, or changes it.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy"),
    controls=("CIS AWS Foundations v7.0 3.1.1", "prowler s3_bucket_secure_transport_policy"),
    decide=decide,
)
