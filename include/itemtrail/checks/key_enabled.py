"""Whether a key that evidence, tables or logs are encrypted with exists and can be used.

Source: KMS developer guide, "Key states of AWS KMS keys", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, not_applicable, told
from itemtrail.core.posture import KeyPosture, Posture


def decide(key: KeyPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one key."""
    if not key.state:
        return cannot_look("its state is not known.")
    if key.state.startswith("Pending"):
        return not_applicable(f"it is {key.state}; key_not_pending_deletion says so.")
    return told(key.state == "Enabled", "it is enabled.", f"it is {key.state}; encrypted with it: {', '.join(key.used_by[:3])}.")


CHECK = Check(
    id="key_enabled",
    title="The KMS key is enabled",
    severity=Severity.CRITICAL,
    subject=Subject.KEY,
    why="With the key disabled nothing that it encrypted can be read, and CloudTrail cannot deliver.",
    remediation="aws kms enable-key --key-id {arn} --region {region}",
    needs=("kms:DescribeKey",),
    decide=decide,
)
