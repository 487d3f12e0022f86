"""Whether the bucket encrypts what is put without saying how.

Source: S3 API reference, GetBucketEncryption, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    rules = (bucket.state.encryption or {}).get("Rules") or []
    found = [(one.get("ApplyServerSideEncryptionByDefault") or {}).get("SSEAlgorithm") for one in rules]
    return passed(f"default encryption: {found[0]}.") if any(found) else failed("no default encryption is set.")


CHECK = Check(
    id="bucket_encrypted",
    title="Default encryption is set",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why="Evidence holds personal data; a copy of the disk must not.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetEncryptionConfiguration"),
    decide=decide,
)
