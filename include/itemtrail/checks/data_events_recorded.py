"""Whether the trail's selectors record each item operation that is wanted, of all tables or of those configured.

The selectors are evaluated: narrowed by userIdentity.arn, eventName, a Not… operator, readOnly or a list of ARNs is told.
Source: CloudTrail user guide, "Filtering data events by using advanced event selectors", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.posture import Posture, TrailPosture
from itemtrail.core.recorded import judged


def decide(trail: TrailPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail."""
    targets = {"every table": None} if wanted.tables is None else {arn: arn for arn in wanted.tables}
    return judged(trail, targets, wanted)


CHECK = Check(
    id="data_events_recorded",
    title="The trail records every write to the wanted tables",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL,
    why="An operation that no selector records leaves no trace: who changed the item cannot be answered, ever.",
    remediation="itemtrail setup --apply",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"),
    decide=decide,
)
