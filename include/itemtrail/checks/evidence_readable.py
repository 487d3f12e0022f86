"""Whether nothing in the archive gets colder than its use allows (P3, P11, P12).

Source: S3 user guide, "Understanding and managing Amazon S3 storage classes", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one archive bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.archive_readable(bucket.state, wanted)


CHECK = Check(
    id="evidence_readable",
    title="Evidence stays readable while it must be",
    severity=Severity.HIGH,
    subject=Subject.ARCHIVE_BUCKET,
    why=("A receipt, a key or a day's events in Glacier cannot be read when the auditor asks; a day cannot be opened again."),
    remediation=(
        "aws s3api get-bucket-lifecycle-configuration --bucket {name} # then remove the rule that is named; itemtrail "
        "setup --apply puts ours"
    ),
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    decide=decide,
)
