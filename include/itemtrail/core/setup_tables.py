"""What streams, the canary's table and the log group lack, as calls.

Decides: switch a stream on where there is none; set a retention where none is set or a longer one is wanted. Refuses to switch a
stream that exists (its readers would break), to shorten a retention that somebody set (that deletes), and to work around an
account-level policy, which wins over ours. Source: DynamoDB API reference, UpdateTable; CloudWatch Logs API reference,
PutRetentionPolicy and PutAccountPolicy, read 2026-11-24.
"""

from itemtrail.core.setup_buckets import Part
from itemtrail.core.setup_plan import CANARY_KEY, CANARY_TABLE, Observed, Wanted
from itemtrail.core.setup_trail import tables
from itemtrail.snapshot import FindingStatus

IMAGES = "NEW_AND_OLD_IMAGES"


def streams(observed: Observed, wanted: Wanted) -> Part:
    """NEW_AND_OLD_IMAGES on each table of ``streams.tables``; and the trail must record what the stream shows."""
    part = Part()
    recorded = tables(wanted)
    for arn in wanted.stream_tables:
        table = observed.tables.get(arn)
        _, _, _, region, account, _ = arn.split(":", 5)
        if account != wanted.account:
            detail = f"it is in account {account}; this set-up runs in {wanted.account}"
            part.find("setup.stream", FindingStatus.FAIL, arn, detail, "run itemtrail setup there with its own settings.")
        elif table is None:
            part.find("setup.stream", FindingStatus.FAIL, arn, "there is no such table", "create it, or correct streams.tables.")
        elif not table.stream_view:
            specification = {"StreamEnabled": True, "StreamViewType": IMAGES}
            parameters = {"TableName": arn.rpartition("/")[2], "StreamSpecification": specification}
            why = "no stream: old and new values of a change are nowhere"
            part.call(
                "dynamodb",
                "UpdateTable",
                region,
                parameters,
                arn,
                why,
                cost="stream reads: free for the first 2.5 million a month",
            )
        elif table.stream_view != IMAGES:
            detail = f"its stream shows {table.stream_view}; switching it would break whoever reads it"
            part.find("setup.stream", FindingStatus.FAIL, arn, detail, f"switch it to {IMAGES} with its readers' owners.")
        if recorded is not None and arn not in recorded:
            detail = "its stream is wanted, but trail.data_events.tables leaves it out: changes without a name"
            part.find("setup.stream", FindingStatus.FAIL, arn, detail, "add it to trail.data_events.tables.")
    return part


def canary_table(observed: Observed, wanted: Wanted) -> Part:
    """The small table that the canary writes to."""
    part = Part()
    if observed.tables.get(wanted.canary_arn) is None:
        parameters = {
            "TableName": CANARY_TABLE,
            "AttributeDefinitions": [{"AttributeName": CANARY_KEY, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": CANARY_KEY, "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        why = "the canary needs a table of its own to write to"
        part.call("dynamodb", "CreateTable", wanted.home_region, parameters, wanted.canary_arn, why, cost="a few writes a run")
    return part


def log_groups(observed: Observed, wanted: Wanted) -> Part:
    """The debug log group in each Region that has a stream, with a retention of its own."""
    part = Part()
    days, name = wanted.log_retention_days, wanted.log_group
    for region, group in sorted(observed.log_groups.items()):
        resource = f"{name} ({region})"
        if group is None:
            part.call("logs", "CreateLogGroup", region, {"logGroupName": name}, resource, "there is no such log group")
        elif group.overridden_by:
            detail = f"the account-level policy {group.overridden_by!r} sets its retention, not the log group"
            part.find("setup.retention", FindingStatus.FAIL, resource, detail, "except the log group from that policy.")
            continue
        now = group.retention_days if group else None
        if now is not None and now > days:
            detail = f"events are kept for {now} day(s), the settings say {days}; shortening it deletes events"
            part.find(
                "setup.retention", FindingStatus.FAIL, resource, detail, "shorten it yourself, or set streams.log_retention_days."
            )
        elif now != days:
            why = "without a retention it never expires" if now is None else f"{now} day(s) now"
            warning = f"events older than {days} day(s) are deleted" if group is not None and now is None else ""
            parameters = {"logGroupName": name, "retentionInDays": days}
            part.call("logs", "PutRetentionPolicy", region, parameters, resource, why, warning=warning)
    return part


def regions(observed: Observed, wanted: Wanted) -> Part:
    """Whether the archive expects the Regions that the account has."""
    part = Part()
    for region in wanted.archive_regions:
        if region not in observed.regions:
            part.find(
                "setup.regions", FindingStatus.FAIL, region, "it is not enabled for the account", "correct archive.regions."
            )
    rest = [region for region in observed.regions if region not in wanted.archive_regions]
    if rest:
        detail = f"the trail records {len(rest)} more Region(s) that archive.regions does not name: {_some(rest)}"
        part.find("setup.regions", FindingStatus.NOTE, wanted.trail_arn, detail, "add them to archive them too.")
    return part


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
