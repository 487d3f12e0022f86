"""A server of recorder, emulator and trail service alone, for the recorder's own tests. Runs in the sandbox's environment.

Prints one JSON line with port and owner's credentials, then serves until its standard input closes. Under `/_sandbox/`:
`events` (what was recorded), `unclassified`, `expire_ttl`, `shift?<seconds>`, `drain`, `memory`.
"""

import asyncio
import datetime as dt
import json
import resource
import sys
import threading
from typing import Any

from cloudtrail_sandbox import internal, s3_lifecycle
from cloudtrail_sandbox.clock import ShiftedClock
from cloudtrail_sandbox.ministack_patches import apply, configure, drain, expire_ttl_now
from cloudtrail_sandbox.server import create_app, listen, serve
from cloudtrail_sandbox.trails import TrailService
from cloudtrail_sandbox.world import World

ACCOUNT, REGIONS = "111122223333", ("us-east-1", "eu-west-1")


async def main(start: str) -> None:
    sock = listen(0)
    port = sock.getsockname()[1]
    clock = ShiftedClock(dt.datetime.fromisoformat(start))
    configure(ACCOUNT, REGIONS[0], port)
    apply()
    owner = internal.create_owner(ACCOUNT)
    trails = TrailService(ACCOUNT, REGIONS, clock, internal)
    credentials = {"access_key_id": owner.access_key_id, "secret_access_key": owner.secret_access_key}

    async def expire() -> int:
        return expire_ttl_now()

    async def run_lifecycle() -> dict[str, int]:
        return s3_lifecycle.run_now(clock.now())

    world = World(
        account=ACCOUNT,
        regions=REGIONS,
        clock=clock,
        trails=trails,
        storage=internal,
        drain=drain,
        expire_ttl=expire,
        run_lifecycle=run_lifecycle,
        owner=credentials,
    )
    apps: list[Any] = []

    async def control(asgi: Any, receive: Any, send: Any) -> None:
        what = asgi["path"].rpartition("/")[2]
        answer: Any = {}
        if what == "events":
            answer = [json.loads(event) for event in trails.recorded]
            trails.recorded.clear()
        elif what == "unclassified":
            answer = dict(apps[0].recorder.unclassified)
            apps[0].recorder.unclassified.clear()
        elif what == "expire_ttl":
            answer = expire_ttl_now()
        elif what == "shift":
            clock.step_to(clock.now() + dt.timedelta(seconds=float(asgi["query_string"])))
        elif what == "drain":
            await drain()
        elif what == "memory":
            answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        body = json.dumps(answer).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    app = create_app(world, control)
    apps.append(app)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)), daemon=True).start()
    print(json.dumps({"port": port} | credentials), flush=True)
    await serve(app, sock, stop)


asyncio.run(main(sys.argv[1]))
