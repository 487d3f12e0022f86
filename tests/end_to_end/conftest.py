"""Airflow's environment stands before anything imports Airflow."""

from tests import airflow_home

assert airflow_home.HOME.is_dir()
