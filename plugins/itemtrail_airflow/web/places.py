"""From a page of Airflow's to ours: the tab on a DAG leads to what the DAG is about, the tab on a task instance to its unit.

Airflow shows an external view on every DAG, not on chosen ones: a DAG that is not itemtrail's gets a sentence. Nothing is told of
a DAG or a run that the user may not see in Airflow.
"""

from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response

from itemtrail_airflow.web.blocking import in_thread
from itemtrail_airflow.web.page import render, root
from itemtrail_airflow.web.runs import task_of

ABOUT = {
    "archive_trail": "coverage",
    "checkpoint_ledger": "coverage",
    "restore_archive": "coverage",
    "send_test_alert": "coverage",
    "verify_archive": "coverage",
    "watch_deadline": "coverage",
    "archive_stream": "timeline",
    "build_history": "timeline",
    "export_event_history": "timeline",
    "export_evidence": "timeline",
    "review_posture": "posture",
    "setup_trail": "posture",
}
"""The page that a DAG is about."""
router = APIRouter(prefix="/of")


@router.get("/dag/{dag_id}", dependencies=[Depends(requires_access_dag("GET"))])
async def of_dag(dag_id: str) -> Response:
    """The page that a DAG is about."""
    if page := ABOUT.get(dag_id):
        return RedirectResponse(f"{root()}/{page}", 303)
    return render("foreign.html", what=f"The DAG {dag_id}")


@router.get("/task/{dag_id}", dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))])
async def of_task(
    dag_id: str,
    run: Annotated[str, Query(max_length=1000)] = "",
    task: Annotated[str, Query(max_length=1000)] = "",
    map_index: Annotated[str, Query(alias="map", max_length=20)] = "",
) -> Response:
    """The unit that a task instance was about; else its run's day; else the page that its DAG is about."""
    about = ABOUT.get(dag_id)
    if about is None:
        return render("foreign.html", what=f"The DAG {dag_id}")
    # where a task is not mapped, Airflow leaves {MAP_INDEX} as it is
    index = int(map_index) if map_index.isdigit() else -1
    found = await in_thread(task_of, dag_id, run, task, index)
    if found is None:
        return render("foreign.html", status=404, what=f"A task {task} in the run {run}")
    if found.unit:
        return RedirectResponse(f"{root()}/coverage/{found.unit}", 303)
    if found.day and about == "coverage":
        return RedirectResponse(f"{root()}/coverage/day/{found.day}", 303)
    return RedirectResponse(f"{root()}/{about}", 303)
