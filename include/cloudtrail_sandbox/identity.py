"""Who made a call: from the access key that signed it to CloudTrail's userIdentity.

Decides: IAMUser, AssumedRole (with its issuer, the time it was assumed and the source identity it carries through role
chaining), FederatedUser, AWSAccount for a caller without credentials, Unknown for a key that names nobody. Refuses Root:
nobody in a sandbox is the root user, and the emulator's keys that would be (`test`, twelve digits, the server's own) are
unknown keys.

Source: CloudTrail user guide "CloudTrail userIdentity element"; read 2026-11-24. Whether AWS delivers an event for an unknown
key is not documented (there is no account to deliver it to); here it is recorded in the sandbox's account, so that a denial
is seen.
"""

import datetime as dt
from typing import Any

Json = dict[str, Any]


def resolve(access_key_id: str, account: str) -> Json:
    """The userIdentity of a key's owner, as of now: ask before the call, which may remove the key."""
    from ministack.services import iam, sts

    if not access_key_id:
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    session = sts._sessions.get(access_key_id)
    if session is not None:
        return _session(access_key_id, session)
    key = iam._access_keys.get_scoped(account, None, access_key_id)
    if key is None:
        return {"type": "Unknown", "principalId": "", "accountId": "", "accessKeyId": access_key_id[:128]}
    user = iam._users.get_scoped(account, None, key["UserName"]) or {}
    return {
        "type": "IAMUser",
        "principalId": user.get("UserId", ""),
        "arn": user.get("Arn", f"arn:aws:iam::{account}:user/{key['UserName']}"),
        "accountId": account,
        "accessKeyId": access_key_id,
        "userName": key["UserName"],
    }


def _session(access_key_id: str, session: Json) -> Json:
    from ministack.core.iam_evaluator import _principal_type

    arn = str(session.get("Arn", ""))
    kind = _principal_type(arn, session.get("PrincipalType", ""))
    account = session.get("AccountId") or arn.split(":")[4]
    context: Json = {"attributes": {"creationDate": _stamp(session["IssuedAt"]), "mfaAuthenticated": "false"}}
    if kind == "AssumedRole":
        context = {"sessionIssuer": _role(arn, account, session), "webIdFederationData": {}, **context}
    if kind == "FederatedUser":
        context = {"sessionIssuer": _user(session, account), "webIdFederationData": {}, **context}
    if session.get("SourceIdentity"):
        context["sourceIdentity"] = session["SourceIdentity"]
    named = {"userName": arn.rsplit("/", 1)[-1]} if kind == "User" else {}
    return {
        "type": "IAMUser" if kind == "User" else kind,
        "principalId": session.get("UserId", ""),
        "arn": arn,
        "accountId": account,
        "accessKeyId": access_key_id,
        **named,
        "sessionContext": context,
    }


def _role(arn: str, account: str, session: Json) -> Json:
    from ministack.services import iam

    name = arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name) or {}
    return {
        "type": "Role",
        "principalId": str(session.get("UserId", "")).partition(":")[0],
        "arn": role.get("Arn", f"arn:aws:iam::{account}:role/{name}"),
        "accountId": account,
        "userName": name,
    }


def _user(session: Json, account: str) -> Json:
    from ministack.services import iam

    name = session.get("PrincipalName", "")
    user = iam._users.get_scoped(account, None, name) or {}
    return {
        "type": "IAMUser",
        "principalId": user.get("UserId", ""),
        "arn": user.get("Arn", ""),
        "accountId": account,
        "userName": name,
    }


def _stamp(epoch: float) -> str:
    return f"{dt.datetime.fromtimestamp(epoch, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
