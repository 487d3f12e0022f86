"""One read of one fact, and the two ways to ask: setting up stops at the first refusal, the review notes it and goes on.

Decides: what an answer is. ``{}``: the service said, with its own code, that there is none. ``None``: it could not be read, which
only ``Noting`` gives, with an ``Unread`` beside it; ``Strict`` raises instead. Anything else is the service's answer.
Refuses to take any other code for "there is none". Source: error codes of each operation's API reference, read 2026-11-24.
"""

import functools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from itemtrail.aws.errors import denied_action, translated
from itemtrail.errors import SourceUnavailable
from itemtrail.posture import Unread

SAYS_NOTHING = "the answer does not say"
NO_JSON = "the answer is not a JSON document"
Clients = Callable[[str, str | None], Any]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Read:
    """A reading operation: boto3's service and method, the IAM action it needs, the codes that mean "there is none"."""

    service: str
    method: str
    action: str
    nothing: frozenset[str] = frozenset()
    member: str = ""  # of a paged answer: the list
    tells: str = ""  # what an answer holds that is one; an answer without it says nothing
    regional: bool = True  # False: the answer is the account's, wherever it is asked


class Facts(Protocol):
    """A way to ask."""

    def ask(self, read: Read, resource: str, region: str | None, /, **parameters: Any) -> dict[str, Any] | None:
        """The answer of one call."""

    def pages(self, read: Read, resource: str, region: str | None, /, **parameters: Any) -> list[Any] | None:
        """``read.member`` of every page; an empty list where there is none."""

    def document(self, read: Read, resource: str, region: str | None, value: Any) -> dict[str, Any] | None:
        """A policy as it stands in an answer: text or parsed."""


class Strict:
    """Raises ``itemtrail.errors`` with the IAM action and ``resource`` at the first refusal; never answers None."""

    def __init__(self, client: Clients) -> None:
        self._client = client

    def ask(self, read: Read, resource: str, region: str | None, /, **parameters: Any) -> dict[str, Any]:
        """The answer, or ``{}``."""
        with translated(read.action, resource):
            answer = _unless(read.nothing, lambda: _one(self._client(read.service, region), read, parameters)) or {}
        if _says_nothing(answer, read):
            raise SourceUnavailable(f"{resource}: {SAYS_NOTHING} ({read.action}).", advice="run again later.")
        return answer

    def pages(self, read: Read, resource: str, region: str | None, /, **parameters: Any) -> list[Any]:
        """All of them."""
        with translated(read.action, resource):
            return _unless(read.nothing, lambda: _all(self._client(read.service, region), read, parameters)) or []

    def document(self, read: Read, resource: str, region: str | None, value: Any) -> dict[str, Any]:
        """The document; what is no JSON object is no answer."""
        del region
        parsed = _parsed(value)
        if parsed is None:
            raise SourceUnavailable(f"{resource}: {NO_JSON} ({read.action}).", advice="run again later.")
        return parsed


class Noting:
    """Keeps an ``Unread`` for what was refused, throttled (after the client's retries) or broken. Threads may share it."""

    def __init__(self, client: Clients) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._unread: set[Unread] = set()

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, in order, each once."""
        return tuple(sorted(self._unread, key=lambda one: (one.action, one.resource, one.region, one.why)))

    def ask(self, read: Read, resource: str, region: str | None, /, **parameters: Any) -> dict[str, Any] | None:
        """The answer, ``{}``, or None."""

        def call() -> dict[str, Any]:
            return _unless(read.nothing, lambda: _one(self._client(read.service, region), read, parameters)) or {}

        answer = self._noted(read, resource, region, call)
        if answer is not None and _says_nothing(answer, read):
            self.note(read, resource, region, SAYS_NOTHING)
            return None
        return answer

    def pages(self, read: Read, resource: str, region: str | None, /, **parameters: Any) -> list[Any] | None:
        """All of them, or None: a list of which one page is missing is not a list."""

        def call() -> list[Any]:
            return _unless(read.nothing, lambda: _all(self._client(read.service, region), read, parameters)) or []

        return self._noted(read, resource, region, call)

    def note(self, read: Read, resource: str, region: str | None, why: str) -> None:
        """Say that the fact could not be read."""
        with self._lock:
            self._unread.add(Unread(read.action, resource, (region or "") if read.regional else "", why))

    def document(self, read: Read, resource: str, region: str | None, value: Any) -> dict[str, Any] | None:
        """A policy as it stands in an answer: text or parsed. What is no JSON object is noted."""
        parsed = _parsed(value)
        if parsed is None:
            self.note(read, resource, region, NO_JSON)
        return parsed

    def _noted(self, read: Read, resource: str, region: str | None, call: Callable[[], _Answer]) -> _Answer | None:
        try:
            return call()
        except ClientError as error:
            other = denied_action(error)
            why = code(error) + (f" ({other})" if other not in ("", read.action) else "")
        except (BotoCoreError, ResponseParserError) as error:  # the second: an answer of something else, a proxy's page
            why = type(error).__name__
        self.note(read, resource, region, why)
        return None


def code(error: ClientError) -> str:
    """The service's code, or the HTTP status where an answer without a body has none."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return str(error.response.get("Error", {}).get("Code") or status or "no answer")


def one_thread_makes(client: Callable[..., Any]) -> Clients:
    """``client``, remembered by service and Region; making one is neither quick nor safe in two threads, using one is both."""
    lock = threading.Lock()

    @functools.cache
    def made(service: str, region: str | None) -> Any:
        return client(service, region)

    def get(service: str, region: str | None = None) -> Any:
        with lock:
            return made(service, region)

    return get


def _unless(nothing: frozenset[str], call: Callable[[], _Answer]) -> _Answer | None:
    try:
        return call()
    except ClientError as error:
        if code(error) in nothing:
            return None
        raise


def _parsed(value: Any) -> dict[str, Any] | None:
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _says_nothing(answer: dict[str, Any], read: Read) -> bool:
    return bool(answer) and bool(read.tells) and answer.get(read.tells) is None


def _one(client: Any, read: Read, parameters: dict[str, Any]) -> dict[str, Any]:
    return dict(getattr(client, read.method)(**parameters))


def _all(client: Any, read: Read, parameters: dict[str, Any]) -> list[Any]:
    pages = client.get_paginator(read.method).paginate(**parameters)
    return [one for page in pages for one in page.get(read.member) or ()]
