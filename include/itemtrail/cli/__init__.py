"""The flows on a command line, without Airflow: `itemtrail --help`."""
