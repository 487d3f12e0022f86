"""Build one table's history of one day: the join of its stream records and events, and the day's report.

Decides: what is written (the day's changes as Parquet, and beside it a report: counts, shares, findings, what it was built from)
and what of it is an alarm. Both are pure functions of what the archive holds: built again from the same, the bytes are the same;
built after more has arrived (a late event, the next day's records), they are replaced. The month before is put together for
look-ups where it is not yet, or a day of it was built again (docs/adr/0086). Refuses to build a day before its events
and stream records are archived (``SourceUnavailable``: what lacks is named). The report is written before anybody is told.
"""

import datetime as dt
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itemtrail import __version__
from itemtrail.core import change_schema, changes_files
from itemtrail.core.change_schema import Match
from itemtrail.core.join import join
from itemtrail.core.plan import sha256
from itemtrail.core.reconcile import document, reconcile
from itemtrail.errors import EvidenceError, NotFound, SourceUnavailable
from itemtrail.flows import archive_stream_state, changes_store, history_inputs
from itemtrail.ports.data import DerivedStore
from itemtrail.settings import Settings


@dataclass(frozen=True, slots=True)
class HistoryReceipt:
    """What was built. ``alarms`` are one line each; none means that the day is explained."""

    table_arn: str
    day: dt.date
    changes_key: str
    report_key: str
    rows: int
    counts: dict[Match, int]
    alarms: tuple[str, ...]


def lacking(archive: DerivedStore, settings: Settings, table_arn: str, day: dt.date) -> tuple[str, ...]:
    """What must be archived before this day can be built; nothing means ready."""
    return history_inputs.lacking(archive, settings, table_arn, day)


def is_current(archive: DerivedStore, settings: Settings, table_arn: str, day: dt.date) -> bool:
    """Whether building the day again would change nothing: it is from what the archive holds, as complete as it can be."""
    found = report(archive, table_arn, day)
    if found is None or not _from_now(archive, settings, table_arn, day, found):
        return False
    return bool(found.get("complete")) == (not history_inputs.late(archive, settings, table_arn, day))


@dataclass(frozen=True, slots=True)
class State:
    """What a day's report says: ``failures`` need a person, ``told`` may still mend itself."""

    failures: tuple[str, ...]
    told: tuple[str, ...] = ()


def state(archive: DerivedStore, settings: Settings, table_arn: str, day: dt.date) -> State:
    """Whether the day is built from what the archive holds and explained: by its report, whoever wrote it."""
    found = report(archive, table_arn, day)
    if found is None or not _from_now(archive, settings, table_arn, day, found):
        return State(("it is not built from what the archive holds",))
    alarms = tuple(str(line) for line in found.get("alarms", ()))
    if found.get("complete"):
        return State(alarms)
    return State((), ("not complete yet: the next day's events are not archived", *alarms))


def _from_now(archive: DerivedStore, settings: Settings, table_arn: str, day: dt.date, found: Mapping[str, Any]) -> bool:
    head = _head(table_arn, day, settings, history_inputs.sources(archive, settings, table_arn, day))
    return all(found.get(name) == value for name, value in head.items())


def report(archive: DerivedStore, table_arn: str, day: dt.date) -> dict[str, Any] | None:
    """The day's report, None where it was never built."""
    key = _report_key(table_arn, day)
    try:
        found = json.loads(archive.read(key).body)
    except NotFound:
        return None
    except ValueError as error:
        raise EvidenceError(f"{key} is not JSON.", advice="build the day again: it is derived.") from error
    return found if isinstance(found, dict) else None


def build_day(
    table_arn: str,
    day: dt.date,
    *,
    archive: DerivedStore,
    settings: Settings,
    spool: Path,
    progress: Callable[[str], None],
) -> HistoryReceipt:
    """Join, write, report.

    Args:
        table_arn: one of the tables whose stream is archived.
        day: UTC.
        archive: where both sides lie and the changes go.
        settings: the configuration.
        spool: a folder with room for the day's files.
        progress: told what happens.

    Raises:
        SourceUnavailable: the day's events or stream records are not all archived. ConfigurationError, EvidenceError.
    """
    lacks = lacking(archive, settings, table_arn, day)
    if lacks:
        raise SourceUnavailable(
            f"the history of {table_arn} on {day} cannot be built yet: {'; '.join(lacks)}.",
            advice="archive what is named, then build the day again.",
        )
    sources = history_inputs.sources(archive, settings, table_arn, day)
    late = history_inputs.late(archive, settings, table_arn, day)
    for line in late:
        progress(f"{line}: events of the last minutes of {day} may be missing; build the day again later")
    with tempfile.TemporaryDirectory(prefix="history-", dir=spool) as folder:
        inputs = history_inputs.read(archive, settings, table_arn, day, sources, Path(folder))
        progress(
            f"{table_arn} {day}: {inputs.records.num_rows:,} stream records, {inputs.events.num_rows:,} events, margins included"
        )
        rows = join(
            inputs.records,
            inputs.events,
            table_arn=table_arn,
            window_seconds=settings.history.window_seconds,
            day=day,
            key_types=inputs.key_types,
        )
        found = reconcile(rows, _gaps(archive, table_arn, day))
        path = Path(folder) / "changes.parquet"
        changes_files.write(rows, path)
        body = path.read_bytes()
    key = changes_files.day_key(table_arn, day)
    report_key = _report_key(table_arn, day)
    archive.put(key, body)
    made = {"rows": rows.num_rows, "sha256": sha256(body), "complete": not late} | document(found, settings.history.alarm_below)
    archive.put(report_key, _text(_head(table_arn, day, settings, sources) | made))
    before = day.replace(day=1) - dt.timedelta(days=1)
    if changes_store.compact_month(archive, table_arn, f"{before:%Y-%m}", spool=spool):
        progress(f"{table_arn} {before:%Y-%m}: days put together for look-ups")
    alarms = found.alarms(settings.history.alarm_below)
    return HistoryReceipt(table_arn, day, key, report_key, rows.num_rows, found.counts, alarms)


def _gaps(archive: DerivedStore, table_arn: str, day: dt.date) -> tuple[str, ...]:
    """Gaps of the stream archive that may have cost records of the day."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    end = start + dt.timedelta(days=1)
    return tuple(
        f"{gap.shard_id} after {gap.after or 'its beginning'}"
        for gap in archive_stream_state.gaps(archive, table_arn)
        if (gap.from_ts is None or gap.from_ts < end) and (gap.to_ts is None or gap.to_ts >= start)
    )


def _head(table_arn: str, day: dt.date, settings: Settings, sources: history_inputs.Sources) -> dict[str, Any]:
    """What the report says that decides the rest: the same head, the same history."""
    return {
        "table_arn": table_arn,
        "day": str(day),
        "schema_version": change_schema.SCHEMA_VERSION,
        "package": __version__,
        "window_seconds": settings.history.window_seconds,
        "units": [list(unit) for unit in sources.units],
        "record_files": list(sources.records),
        "event_files": list(sources.events),
    }


def _text(made: Mapping[str, Any]) -> bytes:
    return (json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _report_key(table_arn: str, day: dt.date) -> str:
    return str(changes_files.day_key(table_arn, day)).removesuffix(".parquet") + ".json"
