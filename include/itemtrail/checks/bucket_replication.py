"""Whether replication rules that exist are enabled.

While an object's replication is pending or failed, S3 neither moves nor expires it: a broken rule keeps lifecycle from working.
Source: S3 user guide, "What is replicated"; "Lifecycle and other bucket configurations", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None or not bucket.replication:
        return not_applicable("nothing is replicated.")
    configuration = bucket.replication.get("ReplicationConfiguration") or bucket.replication
    rules = configuration.get("Rules") or []
    off = [str(one.get("ID") or "(no ID)") for one in rules if one.get("Status") != "Enabled"]
    if off or not rules:
        return failed(f"replication rules that are not enabled: {', '.join(off) or 'there is none at all'}.")
    return passed(f"{len(rules)} rule(s) enabled; objects whose replication is pending or failed neither move nor expire.")


CHECK = Check(
    id="bucket_replication",
    title="Replication is not left half on",
    severity=Severity.LOW,
    subject=Subject.BUCKET,
    why="The copy that somebody counts on stopped growing; nothing else says so.",
    remediation="aws s3api get-bucket-replication --bucket {name} # then enable the rule, or delete it",
    needs=("s3:GetBucketLocation", "s3:GetReplicationConfiguration"),
    decide=decide,
)
