"""What is archived and signed by nobody: streams, the event history, legal holds. Chains, plans, outputs, contents.

Decides: CONSISTENT is the most that can be said of them; each receipt is made again from its plan and its outputs. Refuses to
open an output whose hash is not its receipt's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from itemtrail.core import event_history, hold, layout
from itemtrail.core.event_history_plan import EventHistoryPlan, EventHistoryReceipt
from itemtrail.core.layout import Receipts
from itemtrail.core.plan import sha256
from itemtrail.core.stream_plan import StreamPlan, StreamReceipt, make_receipt
from itemtrail.core.verify import Answer, Code, Finding, UnitReport, answer
from itemtrail.errors import EvidenceError, ItemtrailError
from itemtrail.flows.archive_stream_build import inspect
from itemtrail.flows.verify_archive_unit import Bench, Interrupted, Leaf, blind, sealed
from itemtrail.ports.data import ObjectStore

_Receipt = StreamReceipt | EventHistoryReceipt
_Document = TypeVar("_Document")


@dataclass(frozen=True, slots=True)
class Place:
    """Whose commits: ``folder`` of its receipts; ``name`` the table's or the event date."""

    kind: Receipts
    account: str
    region: str
    name: str
    folder: str


def verify_other(bench: Bench, place: Place, listed: frozenset[str], ledger: Mapping[str, Leaf]) -> UnitReport:
    """Everything that the archive can say of a table's stream records, or of a day of the event history."""
    work = _Other(bench, place, listed, ledger)
    work.verify()
    return work.report()


def verify_holds(archive: ObjectStore) -> list[Finding]:
    """What is wrong with the records of legal holds."""
    findings, holds = [], dict[str, list[tuple[int, bytes]]]()
    for info in archive.list(layout.HOLDS):
        found = layout.parse_hold(info.key)
        if found is None:
            findings.append(Finding(Code.EXTRA_OBJECT, info.key))
            continue
        try:
            body = archive.read(info.key).body
        except ItemtrailError as error:
            findings.append(blind(info.key, error))
            continue
        holds.setdefault(found[0], []).append((found[1], body))
    for name, documents in sorted(holds.items()):
        try:
            folded = hold.fold(name, sorted(documents))
        except EvidenceError as error:
            findings.append(Finding(Code.HOLD_BROKEN, f"{layout.HOLDS}{name}/", error.message))
            continue
        for record, (_, body) in zip(folded.records, sorted(documents), strict=True):
            if record.to_json() != body:
                findings.append(Finding(Code.HOLD_BROKEN, record.key, "not in its canonical bytes"))
    return findings


@dataclass(slots=True)
class _Other:
    bench: Bench
    place: Place
    listed: frozenset[str]
    ledger: Mapping[str, Leaf]
    findings: list[Finding] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    read_keys: list[str] = field(default_factory=list)
    records: int = 0
    size: int = 0

    def verify(self) -> None:
        """All commits in order."""
        names = {key: layout.parse_any_commit(key) for key in self.listed if key.startswith(self.place.folder)}
        numbers = {found.number: found for found in names.values() if found and not found.is_plan}
        for key in sorted(self.ledger.keys() - self.listed):
            self._find(Code.MISSING_OBJECT, key, "the ledger holds it")
        if not names and not self.ledger:
            self._find(Code.MISSING_OBJECT, self._key(0, "receipt"), "there are objects, and no receipt")
        previous: str | None = None
        count = max(numbers, default=-1) + 1
        expected = 0
        for number in sorted(numbers):
            if number != expected and self._key(expected, "receipt") not in self.ledger:
                self._find(
                    Code.MISSING_OBJECT, self._key(expected, "receipt"), f"receipt {number} is there, and not every one before it"
                )
            expected = number + 1
            previous = self._commit(number, previous)
        plan = self._key(count, "plan")
        if plan in self.listed:
            self._find(Code.OPEN_PLAN, plan)
            width = f"{count:06d}" if self.place.kind is Receipts.STREAM else f"{count:03d}-"
            self.known |= {plan, *(key for key in self.listed if width in key.rpartition("/")[2])}
        for key in sorted(self.listed - self.known):
            self._find(Code.EXTRA_OBJECT, key)

    def report(self) -> UnitReport:
        """As found."""
        found, place = tuple(dict.fromkeys(self.findings)), self.place
        seal, said = sealed(self.read_keys, self.ledger), answer(found, signed=False)
        anchored = bool(self.bench.anchor and seal and seal <= self.bench.anchor) and said is Answer.CONSISTENT
        return UnitReport(
            kind=str(place.kind),
            account=place.account,
            region=place.region,
            name=place.name,
            answer=said,
            anchored=anchored,
            sealed_by=seal,
            commits=len(self.read_keys),
            records=self.records,
            bytes_read=self.size,
            findings=found,
        )

    def _key(self, number: int, what: str) -> str:
        width = 6 if self.place.kind is Receipts.STREAM else 3
        return f"{self.place.folder}{number:0{width}d}.{what}.json"

    def _commit(self, number: int, previous: str | None) -> str | None:
        key, plan_key = self._key(number, "receipt"), self._key(number, "plan")
        self.known |= {key, plan_key}
        body, plan = self._read(key), self._read(plan_key)
        if body is None:
            return None
        digest, leaf = sha256(body), self.ledger.get(key)
        self.read_keys.append(key)
        if leaf and leaf.sha256 != digest:
            self._find(Code.LEDGER_DISAGREES, key, f"the ledger's leaf has {leaf.sha256}, it has {digest}")
        kind = StreamReceipt if self.place.kind is Receipts.STREAM else EventHistoryReceipt
        try:
            receipt: _Receipt = kind.from_json(body, key=key)
        except EvidenceError as error:
            self._find(Code.RECEIPT_BROKEN, key, error.message)
            return digest
        if (receipt.number, receipt.previous, receipt.to_json()) != (number, previous, body) or not self._is_here(receipt):
            self._find(Code.RECEIPT_BROKEN, key, "it does not follow the receipt before it, or is not in its canonical bytes")
            return digest
        if plan is not None and sha256(plan) != receipt.plan:
            self._find(Code.ALTERED_OBJECT, plan_key, "its SHA-256 is not the one that the receipt names")
            plan = None
        if isinstance(receipt, StreamReceipt):
            self._stream(receipt, plan, key)
        else:
            self._event_history(receipt, plan, key)
        return digest

    def _is_here(self, receipt: _Receipt) -> bool:
        if isinstance(receipt, StreamReceipt):
            return layout.stream_receipts_folder(receipt.table_arn) == self.place.folder
        return layout.event_history_receipts_folder(receipt.unit) == self.place.folder

    def _stream(self, receipt: StreamReceipt, body: bytes | None, key: str) -> None:
        plan = self._decoded(lambda data: StreamPlan.from_json(data, key=key), body, key)
        planned = {output.key: output for output in plan.outputs} if plan else {}
        lost = receipt.gaps[len(plan.gaps) :] if plan else ()
        try:
            made = make_receipt(plan, receipt.outputs, lost=lost, finished_by=receipt.finished_by) if plan else receipt
        except EvidenceError as error:
            self._find(Code.RECEIPT_DISAGREES, key, error.message)
            made = receipt
        if made != receipt:
            self._find(Code.RECEIPT_DISAGREES, key, "it does not say what its plan says")
        for output in receipt.outputs:
            data = self._output(output.key, output.size, output.sha256)
            if data is None:
                continue
            try:
                found = inspect(output.key, output.kind, data)
            except EvidenceError as error:
                self._find(Code.RECORDS_DIFFER, output.key, error.message)
                continue
            self.records += found.rows
            other = plan and not lost and found.content != getattr(planned.get(output.key), "content", None)
            if found.rows != output.rows or other:
                self._find(Code.RECORDS_DIFFER, output.key, "its rows are not those that were planned")

    def _event_history(self, receipt: EventHistoryReceipt, body: bytes | None, key: str) -> None:
        plan = self._decoded(lambda data: EventHistoryPlan.from_json(data, key=key), body, key)
        if plan and (plan.unit, plan.number, plan.previous, plan.window) != (
            receipt.unit,
            receipt.number,
            receipt.previous,
            receipt.planned,
        ):
            self._find(Code.RECEIPT_DISAGREES, key, "it does not say what its plan says")
        for part in receipt.parts:
            data = self._output(part.key, part.size, part.sha256)
            part_of = self._decoded(lambda d, k=part.key: event_history.decode(d, key=k), data, part.key)  # type: ignore[misc]
            if part_of and (part_of.window, part_of.last, len(part_of.events)) != (part.window, part.last, part.events):
                self._find(
                    Code.RECEIPT_DISAGREES, part.key, "the part is of another window or has other events than the receipt says"
                )
        for file in receipt.outputs:
            self._output(file.key, file.size, file.sha256)
        counts = receipt.counts
        self.records += counts.rows
        sums = (sum(p.events for p in receipt.parts), counts.rows + counts.duplicates + counts.quarantined)
        if sums != (counts.records_in, counts.records_in) or sum(f.rows for f in receipt.outputs) != counts.rows:
            self._find(Code.RECEIPT_DISAGREES, key, "its numbers do not add up")

    def _decoded(self, decode: Callable[[bytes], _Document], body: bytes | None, key: str) -> _Document | None:
        if body is None:
            return None
        try:
            return decode(body)
        except EvidenceError as error:
            self._find(Code.RECEIPT_BROKEN, key, error.message)
            return None

    def _output(self, key: str, size: int, digest: str) -> bytes | None:
        self.known.add(key)
        data = self._read(key)
        if data is not None and (len(data), sha256(data)) != (size, digest):
            self._find(Code.ALTERED_OBJECT, key, f"{len(data)} bytes with SHA-256 {sha256(data)}, not {size} with {digest}")
            return None
        return data

    def _read(self, key: str) -> bytes | None:
        if self.bench.stop.is_set():
            raise Interrupted
        if key not in self.listed:
            self._find(Code.MISSING_OBJECT, key)
            return None
        try:
            body = self.bench.archive.read(key).body
        except ItemtrailError as error:
            self.findings.append(blind(key, error))
            return None
        self.size += len(body)
        return body

    def _find(self, code: str, key: str, detail: str = "") -> None:
        self.findings.append(Finding(code, key, detail))
