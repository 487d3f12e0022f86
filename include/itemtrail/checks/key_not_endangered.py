"""Whether, since the last review, somebody disabled a key of evidence, changed its policy or scheduled its deletion.

Source: KMS developer guide, "Logging AWS KMS API calls with AWS CloudTrail"; core/evidence_events.py, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_events import Touched, happened
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, _wanted: Wanted) -> Answer:
    """The answer for the account."""
    return happened(posture, Touched.KEY)


CHECK = Check(
    id="key_not_endangered",
    title="Nobody disabled a key or scheduled its deletion",
    severity=Severity.CRITICAL,
    subject=Subject.ACCOUNT,
    why="Deliveries in between were refused; a deletion that is not cancelled in time destroys what the key encrypted.",
    remediation=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=kms.amazonaws.com # "
        "then: aws kms cancel-key-deletion, aws kms enable-key"
    ),
    needs=("s3:GetObject",),
    momentary=True,
    decide=decide,
)
