"""The sandbox's front door: every request is named, attributed, served by the emulator and recorded before its answer leaves.

Decides the order of things, and what is refused at the door: Regions the account has not enabled, the emulator's own
administration paths, hosts that are neither this server nor one of its buckets, a request that the emulator would execute as
something else than what the recorder reads in it. Signatures and IAM are the emulator's business; CloudTrail's operations are
answered by `World.trails` after the emulator has authorized them. Listens on loopback unless told otherwise, which is for
a container's own network alone: whoever reaches it there still needs keys, and the control API stays on loopback.
"""

import asyncio
import base64
import contextlib
import json
import logging
import os
import re
import socket
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from cloudtrail_sandbox import account_facts, identity
from cloudtrail_sandbox.ministack_patches import expire_ttl_now
from cloudtrail_sandbox.operations import SERVICES, SIGNED_AS, Call, Request, Scope, match, scope
from cloudtrail_sandbox.recorder import Answer, Exchange, Recorder
from cloudtrail_sandbox.world import World

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LOOPBACK = "127.0.0.1"
CONTROL = "/_sandbox/"
TTL_PASS_SECONDS = 60
_ADMINISTRATION = re.compile(r"/_(ministack|localstack|aws)(/|$)|/health$")
_PLAIN_HOST = re.compile(r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\]|[a-z0-9-]+)(:\d+)?$", re.IGNORECASE)
_BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.localhost(:\d+)?$")
_ENDPOINT_LABELS = re.compile(r"\.s3([.-][a-z0-9-]+)*$")
_S3_CONTROL = "/v20180820/"
_DYNAMODB_ID_TAIL = "VV4KQNSO5AEMVJF66Q9ASUAAJG"
_log = logging.getLogger("sandbox")


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """A listening socket; port 0 picks a free one (`sock.getsockname()[1]`)."""
    return socket.create_server((host, port), backlog=256)


async def serve(app: App, sock: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then finish what is under way (2 seconds at most)."""
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{sock.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.loglevel = "WARNING"
    expiry = asyncio.create_task(_expire_periodically())
    try:
        await hypercorn(app, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type, unused-ignore]
    finally:
        expiry.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await expiry


def create_app(world: World, control: App | None = None) -> App:
    """The ASGI application of a sandbox.

    Args:
        world: the sandbox.
        control: the ASGI application that answers paths under `/_sandbox/`.
    """
    import ministack.app as emulator

    emulator.SERVICE_HANDLERS["cloudtrail"] = _cloudtrail(world)
    account_facts.enable_regions(world.regions)
    return _Door(world, emulator, control)


async def _expire_periodically() -> None:
    while True:
        await asyncio.sleep(TTL_PASS_SECONDS)
        expire_ttl_now()


class _Door:
    """The ASGI application itself."""

    def __init__(self, world: World, emulator: Any, control: App | None) -> None:
        self.world = world
        self.emulator = emulator
        self.control = control
        self.recorder = Recorder(world.account, world.clock, world.trails)

    async def __call__(self, asgi: Message, receive: Receive, send: Send) -> None:
        if asgi["type"] == "lifespan":
            await self.emulator.app(asgi, receive, send)
        elif asgi["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif asgi["path"].startswith(CONTROL) and self.control is not None:
            await self.control(asgi, receive, send)
        else:
            await self._serve(asgi, receive, send)

    async def _serve(self, asgi: Message, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            return
        request = _request(asgi, body)
        claimed, call = scope(request), self._call(request)
        refusal = self._refusal(request, claimed, call)
        if refusal is not None:
            await refusal.send(send)
            return
        forwarded = {**asgi, "headers": [*_without(asgi["headers"], b"x-forwarded-proto"), (b"x-forwarded-proto", b"https")]}
        line = self.recorder.rule_of(call) if call else None
        if call is None or line is None:
            await self.emulator.app(forwarded, _replay(body, receive), send)
            return
        caller = identity.resolve(claimed.access_key_id, self.world.account)
        region = claimed.region or self.world.regions[0]
        exchange = Exchange(call, line, request, caller, region, (asgi.get("client") or (LOOPBACK,))[0])
        recording = _Recording(self.recorder, exchange, send)
        try:
            await self.emulator.app(forwarded, _replay(body, receive), recording.take)
        except Exception as fault:
            if recording.answered:
                raise
            _log.warning("the emulator failed in %s.%s: %s", call.service, call.operation, fault)
            await recording.fail()

    def _call(self, request: Request) -> Call | None:
        if request.method == "OPTIONS" or request.path.startswith(_S3_CONTROL):
            return None
        if "x-amz-target" in request.headers and ("Action" in request.query or _is_form(request)):
            return None  # the emulator would authorize the one and execute the other
        return match(request, _bucket_of_host)

    def _refusal(self, request: Request, claimed: Scope, call: Call | None) -> "_Refusal | None":
        host = request.headers.get("host", "")
        if _ADMINISTRATION.match(request.path):
            return _Refusal("json", 404, "NotFound", "The sandbox has no such path; its own are under /_sandbox/.")
        if not _PLAIN_HOST.match(host) and not _BUCKET_HOST.match(host):
            return _Refusal("json", 400, "InvalidHost", f"This server is not {host[:200]}.")
        protocol = _protocol(call, claimed)
        if claimed.region and claimed.region not in self.world.regions:
            return _unknown_region(protocol, claimed.region, self.world.regions)
        executed = self._executed(request)
        if call is None:
            if executed in SERVICES and request.method != "OPTIONS" and not request.path.startswith(_S3_CONTROL):
                return _Refusal(protocol, 400, "UnknownOperationException", "The request names no operation of the service.")
            if request.method != "OPTIONS":
                self.recorder.count_unclassified(executed)
            return None
        if executed != call.service and not (call.service == "s3" and _BUCKET_HOST.match(host)):
            message = f"Credential should be scoped to correct service: '{call.service}'."
            return _Refusal(protocol, 403, "SignatureDoesNotMatch", message)
        return None

    def _executed(self, request: Request) -> str:
        """The service the emulator would route the request to."""
        from ministack.core.router import detect_service

        query = {name: list(values) for name, values in request.query.items()}
        routing = self.emulator._routing_params(request.method, request.path, dict(request.headers), request.body, query)
        service: str = detect_service(request.method, request.path, dict(request.headers), routing)
        return SIGNED_AS.get(service, service)


class _Recording:
    """Holds an answer until its event is recorded, then lets it go with the event's request id."""

    def __init__(self, recorder: Recorder, exchange: Exchange, send: Send) -> None:
        self.recorder, self.exchange, self.send = recorder, exchange, send
        self.start: Message = {}
        self.parts: list[bytes] = []
        self.streaming = False
        self.answered = False

    async def take(self, message: Message) -> None:
        """The emulator's `send`."""
        if message["type"] == "http.response.start":
            self.start = message
            self.streaming = self._may_stream()
            if self.streaming:
                await self._record(b"")
        elif self.streaming or message["type"] != "http.response.body":
            await self.send(message)
        else:
            self.parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = b"".join(self.parts)
                await self._record(body)
                await self.send({**message, "body": self.body})

    async def fail(self) -> None:
        """Answer, and record, that the service itself failed."""
        said = b'{"__type":"InternalFailure","message":"The request processing has failed because of an unknown error."}'
        self.parts.clear()
        await self.take({"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"application/json")]})
        await self.take({"type": "http.response.body", "body": said})

    def _may_stream(self) -> bool:
        """Whether the event needs nothing of the body, which may be large: an object's bytes, a function's answer."""
        needs_none = self.exchange.call.service in {"s3", "lambda"} and self.exchange.rule.resource_type != ""
        return bool(needs_none and self.start["status"] < 400)

    async def _record(self, body: bytes) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.start["headers"]}
        request_id = _request_id(self.exchange.call, headers, body)
        answer = Answer(self.start["status"], headers, body)
        self.body = body
        try:
            self.recorder.record(self.exchange, answer, request_id)
        except Exception:  # noqa: BLE001 (whatever it is, the caller must not be told that all is well)
            _log.exception("could not record %s.%s", self.exchange.call.service, self.exchange.call.operation)
            self.body = b'{"__type":"InternalFailure","message":"The sandbox could not record this call."}'
            self.start = {**self.start, "status": 500, "headers": [(b"content-type", b"application/json")]}
        kept = _without(self.start["headers"], b"x-amzn-requestid", b"x-amz-request-id", b"content-length")
        name = b"x-amz-request-id" if self.exchange.call.service == "s3" else b"x-amzn-requestid"
        length = headers.get("content-length", str(len(body))) if self.streaming or self._is_head() else str(len(self.body))
        self.answered = True
        await self.send({**self.start, "headers": [*kept, (name, request_id.encode()), (b"content-length", length.encode())]})

    def _is_head(self) -> bool:
        return self.exchange.request.method == "HEAD"


class _Refusal:
    """An answer given at the door, in the protocol the caller speaks."""

    def __init__(self, protocol: str, status: int, code: str, message: str) -> None:
        request_id = str(uuid.uuid4())
        self.status = status
        self.headers = [(b"x-amzn-requestid", request_id.encode()), (b"x-amz-request-id", request_id.encode())]
        if protocol == "json":
            self.headers.append((b"content-type", b"application/x-amz-json-1.1"))
            self.body = json.dumps({"__type": code, "message": message}).encode()
            return
        said = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        if protocol == "query":
            text = f"<ErrorResponse><Error><Type>Sender</Type>{said}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        else:
            text = f"<Error>{said}<RequestId>{request_id}</RequestId></Error>"
        self.headers.append((b"content-type", b"text/xml"))
        self.body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [*self.headers, (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def _cloudtrail(world: World) -> Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]:
    """CloudTrail's handler inside the emulator, which has authorized the call by then."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> tuple[int, dict[str, str], bytes]:
        from ministack.core.iam_evaluator import caller_arn
        from ministack.core.responses import get_account_id, get_region

        del method, path, query
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            parameters = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            parameters = None
        answer: tuple[int, dict[str, Any]] | None
        if not isinstance(parameters, dict):
            answer = (400, {"__type": "SerializationException", "message": "The body is no JSON object."})
        else:
            answer = world.trails.handle(operation, parameters, get_region(), get_account_id(), caller_arn())
        if answer is None:
            message = f"The sandbox's CloudTrail does not offer {operation}."
            answer = (400, {"__type": "UnsupportedOperationException", "message": message})
        return answer[0], {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer[1]).encode()

    return handle


def _request(asgi: Message, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in asgi["headers"]:
        key, text = name.decode("latin-1").lower(), _text(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    query = parse_qs(asgi.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    return Request(asgi["method"], asgi["path"], query, headers, body)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None where the caller went away."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _without(headers: Any, *names: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _is_form(request: Request) -> bool:
    return "x-www-form-urlencoded" in request.headers.get("content-type", "")


def _bucket_of_host(host: str) -> str | None:
    found = _BUCKET_HOST.match(host)
    bucket = _ENDPOINT_LABELS.sub("", found["bucket"]) if found else ""
    return bucket if bucket not in {"", "s3"} else None


def _protocol(call: Call | None, claimed: Scope) -> str:
    if call is None:
        return "xml" if claimed.service == "s3" else "json"
    return {"rest-xml": "xml", "query": "query", "ec2": "query"}.get(call.model.service_model.metadata["protocol"], "json")


def _unknown_region(protocol: str, region: str, regions: tuple[str, ...]) -> _Refusal:
    if protocol == "xml":
        message = f"The authorization header is malformed; the region '{region}' is wrong; expecting '{regions[0]}'"
        return _Refusal(protocol, 400, "AuthorizationHeaderMalformed", message)
    code, status = ("InvalidClientTokenId", 403) if protocol == "query" else ("UnrecognizedClientException", 400)
    return _Refusal(protocol, status, code, "The security token included in the request is invalid.")


def _request_id(call: Call, headers: dict[str, str], body: bytes) -> str:
    """The id the caller will see: the one inside an XML answer, else one of the service's own form."""
    if call.service in {"dynamodb", "dynamodbstreams"}:
        return base64.b32encode(os.urandom(17)).decode()[:26] + _DYNAMODB_ID_TAIL
    found = re.search(rb"<RequestId>([^<]{1,128})</RequestId>", body, re.IGNORECASE) if body[:1] == b"<" else None
    if found:
        return found[1].decode("utf-8", "replace")
    if call.service == "s3":
        return base64.b32encode(os.urandom(10)).decode()[:16]
    return headers.get("x-amzn-requestid") or str(uuid.uuid4())
