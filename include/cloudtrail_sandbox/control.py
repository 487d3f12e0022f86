"""The control API under ``/_sandbox/``: the hand on the clock. For the demo and the tests, on this machine only.

Decides: what may be asked, and how it is answered; ``timekeeper`` turns the clock. Refuses: callers that are not on this machine,
and browsers.

``GET clock|status|events``, ``POST advance {"seconds"|"to"}``, ``POST deliver``, ``POST ttl``, ``POST lifecycle``,
``POST tick {"tick"}``, ``POST delay {"digests", "logs", "newest_first"}``, ``POST import_log?bucket=&key=&at=`` with the file as
body.
"""

import datetime as dt
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from cloudtrail_sandbox.asked import asked
from cloudtrail_sandbox.clock import ClockError, real_now
from cloudtrail_sandbox.internal import InternalError
from cloudtrail_sandbox.timekeeper import Timekeeper
from cloudtrail_sandbox.world import World

PREFIX = "/_sandbox/"
LARGEST_BODY = 100_000_000
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to the control API."""

    world: World
    timekeeper: Timekeeper
    query: Mapping[str, str]
    body: bytes


class RefusedError(Exception):
    """A request that is not done; ``status`` is HTTP's, the text says why and what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def asgi(world: World, timekeeper: Timekeeper) -> Asgi:
    """The control API as an ASGI application; it answers paths under ``/_sandbox/``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _check_caller(scope)
            action = _ACTIONS.get((scope["method"], scope["path"].removeprefix(PREFIX).rstrip("/")))
            if action is None:
                raise RefusedError(404, f"{scope['method']} {scope['path']} is not one of: {_listed()}")
            status, answer = 200, await action(Ask(world, timekeeper, _query(scope), await _body(receive)))
        except RefusedError as error:
            status, answer = error.status, {"error": str(error)}
        except ClockError as error:
            status, answer = 400, {"error": str(error)}
        await _answer(send, status, answer)

    return app


async def _clock(ask: Ask) -> dict[str, Any]:
    return _time(ask.timekeeper)


async def _status(ask: Ask) -> dict[str, Any]:
    trails = [
        {
            "arn": trail.arn,
            "logging": trail.logging,
            "regions": {
                channel.region: {
                    "held": channel.held,
                    "error": channel.status.error,
                    "digest_error": channel.status.digest_error,
                    "next_digest": channel.due.isoformat() if channel.due else None,
                }
                for channel in ask.world.trails.channels(trail)
            },
        }
        for trail in ask.world.trails.trails.values()
    ]
    return {"account": ask.world.account, "regions": list(ask.world.regions), **_time(ask.timekeeper), "trails": trails}


async def _events(ask: Ask) -> dict[str, Any]:
    limit = _number(ask.query.get("limit", "1000"))
    newest = list(ask.world.trails.recorded)[-limit:] if limit else []
    return {"events": [json.loads(event) for event in newest]}


async def _asked(_: Ask) -> dict[str, Any]:
    return {"asked": asked()}


async def _advance(ask: Ask) -> dict[str, Any]:
    wanted = _json(ask.body)
    if "to" in wanted:
        target = real_now() if wanted["to"] == "now" else _instant(wanted["to"])
    else:
        seconds = wanted.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 4e9:
            raise RefusedError(400, f"seconds must be a number of 0 or more, not {seconds!r}")
        target = ask.timekeeper.clock.now() + dt.timedelta(seconds=seconds)
    await ask.timekeeper.advance_to(target)
    return _time(ask.timekeeper)


async def _deliver(ask: Ask) -> dict[str, Any]:
    return {"delivered": ask.world.trails.deliver()}


async def _ttl(ask: Ask) -> dict[str, Any]:
    return {"removed": await ask.world.expire_ttl()}


async def _lifecycle(ask: Ask) -> dict[str, Any]:
    return dict(await ask.world.run_lifecycle())


async def _tick(ask: Ask) -> dict[str, Any]:
    on = _json(ask.body).get("tick")
    if not isinstance(on, bool):
        raise RefusedError(400, f"tick must be true or false, not {on!r}")
    ask.timekeeper.clock.tick(on)
    return _time(ask.timekeeper)


async def _delay(ask: Ask) -> dict[str, Any]:
    asked = {"digests": False, "logs": False, "newest_first": False} | _json(ask.body)
    wrong = [name for name, value in asked.items() if not isinstance(value, bool)]
    if wrong or len(asked) != 3:
        raise RefusedError(400, "delay takes digests, logs and newest_first, each true or false")
    ask.world.trails.delay(**asked)
    return asked


async def _import_log(ask: Ask) -> dict[str, Any]:
    asked = ask.query
    missing = [name for name in ("bucket", "key") if not asked.get(name)]
    if missing:
        raise RefusedError(400, f"import_log needs {', '.join(missing)} in its query")
    try:
        content = gzip.decompress(ask.body)
    except (OSError, EOFError, zlib.error) as error:
        message = f"{asked['key']} is not gzip ({error}): a digest hashes the inflated bytes of a log file"
        raise RefusedError(400, message) from None
    if "at" in asked:
        await ask.timekeeper.advance_to(_instant(asked["at"]))
    try:
        trail = ask.world.trails.bring(asked["bucket"], asked["key"], ask.body, content)
    except (LookupError, InternalError) as error:
        raise RefusedError(409, str(error)) from None
    return {"trail": trail, **_time(ask.timekeeper)}


_ACTIONS: dict[tuple[str, str], Callable[[Ask], Awaitable[dict[str, Any]]]] = {
    ("GET", "clock"): _clock,
    ("GET", "status"): _status,
    ("GET", "events"): _events,
    ("GET", "asked"): _asked,
    ("POST", "advance"): _advance,
    ("POST", "deliver"): _deliver,
    ("POST", "ttl"): _ttl,
    ("POST", "lifecycle"): _lifecycle,
    ("POST", "tick"): _tick,
    ("POST", "delay"): _delay,
    ("POST", "import_log"): _import_log,
}


def _listed() -> str:
    return ", ".join(f"{method} {PREFIX}{name}" for method, name in _ACTIONS)


def _check_caller(scope: Scope) -> None:
    """Loopback only, and no browser: a page must not turn the clock of whoever visits it."""
    host = (scope.get("client") or ("",))[0]
    if host not in ("127.0.0.1", "::1"):
        raise RefusedError(403, "the control API answers on this machine only")
    names = {name.decode("latin-1").lower() for name, _ in scope.get("headers", [])}
    if names & {"origin", "sec-fetch-site"}:
        raise RefusedError(403, "the control API does not answer browsers; use cloudtrail_sandbox.client, or curl")


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedError(400, "the request broke off")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            raise RefusedError(413, f"a body of more than {LARGEST_BODY} bytes")
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _time(timekeeper: Timekeeper) -> dict[str, Any]:
    return {"now": timekeeper.clock.now().isoformat(), "tick": timekeeper.clock.ticking, "real": real_now().isoformat()}


def _query(scope: Scope) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(scope.get("query_string", b"").decode("utf-8", "replace")).items()}


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return value


def _number(text: str) -> int:
    if not text.isdecimal():
        raise RefusedError(400, f"{text!r} is not a number")
    return int(text)


def _instant(text: object) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(str(text))
        if instant.tzinfo is None:
            raise ValueError("no offset from UTC")
        return instant.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise RefusedError(400, f"{text!r} is not a time like 2026-11-21T00:00:00Z: {error}") from None
