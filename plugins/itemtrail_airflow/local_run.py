"""DAGs in this process: no scheduler, no executor, seconds instead of minutes. For the demo and the tests.

Decides: the environment that such an Airflow needs, and how its runs end. Refuses to stand for the real thing: there is no
partition key (give the day as a parameter), tasks share one process, a human approval would wait for ever
(``require_approval`` must be false), a deferred task's timeout is not kept. Airflow reads its environment when it is
imported, so set it before. Source: ``DAG.test`` of the Task SDK, read 2026-11-24.
"""

import functools
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class LocalRun:
    """How a run ended. ``tasks`` maps ``task_id`` or ``task_id[map_index]`` to its state, ``tries`` to how often it was begun."""

    dag_id: str
    run_id: str
    state: str
    tasks: Mapping[str, str]
    tries: Mapping[str, int]


def connection(aws: Mapping[str, str], *, role_arn: str = "") -> str:
    """An Airflow connection, as JSON, with the credentials, Region and endpoint of AWS's own variables."""
    extra = {"region_name": aws["AWS_DEFAULT_REGION"], "endpoint_url": aws.get("AWS_ENDPOINT_URL", ""), "role_arn": role_arn}
    secret: dict[str, Any] = {"conn_type": "aws", "extra": {name: value for name, value in extra.items() if value}}
    secret["login"], secret["password"] = aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"]
    if token := aws.get("AWS_SESSION_TOKEN"):
        secret["extra"]["aws_session_token"] = token
    return json.dumps(secret)


def environment(
    home: Path,
    connections: Mapping[str, Mapping[str, str]],
    *,
    dags: Path = ROOT / "dags",
    plugins: Path = ROOT / "plugins",
    config: Path | None = None,
) -> dict[str, str]:
    """Variables for an Airflow of its own under ``home``, on SQLite.

    Args:
        home: made if missing; everything Airflow writes goes there.
        connections: connection id to AWS variables (``AWS_ACCESS_KEY_ID`` …), which stay in the environment only.
        dags: folder of DAG files.
        plugins: folder of plugins.
        config: ``itemtrail.toml`` to use; the project's own by default.
    """
    home.mkdir(parents=True, exist_ok=True)
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}",
    }
    if config:
        variables["ITEMTRAIL_CONFIG"] = str(config)
    return variables | {f"AIRFLOW_CONN_{name.upper()}": connection(aws) for name, aws in connections.items()}


def run_dag(dag_id: str, conf: Mapping[str, Any] | None = None) -> LocalRun:
    """Run a DAG to its end; a failed task is a state of the result, not an exception.

    Raises:
        ValueError: the DAG does not exist, or a DAG file cannot be imported.
    """
    dag = _dag(dag_id)
    with _declared_params(dag, conf or {}), _answering():
        return _told(dag.test(run_conf=dict(conf or {})))


def rerun(run: LocalRun, tasks: Sequence[tuple[str, int]]) -> LocalRun:
    """Clear mapped tasks of a finished run with everything downstream, as the UI does, and run what was cleared."""
    from airflow import settings
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import find_relevant_relatives
    from airflow.serialization.serialized_objects import DagSerialization
    from sqlalchemy import select

    session, dag = settings.Session(), _dag(run.dag_id)
    known = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    later = find_relevant_relatives((), set(tasks), dag=known, run_id=run.run_id, direction="downstream", session=session)
    known.on_failure_callback, known.on_success_callback = dag.on_failure_callback, None  # as ``DAG.test`` does
    known.clear(task_ids=[*tasks, *later], run_id=run.run_id, session=session)
    row = session.scalar(select(DagRun).where(DagRun.dag_id == run.dag_id, DagRun.run_id == run.run_id))
    row.dag, row.state = known, "running"
    session.commit()
    with _declared_params(dag, row.conf or {}), _answering():
        while row.state == "running":
            _step(dag, row, session)
    return _told(row)


@contextmanager
def _answering() -> Iterator[None]:
    """A DAG's callback asks for its tasks' states; outside a task there is no supervisor here that would answer."""
    from itemtrail_airflow import notifier

    asked, notifier.task_states = notifier.task_states, _task_states
    try:
        yield
    finally:
        notifier.task_states = asked


def _task_states(dag_id: str, run_id: str) -> Mapping[str, Any]:
    from airflow import settings
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    rows = settings.Session().execute(
        select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
            TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
        )
    )
    return {task if index < 0 else f"{task}_{index}": state for task, index, state in rows}


@contextmanager
def _declared_params(dag: Any, conf: Mapping[str, Any]) -> Iterator[None]:
    """Airflow writes a run's values into the DAG's own ``Param`` objects: here they would be the next run's defaults.

    They are written before it does so itself: the copy that it calls the DAG's callback with knows no values of the run.
    """
    shared = [param for owner in (dag, *dag.tasks) for param in owner.params.values()]
    before = [(param, param.value) for param in {id(param): param for param in shared}.values()]
    try:
        for owner in (dag, *dag.tasks):
            owner.params.update({name: value for name, value in conf.items() if name in owner.params})
        yield
    finally:
        for param, value in before:
            param.value = value


def _step(dag: Any, run: Any, session: Any) -> None:
    """What the scheduler would start now, run here. Source: the loop of ``DAG.test``."""
    from airflow.sdk.definitions.dag import _run_task

    session.expire_all()
    ready, _ = run.update_state(session=session)
    for instance in ready:
        instance.try_number += 1
        instance.state = "scheduled"
    session.commit()
    for instance in ready:
        _run_task(ti=instance, task=dag.task_dict[instance.task_id], run_triggerer=True)


@functools.cache
def bag() -> Any:
    """The DAGs of this process's Airflow (a ``DagBag``), parsed once; its database is made where missing."""
    from airflow.utils import db

    db.initdb()
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(conf.get("core", "dags_folder"))


def _dag(dag_id: str) -> Any:
    parsed = bag()
    if parsed.import_errors:
        raise ValueError("\n".join(f"{file}: {error}" for file, error in parsed.import_errors.items()))
    if dag_id not in parsed.dags:
        raise ValueError(f"there is no DAG {dag_id!r}; there are {sorted(parsed.dags)}")
    return parsed.dags[dag_id]


def _told(run: Any) -> LocalRun:
    instances = {
        f"{one.task_id}[{one.map_index}]" if one.map_index >= 0 else one.task_id: one for one in run.get_task_instances()
    }
    states = {name: str(getattr(one.state, "value", one.state)) for name, one in sorted(instances.items())}
    tries = {name: one.try_number for name, one in sorted(instances.items())}
    return LocalRun(run.dag_id, run.run_id, str(getattr(run.state, "value", run.state)), states, tries)
