"""The demo: an HRMS workload on the sandbox, archived and proven through Airflow, then tampered with."""
