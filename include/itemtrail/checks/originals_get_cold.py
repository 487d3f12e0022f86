"""Whether every original is in the configured class by the configured day, whatever its size (P1, P6, P9).

S3 moves no object under 128 KB by default, and a Disabled rule moves none: both are told with a counterexample. Source: S3 user
guide, "Transitioning objects using Amazon S3 Lifecycle", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one archive bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.originals_cold(bucket.state, wanted, posture.taken_at)


CHECK = Check(
    id="originals_get_cold",
    title="Originals really move to cold storage",
    severity=Severity.MEDIUM,
    subject=Subject.ARCHIVE_BUCKET,
    why="Nothing is lost; years of originals in STANDARD cost about twenty times as much.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    decide=decide,
)
