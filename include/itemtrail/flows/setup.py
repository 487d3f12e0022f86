"""Set up: read, plan, and apply exactly what was approved.

Decides nothing itself (``core`` does); reads the account through ``Control``, makes the plan's calls in order, reads back.
Refuses to apply a plan whose hash is not the approved one, and to work in another account than ``trail.account``.
"""

from collections.abc import Callable, Mapping

from itemtrail.core import forwarder_config, retention, setup_buckets, setup_forwarder, setup_tables, setup_trail
from itemtrail.core.setup_plan import Applied, Observed, SetupPlan, Wanted, make_plan
from itemtrail.errors import ConfigurationError, PlanChanged
from itemtrail.flows import lifecycle
from itemtrail.forwarder import package
from itemtrail.ports.control import Control
from itemtrail.settings import Settings
from itemtrail.snapshot import ForwarderState, Identity, MappingState, TableState

_PARTS = (
    setup_buckets.archive_bucket,
    setup_buckets.trail_bucket,
    setup_trail.trail,
    setup_tables.streams,
    setup_tables.canary_table,
    setup_tables.log_groups,
    setup_forwarder.forwarder,
    setup_tables.regions,
)


def plan(control: Control, settings: Settings) -> SetupPlan:
    """What would be done now.

    Raises:
        ConfigurationError: the caller's account is not ``trail.account``; AccessDenied names a missing permission.
        SourceUnavailable: could not look.
    """
    identity = control.identity()
    _check(identity, settings)
    wanted = wanted_of(settings, identity.partition)
    observed = observe(control, wanted, identity)
    return decide(observed, wanted)


def apply(control: Control, settings: Settings, approved_hash: str, progress: Callable[[str], None] = lambda _: None) -> Applied:
    """Plan again, make its calls if its hash is ``approved_hash``, and plan once more to see what took effect.

    Raises:
        PlanChanged: the account or the settings changed since the approval; nothing was done.
    """
    now = plan(control, settings)
    if now.hash != approved_hash:
        raise PlanChanged(
            f"the plan is {now.hash[:16]}… now, approved was {approved_hash[:16]}…: the account or the settings changed.",
            advice="read the new plan and approve that.",
        )
    for number, action in enumerate(now.actions, 1):
        progress(f"{number}/{len(now.actions)} {action.call} {action.resource}")
        control.execute(action.call)
    return Applied(now.actions, plan(control, settings) if now.actions else now)


def decide(observed: Observed, wanted: Wanted) -> SetupPlan:
    """The plan for what was read."""
    parts = [part(observed, wanted) for part in _PARTS]
    actions = [action for part in parts for action in part.actions]
    findings = [finding for part in parts for finding in part.findings]
    return make_plan(actions, findings, observed)


def wanted_of(settings: Settings, partition: str) -> Wanted:
    """The settings as what the account must hold."""
    trail, archive, streams = settings.trail, settings.archive, settings.streams
    return Wanted(
        account=trail.account,
        partition=partition,
        trail_name=trail.name,
        home_region=trail.home_region,
        trail_bucket=trail.bucket,
        trail_prefix=trail.prefix,
        trail_rules=lifecycle.trail_rules(settings),
        trail_kept=retention.trail_kept(trail.prefix, days=archive.reopen_days),
        trail_readable=retention.trail_readable(trail.prefix, days=archive.reopen_days),
        archive_bucket=archive.bucket,
        archive_region=archive.region,
        archive_rules=lifecycle.archive_rules(settings),
        archive_kept=retention.archive_kept(archive.prefix, days=archive.keep_days),
        archive_readable=retention.archive_readable(
            archive.prefix, originals_days=archive.reopen_days, hot_days=archive.events_after_days
        ),
        archive_retention=(archive.retention_mode, archive.retention_days),
        archive_regions=archive.regions,
        data_tables=trail.data_events.tables,
        data_reads=trail.data_events.reads,
        stream_tables=streams.tables,
        log_group=streams.log_group,
        log_retention_days=streams.log_retention_days,
        forwarder=_forwarder(settings, partition) if streams.forwarder and streams.tables else None,
    )


def _forwarder(settings: Settings, partition: str) -> forwarder_config.ForwarderWanted:
    trail, archive, streams = settings.trail, settings.archive, settings.streams
    return forwarder_config.ForwarderWanted(
        account=trail.account,
        partition=partition,
        function=streams.forwarder,
        role=streams.forwarder_role,
        queue=streams.failure_queue,
        retries=streams.forwarder_retries,
        handler=package.HANDLER,
        code_sha256=package.code_sha256(),
        tables=tuple(arn for arn in streams.tables if arn.split(":")[4] == trail.account),
        log_group=streams.log_group,
        spill_bucket=archive.bucket,
        spill_region=archive.region,
        spill_prefix=retention.archive_root(archive.prefix) + retention.SPILL,
        redact=streams.redact,
        key_parameter=streams.redaction_key_parameter,
        key_region=trail.home_region,
    )


def observe(control: Control, wanted: Wanted, identity: Identity) -> Observed:
    """Everything the plan is decided from, read once."""
    arns = dict.fromkeys([*(arn for arn in wanted.stream_tables if arn.split(":")[4] == wanted.account), wanted.canary_arn])
    regions = sorted({arn.split(":")[3] for arn in wanted.stream_tables}) or [wanted.home_region]
    trails = control.trails(wanted.home_region)
    organization = any(trail.organization for trail in trails)
    tables = {arn: control.table(arn) for arn in arns}
    forwarder = wanted.forwarder
    return Observed(
        identity=identity,
        organization_id=control.organization_id() if organization else "",
        regions=control.regions(),
        trail_bucket=control.bucket(wanted.trail_bucket),
        archive_bucket=control.bucket(wanted.archive_bucket),
        trails=trails,
        tables=tables,
        log_groups={region: control.log_group(wanted.log_group, region) for region in regions},
        forwarder_role=control.role(forwarder.role, forwarder_config.POLICY_NAME) if forwarder else None,
        forwarders=_forwarders(control, forwarder) if forwarder else {},
        readers=_readers(control, forwarder, tables) if forwarder else {},
    )


def _forwarders(control: Control, wanted: forwarder_config.ForwarderWanted) -> dict[str, ForwarderState]:
    return {
        region: ForwarderState(
            control.function(wanted.function, region),
            control.has_queue(wanted.queue, region),
            control.log_group(wanted.own_log, region),
        )
        for region in wanted.regions
    }


def _readers(
    control: Control, wanted: forwarder_config.ForwarderWanted, tables: Mapping[str, TableState | None]
) -> dict[str, tuple[MappingState, ...]]:
    found = [table for arn in wanted.tables if (table := tables.get(arn)) and table.stream_arn]
    return {table.arn: control.mappings(table.stream_arn) for table in found}


def _check(identity: Identity, settings: Settings) -> None:
    if identity.account != settings.trail.account:
        raise ConfigurationError(
            f"the credentials are of account {identity.account}; `trail.account` is {settings.trail.account}.",
            advice="use credentials of that account, or correct `trail.account`.",
        )
    if settings.trail.bucket == settings.archive.bucket:
        raise ConfigurationError(
            "`trail.bucket` and `archive.bucket` are the same bucket.",
            advice="name two buckets: the archive must outlive the trail's.",
        )
