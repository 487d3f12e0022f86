"""Real servers that alerts are sent to, on loopback: an HTTP server that answers as told, an SMTP server that keeps mail."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Webhook:
    """What was posted to it. ``answers``: (status, headers) of the next answers; 200 where there is none."""

    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """An incoming webhook as Slack has it: JSON in a POST, ``ok`` for an answer."""
    kept = Webhook()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posted.append(json.loads(body))
            kept.paths.append(self.path)
            status, headers = kept.answers.pop(0) if kept.answers else (200, {})
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """What arrived: (readers of the envelope, the mail as Python's parser reads it)."""

    port: int = 0
    arrived: list[tuple[list[str], EmailMessage]] = field(default_factory=list)


@contextmanager
def mailbox(password: str = "") -> Iterator[Mailbox]:
    """A mail server without TLS; with ``password`` it wants a sign-in. It refuses readers at ``refused.example``."""
    kept = Mailbox()

    class Handler:
        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if address.endswith("@refused.example"):
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            kept.arrived.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=policy.default)))
            return "250 OK"

    def signed_in(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == password.encode()
        return AuthResult(success=right, handled=right)

    wants = {"authenticator": signed_in, "auth_required": True, "auth_require_tls": False} if password else {}
    with socket.create_server(("127.0.0.1", 0)) as free:
        kept.port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=kept.port, **wants)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
