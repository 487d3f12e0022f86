"""The configuration, and the archive to read: through the Airflow connection ``airflow.auditor_conn``, which may only read.

Decides: how long clients are kept (five minutes, so that a changed connection or configuration is soon seen). Refuses to write:
the store that it gives has no method for it. Call it inside ``in_thread``: it asks Airflow's database and makes clients.
"""

import functools
import threading
import time

from itemtrail.ports.data import ObjectStore
from itemtrail.settings import Settings

KEPT_SECONDS = 300
_one = threading.Lock()  # making clients costs CPU time: not four times at once


def settings_and_store() -> tuple[Settings, ObjectStore]:
    """The settings and a store of the archive.

    Raises:
        ConfigurationError: the configuration is wrong, or the connection that it names does not exist.
    """
    with _one:
        return _opened(int(time.monotonic() // KEPT_SECONDS))


@functools.lru_cache(maxsize=1)
def _opened(_: int) -> tuple[Settings, ObjectStore]:
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    archive = roles.settings.archive
    return roles.settings, roles.auditor().store(archive.bucket, root=archive.prefix, region=archive.region)
