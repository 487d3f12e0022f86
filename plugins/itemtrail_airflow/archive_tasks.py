"""The tasks of `archive_trail`: each opens its roles, calls one flow, maps its errors.

Decides nothing of its own beyond what a task retries. Refuses to carry data: units, counts and receipt keys go between tasks,
and every verdict is read from a receipt, never from another task. Heavy imports happen inside the tasks.
"""

import datetime as dt
import hashlib
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow.sdk import conf, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from itemtrail.core.alert import Kind, Line
from itemtrail.core.check import Severity
from itemtrail_airflow import day as days
from itemtrail_airflow import metrics
from itemtrail_airflow.alerting import made, tell
from itemtrail_airflow.assets import EVENTS_DAY
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found
from itemtrail_airflow.xcom import LABEL, packed, unpacked

log = logging.getLogger(__name__)
SAMPLED_UNITS = 20  # whose objects `lifecycle` lists, others for every day: a fraction of a cent


@task
@translated
def discover() -> list[dict[str, Any]]:
    """The units of this run: those expected on its day, and earlier ones where something arrived late."""
    from itemtrail.flows.archive import discover as flow
    from itemtrail_airflow import gate as rules
    from itemtrail_airflow.hook import Roles

    day, roles = _day(), Roles.open()
    trail, source, store = roles.ends()
    wanted = roles.settings.archive
    found = flow(trail, source, store, day=day, accounts=wanted.accounts, regions=wanted.regions, reopen_days=wanted.reopen_days)
    begun = {unit: _receipts(store, unit) for unit in found if unit.day != day}
    most = conf.getint("core", "max_map_length")
    units, waiting = rules.planned(
        rules.expected(wanted, day), {unit: count is not None for unit, count in begun.items()}, most=most
    )
    if waiting:
        log.warning("%d more re-opened units wait for the next run", waiting)
    for unit in units:
        log.info("%s%s", unit, "" if unit.day == day else " (re-opened)")
    return [packed(unit, known=begun.get(unit) or 0) for unit in units]


@task(map_index_template=LABEL, retries=5, retry_exponential_backoff=True)
@translated
def archive(unit: dict[str, Any], delivered: str) -> dict[str, Any]:
    """Validate, convert, pack and commit one unit; a big one is planned only. Tried again where a service did not answer."""
    from itemtrail.flows.archive import archive_or_split

    log.info("%s: %s", unpacked(unit), delivered)
    return bring(unit, archive_or_split)


def bring(unit: dict[str, Any], flow: Callable[..., Any]) -> dict[str, Any]:
    """Run one of the two flows that archive a unit: its receipt's number, or by how many shards its commit is to be built."""
    from itemtrail.flows.archive import Split
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    reader = roles.reader()
    trail, source, store = roles.ends()
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as spool:
        done = flow(
            unpacked(unit),
            trail=trail,
            status=reader.trail_api().status(trail, region=unit["region"]),
            source=source,
            archive=store,
            public_keys=reader.public_keys(),
            tagger=reader.tagger(trail.bucket) if roles.settings.archive.tag_proven else None,
            settings=roles.settings,
            now=dt.datetime.now(dt.UTC),
            spool=Path(spool),
            progress=log.info,
        )
    if isinstance(done, Split):
        return {**unit, "commit": done.number, "shards": done.shards}
    return {**unit, "receipt": done.number, "verdict": str(done.verdict), "conversion": str(done.conversion)}


@task(
    map_index_template="{{ task.op_kwargs['archived']['account'] }}/{{ task.op_kwargs['archived']['region'] }}/"
    "{{ task.op_kwargs['archived']['day'] }}",
    retries=2,
)
@translated
def verdict(archived: dict[str, Any]) -> None:
    """Fail unless the unit's receipt says PROVEN. The receipt is there already: nothing is lost by failing."""
    from itemtrail.flows.receipts import not_proven
    from itemtrail_airflow.gate import quarantined
    from itemtrail_airflow.hook import Roles

    if "shards" in archived:
        raise AirflowSkipException("a big unit: sharded.verdict judges it when its shards are built")
    roles, unit = Roles.open(), unpacked(archived)
    for state in not_proven(roles.writer().archive(roles.settings.archive), [unit]):
        if not quarantined(state):
            raise AirflowFailException(state.line)
        log.warning(state.line)
    log.info("%s: PROVEN, conversion %s", unit, archived["conversion"])


@task(trigger_rule="all_done", retries=2, outlets=[EVENTS_DAY], on_failure_callback=[AlertNotifier(Kind.EVIDENCE)])
@translated
def gate(planned: list[dict[str, Any]] | None) -> None:
    """Compare receipts with what the configuration expects of this day; list what is not proven."""
    from itemtrail.flows.receipts import not_proven, recovered
    from itemtrail_airflow import gate as rules
    from itemtrail_airflow.hook import Roles

    day, roles = _day(), Roles.open()
    store, due = roles.writer().archive(roles.settings.archive), rules.expected(roles.settings.archive, day)
    metrics.emit(lambda: metrics.of_day(store, due, dt.datetime.now(dt.UTC).date()))
    known = {unpacked(values): int(values["known"]) for values in planned or ()}
    ended = get_current_context()["ti"].xcom_pull(["unit.archive", "sharded.finish"])
    finished = {unpacked(values) for values in ended if values and "receipt" in values}
    lacking = not_proven(store, sorted({*due, *known}))
    _show(store, day, {*due, *known}, lacking)
    news = {state.unit for state in lacking if (_receipts(store, state.unit) or 0) > known.get(state.unit, 0)}
    if deeds := recovered(store, sorted({*due, *finished})):
        tell(made(get_current_context(), Kind.RECOVERED, "proven from older versions", lines=tuple(map(Line, deeds))))
    if lines := rules.findings(due, None if planned is None else known, finished, news, lacking):
        worst = next((word for word in ("DISPROVEN", "UNPROVABLE", "INCOMPLETE") if any(word in line for line in lines)), "")
        raise Found("not proven", lines, severity=Severity.CRITICAL if worst == "DISPROVEN" else Severity.HIGH, verdict=worst)
    log.info("%s: all %d units expected are proven", day, len(due))
    if told := [state.line for state in lacking if rules.quarantined(state) and state.unit in {*due, *news}]:
        tell(made(get_current_context(), Kind.QUARANTINE, "records in quarantine", lines=tuple(map(Line, told))))
    _announce(get_current_context(), day)


@task(trigger_rule="all_done", retries=2, on_failure_callback=[AlertNotifier(Kind.LIFECYCLE)])
@translated
def lifecycle() -> None:
    """Assert that retention of both buckets is what the evidence needs, and look at where some objects really are."""
    from itemtrail.flows import placement
    from itemtrail.flows.lifecycle import review
    from itemtrail_airflow.hook import Roles

    roles, now = Roles.open(), dt.datetime.now(dt.UTC)
    control, wanted = roles.reader().control(), roles.settings.archive

    def open_ends() -> placement.Ends:
        trail, _, store = roles.ends()
        return placement.Ends(
            control=control,
            archive=roles.writer().cold(wanted.bucket, root=wanted.prefix, region=wanted.region),
            store=store,
            source=roles.reader().cold(trail.bucket),
            trail=trail,
            tags=roles.reader().tagger(trail.bucket).tags,
        )

    places = placement.places(open_ends, roles.settings, SAMPLED_UNITS, now=now, day=_day())
    found = (*review(control, roles.settings, now=now), *places.findings)
    lines = [f"{one.status} {one.check} {one.resource}: {one.detail} {one.advice}".rstrip() for one in found]
    log.info("\n".join(lines))
    if bad := [line for line, one in zip(lines, found, strict=True) if one.bad]:
        losing = any(one.bad and one.check in ("P2", "P7") for one in found)
        raise Found("retention is not what the evidence needs", bad, severity=Severity.CRITICAL if losing else Severity.HIGH)


def _announce(context: Any, day: dt.date) -> None:
    """A run by hand or by `watch_deadline` has no partition key: without one on its event no history is built of the day."""
    if not context["dag_run"].partition_key:
        context["outlet_events"][EVENTS_DAY].add_partitions(day.isoformat())


def _show(store: Any, day: dt.date, units: Any, lacking: Any) -> None:
    """Tell the coverage page what this run found. It is derived: a page that is not fresh fails no day."""
    from itemtrail.errors import ItemtrailError
    from itemtrail.flows import coverage_pages

    now, run = dt.datetime.now(dt.UTC), get_current_context()["run_id"]
    try:
        coverage_pages.tell(
            store, day, units, lacking, now=now, name=f"{now:%H%M%S}-{hashlib.sha256(run.encode()).hexdigest()[:8]}"
        )
    except ItemtrailError as error:
        log.warning("the coverage page is not told of this run: %s", error)


def _day() -> dt.date:
    return days.of_run(get_current_context(), now=dt.datetime.now(dt.UTC))


def _receipts(store: Any, unit: Any) -> int | None:
    """How many receipts a unit has; None where no commit of it was begun. A broken chain counts as begun: archiving tells it."""
    from itemtrail.errors import EvidenceError
    from itemtrail.flows.receipts import load

    try:
        history = load(store, unit)
    except EvidenceError:
        return 0
    return len(history.receipts) if history.receipts or history.open_plan else None
