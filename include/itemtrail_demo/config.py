"""The demo's own configuration: itemtrail.toml, the identities of Airflow's connections, the shell environment.

Decides what the demo's trail records (reads too, so that who read a salary is in it), and that each of itemtrail's roles may do
exactly what `itemtrail permissions` prints for this configuration.
In AWS these are roles that Airflow assumes; here they are IAM users, because a session's expiry would lie in the past of this
machine's clock while days are replayed.
"""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from itemtrail.settings import Settings, parse
from itemtrail_demo.folder import Folder
from itemtrail_demo.report import exports
from itemtrail_demo.tables import DUBLIN, HOME, TABLES

CONNECTIONS = {
    "itemtrail_trail_reader": ("trail_reader",),
    "itemtrail_archive_writer": ("archive_writer",),
    "itemtrail_stream_reader": ("stream_reader",),
    "itemtrail_setup": ("setup", "canary"),
    "itemtrail_posture": ("posture",),
    "itemtrail_restorer": ("restorer",),
    "itemtrail_event_history": ("event_history",),
    "itemtrail_evidence": ("evidence",),
    "itemtrail_auditor": ("auditor",),
}
"""Kinds of work by Airflow connection."""
ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "111122223333"
REGIONS = (HOME, DUBLIN)
TRAIL = "HRMS-DynamoDB-Logs"
TRAIL_BUCKET = f"hrms-trail-{ACCOUNT}"
ARCHIVE_BUCKET = f"hrms-archive-{ACCOUNT}"
UNLISTED_GRACE_MINUTES = 20


def configuration(start_date: dt.date) -> str:
    """The demo's itemtrail.toml. ``start_date`` is the first midnight for which Airflow schedules a run."""
    tables = ",\n".join(f'  "{table.arn(ACCOUNT)}"' for table in TABLES)
    regions = ", ".join(f'"{region}"' for region in REGIONS)
    return f"""# Written by the demo. Every key: docs/configuration.md.
[trail]
name = "{TRAIL}"
account = "{ACCOUNT}"
home_region = "{HOME}"
bucket = "{TRAIL_BUCKET}"

[trail.data_events]
tables = "all"
reads = true            # so that who read a salary is recorded; AWS charges by the event

[archive]
bucket = "{ARCHIVE_BUCKET}"
region = "{HOME}"
accounts = ["{ACCOUNT}"]
regions = [{regions}]

[validation]
unlisted_grace_minutes = {UNLISTED_GRACE_MINUTES}   # the drill plants a log file: nobody waits three hours here

[streams]
tables = [
{tables},
]
log_group = "/itemtrail/streams"
log_retention_days = 1

[history]
alarm_below = 0.5       # this HRMS often saves what is there already: writes that leave no record (docs/adr/0081)

[airflow]
start_date = "{start_date}"
poll_seconds = 1        # the sandbox's hours pass in seconds
"""


def roles(settings: Settings | None = None) -> dict[str, list[dict[str, Any]]]:
    """Statements by Airflow connection: what `itemtrail permissions` prints is tried; the demo's settings by default."""
    from itemtrail.aws.policies import roles_of

    chosen = settings or parse(configuration(dt.date.min), file="itemtrail.toml")
    found = {role.kind: role.policy()["Statement"] for role in roles_of(chosen)}
    return {name: [statement for kind in kinds for statement in found[kind]] for name, kinds in CONNECTIONS.items()}


def create_roles(owner: boto3.Session, endpoint_url: str, settings: Settings | None = None) -> dict[str, dict[str, str]]:
    """An IAM user for each connection; AWS variables by connection id."""
    iam = owner.client("iam", endpoint_url=endpoint_url)
    connections = {}
    for name, statements in roles(settings).items():
        user = name.replace("_", "-")
        iam.create_user(UserName=user)
        if statements:  # a role without work here (no stream is captured) may do nothing
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(UserName=user, PolicyName="work", PolicyDocument=document)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        connections[name] = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_DEFAULT_REGION": HOME,
            "AWS_ENDPOINT_URL": endpoint_url,
        }
    return connections


def write_environment(folder: Folder, sandbox: Mapping[str, str]) -> dict[str, str]:
    """Variables with which AWS tools and ``itemtrail`` reach this sandbox; also written as shell lines that only you can read."""
    variables = {**sandbox, "ITEMTRAIL_CONFIG": str(folder.configuration), "XDG_CACHE_HOME": str(folder.cache)}
    write_exports(folder.environment, variables)
    return variables


def write_exports(path: Path, variables: Mapping[str, str]) -> None:
    """Shell lines that only this user can read: there are keys in them."""
    path.touch(mode=0o600)
    path.write_text(exports(variables) + "\n", encoding="utf-8")
