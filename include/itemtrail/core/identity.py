"""Who acted, from a record's ``userIdentity``.

Decides: one name for the actor and the field it came from, the session issuer and the source identity. Refuses to guess: an
identity that cannot be read has no actor. Order: what a person set on purpose (source identity, Identity Center user) before what
a role's session was called, before the role, before the rest. Source: CloudTrail user guide, "CloudTrail userIdentity element",
read 2026-11-24.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from itemtrail.core import exact


@dataclass(frozen=True, slots=True)
class Identity:
    """``actor_source`` is the path of the field that gave ``actor``; all are None where nothing says it."""

    actor: str | None = None
    actor_source: str | None = None
    session_issuer: str | None = None
    source_identity: str | None = None


NOBODY = Identity()
_MOST_BYTES, _MOST_LEVELS = 1 << 20, 64  # of an identity that is read
_decode = msgspec.json.Decoder().decode


def identity(document: str | None) -> Identity:
    """The identity that a ``userIdentity`` (JSON text, already checked) tells of."""
    user = _mapping(_read(document)) if document else {}
    if not user:
        return NOBODY
    session = _mapping(user.get("sessionContext"))
    issuer = _text(_mapping(session.get("sessionIssuer")).get("arn"))
    source = _text(session.get("sourceIdentity"))
    arn = _text(user.get("arn"))
    candidates = (
        ("sourceIdentity", source),
        ("onBehalfOf.userId", _text(_mapping(user.get("onBehalfOf")).get("userId"))),
        ("roleSessionName", session_name(arn)),
        ("sessionIssuer.arn", issuer),
        ("arn", arn),
        ("userName", _text(user.get("userName"))),
        ("invokedBy", _text(user.get("invokedBy"))),
        ("principalId", _text(user.get("principalId"))),
        ("accountId", _text(user.get("accountId"))),
    )
    where, actor = next(((where, value) for where, value in candidates if value), (None, None))
    return Identity(actor, where, issuer, source)


def session_name(arn: str | None) -> str | None:
    """The role session name in ``arn:…:sts::ACCOUNT:assumed-role/ROLE/SESSION``."""
    if not arn:
        return None
    _, found, rest = arn.partition(":assumed-role/")
    role, slash, session = rest.rpartition("/")
    return session if found and slash and role and session else None


def _read(document: str) -> Any:
    data = document.encode()
    if len(data) > _MOST_BYTES or exact.deeper_than(_MOST_LEVELS, data):
        return None
    try:
        return _decode(data)
    except msgspec.DecodeError:
        return json.loads(data, parse_int=str, parse_float=str)  # lone surrogates, numbers beyond any machine's


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
