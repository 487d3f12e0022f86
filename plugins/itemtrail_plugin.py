"""The only file Airflow loads from this folder (`.airflowignore`): registers itemtrail and its pages, imports nothing heavy.

Every task process loads it, so it must cost next to nothing: no FastAPI, pyarrow, boto3 or itemtrail module at import. The pages
are an ASGI function that imports them, in a thread, when the api-server gets the first request for one.
"""

from airflow.plugins_manager import AirflowPlugin


async def pages(scope, receive, send):
    """The pages below ``/itemtrail`` (``itemtrail_airflow.web.app``). ASGI."""
    import asyncio

    def made():
        from itemtrail_airflow.web.app import app

        return app()

    await (await asyncio.to_thread(made))(scope, receive, send)


class ItemtrailPlugin(AirflowPlugin):
    """itemtrail in Airflow's UI. Hook, operators, trigger and notifier are reached by import."""

    name = "itemtrail"
    fastapi_apps = [{"app": pages, "url_prefix": "/itemtrail", "name": "itemtrail"}]  # noqa: RUF012 - Airflow's interface
    external_views = [  # noqa: RUF012
        {"name": "itemtrail", "href": "itemtrail/", "destination": "nav", "url_route": "itemtrail"},
    ]
