"""One Airflow of its own for all tests of DAGs: its environment stands before anything imports Airflow."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from itemtrail_airflow import local_run

NOWHERE = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
ROLES = ("itemtrail_trail_reader", "itemtrail_archive_writer", "itemtrail_setup")

_home = Path(tempfile.mkdtemp(prefix="itemtrail-airflow-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ.update(local_run.environment(_home, dict.fromkeys(ROLES, NOWHERE)))


@pytest.fixture(scope="session")
def bag():
    """Every DAG of the project, parsed by Airflow."""
    return local_run.bag()
