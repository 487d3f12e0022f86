"""Whether, since the last review, somebody changed policy, lifecycle, versioning or lock of a bucket of evidence, or deleted.

Source: S3 user guide, "Amazon S3 CloudTrail events"; core/evidence_events.py, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_events import Touched, happened
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    return happened(posture, Touched.BUCKET, wanted.trail_bucket, wanted.archive_bucket)


CHECK = Check(
    id="bucket_not_weakened",
    title="Nobody changed what keeps a bucket's evidence",
    severity=Severity.CRITICAL,
    subject=Subject.ACCOUNT,
    why="A lifecycle rule that was there for a night has deleted, or marked, what no review of today shows.",
    remediation=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=BUCKET # then ask who "
        "did it, and itemtrail setup --apply"
    ),
    needs=("s3:GetObject",),
    momentary=True,
    decide=decide,
)
