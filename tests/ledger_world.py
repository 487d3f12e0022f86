"""An archive in memory with receipts of units, of a stream and of the event history: what tests of the ledger share."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.memory import MemoryStore

from itemtrail.core import layout
from itemtrail.core.plan import Versions, canonical, sha256
from itemtrail.core.receipt import Counts, Receipt
from itemtrail.flows.ledger import Appended, append
from itemtrail.model import Conversion, SlotVerdict, Unit, Verdict
from itemtrail.ports.data import ArchiveStore

FIRST = dt.date(2026, 3, 1)
UNTIL = dt.datetime(2026, 3, 12, 5, 30, tzinfo=dt.UTC)
ACCOUNT, REGION = "111122223333", "us-east-1"
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/Employees"
TRAIL = "arn:aws:cloudtrail:us-east-1:111122223333:trail/one"
VERSIONS = Versions("0", 1, "c", "p")


def unit(day: int = 0, *, account: str = ACCOUNT, region: str = REGION) -> Unit:
    """The unit of the ``day``-th day."""
    return Unit(account, region, FIRST + dt.timedelta(days=day))


def receipt(
    of: Unit, number: int = 0, previous: str | None = None, *, verdict: Verdict = Verdict.PROVEN, partial: bool = False
) -> Receipt:
    """A receipt with one slot and ten rows, eleven records where something is in quarantine."""
    start = dt.datetime.combine(of.day, dt.time(), dt.UTC)
    reason = "OK" if verdict is Verdict.PROVEN else "HASH_MISMATCH"
    return Receipt(
        unit=of,
        number=number,
        previous=previous,
        plan="0" * 64,
        trail=TRAIL,
        versions=VERSIONS,
        finished_by=VERSIONS,
        verdict=verdict,
        conversion=Conversion.PARTIAL if partial else Conversion.COMPLETE,
        counts=Counts(slots=1, records_in=10 + partial, rows=10, quarantined=int(partial), bytes_in=1000, bytes_out=100),
        slots=(SlotVerdict(start, start + dt.timedelta(hours=1), verdict, reason, "a digest"),),
        objects=(),
        digests=(),
        listed_by={},
        keys=(),
        inputs=(),
        outputs=(),
    )


@dataclass
class LedgerWorld:
    """The archive, and what was committed to it."""

    room: Path
    archive: MemoryStore = field(default_factory=lambda: MemoryStore("s3://archive"))
    said: list[str] = field(default_factory=list)
    today: dt.date = dt.date(2026, 3, 12)
    _last: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.archive.put(layout.ARCHIVE_KEY, canonical({"kind": "archive", "trail": {"arn": TRAIL}}))

    def commit(self, of: Unit, *, verdict: Verdict = Verdict.PROVEN, partial: bool = False) -> str:
        """One more commit of a unit; the receipt's key."""
        folder = layout.receipts_folder(of)
        number, previous = self._last.get(folder, (-1, None))
        made = receipt(of, number + 1, previous, verdict=verdict, partial=partial)
        if number >= 0:
            self.archive.put_new(layout.reopened_key(self.today, of, number + 1), b"{}", locked=False)
        self.archive.put(layout.plan_key(of, number + 1), b"{}")
        return self._put(folder, layout.receipt_key(of, number + 1), number + 1, made.to_json())

    def commit_stream(self, table: str = TABLE) -> str:
        """One more commit of a table."""
        folder = layout.stream_receipts_folder(table)
        number, previous = self._last.get(folder, (-1, None))
        body = canonical({"number": number + 1, "previous": previous, "table_arn": table})
        return self._put(folder, layout.stream_receipt_key(table, number + 1), number + 1, body)

    def commit_event_history(self, day: dt.date = FIRST) -> str:
        """A commit of the event history's day."""
        key = f"event_history_receipts/account={ACCOUNT}/region={REGION}/event_date={day}/000.receipt.json"
        return self._put(key.rpartition("/")[0], key, 0, canonical({"number": 0, "previous": None}))

    def append(
        self, *, until: dt.datetime = UNTIL, full: bool = False, most: int = 10_000, archive: ArchiveStore | None = None
    ) -> Appended:
        """Bring the ledger up to date."""
        return append(archive or self.archive, until=until, room=self.room, full=full, most=most, progress=self.said.append)

    def ledger(self) -> dict[str, bytes]:
        """All objects of the ledger."""
        return {key: self.archive.body(key) for key in self.archive.keys("ledger/")}

    def _put(self, folder: str, key: str, number: int, body: bytes) -> str:
        self.archive.put(key, body)
        self._last[folder] = (number, sha256(body))
        return key


def week(world: LedgerWorld, days: Sequence[int] = range(7)) -> list[str]:
    """A commit for each of some days."""
    return [world.commit(unit(day)) for day in days]
