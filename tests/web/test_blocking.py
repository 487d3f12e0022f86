"""Blocking work has four threads and a time limit, and what hangs keeps its thread to itself."""

import asyncio
import threading

import pytest

from itemtrail_airflow.web.blocking import Busy, Threads


def test_the_loop_goes_on_while_a_call_blocks():
    async def main():
        threads, gate, ticks = Threads(1), threading.Event(), 0
        waiting = asyncio.create_task(threads.run(gate.wait))
        for _ in range(50):
            await asyncio.sleep(0)
            ticks += 1
        gate.set()
        return await waiting, ticks

    assert asyncio.run(main()) == (True, 50)


def test_no_more_run_at_once_than_there_are_threads_however_many_gave_up():
    running, most, gate, lock = 0, 0, threading.Event(), threading.Lock()

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(10)
        with lock:
            running -= 1

    async def main():
        threads = Threads(2, queue=10, seconds=0.05)
        ended = await asyncio.gather(*(threads.run(work) for _ in range(8)), return_exceptions=True)
        later = await asyncio.gather(threads.run(work), return_exceptions=True)
        gate.set()
        return [type(one) for one in (*ended, *later)]

    assert asyncio.run(main()) == [Busy] * 9
    assert most == 2


def test_a_full_queue_is_refused_at_once():
    async def main():
        threads, gate = Threads(1, queue=1, seconds=5), threading.Event()
        held = [asyncio.create_task(threads.run(gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="2 requests"):
            await threads.run(gate.wait)
        gate.set()
        await asyncio.gather(*held)
        return await threads.run(lambda: "free again")

    assert asyncio.run(main()) == "free again"


def test_what_the_work_raises_comes_through():
    async def fails(error):
        def work():
            raise error

        await Threads(1).run(work)

    for error in (KeyError("k"), TimeoutError("its own")):
        with pytest.raises(type(error), match=str(error.args[0])):
            asyncio.run(fails(error))
