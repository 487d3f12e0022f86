"""``python -m cloudtrail_sandbox``: a local AWS on loopback whose CloudTrail really delivers.

Decides: the order of starting. The clock is set before the emulator is imported, the port is bound before its address is told,
and the ready file appears only when requests are answered. Refuses: a Region list without us-east-1, where global services log.
"""

import argparse
import asyncio
import datetime as dt
import json
import logging
import os
import re
import select
import signal
import socket
import sys
import threading
from pathlib import Path

from cloudtrail_sandbox import internal, ministack_patches, s3_lifecycle
from cloudtrail_sandbox.clock import ShiftedClock
from cloudtrail_sandbox.control import asgi
from cloudtrail_sandbox.timekeeper import Timekeeper
from cloudtrail_sandbox.trail import GLOBAL_REGION
from cloudtrail_sandbox.trails import TrailService
from cloudtrail_sandbox.world import World

OWNER = "owner"
HERE = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - for a container's own network


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; gives the exit status."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    from cloudtrail_sandbox import server

    try:
        listening = server.listen(asked.port, asked.host)
    except OSError as error:
        print(f"sandbox: cannot listen on port {asked.port}: {error.strerror}. Next: --port 0 takes a free one.", file=sys.stderr)
        return 1
    port = listening.getsockname()[1]
    clock = ShiftedClock(asked.clock, tick=not asked.frozen)
    ministack_patches.configure(asked.account, asked.regions[0], port)
    ministack_patches.apply()
    asyncio.run(_serve(_world(asked.account, asked.regions, clock), clock, listening, asked))
    return 0


async def _serve(world: World, clock: ShiftedClock, listening: socket.socket, asked: argparse.Namespace) -> None:
    from cloudtrail_sandbox import server

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if asked.until_stdin_closes:
        threading.Thread(target=_watch_parent, args=(loop, stop), daemon=True).start()
    timekeeper = Timekeeper(world, clock)
    app = server.create_app(world, asgi(world, timekeeper))
    pace = asyncio.create_task(timekeeper.pace())
    serving = asyncio.create_task(server.serve(app, listening, stop))
    endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
    if await _answers(listening.getsockname()[1], serving):
        _tell(world, endpoint, asked)
    await serving
    pace.cancel()


def _world(account: str, regions: tuple[str, ...], clock: ShiftedClock) -> World:
    owner = internal.create_owner(account, OWNER)

    async def expire_ttl() -> int:
        return ministack_patches.expire_ttl_now()

    async def run_lifecycle() -> dict[str, int]:
        return s3_lifecycle.run_now(clock.now())

    return World(
        account=account,
        regions=regions,
        clock=clock,
        trails=TrailService(account, regions, clock, internal),
        storage=internal,
        drain=ministack_patches.drain,
        expire_ttl=expire_ttl,
        run_lifecycle=run_lifecycle,
        owner={"access_key_id": owner.access_key_id, "secret_access_key": owner.secret_access_key},
    )


async def _answers(port: int, serving: "asyncio.Task[None]") -> bool:
    """Whether the server answers; False where it ended instead."""
    while not serving.done():
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
            writer.write(b"GET /_sandbox/clock HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 2)
            writer.close()
            if b" 200" in line:
                return True
        except (OSError, TimeoutError):
            pass
        await asyncio.sleep(0.05)
    return False


def _tell(world: World, endpoint: str, asked: argparse.Namespace) -> None:
    if asked.ready_file is not None:
        ready = {"endpoint": endpoint, "account": world.account, "regions": list(world.regions), "pid": os.getpid()}
        partial = asked.ready_file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(ready | {"owner": dict(world.owner)}), encoding="utf-8")
        partial.replace(asked.ready_file)
    else:
        print(_banner(world, endpoint), flush=True)


def _banner(world: World, endpoint: str) -> str:
    return f"""A local AWS with a CloudTrail that delivers, signs and refuses. Ctrl-C ends it; nothing is kept.

  account {world.account}   Regions {", ".join(world.regions)}   clock {world.clock.now():%Y-%m-%d %H:%M:%SZ}

  export AWS_ENDPOINT_URL={endpoint}
  export AWS_ACCESS_KEY_ID={world.owner["access_key_id"]}
  export AWS_SECRET_ACCESS_KEY={world.owner["secret_access_key"]}
  export AWS_DEFAULT_REGION={world.regions[0]}
  unset AWS_SESSION_TOKEN AWS_PROFILE

  log files arrive every five minutes, digests every hour; to let two hours pass now:
  curl -X POST {endpoint}/_sandbox/advance -d '{{"seconds": 7200}}'"""


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """End when whoever started us has gone, however it died: its end of the pipe is closed, or we have another parent."""
    parent = os.getppid()
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], 1.0)
        if readable and not os.read(0, 4096):
            break
    loop.call_soon_threadsafe(stop.set)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cloudtrail_sandbox", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=4566, help="port; 0 takes a free one (default 4566)")
    parser.add_argument(
        "--host",
        default=HERE,
        choices=(HERE, EVERYWHERE),
        help=f"address to listen on (default {HERE}); {EVERYWHERE} only inside a container, for its network",
    )
    parser.add_argument("--account", type=_account, default="111122223333", help="account id, twelve digits")
    parser.add_argument("--regions", type=_regions, default=("us-east-1", "eu-west-1"), help="comma-separated; default first")
    parser.add_argument("--clock", type=_time, help="when it is there, like 2026-11-21T00:00:00Z (default: now)")
    parser.add_argument("--frozen", action="store_true", help="the clock moves only when told")
    parser.add_argument("--ready-file", type=Path, help="write endpoint and owner's credentials there (JSON) when ready")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input does")
    return parser


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account id of twelve digits")
    return text


def _regions(text: str) -> tuple[str, ...]:
    regions = tuple(part.strip() for part in text.split(","))
    wrong = [region for region in regions if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region)]
    if wrong or len(set(regions)) < len(regions):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of Regions like us-east-1,eu-west-1")
    if GLOBAL_REGION not in regions:
        raise argparse.ArgumentTypeError(f"{GLOBAL_REGION} must be among the Regions: IAM and STS are logged there")
    return regions


def _time(text: str) -> dt.datetime:
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-21T00:00:00Z") from None
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset from UTC: write it like 2026-11-21T00:00:00Z")
    return time


if __name__ == "__main__":
    sys.exit(main())
