"""Two days archived and in the ledger, with a duplicate, quarantine and a stream: what tests of verify-archive share."""

import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.archive_world import BEGIN, DAY, HOUR, LATER, SIGNER, ArchiveWorld, settings
from tests.chain_world import public_key
from tests.ledger_world import UNTIL
from tests.memory import MemoryKeys, MemoryStore
from tests.proof_world import log_content
from tests.stream_world import World as StreamWorld
from tests.vectors.make_chain import Chain, Signer

from itemtrail.core.ledger import Checkpoint
from itemtrail.core.verify import Finding, UnitReport
from itemtrail.flows.ledger import append
from itemtrail.flows.verify_archive import ArchiveReport, Asked, verify_archive
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore, PublicKeys

EARLIER = DAY - 24 * HOUR


def a_chain(hours: int = 30, *, signer: Signer = SIGNER) -> Chain:
    """A log every sixth hour; one is no gzip's content of records, one repeats another's records, one has a bad record."""
    chain = Chain(signer)
    bodies = {
        6: log_content(6),
        12: log_content(6, records=2),
        18: b'{"Records":[{"eventID":"a","eventTime":"2026-03-10T15:00:00Z"},7]}',
        24: b"no",
    }
    for hour in range(hours):
        begin = BEGIN + hour * HOUR
        keys = [chain.log(begin + HOUR / 4, f"{hour:08d}abcdefgh", bodies.get(hour, log_content(0)))] if hour % 6 == 0 else []
        chain.digest(begin, begin + HOUR, keys, starting=hour == 0)
    return chain


@dataclass
class VerifyWorld:
    """An archive of two days, a table's stream and a ledger of two checkpoints."""

    room: Path
    chain: Chain = field(default_factory=a_chain)
    ledger: bool = True

    def __post_init__(self) -> None:
        (self.room / "spool").mkdir()
        self.world = ArchiveWorld(self.room / "spool", self.chain, settings())
        self.archive: MemoryStore = self.world.archive
        self.unit, self.first = self.world.unit, Unit(self.chain.account, self.chain.region, EARLIER)
        self.world.run(unit=self.first)
        self._append()
        self.world.run()
        streams = StreamWorld()
        streams.archive = self.archive
        for employee in range(3):
            streams.streams.put(f"E-{employee}")
        streams.streams.put("E-9", Keys={"EmpId": {"BOOL": True}})
        streams.later()
        streams.run()
        self.last = self._append()

    def _append(self) -> Checkpoint | None:
        if not self.ledger:
            return None
        with tempfile.TemporaryDirectory(dir=self.room) as room:
            return append(self.archive, until=max(UNTIL, LATER), room=Path(room)).last

    def verify(
        self,
        archive: ObjectStore | None = None,
        *,
        kept: Collection[str] = (),
        trusted: PublicKeys | None = None,
        asked: Asked = Asked(),  # noqa: B008
    ) -> tuple[ArchiveReport, dict[str, UnitReport]]:
        """The report, and units by name."""
        units: list[UnitReport] = []
        with tempfile.TemporaryDirectory(dir=self.room) as room:
            report = verify_archive(
                archive or self.archive, room=Path(room), take=units.append, asked=asked, kept=kept, trusted=trusted, workers=1
            )
        return report, {one.name: one for one in units}

    def keys(self, *signers: Signer) -> MemoryKeys:
        """A trusted list."""
        return MemoryKeys([public_key(one, self.chain.region) for one in signers or (SIGNER,)])


def codes(findings: Collection[Finding]) -> set[str]:
    """Codes of findings."""
    return {str(one.code) for one in findings}
