"""One bucket's listing, judged line by line; the tags of an object are asked for where the answer depends on them.

Refuses to ask without end: after some hundred objects the rest is left as "depends on its tags", which is not good.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from itemtrail.core.lifecycle_placement import Place, Rules, Tags, Tally, judge
from itemtrail.core.lifecycle_together import DIGESTS
from itemtrail.errors import AccessDenied, NotFound
from itemtrail.model import Archived
from itemtrail.ports.cold import ColdStore

_MOST_ASKED = 500


@dataclass(slots=True)
class Bucket:
    """A bucket while it is looked at; ``tags`` is None where nobody may ask for them."""

    rules: Rules
    listing: ColdStore
    tags: Callable[[str], Tags] | None = None
    tally: Tally = field(default_factory=Tally)
    _asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def list(self, prefix: str) -> dict[str, int]:
        """Key → bytes of what lies under ``prefix``, each judged and counted."""
        found: dict[str, int] = {}
        for one in self.listing.list(prefix, start_after=""):
            place, why = judge(self.rules, one)
            if place is Place.TAGS:
                place, why = self._ask(one, why)
            with self._lock:
                self.tally.add(_folder(one.key), one, place, why)
            found[one.key] = one.size
        return found

    def _ask(self, one: Archived, why: str) -> tuple[Place, str]:
        with self._lock:
            self._asked += 1
            if self.tags is None or self._asked > _MOST_ASKED:
                return Place.TAGS, why
        try:
            return judge(self.rules, one, self.tags(one.key))
        except AccessDenied as error:
            return Place.TAGS, f"{why} ({error.message})"
        except NotFound:  # gone since it was listed
            return Place.AS_DUE, ""


def _folder(key: str) -> str:
    """What an object is counted under: a folder of the archive, or logs and digests of the trail bucket."""
    if "AWSLogs/" in key:
        return "digests" if DIGESTS in key else "logs"
    return key.partition("/")[0]
