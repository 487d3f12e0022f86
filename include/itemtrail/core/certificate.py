"""A completeness certificate: that everything which was due from a trail for one account, Region and day came, and was archived.

Decides: a certificate is made only where the unit's last receipt says PROVEN and all its receipts bear that out: every slot and
object is proven, what is proven is packed, the numbers add up, and the ledger (where one is given) holds the last receipt and
knows of none after it. Anything else gives a ``Lacking``, a statement of what is wanting, which is no certificate and does not
look like one. Refuses a clock: the same receipts and the same checkpoint give the same bytes.
Source of what digests prove: CloudTrail user guide, "Validating CloudTrail log file integrity", read 2026-11-24.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from itemtrail.core import layout
from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.core.plan import Kind, Versions, canonical, sha256
from itemtrail.core.reasons import Reason
from itemtrail.core.receipt import Counts, OutputKind, Receipt, covered, total
from itemtrail.model import Conversion, SlotVerdict, Unit, Verdict, worst

_MOST_REASONS = 20
NOT_SAID = (
    "That everything was recorded: it is about what CloudTrail delivered. Which events the trail records, its selectors decide.",
    "That nothing else changed an item: deletions by time to live and writes that a replica made are in no trail.",
    "Who somebody is: the events name identities and keys, not persons.",
    "Whose key signed the digests: the keys are the archived ones. A checkpoint kept elsewhere or CloudTrail's list says that.",
    "Anything about later: it is what the unit's last receipt says as of the checkpoint that it names.",
)


@dataclass(frozen=True, slots=True)
class Due:
    """Digest hours without a gap between them: ``slots`` of them, in ``(start, end]``."""

    start: dt.datetime
    end: dt.datetime
    slots: int


@dataclass(frozen=True, slots=True)
class Document:
    """A receipt: its key in the archive, size in bytes, SHA-256."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Held:
    """Where the ledger holds the last receipt: leaf number ``leaf`` of ``leaves``. ``sha256`` is of the checkpoint's bytes."""

    checkpoint: int
    sha256: str
    until: dt.datetime
    leaf: int
    leaves: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """All that was due came and is proven. ``reservations``: what a reader must know beside it, one line each."""

    unit: Unit
    trail: str
    verdict: Verdict
    conversion: Conversion
    due: tuple[Due, ...]
    digests: int
    logs: int
    counts: Counts
    receipts: tuple[Document, ...]
    keys: tuple[str, ...]
    held: Held | None
    versions: Versions
    finished_by: Versions
    reservations: tuple[str, ...]
    not_said: tuple[str, ...] = NOT_SAID
    format: str = "itemtrail-certificate/1"

    @property
    def unreserved(self) -> bool:
        """Whether it says without reservation that the day is whole."""
        return not self.reservations

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Lacking:
    """What keeps a unit from being certified. ``verdict`` and ``conversion`` as its last receipt has them, None without one."""

    unit: Unit
    verdict: Verdict | None
    conversion: Conversion | None
    reasons: tuple[str, ...]
    receipts: tuple[Document, ...] = ()
    format: str = "itemtrail-lacking/1"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)


def make(
    unit: Unit,
    receipts: Sequence[Receipt],
    bodies: Sequence[bytes],
    *,
    unfinished: bool,
    ledger: LedgerProof | None,
) -> Certificate | Lacking:
    """The certificate of a unit, or what is lacking.

    Args:
        unit: account, Region and delivery day.
        receipts: every receipt of it, in order, each following the one before.
        bodies: their bytes.
        unfinished: a commit was planned and has no receipt.
        ledger: that the last receipt is in a checkpoint; None where none holds it.
    """
    documents = tuple(
        Document(layout.receipt_key(unit, one.number), len(body), sha256(body))
        for one, body in zip(receipts, bodies, strict=True)
    )
    if not receipts:
        planned = "a commit is planned and not finished" if unfinished else "nothing is archived"
        return Lacking(unit, None, None, (f"{planned}: no receipt says what came",))
    last = receipts[-1]
    reasons = tuple(_reasons(receipts, unfinished)) + tuple(ledger.problems(bodies[-1]) if ledger else ())
    if reasons:
        return Lacking(unit, last.verdict, last.conversion, reasons, documents)
    return Certificate(
        unit=unit,
        trail=last.trail,
        verdict=last.verdict,
        conversion=last.conversion,
        due=_due(last.slots),
        digests=sum(one.kind is Kind.DIGEST for one in covered(receipts).values()),
        logs=len(last.objects),
        counts=total(receipts),
        receipts=documents,
        keys=last.keys,
        held=_held(ledger) if ledger else None,
        versions=last.versions,
        finished_by=last.finished_by,
        reservations=tuple(_reservations(receipts, ledger)),
    )


def _reasons(receipts: Sequence[Receipt], unfinished: bool) -> Iterator[str]:
    last = receipts[-1]
    if unfinished:
        yield f"commit {len(receipts)} is planned and not finished: something came that is not archived yet"
    if last.verdict is not Verdict.PROVEN:
        yield f"the verdict is {last.verdict}"
        yield from _bad(last)
    elif worst((*(s.verdict for s in last.slots), *(o.verdict for o in last.objects))) is not Verdict.PROVEN:
        yield "the last receipt says PROVEN, and something in it is not"
    if not last.slots:
        yield "no digest hour was due: nothing shows that the trail ran"
    held = {one.key for one in covered(receipts).values()}
    named = [one.key for one in last.objects] + [one.object for one in last.slots if one.object]
    if lost := sorted(key for key in named if last.verdict is Verdict.PROVEN and key not in held):
        yield f"{len(lost)} proven files are not archived; the first is {lost[0]}"
    yield from (line for one in receipts for line in _sums(one))


def _bad(last: Receipt) -> Iterator[str]:
    bad = [(s.reason, s.object or f"the digest due for the hour that ends {s.end:%Y-%m-%d %H:%M:%S} UTC") for s in last.slots
           if s.verdict is not Verdict.PROVEN]  # fmt: skip
    bad += [(o.reason, o.key) for o in last.objects if o.verdict is not Verdict.PROVEN]
    counted = Counter(reason for reason, _ in bad).most_common()
    for reason, count in counted[:_MOST_REASONS]:
        meaning = f" ({Reason(reason).meaning.rstrip('.')})" if reason in set(Reason) else ""
        yield f"{count} × {reason}{meaning}, first {next(where for r, where in bad if r == reason)}"
    if len(counted) > _MOST_REASONS:
        yield f"and {len(counted) - _MOST_REASONS} more reasons"


def _sums(receipt: Receipt) -> Iterator[str]:
    counts = receipt.counts
    if counts.records_in != counts.rows + counts.duplicates + counts.quarantined:
        yield f"receipt {receipt.number} does not add up: records in are not rows, duplicates and quarantined together"
    if counts.rows != sum(one.rows for one in receipt.outputs if one.kind is OutputKind.EVENTS):
        yield f"receipt {receipt.number} does not add up: its files do not have the rows that it counts"


def _reservations(receipts: Sequence[Receipt], ledger: LedgerProof | None) -> Iterator[str]:
    last, counts = receipts[-1], total(receipts)
    if last.conversion is not Conversion.COMPLETE:
        yield (
            f"the conversion is {last.conversion}: {counts.quarantined:,} records or files are in quarantine, unreadable; "
            "the files as delivered are all archived, the rows are not all"
        )
    if ledger is None:
        yield "no checkpoint of the ledger holds its last receipt"
    for before, after in zip(_due(last.slots), _due(last.slots)[1:], strict=False):
        yield f"no digest was due between {_time(before.end)} and {_time(after.start)}"


def _due(slots: Sequence[SlotVerdict]) -> tuple[Due, ...]:
    found: list[Due] = []
    for slot in sorted(slots, key=lambda one: (one.start, one.end)):
        if found and slot.start <= found[-1].end:
            found[-1] = Due(found[-1].start, max(found[-1].end, slot.end), found[-1].slots + 1)
        else:
            found.append(Due(slot.start, slot.end, 1))
    return tuple(found)


def _held(ledger: LedgerProof) -> Held:
    checkpoint = ledger.checkpoint
    return Held(checkpoint.number, checkpoint.sha256, checkpoint.until, ledger.leaf, checkpoint.leaves)


def _time(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
