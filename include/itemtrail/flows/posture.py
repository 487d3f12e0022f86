"""What a snapshot of the set-up is taken of, by the settings."""

from itemtrail.core.forwarder_config import POLICY_NAME
from itemtrail.posture import PostureScope
from itemtrail.settings import Settings


def scope_of(settings: Settings) -> PostureScope:
    """The names that ``settings`` give, of ``trail.account``'s side."""
    trail, archive, streams = settings.trail, settings.archive, settings.streams
    listed = () if trail.data_events.tables == "all" else trail.data_events.tables
    ours = {arn.split(":")[3] for arn in streams.tables if arn.split(":")[4] == trail.account}
    return PostureScope(
        trail_name=trail.name,
        trail_account=trail.account,
        home_region=trail.home_region,
        trail_bucket=trail.bucket,
        archive_bucket=archive.bucket,
        accounts=archive.accounts,
        regions=archive.regions,
        tables=tuple(dict.fromkeys([*streams.tables, *listed])),
        capture_regions=tuple(sorted(ours)),
        debug_log_group=streams.log_group if streams.tables else "",
        forwarder=streams.forwarder if ours else "",
        forwarder_role=streams.forwarder_role,
        forwarder_policy=POLICY_NAME,
        failure_queue=streams.failure_queue,
        topic_arn=settings.alerts.sns_topic_arn,
        roles={str(kind): arn for kind, arn in settings.review.roles.items()},
    )
