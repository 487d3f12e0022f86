"""Whether a key of the customer's own gets new key material every year.

Old material stays, so what was encrypted earlier can still be read. Keys that cannot rotate are left out. Source: KMS developer
guide, "Rotating AWS KMS keys", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import KeyPosture, Posture


def decide(key: KeyPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one key."""
    if key.manager != "CUSTOMER":
        return not_applicable("AWS manages it.")
    if key.rotation is None:
        return not_applicable("a key of this kind does not rotate.")
    return told(key.rotation, "it rotates.", "it does not rotate.")


CHECK = Check(
    id="key_rotates",
    title="The KMS key rotates",
    severity=Severity.LOW,
    subject=Subject.KEY,
    why="Nothing is lost; one leaked piece of key material opens everything that was ever encrypted.",
    remediation="aws kms enable-key-rotation --key-id {arn} --region {region}",
    needs=("kms:DescribeKey", "kms:GetKeyRotationStatus"),
    decide=decide,
)
