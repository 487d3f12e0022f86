"""Whether the configured trail can be seen from any Region of the account.

Source: CloudTrail API reference, DescribeTrails, read 2026-11-24.
"""

from itemtrail.core import posture as looked
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    mine = looked.trail(posture)
    if mine is not None:
        return passed(f"the trail is there; its home Region is {mine.state.home_region}.")
    unseen = looked.refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region, *wanted.regions])
    if unseen:
        return cannot_look(f"could not look: {unseen}.")
    others = ", ".join(one.state.arn for one in posture.trails) or "none"
    return failed(f"no trail {wanted.trail_arn}; trails that are there: {others}.")


CHECK = Check(
    id="trail_exists",
    title="The configured trail exists",
    severity=Severity.CRITICAL,
    subject=Subject.ACCOUNT,
    why=(
        "Item operations are data events: where no trail selects them they are recorded nowhere, not even in the 90 days "
        "of Event history."
    ),
    remediation="itemtrail setup --apply",
    needs=(),
    weighs=("cloudtrail:DescribeTrails",),
    controls=("Security Hub CloudTrail.3",),
    decide=decide,
)
