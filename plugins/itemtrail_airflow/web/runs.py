"""Runs and task instances in Airflow's own database, for the links between Airflow and a unit's page.

Decides: which runs were about a day (their partition key, or the day they were given), and which unit a mapped task instance was
about (the label that Airflow shows for it). Receipts name no run: they are the same whoever wrote them, so this is a way back to
the logs, no proof. The database is read with Airflow's models: only the api-server imports this. Call it inside ``in_thread``.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from itemtrail.model import Unit

DAG_ID = "archive_trail"
MOST_RUNS = 6
_LOOKED_AT = 200  # runs without a partition key, of which the day is in what they were given
_LABEL = re.compile(r"(?P<account>\d{12})/(?P<region>[a-z]{2}(-[a-z]+)+-\d)/(?P<day>\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ``archive_trail``."""

    run_id: str
    state: str
    started: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Task:
    """What a task instance was about: a unit, else the day of its run, else neither."""

    unit: Unit | None
    day: dt.date | None


def may_see_runs(user: Any) -> bool:
    """Whether ``user`` may read runs of ``archive_trail``."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails

    details = DagDetails(id=DAG_ID)
    return bool(get_auth_manager().is_authorized_dag(method="GET", access_entity=DagAccessEntity.RUN, details=details, user=user))


def runs_of(day: dt.date) -> tuple[Run, ...]:
    """The newest runs about ``day``, the newest first."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    columns = select(DagRun.id, DagRun.run_id, DagRun.state, DagRun.start_date, DagRun.conf).where(DagRun.dag_id == DAG_ID)
    newest = columns.order_by(DagRun.id.desc())
    with create_session(scoped=False) as session:
        keyed = session.execute(newest.where(DagRun.partition_key == day.isoformat()).limit(MOST_RUNS)).all()
        given = session.execute(newest.where(DagRun.partition_key.is_(None)).limit(_LOOKED_AT)).all()
    found = [*keyed, *(one for one in given if isinstance(one.conf, dict) and one.conf.get("day") == day.isoformat())]
    found.sort(key=lambda one: one.id, reverse=True)
    return tuple(Run(one.run_id, str(getattr(one.state, "value", one.state)), one.start_date) for one in found[:MOST_RUNS])


def task_of(dag_id: str, run_id: str, task_id: str, map_index: int) -> Task | None:
    """What a task instance was about, None where Airflow knows no such task instance."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    ours = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.task_id == task_id)
    with create_session(scoped=False) as session:
        label = session.execute(
            select(TaskInstance._rendered_map_index).where(*ours, TaskInstance.map_index == map_index)  # noqa: SLF001
        ).first()
        run = session.execute(
            select(DagRun.partition_key, DagRun.conf).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        ).first()
    if label is None or run is None:
        return None
    given = run.conf.get("day") if isinstance(run.conf, dict) else None
    return Task(unit_in(label[0] or ""), _day(run.partition_key or given))


def unit_in(label: str) -> Unit | None:
    """The unit that a mapped task instance's label names, None where it names none."""
    found = _LABEL.search(label)
    day = _day(found["day"]) if found else None
    return Unit(found["account"], found["region"], day) if found and day else None


def _day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
