"""The only file Airflow loads from this folder (`.airflowignore`): registers itemtrail and its pages, imports nothing heavy.

Every task process loads it, so it must cost next to nothing: no FastAPI, pyarrow, boto3 or itemtrail module at import. The pages
are an ASGI function that imports them, in a thread, when the api-server gets the first request for one.
``ITEMTRAIL_PAGES=off`` in the environment leaves them out.
"""

import os

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

PAGES = os.environ.get("ITEMTRAIL_PAGES") != "off"


async def pages(scope, receive, send):
    """The pages below ``/itemtrail`` (``itemtrail_airflow.web.app``). ASGI."""
    import asyncio

    def made():
        from itemtrail_airflow.web.app import app

        return app()

    await (await asyncio.to_thread(made))(scope, receive, send)


class Pools:
    """Looks after the pools that the DAGs name (``itemtrail_airflow.pools``), where the metadata database is."""

    @hookimpl
    def on_starting(self, component):
        """A component starts: a scheduler, or a task, for which nothing is done."""
        if type(component).__name__ == "Job":
            from itemtrail_airflow import pools

            pools.ensure()

    @hookimpl
    def on_dag_run_running(self, dag_run):
        """A run starts."""
        from itemtrail_airflow import pools

        pools.run_started(dag_run)


class ItemtrailPlugin(AirflowPlugin):
    """itemtrail in Airflow's UI. Hook, operators, trigger and notifier are reached by import."""

    name = "itemtrail"
    listeners = [Pools()]  # noqa: RUF012 - Airflow's interface
    fastapi_apps = [{"app": pages, "url_prefix": "/itemtrail", "name": "itemtrail"}] if PAGES else []
    external_views = [
        {"name": "itemtrail", "href": "itemtrail/", "destination": "nav", "url_route": "itemtrail"},
        {"name": "itemtrail", "href": "itemtrail/of/dag/{DAG_ID}", "destination": "dag", "url_route": "itemtrail-dag"},
        {
            "name": "itemtrail",
            "href": "itemtrail/of/task/{DAG_ID}?run={RUN_ID}&task={TASK_ID}&map={MAP_INDEX}",
            "destination": "task_instance",
            "url_route": "itemtrail-unit",
        },
    ] * PAGES
