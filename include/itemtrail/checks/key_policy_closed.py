"""Whether the key's policy allows everybody something.

A key of the account's own lets the account in; a condition on the caller's account or service names somebody. Source: KMS
developer guide, "Key policies in AWS KMS", read 2026-11-24.
"""

from itemtrail.core.access import public_statements
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import KeyPosture, Posture


def decide(key: KeyPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one key."""
    if key.state == "NotFound":
        return not_applicable("there is no such key.")
    found = public_statements(key.policy)
    return failed(f"statement {', '.join(found)} lets everybody in.") if found else passed("it names whom it lets in.")


CHECK = Check(
    id="key_policy_closed",
    title="The key's policy lets nobody unnamed in",
    severity=Severity.HIGH,
    subject=Subject.KEY,
    why="Whoever is let in decrypts evidence, or schedules the deletion of the key and so destroys it.",
    remediation=(
        "aws kms get-key-policy --key-id {arn} --policy-name default --output text --region {region} > policy.json # name"
        " the principals in it, then: aws kms put-key-policy --key-id {arn} --policy-name default --policy "
        "file://policy.json --region {region}"
    ),
    needs=("kms:DescribeKey", "kms:GetKeyPolicy"),
    decide=decide,
)
