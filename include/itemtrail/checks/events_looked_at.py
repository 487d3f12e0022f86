"""Whether the archive could tell what happened since the last review: each day that is due is archived.

Today and a day whose last files are still coming are the next review's. Source: flows/review_events.py.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, passed
from itemtrail.core.evidence_events import ARCHIVED
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, _wanted: Wanted) -> Answer:
    """The answer for the account."""
    late = [one for one in posture.unread if one.action == ARCHIVED]
    if late:
        more = f"; and {len(late) - 3} more" if len(late) > 3 else ""
        return cannot_look(f"{'; '.join(f'{one.resource}: {one.why}' for one in late[:3])}{more}.")
    if posture.events_since is None or posture.events_until is None:
        return cannot_look("events since the last review were not looked at.")
    return passed(f"all from {posture.events_since:%Y-%m-%d %H:%MZ} to {posture.events_until:%Y-%m-%d %H:%MZ} was looked at.")


CHECK = Check(
    id="events_looked_at",
    title="What happened since the last review was looked at",
    severity=Severity.HIGH,
    subject=Subject.ACCOUNT,
    why="A trail that was stopped and started again looks as good as ever; only its events tell.",
    remediation="itemtrail coverage # then itemtrail archive --day DAY for what is missing",
    needs=(),
    weighs=(ARCHIVED,),
    momentary=True,
    decide=decide,
)
