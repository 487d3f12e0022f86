"""What itemtrail tells Airflow's metrics (StatsD or OpenTelemetry): gauges, from receipts, where a run speaks for itself.

Decides: every metric is a gauge that says what is so now, and whatever grows older is a time (Unix seconds), never an age. A task
is a process of its own that lives for seconds: a counter would begin anew in each, an age would stand still with the scheduler,
and a day that is archived again would count twice (docs/adr/0115). Labels come from the configuration and from enumerations:
account, Region, table, verdict and the like, never a key, a principal or a value. Numbers of one day (``day_…``) are of the day
before today only: a backfill of an old day does not rewrite them. Refuses to fail or to slow anything: without metrics nothing is
computed, and what goes wrong here is a line in the log. Source: Airflow docs, "Metrics Configuration", and the Task SDK's
``airflow.sdk.observability.stats`` in 3.3.2, read 2026-11-24.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from itemtrail.core.receipt import Counts
from itemtrail.errors import EvidenceError
from itemtrail.model import Unit, Verdict

if TYPE_CHECKING:
    from itemtrail.core.review import Review
    from itemtrail.core.stream_plan import StreamReceipt
    from itemtrail.flows.coverage import Cell
    from itemtrail.flows.ledger import Appended
    from itemtrail.flows.receipts import History
    from itemtrail.flows.scrub import Verification
    from itemtrail.ports.data import ObjectStore

log = logging.getLogger(__name__)
BACKENDS = ("statsd_on", "statsd_datadog_enabled", "otel_on")
NO_RECEIPT, BROKEN = "NONE", "BROKEN"
ACCEPTED = "ACCEPTED"
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number. ``name`` is below ``itemtrail.``; times are Unix seconds, sizes bytes."""

    name: str
    value: float
    labels: Mapping[str, str]


def emit(gauges: Callable[[], Iterable[Gauge]]) -> int:
    """Send what ``gauges`` gives, where Airflow's metrics are on; how many were sent. Nothing that fails here is raised."""
    sent = 0
    try:
        if not _on():
            return 0
        from airflow.sdk.observability import stats

        for one in gauges():
            stats.gauge(f"itemtrail.{one.name}", one.value, tags=dict(one.labels))
            sent += 1
    except Exception as error:  # noqa: BLE001 - metrics never fail a task
        log.warning("metrics were not sent (%d were): %s: %s", sent, type(error).__name__, error)
    return sent


def of_day(store: "ObjectStore", units: Sequence[Unit], today: dt.date) -> Iterator[Gauge]:
    """Of `archive_trail`'s gate: what receipts say of the units of its day; nothing unless that is the day before ``today``."""
    if not units or units[0].day != today - _DAY:
        return
    found = {unit: _history(store, unit) for unit in units}
    yield Gauge("day_timestamp_seconds", seconds(units[0].day), {})
    verdicts = Counter(
        BROKEN if one is None else str(one.receipts[-1].verdict) if one.receipts else NO_RECEIPT for one in found.values()
    )
    for verdict in (*map(str, Verdict), NO_RECEIPT, BROKEN):
        yield Gauge("day_units", verdicts[verdict], {"verdict": verdict})
    for unit, one in found.items():
        where, counts = _place(unit), one.counts if one else Counts()
        yield Gauge("day_objects", counts.objects, where)
        yield Gauge("day_records", counts.records_in, where)
        yield Gauge("day_quarantined", counts.quarantined, where)
        for form, size in (("json", counts.bytes_in), ("stored", counts.bytes_stored), ("parquet", counts.bytes_out)):
            yield Gauge("day_bytes", size, {**where, "form": form})


def of_coverage(
    cells: Sequence["Cell"], accounts: Iterable[str], regions: Iterable[str], *, expiry_days: int, now: dt.datetime
) -> Iterator[Gauge]:
    """Of `watch_deadline`: how many units are in each state, until when there is proof, and when unproven days begin to expire.

    The newest proven day's end, or the first due day's beginning where none is; the trail bucket's configured expiry of the
    oldest day that is not proven, today included, so that a place where all is proven has the whole time left. Days that somebody
    answers for are counted apart, and wait for nothing.
    """
    from itemtrail.flows.coverage import Coverage

    yield Gauge("coverage_timestamp_seconds", now.timestamp(), {})
    for account, region in product(sorted({*accounts}), sorted({*regions})):
        where = {"account": account, "region": region}
        mine = [cell for cell in cells if (cell.unit.account, cell.unit.region) == (account, region)]
        states = Counter(ACCEPTED if cell.accepted else str(cell.state) for cell in mine)
        for state in (*map(str, Coverage), ACCEPTED):
            yield Gauge("coverage_units", states[state], {**where, "state": state})
        proven = {cell.unit.day for cell in mine if cell.state is Coverage.PROVEN}
        unproven = {cell.unit.day for cell in mine if not cell.accepted} - proven | {now.date()}
        until = max(proven) + _DAY if proven else min(cell.unit.day for cell in mine) if mine else now.date()
        yield Gauge("newest_proven_timestamp_seconds", seconds(until), where)
        yield Gauge("expiry_timestamp_seconds", seconds(min(unproven) + expiry_days * _DAY), where)


def of_streams(receipts: Mapping[str, "StreamReceipt | None"]) -> Iterator[Gauge]:
    """Of `archive_stream`'s gate: by table ARN, its last receipt."""
    for arn, last in receipts.items():
        if last is not None:
            covered = last.covered_until.timestamp() if last.covered_until else 0
            yield Gauge("stream_covered_timestamp_seconds", covered, _table(arn))
            yield Gauge("stream_gap_commits", len(last.gap_commits), _table(arn))


def of_history(arn: str, day: dt.date, report: Mapping[str, Any] | None, today: dt.date) -> Iterator[Gauge]:
    """Of `build_history`'s gate: the shares explained, of the newest day that can be complete and no older one."""
    if report is None or not report.get("complete") or day < today - 2 * _DAY:
        return
    yield Gauge("history_timestamp_seconds", seconds(day), _table(arn))
    for side in ("records", "events"):
        yield Gauge("history_explained_ratio", float(report[side]["rate"]), {**_table(arn), "side": side})


def of_review(review: "Review") -> Iterator[Gauge]:
    """Of `review_posture`: findings by severity, open ones and those that could not be looked at."""
    from itemtrail.core.check import Severity
    from itemtrail.core.review import Standing

    yield Gauge("review_timestamp_seconds", review.taken_at.timestamp(), {})
    counts = Counter((line.result.severity, line.standing) for line in review.lines)
    for severity, standing in product(Severity, (Standing.OPEN, Standing.COULD_NOT_LOOK)):
        labels = {"severity": str(severity), "standing": str(standing)}
        yield Gauge("review_findings", counts[severity, standing], labels)


def of_ledger(appended: "Appended", now: dt.datetime) -> Iterator[Gauge]:
    """Of `checkpoint_ledger`: the last checkpoint, and receipts that vanished, changed or could not be read."""
    yield Gauge("ledger_timestamp_seconds", now.timestamp(), {})
    yield Gauge("ledger_findings", len(appended.findings) + len(appended.missing), {})
    yield Gauge("ledger_unread", len(appended.unread), {})
    if appended.last is not None:
        yield Gauge("ledger_checkpoint_timestamp_seconds", appended.last.until.timestamp(), {})
        yield Gauge("ledger_receipts", appended.last.leaves, {})


def of_verification(made: "Verification") -> Iterator[Gauge]:
    """Of `verify_archive`: what is news of the archive, what could not be looked at, and how many units wait to be verified."""
    news = [one for one in made.findings if one.is_news]
    yield Gauge("verify_timestamp_seconds", made.at.timestamp(), {})
    yield Gauge("verify_findings", sum(not one.blind for one in news), {})
    yield Gauge("verify_unread", sum(one.blind for one in news), {})
    yield Gauge("verify_waiting_units", made.waiting, {})


def of_deliveries(delivered: Mapping[str, bool], *, now: dt.datetime) -> Iterator[Gauge]:
    """Of an alert: by channel, when one last arrived, or last did not."""
    for channel, is_there in delivered.items():
        name = "alert_delivered_timestamp_seconds" if is_there else "alert_failed_timestamp_seconds"
        yield Gauge(name, now.timestamp(), {"channel": channel})


def seconds(day: dt.date) -> float:
    """Its beginning (UTC) in Unix seconds."""
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


def _history(store: "ObjectStore", unit: Unit) -> "History | None":
    """The unit's commits, None where its receipts contradict each other."""
    from itemtrail.flows.receipts import load

    try:
        return load(store, unit)
    except EvidenceError:
        return None


def _place(unit: Unit) -> dict[str, str]:
    return {"account": unit.account, "region": unit.region}


def _table(arn: str) -> dict[str, str]:
    _, _, _, region, account, name = arn.split(":", 5)
    return {"account": account, "region": region, "table": name.removeprefix("table/")}


def _on() -> bool:
    from airflow.sdk import conf

    return any(conf.getboolean("metrics", name, fallback=False) for name in BACKENDS)
