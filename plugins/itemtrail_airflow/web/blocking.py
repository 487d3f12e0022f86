"""The only way from a page's handler to blocking work: four threads of our own, a short queue, a time limit.

Decides: who waits, and for how long. A handler that blocks stops Airflow's own API, and under ``standalone`` the tasks with it.
anyio's ``CapacityLimiter`` frees its place when a caller gives up, though the thread goes on: then more than four run. Here a
thread that hangs keeps its place, pages answer "busy", and Airflow notices nothing.
"""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

THREADS = 4
QUEUE = 64  # requests that may wait for a thread
SECONDS = 20.0  # that a request waits and works, together

P = ParamSpec("P")
T = TypeVar("T")


class Busy(Exception):  # noqa: N818 - what it is
    """No answer in time: too many requests wait, or this one took too long. The message is for people."""


class Threads:
    """A bounded pool. ``seconds`` is of one call, waiting included."""

    def __init__(self, threads: int = THREADS, queue: int = QUEUE, seconds: float = SECONDS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="itemtrail-page")
        self._most = threads + queue
        self._seconds = seconds
        self._begun = 0

    async def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Result of ``function`` from a thread.

        Raises:
            Busy: the queue is full, or the time is over. What it raises itself comes through.
        """
        if self._begun >= self._most:
            raise Busy(f"{self._begun} requests are being answered already.")
        self._begun += 1
        work = self._pool.submit(contextvars.copy_context().run, functools.partial(function, *arguments, **named))
        loop = asyncio.get_running_loop()
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._end))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), self._seconds)
        except TimeoutError:
            if work.done() and not work.cancelled():
                raise  # the function's own
            raise Busy(f"the archive did not answer within {self._seconds:.0f} seconds.") from None

    def _end(self) -> None:
        self._begun -= 1


@functools.cache
def _threads() -> Threads:
    return Threads()


async def in_thread(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Result of ``function``, which may block, from one of four threads.

    Raises:
        Busy: too many requests wait, or it took too long; the pages answer 503.
    """
    return await _threads().run(function, *arguments, **named)
