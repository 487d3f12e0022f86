"""The identities in IAM, and the clients they call with.

Decides users, roles and policies: what each may do, and (the reporting user) what it may do though it should not.
Refuses nothing itself: who is denied what is AWS's decision, and the plan says which denials are expected.
"""

import contextvars
import json
import threading
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from itemtrail_demo.people import CLERKS, DBA, INTRUDER, PAYROLL_JOB, PORTAL, SCHEDULER, SEATS, Seat
from itemtrail_demo.tables import EMPLOYEES, HOME, LEAVE, PAYROLL

READ = ("GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem")
WRITE = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
PARTIQL = ("PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete")
# IAM knows only the four above; the emulator asks for the name of the API operation, without a resource.
PARTIQL_EMULATED = ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction")
LOOK = ("DescribeTable", "ListTables")


REFERENCE_OF_CALL: contextvars.ContextVar[str] = contextvars.ContextVar("reference", default="")
"""The reference of the call that this thread is sending."""


def _allow(actions: tuple[str, ...], *resources: str, service: str = "dynamodb") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": list(resources)}


def _table(account: str, name: str) -> str:
    return f"arn:aws:dynamodb:*:{account}:table/{name}"


def policies(account: str) -> dict[str, list[dict[str, Any]]]:
    """Statements by user or role name."""
    roles = [f"arn:aws:iam::{account}:role/{name}" for name in ("hr-app", "payroll-job")]
    everything = tuple(_table(account, name) for name in (EMPLOYEES, PAYROLL, LEAVE))
    return {
        "hr-app": [_allow((*READ, *WRITE), _table(account, EMPLOYEES), _table(account, LEAVE))],
        "payroll-job": [
            _allow((*READ, "UpdateItem"), _table(account, EMPLOYEES)),
            _allow((*READ, *WRITE), _table(account, PAYROLL)),
        ],
        DBA.user: [_allow((*READ, *WRITE, *PARTIQL, *LOOK), *everything), _allow(("ListTables", *PARTIQL_EMULATED), "*")],
        PORTAL.user: [_allow(("AssumeRole", "SetSourceIdentity"), roles[0], service="sts")],
        SCHEDULER.user: [_allow(("AssumeRole", "SetSourceIdentity"), roles[1], service="sts")],
        INTRUDER.user: [_allow((*READ, *LOOK, "UpdateItem", *PARTIQL, *PARTIQL_EMULATED), "*")],
    }


def create(owner: boto3.Session, account: str, endpoint_url: str) -> dict[str, tuple[str, str]]:
    """Make users and roles; returns access key and secret by user name. Keys stay in memory: they die with the sandbox."""
    iam = owner.client("iam", endpoint_url=endpoint_url)
    statements = policies(account)
    keys: dict[str, tuple[str, str]] = {}
    for seat in (DBA, PORTAL, SCHEDULER, INTRUDER):
        iam.create_user(UserName=seat.user)
        iam.put_user_policy(UserName=seat.user, PolicyName="work", PolicyDocument=_document(statements[seat.user]))
        key = iam.create_access_key(UserName=seat.user)["AccessKey"]
        keys[seat.user] = (key["AccessKeyId"], key["SecretAccessKey"])
    for seat in (CLERKS[0], PAYROLL_JOB):
        trusted = {"AWS": f"arn:aws:iam::{account}:user/{SEATS[seat.opened_by].user}"}
        trust = {"Effect": "Allow", "Principal": trusted, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
        iam.create_role(RoleName=seat.role, AssumeRolePolicyDocument=_document([trust]))
        iam.put_role_policy(RoleName=seat.role, PolicyName="work", PolicyDocument=_document(statements[seat.role]))
    return keys


@dataclass(slots=True)
class Chair:
    """A seat with credentials: its session, its clients by (service, Region), and who it is."""

    seat: Seat
    session: boto3.Session
    principal: str
    clients: dict[tuple[str, str], Any]


class Cast:
    """Everybody's clients. Role seats get their credentials when their session is opened, again and again."""

    def __init__(self, keys: dict[str, tuple[str, str]], account: str, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._chairs = {
            seat.name: Chair(seat, _session(*keys[seat.user]), f"arn:aws:iam::{account}:user/{seat.user}", {})
            for seat in SEATS.values()
            if seat.user
        }

    def client(self, seat: str, service: str, region: str) -> Any:
        """The seat's client."""
        chair = self._chairs[seat]
        with self._lock:  # making a client is not thread-safe
            if (service, region) not in chair.clients:
                chair.clients[service, region] = self._client(chair, service, region)
            return chair.clients[service, region]

    def principal(self, seat: str) -> str:
        """ARN that calls as ``seat``."""
        return self._chairs[seat].principal

    def open_session(self, seat: str, answer: dict[str, Any]) -> None:
        """What AssumeRole answered becomes the credentials that ``seat`` calls with from now on."""
        given = answer["Credentials"]
        new = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        with self._lock:
            chair = self._chairs.get(seat)
            if chair is None:
                self._chairs[seat] = Chair(SEATS[seat], _session(*new), answer["AssumedRoleUser"]["Arn"], {})
                return
            credentials = chair.session.get_credentials()
            assert credentials is not None
            credentials.access_key, credentials.secret_key, credentials.token = new

    def _client(self, chair: Chair, service: str, region: str) -> Any:
        # One attempt: a write sent twice would be two events and one line of truth.
        options: dict[str, Any] = {"user_agent_appid": chair.seat.role or chair.seat.user, "tcp_keepalive": True}
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, **options)
        client = chair.session.client(service, region_name=region, endpoint_url=self._endpoint_url, config=config)
        client.meta.events.register_last(f"request-created.{service}", _name_the_request)
        return client


def _name_the_request(request: Any, **_: Any) -> None:
    """The application contract: a call says in its user agent which request wrote the item. Botocore overwrites earlier hooks."""
    if reference := REFERENCE_OF_CALL.get():
        request.headers.replace_header("User-Agent", f"{request.headers['User-Agent']} request/{reference}")


def _session(access_key: str, secret_key: str, token: str | None = None) -> boto3.Session:
    core = botocore.session.get_session()
    core.set_credentials(access_key, secret_key, token)
    return boto3.Session(botocore_session=core, region_name=HOME)


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
