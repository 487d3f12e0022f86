"""Work over many items by a bounded number of threads, in order: what reading a bucket needs.

Decides: how many at a time, how many results wait, and how many bytes are begun. Refuses to keep what was handed on.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

# At 15 ms a request, 16 would leave the processor waiting and 64 gain nothing (docs/performance.md).
WORKERS = 32
_MOST_BYTES = 32 << 20  # stored; inflated it is about nine times that

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def each(
    items: Iterable[_Item], work: Callable[[_Item], _Result], *, size: Callable[[_Item], int] = lambda _item: 0
) -> Iterator[_Result]:
    """``work`` over ``items`` by a bounded number of threads; results in the order of the items, few of them waiting.

    ``size`` in bytes: no more than a bounded sum of them is begun at a time, or one item.
    """
    waiting: deque[tuple[int, Future[_Result]]] = deque()
    begun = 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="validate") as pool:
        try:
            for item in items:
                while waiting and (len(waiting) >= 2 * WORKERS or begun + size(item) > _MOST_BYTES):
                    done, future = waiting.popleft()
                    begun -= done
                    yield future.result()
                begun += size(item)
                waiting.append((size(item), pool.submit(work, item)))
            while waiting:
                yield waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()
