"""What a trail records, as answers of checks: wanted tables' data events; management events of what touches evidence.

Decides: that a trail which does not log, or not in the table's Region, records nothing there; that a trail with unreadable
selectors says nothing; that management events are recorded where reads and writes of every service named here and of any other
are, except of the RDS Data API, which is many and no evidence. Refuses to call "sometimes" recorded.
Source: CloudTrail user guide, "Logging management events", "Filtering data events by using advanced event selectors", read
2026-11-24.
"""

from collections.abc import Mapping

from itemtrail.core.check import Answer, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import TrailPosture
from itemtrail.core.selectors import READS, WRITES, Coverage, covers, management_event, records, table_event
from itemtrail.snapshot import Document

EXCLUDABLE = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
"""The services that CloudTrail lets one leave out."""
_SERVICES = ("cloudtrail", "dynamodb", "iam", "kms", "lambda", "logs", "s3", "sts", "any-other-service")


def judged(trail: TrailPosture, targets: Mapping[str, str | None], wanted: Wanted) -> Answer:
    """Whether the trail records the wanted operations on each of ``targets`` (name → table ARN, None for every table)."""
    state = trail.state
    if state.selectors is None:
        return cannot_look(f"its selectors could not be read: {state.unreadable}.")
    elsewhere = [arn for arn in targets.values() if arn and not state.multi_region and arn.split(":")[3] != state.home_region]
    if elsewhere:
        return failed(f"the trail records in {state.home_region} only, not {', '.join(elsewhere)}.")
    answers = {name: covers(state.selectors, arn, reads=wanted.reads) for name, arn in targets.items()}
    missing = [f"{name}: {_said(answer)}" for name, answer in answers.items() if not answer.full]
    if missing:
        return failed("; ".join(missing[:3]) + (f"; and {len(missing) - 3} more." if len(missing) > 3 else "."))
    operations = "reads and writes" if wanted.reads else "writes"
    return passed(f"{operations} are recorded, whoever calls: {', '.join(list(targets)[:3])}.")


def management(trail: TrailPosture) -> str | None:
    """An empty text where the trail records all management events everywhere; else what it lacks; None: not known."""
    state = trail.state
    if state.logging is False:
        return "it does not log"
    if not state.multi_region:
        return f"it records in {state.home_region} only"
    if state.selectors is None:
        return None
    missing = _missing(state.selectors)
    if missing:
        return f"not recorded, or not always: {', '.join(missing[:4])}"
    return "" if state.logging else None


def left_out(selectors: Document) -> tuple[str, ...]:
    """Services whose management events are left out although others' are recorded."""
    others = {read: management_event(read_only=read, source="any-other-service") for read in (False, True)}
    read_or_write = [read for read, event in others.items() if records(selectors, event) is not False]
    return tuple(
        source
        for source in EXCLUDABLE
        if any(records(selectors, management_event(read_only=read, source=source)) is False for read in read_or_write)
    )


def same_data(trail: TrailPosture, wanted: Wanted) -> bool:
    """Whether a trail that logs records some DynamoDB data event of the wanted tables."""
    state = trail.state
    if state.logging is False or state.selectors is None:
        return False
    operations = (*WRITES, *(READS if wanted.reads else ()))
    events = (table_event(name, arn) for arn in wanted.tables or (None,) for name in operations)
    return any(records(state.selectors, event) is not False for event in events)


def _missing(selectors: Document) -> list[str]:
    return [
        f"{'reads' if read else 'writes'} of {name}"
        for name in _SERVICES
        for read in (False, True)
        if records(selectors, management_event(read_only=read, source=f"{name}.amazonaws.com")) is not True
    ]


def _said(coverage: Coverage) -> str:
    parts = [f"{', '.join(coverage.missed)} not recorded"] if coverage.missed else []
    parts += [f"{', '.join(coverage.sometimes)} recorded only sometimes"] if coverage.sometimes else []
    return f"{' and '.join(parts)} ({coverage.reason})"
