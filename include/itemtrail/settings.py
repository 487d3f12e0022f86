"""The one configuration file, read once into typed, frozen settings.

Decides: names, defaults, allowed values. Refuses: an unknown key, a wrong type or value, in words that name file, key and what
is allowed. Knows nothing of Airflow or AWS; credentials and endpoints are never in this file (AWS's own variables and Airflow's
connections hold them).
"""

import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from itemtrail.core.lock import confirmations
from itemtrail.errors import ConfigurationError

ENVIRONMENT_VARIABLE = "ITEMTRAIL_CONFIG"
DEFAULT_PATH = Path(__file__).resolve().parents[1] / "itemtrail.toml"

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
KeyPrefix = Annotated[str, Field(pattern=r"^([^/].*[^/]|[^/])?$", max_length=200, description="no slash at its ends")]
TableArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}$")]
RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$")]
RoleKind = Literal[
    "trail_reader", "stream_reader", "archive_writer", "setup", "canary", "posture", "event_history", "restorer", "legal_hold",
    "auditor", "evidence",
]  # fmt: skip
ConnectionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,200}$")]
MailAddress = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}$")]
AlertKind = Literal[
    "task_failed", "evidence", "recovered", "quarantine", "not_archived", "stream", "history", "event_history", "ledger",
    "verify", "review", "lifecycle", "canary", "approval", "export", "test",
]  # fmt: skip
# Values CloudWatch Logs accepts. Source: PutRetentionPolicy, CloudWatch Logs API reference, read 2026-11-24.
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


class _Section(BaseModel):
    # built when first used: a command uses two or three of a dozen groups, and start-up is felt
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class DataEvents(_Section):
    """Which DynamoDB data events the trail records."""

    tables: Literal["all"] | tuple[TableArn, ...] = "all"
    reads: bool = False


class TrailSettings(_Section):
    """The trail and its bucket."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$")]
    account: AccountId
    home_region: Region
    bucket: Bucket
    prefix: KeyPrefix = ""
    expiry_days: Annotated[int, Field(ge=31, le=36500)] = 90
    data_events: DataEvents = DataEvents()


class AcceptedDay(_Section):
    """A day that stays unproven and that somebody answers for, until the end of a day (UTC). Its verdict stays what it is."""

    account: AccountId
    region: Region
    day: date
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    owner: Annotated[str, Field(min_length=1, max_length=200)]
    expires: date  # the last day on which it is accepted


class ArchiveSettings(_Section):
    """The long-term bucket and what is expected in it."""

    bucket: Bucket
    region: Region
    prefix: KeyPrefix = ""
    accounts: tuple[AccountId, ...]
    regions: tuple[Region, ...]
    reopen_days: Annotated[int, Field(ge=1, le=90)] = 30
    part_bytes: Annotated[int, Field(ge=1 << 20, le=4 << 30)] = 256 << 20
    shard_bytes: Annotated[int, Field(ge=1 << 20)] = 512 << 20  # stored bytes from which Airflow splits a unit's commit
    shards: Annotated[int, Field(ge=1, le=64)] = 4  # by how many tasks at most; 1 never splits
    retention_mode: Literal["GOVERNANCE", "COMPLIANCE", "NONE"] = "GOVERNANCE"
    retention_days: Annotated[int, Field(ge=1, le=36500)] = 30
    confirm_compliance: str = ""
    keep_days: Annotated[int, Field(ge=1, le=36500)] = 3653
    originals_class: Literal["GLACIER", "DEEP_ARCHIVE"] = "DEEP_ARCHIVE"
    originals_after_days: Annotated[int, Field(ge=31, le=3650)] = 45
    events_class: Literal["STANDARD_IA", "GLACIER_IR"] = "GLACIER_IR"
    events_after_days: Annotated[int, Field(ge=30, le=3650)] = 90
    tag_proven: bool = True
    lifecycle_lag_days: Annotated[int, Field(ge=3, le=60)] = 3  # S3 acts asynchronously: how late it may be
    accepted: tuple[AcceptedDay, ...] = ()


class ValidationSettings(_Section):
    """When a digest is due and how long an unlisted log is tolerated."""

    digest_due_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 90
    unlisted_grace_minutes: Annotated[int, Field(ge=5, le=31 * 24 * 60)] = 180


class ConversionSettings(_Section):
    """Limits that a hostile file meets, and the shape of the Parquet files."""

    max_object_bytes: Annotated[int, Field(ge=1 << 10)] = 256 << 20
    max_inflated_bytes: Annotated[int, Field(ge=1 << 10)] = 512 << 20
    max_record_bytes: Annotated[int, Field(ge=1 << 10)] = 64 << 20
    max_depth: Annotated[int, Field(ge=16, le=900)] = 512
    row_group_rows: Annotated[int, Field(ge=1000)] = 50_000
    workers: Annotated[int, Field(ge=1, le=64)] = 1


class Redaction(_Section):
    """One attribute that leaves the stream only dropped or as a keyed hash; ``attribute`` is names joined by dots."""

    table: TableArn
    attribute: Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$", max_length=1024)]
    action: Literal["drop", "hash"]
    confirm_key: bool = False  # needed for an attribute of the table's key: the history of its items cannot be asked by value


class StreamSettings(_Section):
    """Tables whose stream must be on, its forwarder, and the debug log group."""

    tables: tuple[TableArn, ...] = ()
    log_group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./#-]{1,512}$")] = "/itemtrail/streams"
    log_retention_days: LogRetentionDays = 1
    forwarder: Annotated[str, Field(pattern=r"^[A-Za-z0-9-_]{0,64}$")] = "itemtrail-forwarder"  # function name; "" for none
    forwarder_role: Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@_-]{1,64}$")] = "itemtrail-forwarder"
    forwarder_retries: Annotated[int, Field(ge=0, le=10_000)] = 3
    failure_queue: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")] = "itemtrail-forwarder-failed"
    spill_days: Annotated[int, Field(ge=1, le=365)] = 1  # of images too large for a log event, in the archive bucket's spill/
    redact: tuple[Redaction, ...] = ()
    # Name of an SSM SecureString in trail.home_region that holds the key of hashes; never the key itself.
    redaction_key_parameter: Annotated[str, Field(pattern=r"^(/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*)?$", max_length=1011)] = ""


class HistorySettings(_Section):
    """How stream records and events are joined, and what share of them must be explained."""

    window_seconds: Annotated[int, Field(ge=1, le=60)] = 2
    alarm_below: Annotated[float, Field(ge=0.0, le=1.0)] = 0.999


class AlertRoute(_Section):
    """What a channel carries. A channel without a route carries every alert. Kinds: ``core.alert.Kind``."""

    channel: Literal["sns", "slack", "mail"]
    min_severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"] = "LOW"
    kinds: tuple[AlertKind, ...] = ()  # empty: all


class AlertSettings(_Section):
    """Where an alert goes besides the log. Secrets (a webhook's URL, a mail server's password) lie in Airflow connections."""

    sns_topic_arn: Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:sns:.+)?$")] = ""
    checkpoint_topic_arn: Annotated[str, Field(pattern=r"^(arn:aws[a-z-]*:sns:.+)?$")] = ""  # "" for sns_topic_arn
    slack_conn: ConnectionId = ""  # its password is the incoming webhook's URL
    mail_conn: ConnectionId = ""  # type smtp
    mail_to: tuple[MailAddress, ...] = ()
    runbook_url: Annotated[str, Field(pattern=r"^(https?://[^\s#]+)?$")] = ""  # where docs/runbook.md is read; "" for its path
    routes: tuple[AlertRoute, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are configured."""
        given = {"sns": self.sns_topic_arn, "slack": self.slack_conn, "mail": self.mail_conn}
        return tuple(name for name, value in given.items() if value)

    @property
    def topic_of_checkpoints(self) -> str:
        """Where the ledger's checkpoints are published, empty for nowhere."""
        return self.checkpoint_topic_arn or self.sns_topic_arn


class ReviewException(_Section):
    """A finding that somebody answers for: of one check, on the resources that match, until the end of a day (UTC)."""

    check: Annotated[str, Field(min_length=1, max_length=200)]
    resource: Annotated[str, Field(min_length=1, max_length=2048)]  # an ARN; * and ? stand for any characters, or any one
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    owner: Annotated[str, Field(min_length=1, max_length=200)]
    expires: date  # the last day on which it is accepted


class ReviewSettings(_Section):
    """The review of the set-up: what fails the DAG run, and which findings are accepted."""

    fail_at: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"] = "HIGH"
    # Our own roles, of which trust and policies are looked at: kind → ARN
    roles: dict[RoleKind, RoleArn] = {}
    exceptions: tuple[ReviewException, ...] = ()
    lookup_events: bool = False  # whether the hours after the last archived day are asked of CloudTrail itself


class VerifySettings(_Section):
    """How much of the archive the scrub reads again in a run."""

    bytes_per_day: Annotated[int, Field(ge=1 << 20)] = 10 << 30
    workers: Annotated[int, Field(ge=1, le=64)] = 2


class Rate(_Section):
    """How much a table is written and read, where it cannot be observed. Calls that become data events, a day."""

    table: TableArn
    writes_per_day: Annotated[int, Field(ge=0)]
    reads_per_day: Annotated[int, Field(ge=0)] | None = None


class PriceSettings(_Section):
    """The price table of cost previews, and stated rates. ``file`` is "" for the packaged table."""

    file: str = ""
    rates: tuple[Rate, ...] = ()
    item_bytes: Annotated[int, Field(ge=0, le=400 << 10)] = 0  # of an item as JSON (DynamoDB takes up to 400 KB); 0: not stated


class RestoreSettings(_Section):
    """Restores from Glacier classes: what is asked for where nobody says otherwise, and what needs a person's approval."""

    tier: Literal["Expedited", "Standard", "Bulk"] = "Standard"
    copy_days: Annotated[int, Field(ge=1, le=365)] = 7
    budget_dollars: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 10.0
    poll_seconds: Annotated[int, Field(ge=1, le=24 * 3600)] = 600  # every look lists what was asked for: S3 bills listings


class AirflowSettings(_Section):
    """Connections (one AWS role each) and waiting. Empty ``*_conn`` means the default credential chain."""

    trail_reader_conn: str = "itemtrail_trail_reader"
    archive_writer_conn: str = "itemtrail_archive_writer"
    stream_reader_conn: str = "itemtrail_stream_reader"
    setup_conn: str = "itemtrail_setup"
    posture_conn: str = "itemtrail_posture"
    restorer_conn: str = "itemtrail_restorer"
    evidence_conn: str = "itemtrail_evidence"
    auditor_conn: str = "itemtrail_auditor"  # of the pages in the UI
    event_history_conn: str = "itemtrail_event_history"  # {account} in it stands for the account that is looked up
    start_date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_day)] = "2026-01-01"
    catchup: bool = True
    wait_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 180  # after the day's end (UTC); no longer than a digest is due
    poll_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    require_approval: bool = True
    watch_backfill: bool = False  # whether watch_deadline runs late days again by itself
    # Pools that are missing are made by the scheduler (itemtrail_airflow.pools)
    archive_pool: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,256}$")] = "itemtrail_archive"
    backfill_pool: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,256}$")] = "itemtrail_backfill"


class Settings(_Section):
    """All of ``itemtrail.toml``."""

    trail: TrailSettings
    archive: ArchiveSettings
    validation: ValidationSettings = ValidationSettings()
    conversion: ConversionSettings = ConversionSettings()
    streams: StreamSettings = StreamSettings()
    history: HistorySettings = HistorySettings()
    alerts: AlertSettings = AlertSettings()
    review: ReviewSettings = ReviewSettings()
    verify: VerifySettings = VerifySettings()
    prices: PriceSettings = PriceSettings()
    restore: RestoreSettings = RestoreSettings()
    airflow: AirflowSettings = AirflowSettings()


def parse(text: str, *, file: str) -> Settings:
    """Settings from TOML text; ``file`` is named in errors.

    Raises:
        ConfigurationError: not TOML, unknown key, wrong type or value, COMPLIANCE without its confirmation.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not TOML: {error}.", advice="mend the line named.") from error
    try:
        settings = Settings.model_validate_json(_json(document))
    except ValidationError as error:
        lines = "; ".join(_say(e) for e in error.errors(include_url=False))
        raise ConfigurationError(f"{file}: {lines}.", advice=f"edit {file}; docs/configuration.md lists every key.") from None
    _confirm_compliance(settings.archive, file)
    _confirm_windows(settings, file)
    _confirm_redaction(settings.streams, file)
    _confirm_alerts(settings.alerts, file)
    return settings


def load(path: Path | None = None) -> Settings:
    """Settings from ``path``, else the file that ``ITEMTRAIL_CONFIG`` names, else ``include/itemtrail.toml``.

    Raises:
        ConfigurationError: the file is missing or wrong.
    """
    chosen = path or Path(os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_PATH)
    try:
        text = chosen.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {chosen}: {error.strerror}.",
            advice=f"set {ENVIRONMENT_VARIABLE} to your configuration file.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{chosen} is not UTF-8.", advice="save it as UTF-8.") from error
    return parse(text, file=str(chosen))


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, default=str)


def _say(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"] if not str(part).startswith(("literal[", "tuple[")))
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key `{key}`"
        case "missing":
            return f"`{key}` is missing"
        case "string_pattern_mismatch":
            return f"`{key}` = {error['input']!r}: must match {error['ctx']['pattern']}"
        case "literal_error":
            return f"`{key}` = {error['input']!r}: allowed are {error['ctx']['expected']}"
        case _:
            return f"`{key}` = {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"


def _confirm_compliance(archive: ArchiveSettings, file: str) -> None:
    sentences = confirmations(archive.retention_days)
    if archive.retention_mode == "COMPLIANCE" and archive.confirm_compliance not in sentences:
        raise ConfigurationError(
            f"{file}: `archive.retention_mode` = 'COMPLIANCE' cannot be undone.",
            advice=f'set `archive.confirm_compliance` = "{sentences[-1]}", or use GOVERNANCE.',
        )


def _confirm_windows(settings: Settings, file: str) -> None:
    """A day that may be re-opened must still be there, and readable at once."""
    window = settings.archive.reopen_days
    bounded = {
        "trail.expiry_days": settings.trail.expiry_days,
        "archive.originals_after_days": settings.archive.originals_after_days,
    }
    for key, days in bounded.items():
        if days < window:
            raise ConfigurationError(
                f"{file}: `{key}` = {days} is shorter than `archive.reopen_days` = {window}.",
                advice=f"set `{key}` to {window} or more, or shorten `archive.reopen_days`.",
            )


def _confirm_redaction(streams: StreamSettings, file: str) -> None:
    hashed = [one.attribute for one in streams.redact if one.action == "hash"]
    if hashed and not streams.redaction_key_parameter:
        raise ConfigurationError(
            f"{file}: `streams.redact` hashes {', '.join(hashed)}, and `streams.redaction_key_parameter` is empty.",
            advice="name an SSM SecureString there that holds a random key of 32 bytes or more, or use `drop`.",
        )


def _confirm_alerts(alerts: AlertSettings, file: str) -> None:
    """Mail knows its readers, routes name channels that are there, and somebody hears of what is gravest."""
    if bool(alerts.mail_conn) != bool(alerts.mail_to):
        raise ConfigurationError(
            f"{file}: `alerts.mail_conn` and `alerts.mail_to` go together.", advice="give both, or neither for no mail."
        )
    for route in alerts.routes:
        if route.channel not in alerts.channels:
            key = {"sns": "sns_topic_arn", "slack": "slack_conn", "mail": "mail_conn"}[route.channel]
            raise ConfigurationError(
                f"{file}: `alerts.routes` names {route.channel}, and `alerts.{key}` is empty.",
                advice="set it, or remove the route.",
            )
    if not alerts.routes or any(not r.kinds for r in alerts.routes) or {*alerts.channels} - {r.channel for r in alerts.routes}:
        return
    heard = {kind for route in alerts.routes for kind in route.kinds}
    if missing := [kind for kind in get_args(AlertKind) if kind not in heard]:
        raise ConfigurationError(
            f"{file}: by `alerts.routes` nobody would hear of {', '.join(missing)}, however grave.",
            advice='add a route without `kinds`, for example with min_severity = "CRITICAL".',
        )
