"""One Airflow of its own for all tests that import Airflow: importing this module prepares the environment it reads on import."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from itemtrail_airflow import local_run

NOWHERE = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}
ROLES = (
    "itemtrail_trail_reader",
    "itemtrail_archive_writer",
    "itemtrail_stream_reader",
    "itemtrail_setup",
    "itemtrail_restorer",
    "itemtrail_event_history",
    "itemtrail_posture",
    "itemtrail_auditor",
)

HOME = Path(tempfile.mkdtemp(prefix="itemtrail-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ.update(local_run.environment(HOME, dict.fromkeys(ROLES, NOWHERE)))
