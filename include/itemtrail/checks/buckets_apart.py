"""Whether the archive is in another bucket than the trail's deliveries.

Source: docs/retention.md, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, told
from itemtrail.core.posture import Posture


def decide(_posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    apart = wanted.trail_bucket != wanted.archive_bucket
    return told(apart, f"{wanted.trail_bucket} and {wanted.archive_bucket}.", f"both are {wanted.archive_bucket}.")


CHECK = Check(
    id="buckets_apart",
    title="Trail and archive have buckets of their own",
    severity=Severity.HIGH,
    subject=Subject.ACCOUNT,
    why="One mistaken policy, one deleted bucket, takes both the originals and the archive.",
    remediation="itemtrail setup # after naming another bucket in archive.bucket",
    needs=(),
    decide=decide,
)
