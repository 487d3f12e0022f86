"""The one declaration of who may do what: a policy for each kind of work, from the actions that stand beside the calls.

Decides: which kinds of work there are, and that none of them can do two things which together hide something: who archives cannot
delete or change retention, who sets up cannot read what was delivered, who restores or reviews reads no evidence, who audits only
reads. ``docs/iam`` and ``itemtrail permissions`` print what stands here. Source: Service Authorization Reference (actions and the
resources that each can name) of each service, read 2026-11-24.
"""

import botocore.session

from itemtrail.aws import (
    archive_store,
    cold,
    control,
    control_s3,
    control_tables,
    control_trail,
    event_history,
    holds,
    notifier,
    policies_posture,
    policies_setup,
    public_keys,
    store,
    streams,
    tagger,
    trail,
)
from itemtrail.core.permissions import Names, Role, Statement, allow
from itemtrail.core.setup_plan import CANARY_TABLE
from itemtrail.settings import Settings


def names_of(settings: Settings) -> Names:
    """What the configuration calls things, in the partition of its home Region."""
    configured, archive, captured = settings.trail, settings.archive, settings.streams
    partition = botocore.session.get_session().get_partition_for_region(configured.home_region)
    listed = () if configured.data_events.tables == "all" else configured.data_events.tables
    return Names(
        partition=partition,
        account=configured.account,
        home_region=configured.home_region,
        trail=configured.name,
        trail_bucket=configured.bucket,
        trail_root=f"{configured.prefix}/" if configured.prefix else "",
        archive_bucket=archive.bucket,
        archive_root=f"{archive.prefix}/" if archive.prefix else "",
        stream_tables=captured.tables,
        tables=tuple(dict.fromkeys([*captured.tables, *listed])),
        canary_table=f"arn:{partition}:dynamodb:{configured.home_region}:{configured.account}:table/{CANARY_TABLE}",
        log_group=captured.log_group,
        forwarder=captured.forwarder if captured.tables else "",
        forwarder_role=captured.forwarder_role,
        failure_queue=captured.failure_queue,
        topic_arn=settings.alerts.sns_topic_arn,
        checkpoint_topic_arn=settings.alerts.topic_of_checkpoints,
        roles=tuple(settings.review.roles.values()),
        looks_up=settings.review.lookup_events,
    )


def roles_of(settings: Settings) -> tuple[Role, ...]:
    """Every kind of work, with its policy for this configuration."""
    names = names_of(settings)
    return (
        _trail_reader(names),
        _stream_reader(names),
        _archive_writer(names),
        policies_setup.setup(names),
        *policies_setup.forwarder(settings, names),
        _canary(names),
        policies_posture.posture(names),
        _event_history(),
        _restorer(names),
        _legal_hold(names),
        _auditor(names),
        _evidence(names),
    )


def _trail_reader(names: Names) -> Role:
    buckets = (names.bucket(names.trail_bucket), names.bucket(names.archive_bucket))
    return Role(
        "trail_reader",
        "Trail reader",
        "airflow.trail_reader_conn",
        "reads what CloudTrail delivered, its public keys and the trail's status, tags what is proven, asserts the lifecycle",
        (
            *allow("ListTrailBucket", store.LIST_ACTIONS, [names.bucket(names.trail_bucket)]),
            *allow("ReadDeliveredObjects", store.READ_ACTIONS, [names.delivered]),
            *allow("TagWhatIsProven", tagger.ACTIONS, [names.delivered]),
            *allow("ReadTheTrail", trail.TRAIL_ACTIONS, [names.trail_arn]),
            *allow("ReadKeys", public_keys.ACTIONS, ["*"]),
            *allow("ReadBucketConfiguration", control_s3.READ_ACTIONS, buckets),
            *allow("ListArchive", ("s3:ListBucket",), [names.bucket(names.archive_bucket)]),
        ),
    )


def _stream_reader(names: Names) -> Role:
    return Role(
        "stream_reader",
        "Stream reader",
        "airflow.stream_reader_conn",
        "reads the streams of `streams.tables`; AWS knows no resource for `dynamodb:ListStreams`",
        (
            *allow("FindStreams", streams.FIND_ACTIONS, ["*"] if names.stream_tables else []),
            *allow("ReadStreams", streams.READ_ACTIONS, [f"{arn}/stream/*" for arn in names.stream_tables]),
        ),
    )


def _read_archive(names: Names) -> tuple[Statement, ...]:
    return (
        *allow("ListArchive", store.LIST_ACTIONS, [names.bucket(names.archive_bucket)]),
        *allow("ReadArchive", store.READ_ACTIONS, [names.archived]),
    )


def _archive_writer(names: Names) -> Role:
    return Role(
        "archive_writer",
        "Archive writer",
        "airflow.archive_writer_conn",
        "adds to the archive, reads it back, and tells the alert topic; it cannot delete, shorten or bypass retention, or "
        "change a lifecycle rule: who archives cannot undo",
        (
            *_read_archive(names),
            *allow("AddLocked", archive_store.ACTIONS, [names.archived]),
            *allow("TellAlerts", notifier.ACTIONS, sorted({names.topic_arn, names.checkpoint_topic_arn} - {""})),
        ),
    )


def _canary(names: Names) -> Role:
    trails = (*trail.TRAIL_ACTIONS, control_trail.SELECTORS.action)
    return Role(
        "canary",
        "Canary",
        "airflow.setup_conn",
        "writes one item and follows it into a signed digest",
        (
            *allow("WriteOneItem", (control_tables.TABLE.action, *control.CANARY_ACTIONS), [names.canary_table]),
            *allow("ListTrailBucket", store.LIST_ACTIONS, [names.bucket(names.trail_bucket)]),
            *allow("ReadDeliveredObjects", store.READ_ACTIONS, [names.delivered]),
            *allow("ReadTrails", trails, [names.arn("cloudtrail", "trail/*")]),
            *allow("ReadKeysAndTrails", (control_trail.DESCRIBE.action, *public_keys.ACTIONS), ["*"]),
        ),
    )


def _event_history() -> Role:
    return Role(
        "event_history",
        "Event history",
        "airflow.event_history_conn",
        "asks CloudTrail for the management events of the last 90 days, in the account that they happened in; the archive writer "
        "stores them: the command needs both policies, Airflow has a connection for each",
        allow("LookUpEvents", event_history.ACTIONS, ["*"]),
    )


def _restorer(names: Names) -> Role:
    buckets = (names.bucket(names.archive_bucket), names.bucket(names.trail_bucket))
    listing, restoring = cold.ACTIONS
    return Role(
        "restorer",
        "Restorer",
        "airflow.restorer_conn",
        "plans and requests restores from Glacier classes; it spends money and reads nothing (listings tell class and "
        "restore). Leave the trail bucket and `cloudtrail:GetTrail` out where nothing of it is ever cold",
        (
            *allow("ListClassesAndRestores", (listing,), buckets),
            *allow("AskForCopies", (restoring,), (names.archived, names.delivered)),
            *allow("FindTheTrail", ("cloudtrail:GetTrail",), [names.trail_arn]),
        ),
    )


def _legal_hold(names: Names) -> Role:
    records = names.bucket(names.archive_bucket, f"{names.archive_root}holds/*")
    return Role(
        "legal_hold",
        "Legal hold",
        "",
        "sets, extends and releases legal holds, for the legal department: nobody else may. It can neither delete nor shorten "
        "retention, so that releasing a hold is not yet deleting",
        (
            *_read_archive(names),
            *allow("AddRecords", ("s3:PutObject", "s3:PutObjectRetention"), [records]),
            *allow("Hold", holds.ACTIONS, [names.archived]),
        ),
    )


def _auditor(names: Names) -> Role:
    return Role(
        "auditor",
        "Auditor",
        "airflow.auditor_conn",
        "queries the archive, lists receipts, takes originals out, and is who the pages in Airflow's UI read as; "
        "it reads nothing else and changes nothing",
        _read_archive(names),
    )


def _evidence(names: Names) -> Role:
    packs = names.bucket(names.archive_bucket, f"{names.archive_root}evidence/*")
    return Role(
        "evidence",
        "Evidence",
        "airflow.evidence_conn",
        "an auditor who also stores evidence packs below `evidence/`, which is derived and not locked; it adds nothing elsewhere",
        (*_read_archive(names), *allow("AddPacks", ("s3:PutObject", "s3:AbortMultipartUpload"), [packs])),
    )
