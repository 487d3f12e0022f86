"""Whether a StartsWith on a table's ARN also matches other tables whose name begins alike.

Source: CloudTrail user guide, "Filtering data events by using advanced event selectors", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if trail.state.selectors is None:
        return cannot_look(f"its selectors could not be read: {trail.state.unreadable}.")
    values = [
        value
        for selector in trail.state.selectors.get("AdvancedEventSelectors") or []
        for field in selector.get("FieldSelectors", [])
        if field.get("Field") == "resources.ARN"
        for value in field.get("StartsWith") or []
    ]
    names = {value: value.partition(":table/")[2] for value in values}
    loose = [value for value, name in names.items() if name and "/" not in name]
    if loose:
        return failed(f"StartsWith {', '.join(loose[:3])} matches every table whose name begins so.")
    return passed("no selector names a table by the beginning of its name.")


CHECK = Check(
    id="data_selectors_exact",
    title="Selectors match no more tables than meant",
    severity=Severity.LOW,
    subject=Subject.TRAIL,
    why=(
        "Nothing is lost; a table that begins with the same letters is recorded, and billed, as well, and its keys stand "
        "in the logs."
    ),
    remediation="aws cloudtrail get-event-selectors --trail-name {arn} --region {region} # then use Equals with the full ARN",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"),
    decide=decide,
)
