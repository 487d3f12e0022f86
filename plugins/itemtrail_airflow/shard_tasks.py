"""The tasks of a big unit in `archive_trail`: its shards, mapped over workers, and the one that commits.

Decides: a shard beyond those that a unit has is skipped, and committing goes on whatever became of the shards, because it makes
what is missing itself. Refuses to carry data, as every task does. docs/adr/0118, 0119.
"""

import logging
import tempfile
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from itemtrail_airflow.archive_tasks import bring
from itemtrail_airflow.failures import translated
from itemtrail_airflow.xcom import LABEL, unpacked

log = logging.getLogger(__name__)


@task(trigger_rule="all_done", retries=2)
def split() -> list[dict[str, Any]]:
    """The units of this run whose commit is planned and is to be built in shards; most days none."""
    planned = get_current_context()["ti"].xcom_pull(["unit.archive"])
    big = [unit for unit in planned if unit and "shards" in unit]
    for unit in big:
        log.info("%s: commit %d in %d shards", unpacked(unit), unit["commit"], unit["shards"])
    return big


@task(map_index_template=f"{LABEL} {{{{ task.op_kwargs['number'] }}}}", retries=5, retry_exponential_backoff=True)
@translated
def shard(unit: dict[str, Any], number: int) -> int:
    """Build, put and read back the parts of one shard; how many were not there yet."""
    if number >= unit["shards"]:
        raise AirflowSkipException(f"this unit has {unit['shards']} shards")
    from itemtrail.flows.archive import PlannedParts, build_shard
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    _, source, store = roles.ends()
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as spool:
        parts = PlannedParts(source, store, roles.settings, Path(spool), log.info)
        return build_shard(unpacked(unit), unit["commit"], number, unit["shards"], parts)


@task(map_index_template=LABEL, trigger_rule="all_done", retries=5, retry_exponential_backoff=True)
@translated
def finish(unit: dict[str, Any]) -> dict[str, Any]:
    """Commit a big unit: what its shards noted is not read again, what they did not make is made here."""
    from itemtrail.flows.archive import archive_unit

    return bring({name: unit[name] for name in ("account", "region", "day", "known")}, archive_unit)
