"""Completeness certificates from an archive: a unit's receipts, and what the ledger knows of them.

Decides: without a ledger a certificate says so; a receipt that the ledger knows otherwise, or knows one more of, is contrary
evidence. Refuses to take "could not look" for a lack: what could not be read is an error, not a statement.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from itemtrail.core import layout
from itemtrail.core.certificate import Certificate, Lacking, make
from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.errors import AccessDenied, ConfigurationError, EvidenceError, NotFound
from itemtrail.flows.ledger_prove import Opened
from itemtrail.flows.receipts import History, load
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore

_THREADS = 8


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate, or what is lacking, with what it was made from: the receipts' bytes in order, and the last one's proof."""

    said: Certificate | Lacking
    bodies: tuple[bytes, ...] = ()
    ledger: LedgerProof | None = None


@dataclass(frozen=True, slots=True)
class _Looked:
    unit: Unit
    found: History
    bodies: tuple[bytes, ...]


def certificates(archive: ObjectStore, units: Sequence[Unit], ledger: Opened | None) -> tuple[Made, ...]:
    """One for each of ``units``, in order. ``ledger`` None: there is none. The ledger is passed over once.

    Raises:
        AccessDenied, SourceUnavailable.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="units") as threads:
        looked = tuple(threads.map(lambda unit: _look(archive, unit), units))
        if ledger:
            last = [(one.unit, len(one.bodies)) for one in looked if isinstance(one, _Looked)]
            ledger.expect({layout.receipt_key(unit, n) for unit, count in last for n in (count - 1, count) if n >= 0})
        return tuple(threads.map(lambda one: _made(one, ledger), looked))


def certificate(archive: ObjectStore, unit: Unit, ledger: Opened | None) -> Made:
    """The certificate of one unit, or what is lacking; raises as ``certificates``."""
    return certificates(archive, [unit], ledger)[0]


def lines(said: Iterable[Certificate | Lacking]) -> Iterator[str]:
    """Each unit that is not certified without reservation, on a line."""
    for one in said:
        wanting = one.reasons if isinstance(one, Lacking) else one.reservations
        if wanting:
            yield f"{one.unit}: {'; '.join(wanting)}"


def _look(archive: ObjectStore, unit: Unit) -> "_Looked | Made":
    try:
        found = load(archive, unit)
        bodies = tuple(archive.read(layout.receipt_key(unit, one.number)).body for one in found.receipts)
    except (EvidenceError, NotFound) as error:
        return Made(Lacking(unit, None, None, (error.message,)))
    return _Looked(unit, found, bodies)


def _made(looked: "_Looked | Made", ledger: Opened | None) -> Made:
    if isinstance(looked, Made):
        return looked
    unit, found, bodies = looked.unit, looked.found, looked.bodies
    try:
        if vanished := _vanished(unit, len(bodies), ledger):
            return Made(Lacking(unit, None, None, (vanished,)), bodies)
        proof = _ledger(unit, len(bodies), ledger)
    except (EvidenceError, NotFound) as error:
        return Made(Lacking(unit, None, None, (error.message,)), bodies)
    said = make(unit, found.receipts, bodies, unfinished=found.open_plan is not None, ledger=proof)
    return Made(said, bodies, proof)


def _vanished(unit: Unit, count: int, ledger: Opened | None) -> str:
    """A receipt that the ledger holds and the archive does not show any more, in words."""
    key = layout.receipt_key(unit, count)
    held = ledger.row(key) if ledger else None
    return f"the ledger holds {key}, and the archive does not any more" if held else ""


def _ledger(unit: Unit, count: int, ledger: Opened | None) -> LedgerProof | None:
    if ledger is None or not count:
        return None
    try:
        return ledger.prove(layout.receipt_key(unit, count - 1))
    except AccessDenied:
        raise
    except ConfigurationError:
        return None  # no checkpoint up to this one holds it
