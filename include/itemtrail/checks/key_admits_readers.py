"""Whether the key's policy lets the account's roles, or named ones, decrypt.

Source: KMS developer guide, "Default key policy" (Allows access to the AWS account and enables IAM policies), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.key_policy import readers
from itemtrail.core.posture import KeyPosture, Posture


def decide(key: KeyPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one key."""
    if key.manager == "AWS" or key.state == "NotFound":
        return not_applicable("AWS manages it, or there is no such key.")
    found = readers(key.policy)
    return passed(f"kms:Decrypt is allowed to {', '.join(found[:3])}.") if found else failed("nobody is allowed kms:Decrypt.")


CHECK = Check(
    id="key_admits_readers",
    title="Somebody may decrypt with the key",
    severity=Severity.HIGH,
    subject=Subject.KEY,
    why="What is encrypted and can be decrypted by nobody is lost; only AWS Support can give such a key back.",
    remediation=(
        "aws kms get-key-policy --key-id {arn} --policy-name default --output text --region {region} > policy.json # "
        "allow kms:Decrypt to the account, then: aws kms put-key-policy --key-id {arn} --policy-name default --policy "
        "file://policy.json --region {region}"
    ),
    needs=("kms:DescribeKey", "kms:GetKeyPolicy"),
    decide=decide,
)
