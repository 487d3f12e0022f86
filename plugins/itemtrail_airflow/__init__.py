"""The Airflow side of itemtrail. Reached by import, never loaded as a plugin; `itemtrail_plugin.py` beside it is the only plugin.

=================  =========================================================================================
day                which day a run is about
hook               Airflow connections to AWS adapters; the rooms a task needs
archive_tasks      discover, archive, verdict, gate, lifecycle
setup_tasks        plan, route, apply, canary
wait, trigger      waiting for the day's digests, first in the worker, then in the triggerer
gate               pure: what a run must have proven, and what it lacks
failures           the only place where an itemtrail error becomes an Airflow one
notifier           the callbacks: what of a failure becomes an alert, and whether it was told already
alerting, told     an alert told once: log, channels, marks; channels, channel_slack, channel_mail send it
local_run          DAGs in this process, for the demo and the tests
guard              a command that ends with its parent
standalone         a real `airflow standalone` on loopback
=================  =========================================================================================

Modules that a DAG file imports stay light: no boto3, obstore, pyarrow or client at import.
"""
