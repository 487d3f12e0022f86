"""Process pools that are safe inside Airflow tasks."""
