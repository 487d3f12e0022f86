"""Airflow side of itemtrail: hook, tasks, trigger, gate, notifier. Reached by import, never loaded as a plugin."""
