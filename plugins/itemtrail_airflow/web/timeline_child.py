"""The process that answers one question of the Timeline page: `python -m itemtrail_airflow.web.timeline_child MEMORY SECONDS`.

Reads the question from standard input, prints one JSON object. Sets its own limits first, so that nothing it imports or reads can
exceed them. Imports nothing of Airflow. Errors that people can mend are an answer (``problem``); a fault tells its type and
place, never its message: that may hold an item's values.
"""

import json
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from itemtrail_airflow.web.short_process import OUT_OF_MEMORY

_NO_ROOM = ("can't start new thread", "cannot allocate memory", "failed to map segment")


def main() -> int:
    """One question."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds + 1)  # ends it even if nobody is left to kill it
    try:
        made = _answer(json.loads(sys.stdin.buffer.read()))
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - told without its message
        if any(said in str(error).lower() for said in _NO_ROOM):
            return OUT_OF_MEMORY
        made = _told(error)
    sys.stdout.write(json.dumps(made, ensure_ascii=True))
    return 0


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    from itemtrail.aws.connection import Connection
    from itemtrail.settings import load
    from itemtrail_airflow.web import timeline_answer

    settings = load()
    archive = settings.archive
    store = Connection().store(archive.bucket, root=archive.prefix, region=archive.region)
    return timeline_answer.answer(store, asked, most_inflated=settings.conversion.max_inflated_bytes)


def _told(error: Exception) -> dict[str, Any]:
    from itemtrail.errors import ItemtrailError

    if isinstance(error, ItemtrailError):
        return {"problem": {"kind": type(error).__name__, "message": error.message, "advice": error.advice}}
    last = traceback.extract_tb(error.__traceback__)[-1]
    return {"fault": f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} ({last.name})"}


if __name__ == "__main__":
    sys.exit(main())
