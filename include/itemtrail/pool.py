"""Process pools that are safe inside Airflow tasks.

Decides: workers are *spawned* (a fork hangs once obstore has started its threads); while they start, the parent's ``__main__`` is
hidden, because spawn would run it again and inside a task it is Airflow's console script; on an exception, and when the parent
dies, workers end at once instead of being waited for. Refuses to restart a worker that died: its task might kill the next one.
Functions and items must be importable and picklable: no lambdas, nothing defined in ``__main__``.

    with pool(2) as workers:
        for answer in workers.map_unordered(convert_part, parts):
            ...
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from itemtrail.errors import SourceUnavailable

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

_PARENT_CHECK_SECONDS = 1.0
_ABSENT = object()
_main_lock = threading.Lock()


class Pool:
    """A running pool; made by ``pool``."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),))

    def map_unordered(self, function: Callable[[_Item], _Answer], items: Iterable[_Item]) -> Iterator[_Answer]:
        """Apply ``function`` to each item; answers come as they are ready. At most two items a worker are under way.

        Raises:
            SourceUnavailable: a worker died (killed, out of memory).
            Exception: whatever ``function`` raised first.
        """
        waiting = iter(items)
        running: set[Future[_Answer]] = set()
        try:
            while True:
                while len(running) < 2 * self._workers and (item := next(waiting, _ABSENT)) is not _ABSENT:
                    running.add(self._submit(function, item))  # type: ignore[arg-type]  # not the sentinel
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            raise SourceUnavailable(
                "a worker process ended abruptly (killed, or out of memory).",
                advice="run again; if it recurs, set conversion.workers lower or give the task more memory.",
            ) from error

    def _submit(self, function: Callable[[_Item], _Answer], item: _Item) -> "Future[_Answer]":
        with _hidden_main():
            return self._executor.submit(function, item)

    def _close(self) -> None:
        self._executor.shutdown()

    def _kill(self) -> None:
        """End the workers now; what they were doing is lost."""
        processes = list((self._executor._processes or {}).values())  # noqa: SLF001 - public only from Python 3.14 on
        for process in processes:
            process.kill()
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.join()


@contextmanager
def pool(workers: int) -> Iterator[Pool]:
    """A pool of ``workers`` processes; on leaving normally they are waited for, on an exception they are killed."""
    running = Pool(workers)
    try:
        yield running
    except BaseException:
        running._kill()  # noqa: SLF001 - of this module
        raise
    running._close()  # noqa: SLF001


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Let spawn see no main module to run again: it asks for ``__spec__`` and ``__file__``."""
    main = sys.modules["__main__"]
    with _main_lock:
        kept = {name: getattr(main, name, _ABSENT) for name in ("__spec__", "__file__")}
        main.__spec__ = None
        if kept["__file__"] is not _ABSENT:
            del main.__file__
        try:
            yield
        finally:
            for name, value in kept.items():
                if value is not _ABSENT:
                    setattr(main, name, value)


def _begin(parent: int) -> None:
    """In a worker: leave Ctrl-C to the parent, take SIGTERM's default back, end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)
