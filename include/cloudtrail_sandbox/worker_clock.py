"""The clock of a function's worker: the sandbox's for its handler, the machine's for how long things take.

Decides: each invocation carries the sandbox's time to the worker, which lives in it from then on; the emulator's own waits for a
worker are measured in real time, because a clock that stands still would never end them. Refuses: to start where the emulator's
worker no longer looks as it did when this was written, rather than to run handlers in another time.

Source: ministack 1.5.33, core/lambda_runtime.py.
"""

import time
import types
from typing import Any

_CARRIER = "_SANDBOX_NOW"
_READS_ENVELOPE = '_ms_ctx = _ms_msg.get("ctx") or {}'
_SETS_CLOCK = """_ms_ctx = _ms_msg.get("ctx") or {}
        _sandbox_clock((_ms_ctx.get("durable") or {}).pop("_SANDBOX_NOW"))"""
_BOOTSTRAP = """
import time_machine as _time_machine
_sandbox_traveller = []
def _sandbox_clock(said):
    now, tick = said.split()
    if _sandbox_traveller:
        _sandbox_traveller[0].move_to(float(now), tick=tick == "1")
    else:
        _sandbox_traveller.append(_time_machine.travel(float(now), tick=tick == "1").start())

"""


def patch() -> None:
    """Patch 10."""
    import time_machine
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    script, overlay = lambda_runtime._PYTHON_WORKER_SCRIPT, lambda_svc._durable_env_overlay
    if script.count(_READS_ENVELOPE) != 1:
        raise RuntimeError("ministack's Python worker reads its invocations in another way: adapt worker_clock")

    def with_the_time() -> Any:
        return {**(overlay() or {}), _CARRIER: f"{time.time()!r} {int(time_machine.traveller_stack[-1]._tick)}"}

    lambda_runtime._PYTHON_WORKER_SCRIPT = _BOOTSTRAP + script.replace(_READS_ENVELOPE, _SETS_CLOCK)
    lambda_svc._durable_env_overlay = with_the_time
    real = time_machine.escape_hatch.time.time
    lambda_runtime.time = types.SimpleNamespace(time=real, monotonic=time.monotonic, sleep=time.sleep)
