"""Whether what is tagged itemtrail=proven goes by trail.expiry_days.

Source: S3 user guide, "Lifecycle configuration elements", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    if not wanted.tag_proven:
        return not_applicable("archive.tag_proven is off: nothing is tagged, and nothing is to expire.")
    return lifecycle_posture.proven_gone(bucket.state, wanted)


CHECK = Check(
    id="proven_expires",
    title="What is proven leaves the trail's bucket",
    severity=Severity.LOW,
    subject=Subject.TRAIL_BUCKET,
    why="Nothing is lost; every log is stored, and paid, twice for ever.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    decide=decide,
)
