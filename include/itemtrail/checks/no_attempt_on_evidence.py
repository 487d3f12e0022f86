"""Whether, since the last review, somebody was refused what would have ended or narrowed evidence.

Told apart from what succeeded: nothing changed, but somebody tried. Source: core/evidence_events.py, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_events import attempted
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    return attempted(posture, wanted)


CHECK = Check(
    id="no_attempt_on_evidence",
    title="Nobody tried in vain to end evidence",
    severity=Severity.MEDIUM,
    subject=Subject.ACCOUNT,
    why="Whoever is refused once tries again, or finds somebody who is not refused.",
    remediation=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=WHO # then ask who it was"
    ),
    needs=("s3:GetObject",),
    momentary=True,
    decide=decide,
)
