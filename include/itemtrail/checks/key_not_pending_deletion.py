"""Whether somebody scheduled the deletion of a key that evidence needs.

Source: KMS developer guide, "Deleting AWS KMS keys", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import KeyPosture, Posture


def decide(key: KeyPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one key."""
    if not key.state:
        return cannot_look("its state is not known.")
    if key.state.startswith("Pending") or key.deletion_at is not None:
        when = f" at {key.deletion_at:%Y-%m-%d %H:%M:%SZ}" if key.deletion_at else ""
        return failed(f"it is {key.state} and goes{when}; encrypted with it: {', '.join(key.used_by[:3])}.")
    return passed("no deletion is scheduled.")


CHECK = Check(
    id="key_not_pending_deletion",
    title="The KMS key is not about to be deleted",
    severity=Severity.CRITICAL,
    subject=Subject.KEY,
    why="A deleted key destroys everything that it encrypted: logs, digests, the archive, with every proof.",
    remediation=(
        "aws kms cancel-key-deletion --key-id {arn} --region {region} && aws kms enable-key --key-id {arn} --region {region}"
    ),
    needs=("kms:DescribeKey",),
    controls=("CIS AWS Foundations v7.0 5.7",),
    decide=decide,
)
