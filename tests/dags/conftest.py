"""Airflow's environment stands before anything imports Airflow."""

import pytest
from tests import airflow_home

from itemtrail_airflow import local_run

assert airflow_home.HOME.is_dir()


@pytest.fixture(scope="session")
def bag():
    """Every DAG of the project, parsed by Airflow."""
    return local_run.bag()
