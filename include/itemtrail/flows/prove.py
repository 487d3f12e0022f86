"""A proof of one archived event: found in the Parquet files, followed to its log file, digest, key, receipts and checkpoint.

Decides: which of several equal rows is proven (the first whose log file is), and that every byte which goes into a proof has the
SHA-256 that its receipt names. Refuses to prove what the receipts do not call PROVEN, and what no checkpoint holds yet.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core import layout, proof
from itemtrail.core.digest import Digest, parse
from itemtrail.core.inflate import inflate
from itemtrail.core.plan import Kind, sha256
from itemtrail.core.receipt import Packed, Receipt
from itemtrail.core.signature import fingerprint
from itemtrail.errors import EvidenceError, ItemtrailError, NotFound
from itemtrail.flows import ledger_prove
from itemtrail.flows.receipts import History, load
from itemtrail.model import Unit, Verdict
from itemtrail.ports.data import ObjectStore

_MOST_ORIGINALS = 4  # kept inflated: several events of a question stand in one log file


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the event, and the unit whose commit made it."""

    unit: Unit
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Sources:
    """What a proof is made of, still packed."""

    log: Packed
    digest: Packed
    signature: str
    receipts: tuple[Receipt, ...]  # from the first that packed one of the two to the one that says PROVEN


def find(paths: Sequence[Path], event_id: str) -> Iterator[Found]:
    """Rows with this eventID in local copies of Parquet files below ``events/``, in the order of ``paths``."""
    for path in paths:
        day = layout.parse_events_file(path.as_posix())
        mask = pc.equal(pq.read_table(path, columns=["eventID"], partitioning=None)["eventID"], event_id)
        if day is None or not pc.any(mask).as_py():
            continue
        account, region = (path.parts[part].partition("=")[2] for part in (-4, -3))
        for row in pq.read_table(path, partitioning=None).filter(mask).to_pylist():
            yield Found(Unit(account, region, day), row)


@dataclass(slots=True)
class Prover:
    """Proofs of many events: the ledger, each unit's receipts and the log file in hand are read once.

    ``room`` is a folder for the ledger's files, ``max_bytes`` the largest inflated log file or digest, ``at`` the number of the
    checkpoint that proves (the last where None).
    """

    archive: ObjectStore
    room: Path
    max_bytes: int
    at: int | None = None
    _ledger: ledger_prove.Opened | None = None
    _units: dict[Unit, History] = field(default_factory=dict)
    _bodies: dict[str, bytes] = field(default_factory=dict)
    _originals: dict[tuple[str, str], proof.Original] = field(default_factory=dict)

    def ledger(self) -> ledger_prove.Opened:
        """The ledger; raises as ``ledger_prove.open_ledger``."""
        if self._ledger is None:
            self._ledger = ledger_prove.open_ledger(self.archive, room=self.room, at=self.at)
        return self._ledger

    def unit(self, unit: Unit) -> History:
        """A unit's receipts; raises as ``receipts.load``."""
        if unit not in self._units:
            self._units[unit] = load(self.archive, unit)
        return self._units[unit]

    def prove(self, found: Sequence[Found]) -> bytes:
        """The proof of the first of ``found``, rows of one event, that can be proven.

        Raises:
            NotFound: no row, or nothing that signs it. EvidenceError: not proven, or the archive contradicts itself.
            ConfigurationError: the ledger does not hold it (yet).
            ColdStorage: originals must be restored first. AccessDenied, SourceUnavailable.
        """
        problem: ItemtrailError = NotFound("no such event is archived.", advice="widen --from and --to (event dates).")
        for one in found:
            try:
                return self._prove(one)
            except (EvidenceError, NotFound) as error:
                problem = error
        raise problem

    def _prove(self, found: Found) -> bytes:
        sources = _sources(self.archive, found, self.unit(found.unit).receipts)
        log, digest = self._original(sources.log), self._original(sources.digest)
        last = sources.receipts[-1]
        key = layout.receipt_key(found.unit, last.number)
        bodies = [self._body(layout.receipt_key(found.unit, one.number)) for one in sources.receipts]
        return proof.make(
            found.row,
            log,
            digest,
            signature=sources.signature,
            key=_public_key(self._body, last, parse(digest.content)),
            receipts=(key, bodies),
            ledger=self.ledger().prove(key),
        )

    def _body(self, key: str) -> bytes:
        if key not in self._bodies:
            self._bodies[key] = self.archive.read(key).body
        return self._bodies[key]

    def _original(self, packed: Packed) -> proof.Original:
        if packed.identity not in self._originals:
            while len(self._originals) >= _MOST_ORIGINALS:
                del self._originals[next(iter(self._originals))]
            body = _read(self.archive, packed)
            self._originals[packed.identity] = proof.Original(packed.key, body, inflate(body, max_bytes=self.max_bytes))
        return self._originals[packed.identity]


def prove(archive: ObjectStore, found: Sequence[Found], *, room: Path, max_bytes: int, at: int | None = None) -> bytes:
    """The proof of one event; as ``Prover``."""
    return Prover(archive, room, max_bytes, at).prove(found)


def _sources(archive: ObjectStore, found: Found, receipts: tuple[Receipt, ...]) -> _Sources:
    name = str(found.row["source_object"])
    log, proven = proof.packed(receipts, name), [one for one in receipts if _says_proven(one, name)]
    if log is None or not proven:
        raise EvidenceError(
            f"{found.unit} does not call {name} proven.", advice=f"itemtrail receipts --day {found.unit.day} says why."
        )
    listing = proven[-1].listed_by[name]
    digest = proof.packed(receipts, listing)
    if digest is None:
        raise NotFound(f"{listing}, which lists {name}, is not archived in {found.unit}.", advice="archive the day again.")
    first, least = min(log[0], digest[0]), max(log[0], digest[0])
    last = next((one.number for one in proven if one.number >= least and one.listed_by[name] == listing), None)
    if last is None:
        raise EvidenceError(f"{found.unit} called {name} proven only before it was archived.", advice="archive the day again.")
    signature = digest[1].metadata.get("signature") or _by_successor(archive, receipts, listing)
    return _Sources(log[1], digest[1], signature, receipts[first : last + 1])


def _says_proven(receipt: Receipt, name: str) -> bool:
    return name in receipt.listed_by and any(o.key == name and o.verdict is Verdict.PROVEN for o in receipt.objects)


def _by_successor(archive: ObjectStore, receipts: Sequence[Receipt], name: str) -> str:
    """The signature of a digest whose own metadata lost it, as the digest after it repeats it."""
    for receipt in receipts:
        for one in receipt.inputs:
            if one.kind is Kind.DIGEST and one.key > name and not one.problem:
                following = parse(inflate(_read(archive, one), max_bytes=one.content_size)).previous
                if following and following.key == name:
                    return following.signature
    raise NotFound(
        f"no signature of {name} is archived with its day.", advice="its successor's day holds it: itemtrail validate proves it."
    )


def _read(archive: ObjectStore, packed: Packed) -> bytes:
    body = archive.read_range(packed.tar, packed.offset, packed.size)
    if sha256(body) != packed.sha256:
        raise EvidenceError(f"{packed.key}: {packed.tar} has other bytes than its receipt says.", advice="verify the archive.")
    return body


def _public_key(read: Callable[[str], bytes], receipt: Receipt, digest: Digest) -> bytes:
    """DER of the archived key that the digest names."""
    for name in receipt.keys:
        try:
            value = base64.b64decode(json.loads(read(name))["value"], validate=True)
        except (ValueError, LookupError, TypeError, binascii.Error) as error:
            raise EvidenceError(f"{name} is not an archived key: {error}.", advice="look at its older versions.") from error
        if fingerprint(value) == digest.fingerprint:
            return value
    raise NotFound(f"the key {digest.fingerprint} is not archived.", advice="archive the day again while AWS still lists it.")
