"""The only file Airflow loads from this folder (`.airflowignore`): registers itemtrail, imports nothing heavy.

Every task process loads it, so it must cost next to nothing: no FastAPI, pyarrow, boto3 or itemtrail module at import.
"""

from airflow.plugins_manager import AirflowPlugin


class ItemtrailPlugin(AirflowPlugin):
    """Makes itemtrail visible under Admin → Plugins. Hook, operators, trigger and notifier are reached by import."""

    name = "itemtrail"
