"""The tasks of `archive_stream`: each opens its roles, calls one flow, maps its errors.

Decides when a day is said to be there: in the run that read every record of it. The redaction key is read where it is used, and
goes nowhere: not into a log, not into XCom. Refuses to take another task's word: what a run achieved is read from receipts.
Heavy imports happen inside the tasks.
"""

import datetime as dt
import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from itemtrail.core.alert import Kind, Line
from itemtrail.core.check import Severity
from itemtrail_airflow import metrics
from itemtrail_airflow.alerting import made, tell
from itemtrail_airflow.assets import STREAM_DAY
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

log = logging.getLogger(__name__)
KEY_VARIABLE = "itemtrail_redaction_key"


@task
@translated
def tables() -> list[dict[str, Any]]:
    """The tables of this run, each with how many receipts it has and until when everything is archived."""
    from itemtrail.flows.archive_stream_state import load
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    store, found = roles.writer().archive(roles.settings.archive), []
    for table in roles.settings.streams.tables:
        last = load(store, table).last
        covered = last.covered_until.isoformat() if last and last.covered_until else None
        found.append({"table": table, "known": last.number + 1 if last else 0, "covered": covered})
    return found


@task(map_index_template="{{ task.op_kwargs['item']['table'] }}", retries=5, retry_exponential_backoff=True)
@translated
def archive(item: dict[str, Any]) -> dict[str, Any]:
    """Read one table's streams to their tip and commit. Only a service that did not answer is tried again."""
    from itemtrail.flows.archive_stream import archive_table
    from itemtrail_airflow.hook import Roles

    roles, table = Roles.open(), item["table"]
    receipt = archive_table(
        table,
        streams=roles.streams().streams(table),
        archive=roles.writer().archive(roles.settings.archive),
        settings=roles.settings,
        key=_redaction_key(),
        now=dt.datetime.now(dt.UTC),
        progress=log.info,
    )
    return {"table": table, "receipt": receipt.number, "rows": receipt.counts.rows}


@task(trigger_rule="all_done", retries=0, on_failure_callback=[AlertNotifier(Kind.STREAM)])
@translated
def gate(planned: list[dict[str, Any]] | None) -> None:
    """Every table of the configuration must have a new receipt, be read to its tip, and have no gap that nobody was told of."""
    from itemtrail.flows.archive_stream_state import lacking, load, quarantined, untold_gaps
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    wanted = roles.settings.streams.tables
    if not wanted:
        raise AirflowSkipException("the configuration names no table: `streams.tables` is empty")
    if planned is None:
        raise AirflowFailException("the tables were not looked up: this run archived nothing (see the log of tables)")
    store, known = roles.writer().archive(roles.settings.archive), {item["table"]: int(item["known"]) for item in planned}
    metrics.emit(lambda: metrics.of_streams({table: load(store, table).last for table in wanted}))
    lines = [f"{table}: expected, but this run did not look at it" for table in wanted if table not in known]
    lines += [line for table in wanted if table in known for line in lacking(store, table, known=known[table])]
    gaps = [Line(text, mark) for table in wanted for text, mark in untold_gaps(store, table)]
    if lines or gaps:
        head = "stream records were lost" if gaps else "the streams are not archived"
        raise Found(head, [*gaps, *lines], severity=Severity.CRITICAL if gaps else Severity.HIGH)
    log.info("%d tables are archived", len(wanted))
    bad = {table: quarantined(store, table, known=known[table]) for table in wanted}
    if told := [f"{table}: {count} records in {', '.join(keys)}" for table, (count, keys) in bad.items() if count]:
        tell(made(get_current_context(), Kind.QUARANTINE, "stream records in quarantine", lines=tuple(map(Line, told))))


@task(outlets=[STREAM_DAY], retries=0)
@translated
def announce(planned: list[dict[str, Any]]) -> None:
    """Say that yesterday's stream records are there, once: in the run that read the last of them; else skip."""
    from itemtrail.flows.archive_stream_state import covered_until
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    store = roles.writer().archive(roles.settings.archive)
    midnight = dt.datetime.combine(dt.datetime.now(dt.UTC).date(), dt.time(), dt.UTC)
    before = {item["table"]: dt.datetime.fromisoformat(item["covered"]) if item["covered"] else None for item in planned}
    after = {table: covered_until(store, table) for table in before}
    new = [t for t, at in after.items() if at and at >= midnight and not ((was := before[t]) and was >= midnight)]
    if not new:
        raise AirflowSkipException("no table's day was completed by this run")
    log.info("complete until %s: %s", midnight, ", ".join(new))


def _redaction_key() -> bytes | None:
    """The text of the Airflow Variable (or of the secrets backend behind it) as bytes; None where there is none."""
    from airflow.sdk import Variable

    text = Variable.get(KEY_VARIABLE, default=None)
    return str(text).encode() if text else None
