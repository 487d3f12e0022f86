"""Whether the bucket has a lifecycle configuration with a rule that is enabled.

Source: S3 API reference, GetBucketLifecycleConfiguration, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.lifecycle_rules import parse
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    rules = parse(bucket.state.lifecycle).rules
    on = [one.id for one in rules if one.enabled]
    return passed(f"in force: {', '.join(on)}.") if on else failed(f"{len(rules)} rule(s), none of them enabled.")


CHECK = Check(
    id="lifecycle_exists",
    title="The bucket has lifecycle rules in force",
    severity=Severity.HIGH,
    subject=Subject.BUCKET,
    why="Nothing gets cold, nothing that is proven expires, and the bill grows until somebody deletes by hand.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    controls=("Security Hub S3.13", "prowler s3_bucket_lifecycle_enabled"),
    decide=decide,
)
