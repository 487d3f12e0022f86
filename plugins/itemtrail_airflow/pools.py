"""The pools that itemtrail's DAGs name: made where they are missing, so that no task waits for ever for one that nobody made.

Airflow does not start a task whose pool does not exist; it says so in the scheduler's log alone. Decides: the names
(configuration) and slots of a first making; whoever changes the slots afterwards (Admin > Pools) is right. Refuses to change or
remove a pool, and to disturb Airflow: what fails here is logged with the command that does the same, and raises nothing. Called
in components that own the metadata database, never in a task. Source: Airflow docs, "Pools" and "Listeners", read 2026-11-24;
the scheduler's warning "Tasks using non-existent pool … will not be scheduled" (docs/adr/0114).
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from itemtrail.settings import AirflowSettings

log = logging.getLogger(__name__)
DAGS = frozenset({"archive_trail", "archive_stream", "watch_deadline"})  # whose runs look again; one of them starts every hour


@dataclass(frozen=True, slots=True)
class Wanted:
    """A pool as it is made: a deferred task holds no slot."""

    name: str
    slots: int
    description: str

    @property
    def command(self) -> str:
        """What makes it by hand."""
        return f'airflow pools set {self.name} {self.slots} "{self.description}"'


def wanted(settings: AirflowSettings) -> tuple[Wanted, ...]:
    """The pools that the configuration names."""
    return (
        Wanted(settings.archive_pool, 4, "itemtrail: units that are archived at once, over all runs and backfills"),
        Wanted(settings.backfill_pool, 1, "itemtrail: late days that watch_deadline runs again at once"),
    )


def lacking(settings: AirflowSettings, there: Mapping[str, int]) -> tuple[Wanted, ...]:
    """Those of ``wanted`` that are not among ``there`` (name to slots), each name once."""
    missing = {one.name: one for one in reversed(wanted(settings)) if one.name not in there}
    return tuple(missing[name] for name in sorted(missing))


def run_started(dag_run: Any) -> None:
    """One of our runs starts: look again. What is missing is made beside the scheduler's loop, whose transaction must not wait.

    Only then there is a thread: the scheduler forks its workers, and what a thread holds at that moment is held in them for ever.
    """
    if dag_run.dag_id in DAGS and _looks_bad():
        threading.Thread(target=ensure, name="itemtrail-pools", daemon=True).start()


def ensure() -> tuple[str, ...]:
    """Make what is missing; the names of what was made. Two at once make each pool once."""
    from itemtrail.settings import load

    made: list[str] = []
    missing: tuple[Wanted, ...] = ()
    try:
        missing = lacking(load().airflow, _there())
        for one in missing:
            if _make(one):
                made.append(one.name)
                log.info("pool %s was missing: made with %d slots", one.name, one.slots)
    except Exception as error:  # noqa: BLE001 - a scheduler must not fail of it
        commands = "; ".join(one.command for one in missing) or "airflow pools list"
        log.error("could not look after the pools of itemtrail (%s). Next: %s", error, commands)
    return tuple(made)


def _looks_bad() -> bool:
    from itemtrail.settings import load

    try:
        return bool(lacking(load().airflow, _there()))
    except Exception:  # noqa: BLE001 - `ensure` meets the same, and says it
        return True


def _there() -> dict[str, int]:
    """Slots by name; in a session of its own, because the scheduler's must not be committed here."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        return {str(row.pool): int(row.slots) for row in session.execute(select(Pool.pool, Pool.slots))}


def _make(one: Wanted) -> bool:
    """Whether it was made here; another scheduler may have been quicker."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session
    from sqlalchemy.exc import IntegrityError

    try:
        with create_session(scoped=False) as session:
            session.add(Pool(pool=one.name, slots=one.slots, description=one.description, include_deferred=False))
    except IntegrityError:
        return False
    return True
