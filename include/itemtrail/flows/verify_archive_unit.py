"""One unit proven from the archive alone: receipts, plans, outputs, members, records, then its digests and logs judged again.

Decides: the order (cheap before dear), that every step goes on where it can, and what "could not look" is. Refuses to stop at the
first finding, to read an object that no receipt of the unit names, and to open a Parquet file whose hash is not its receipt's.
Room: one commit's Parquet files and one tar.
"""

import datetime as dt
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from itemtrail.core import layout, tarball
from itemtrail.core.inflate import inflate
from itemtrail.core.plan import Kind, Plan, canonical, sha256
from itemtrail.core.receipt import Made, Output, OutputKind, Packed, Receipt, make
from itemtrail.core.verify import Answer, Code, Finding, UnitReport, answer
from itemtrail.errors import EvidenceError, ItemtrailError, NotFound, Undecodable
from itemtrail.flows import verify_archive_judge as again
from itemtrail.flows.receipts import say
from itemtrail.flows.validate_chain import not_seen
from itemtrail.flows.verify_archive_records import Comparison, dates
from itemtrail.model import Conversion, PublicKey, StoredObject, TrailRef, Unit, Verdict
from itemtrail.ports.data import ObjectStore

_HEADERS = 256 << 10


class Interrupted(BaseException):
    """The run was ended from outside."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A receipt as the ledger has it."""

    sha256: str
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Bench:
    """What every unit is verified with. ``keys`` by Region and fingerprint, from outside where ``trusted``.

    ``key_names``: archived keys that are what they are called; ``damaged``: those that are not. ``anchor``: the newest checkpoint
    that was kept elsewhere.
    """

    archive: ObjectStore
    room: Path
    keys: Mapping[str, Mapping[str, PublicKey]]
    key_names: frozenset[str]
    damaged: Mapping[str, Finding]
    trusted: bool
    anchor: int | None
    max_bytes: int
    stop: threading.Event = field(default_factory=threading.Event)


def verify_unit(bench: Bench, unit: Unit, listed: frozenset[str], ledger: Mapping[str, Leaf]) -> UnitReport:
    """Everything that the archive can say of one unit.

    Args:
        bench: see there.
        unit: the unit.
        listed: keys of its own that were listed below receipts/, originals/, events/ and quarantine/.
        ledger: its receipts as the ledger has them, by key.
    """
    with tempfile.TemporaryDirectory(prefix="verify-", dir=bench.room) as room:
        work = _Unit(bench, unit, listed, ledger, Path(room))
        work.verify()
        return work.report()


def blind(key: str, error: ItemtrailError) -> Finding:
    """What it means that an object could not be had."""
    if isinstance(error, NotFound):
        return Finding(Code.MISSING_OBJECT, key)
    return Finding(not_seen(error)[0], key, error.message)


def sealed(keys: Sequence[str], ledger: Mapping[str, Leaf]) -> int | None:
    """The first checkpoint that holds all of ``keys``, None where some are in none."""
    return max(ledger[key].checkpoint for key in keys) if keys and all(key in ledger for key in keys) else None


@dataclass(slots=True)
class _Unit:
    bench: Bench
    unit: Unit
    listed: frozenset[str]
    ledger: Mapping[str, Leaf]
    room: Path
    findings: list[Finding] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    read_keys: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    originals: again.Originals = field(default_factory=again.Originals)
    trail: TrailRef | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("originals", "records", "bytes"), 0))

    def verify(self) -> None:
        """All steps."""
        self._receipts()
        for receipt in self.receipts:
            self._commit(receipt)
        self._extra()
        if self.receipts:
            self._judge(self.receipts[-1])

    def report(self) -> UnitReport:
        """As found."""
        found = tuple(dict.fromkeys(self.findings))
        seal = sealed(self.read_keys, self.ledger)
        anchored = bool(self.bench.trusted or (self.bench.anchor and seal and seal <= self.bench.anchor))
        said = answer(found, signed=True)
        return UnitReport(
            kind=str(layout.Receipts.UNIT),
            account=self.unit.account,
            region=self.unit.region,
            name=str(self.unit.day),
            answer=said,
            anchored=anchored and said is Answer.PROVEN,
            sealed_by=seal,
            conversion=str(self.receipts[-1].conversion) if self.receipts else "",
            commits=len(self.receipts),
            originals=self.counts["originals"],
            records=self.counts["records"],
            bytes_read=self.counts["bytes"],
            findings=found,
            trail=self.trail,
        )

    def _find(self, code: str, key: str, detail: str = "") -> None:
        self.findings.append(Finding(code, key, detail))

    def _alive(self) -> None:
        if self.bench.stop.is_set():
            raise Interrupted

    # Receipts and plans.

    def _receipts(self) -> None:
        names = {key: layout.parse_commit(key) for key in self.listed if key.startswith(layout.RECEIPTS)}
        numbers = {found[1] for found in names.values() if found and found[2] == "receipt"}
        plans = {found[1] for found in names.values() if found and found[2] == "plan"}
        for key in sorted(self.ledger.keys() - self.listed):
            self._find(Code.MISSING_OBJECT, key, "the ledger holds it")
        if not numbers and not plans and not self.ledger:
            self._find(Code.MISSING_OBJECT, layout.receipt_key(self.unit, 0), "there are objects of the unit, and no receipt")
        count = max(numbers, default=-1) + 1
        previous: str | None = None
        expected = 0
        for number in sorted(numbers):
            if number != expected:
                self._hole(expected, number)
            expected = number + 1
            self.known |= {layout.receipt_key(self.unit, number), layout.plan_key(self.unit, number)}
            previous = self._receipt(layout.receipt_key(self.unit, number), number, previous)
        if count in plans:
            self._open_plan(count)

    def _hole(self, first: int, following: int) -> None:
        """Receipts that are not there; those of the ledger are told already."""
        key = layout.receipt_key(self.unit, first)
        if key not in self.ledger:
            self._find(Code.MISSING_OBJECT, key, f"receipt {following:03d} is there, and not every one before it")
        self.known |= {layout.plan_key(self.unit, first)}

    def _receipt(self, key: str, number: int, previous: str | None) -> str | None:
        """Read one receipt and hold it against ledger, chain and plan; the SHA-256 that the next one must name."""
        body = self._read(key)
        if body is None:
            return None
        digest, leaf = sha256(body), self.ledger.get(key)
        self.read_keys.append(key)
        if leaf and leaf.sha256 != digest:
            self._find(Code.LEDGER_DISAGREES, key, f"the ledger's leaf has {leaf.sha256}, it has {digest}")
        try:
            receipt = Receipt.from_json(body, key=key)
        except EvidenceError as error:
            self._find(Code.RECEIPT_BROKEN, key, error.message)
            return digest
        if (receipt.unit, receipt.number, receipt.to_json()) != (self.unit, number, body):
            self._find(Code.RECEIPT_BROKEN, key, "it is of another unit or number, or not in its canonical bytes")
            return digest
        if receipt.previous != previous:
            self._find(Code.RECEIPT_BROKEN, key, f"it names {receipt.previous} as the receipt before it, which is {previous}")
        self._plan(receipt)
        self.receipts.append(receipt)
        return digest

    def _plan(self, receipt: Receipt) -> None:
        key = layout.plan_key(self.unit, receipt.number)
        body = self._read(key)
        if body is None:
            return
        if sha256(body) != receipt.plan:
            self._find(Code.ALTERED_OBJECT, key, "its SHA-256 is not the one that the receipt names")
            return
        try:
            plan = Plan.from_json(body, key=key)
        except EvidenceError as error:
            self._find(Code.RECEIPT_BROKEN, key, error.message)
            return
        earlier = self.receipts[-1].conversion if self.receipts else Conversion.COMPLETE
        try:
            made = make(plan, _made(receipt), finished_by=receipt.finished_by, earlier=earlier)
        except EvidenceError as error:
            self._find(Code.RECEIPT_DISAGREES, layout.receipt_key(self.unit, receipt.number), error.message)
            return
        planned = {p.identity: p for p in plan.inputs}
        same = all(_same(p, planned.get(p.identity)) for p in receipt.inputs)
        if made != receipt or not same:
            self._find(
                Code.RECEIPT_DISAGREES, layout.receipt_key(self.unit, receipt.number), "it does not say what its plan says"
            )

    def _open_plan(self, number: int) -> None:
        self._find(Code.OPEN_PLAN, layout.plan_key(self.unit, number))
        begun = {
            key for key in self.listed if key.rpartition("/")[2].removeprefix(f"{self.unit.day}.").startswith(f"{number:03d}-")
        }
        self.known |= {layout.plan_key(self.unit, number), *begun}

    # What a commit added.

    def _commit(self, receipt: Receipt) -> None:
        self.known |= {output.key for output in receipt.outputs}
        folder = self.room / f"{receipt.number:03d}"
        folder.mkdir()
        files = [o for o in receipt.outputs if o.kind is OutputKind.EVENTS]
        copies = [self._output(o, folder / f"{n:06d}.parquet") for n, o in enumerate(files)]
        whole = {path: day for path, day in zip(copies, dates([o.key for o in files]), strict=True) if path}
        comparison = Comparison(receipt, whole) if len(whole) == len(files) else None
        complete = comparison is not None
        for output in sorted((o for o in receipt.outputs if o.kind is OutputKind.ORIGINALS), key=lambda o: o.part):
            path = self._output(output, folder / "originals.tar")
            whole_tar = path is not None and self._tar(path, output, receipt, comparison)
            complete = complete and whole_tar
            self.originals.blind |= not whole_tar
        if comparison and complete:
            comparison.finish()
            self.findings += comparison.findings
            self.counts["records"] += comparison.rows
        for output in (o for o in receipt.outputs if o.kind is OutputKind.QUARANTINE):
            self._quarantine(receipt, output, self._output(output, folder / "quarantine.tar"))
        if {p.tar for p in receipt.inputs} - {o.key for o in receipt.outputs}:
            self._find(
                Code.RECEIPT_DISAGREES, layout.receipt_key(self.unit, receipt.number), "originals lie in a tar it does not list"
            )
        for path in whole:
            path.unlink(missing_ok=True)

    def _output(self, output: Output, to: Path) -> Path | None:
        """A local copy of an output, None where it is not what the receipt says or could not be had."""
        self._alive()
        if output.key not in self.listed:
            self._find(Code.MISSING_OBJECT, output.key)
            return None
        try:
            digest = self.bench.archive.download(output.key, to)
        except ItemtrailError as error:
            self.findings.append(blind(output.key, error))
            return None
        size = to.stat().st_size
        self.counts["bytes"] += size
        if (digest, size) != (output.sha256, output.size):
            self._find(
                Code.ALTERED_OBJECT, output.key, f"{size} bytes with SHA-256 {digest}, not {output.size} with {output.sha256}"
            )
            to.unlink()
            return None
        return to

    def _tar(self, path: Path, output: Output, receipt: Receipt, comparison: Comparison | None) -> bool:
        """Member by member; False where the tar is not what the receipt says."""
        planned = iter([p for p in receipt.inputs if p.tar == output.key])
        try:
            for member in tarball.members(path, name=output.key):
                self._alive()
                one = next(planned, None)
                if one is None or (member.name, member.offset, member.size, member.sha256) != (
                    one.key,
                    one.offset,
                    one.size,
                    one.sha256,
                ):
                    self._find(Code.TAR_DISAGREES, output.key, f"member {member.name} is not the one that the receipt has there")
                    return False
                self._original(path, member, one, comparison)
        except EvidenceError as error:
            self._find(Code.TAR_DISAGREES, output.key, error.message)
            return False
        if next(planned, None) is not None:
            self._find(Code.TAR_DISAGREES, output.key, "it lacks members that the receipt has there")
            return False
        path.unlink()
        return True

    def _original(self, path: Path, member: tarball.Member, one: Packed, comparison: Comparison | None) -> None:
        self.counts["originals"] += 1
        body = b"" if one.problem == "TOO_LARGE" else tarball.read_member(path, member)
        content = self._content(one, body)
        if one.kind is Kind.DIGEST:
            self.originals.digests.append(again.stored(one, body))
            return
        self.originals.logs.setdefault(one.key, []).append(one)
        if comparison:
            comparison.log(one, content)

    def _content(self, one: Packed, body: bytes) -> bytes | None:
        """The inflated content, after it was found to be what the receipt says."""
        if one.problem == "TOO_LARGE":
            return None
        if one.content_size > self.bench.max_bytes:
            self._find("TOO_LARGE", one.key, f"it inflates to {one.content_size} bytes")
            return None
        problem, content = "", None
        try:
            content = inflate(body, max_bytes=max(one.content_size, 1) if one.content_sha256 else self.bench.max_bytes)
        except Undecodable as error:
            problem = error.reason
        digest = sha256(content) if content is not None else None
        if (digest, len(content or b""), problem) != (one.content_sha256, one.content_size, one.problem):
            self._find(
                Code.TAR_DISAGREES, one.key, f"it inflates to {digest or problem}, not to {one.content_sha256 or one.problem}"
            )
        return content

    def _quarantine(self, receipt: Receipt, output: Output, path: Path | None) -> None:
        if path is None:
            return
        notes = [q for q in receipt.quarantined if q.tar == output.key]
        index = b"".join(canonical(note) + b"\n" for note in notes)
        wanted = [(q.member, q.size, q.sha256) for q in notes] + [("index.ndjson", len(index), sha256(index))]
        try:
            found = [(m.name, m.size, m.sha256) for m in tarball.members(path, name=output.key)]
        except EvidenceError as error:
            self._find(Code.QUARANTINE_DIFFERS, output.key, error.message)
            found = wanted
        path.unlink()
        if found != wanted:
            self._find(Code.QUARANTINE_DIFFERS, output.key, "its members are not those of the receipt")

    def _extra(self) -> None:
        for key in sorted(self.listed - self.known):
            self._find(Code.EXTRA_OBJECT, key)

    # The proof.

    def _judge(self, last: Receipt) -> None:
        self._as_archived(last)
        self._keys()
        digests, bench = self.originals.digests, self.bench
        self.trail = trail = again.trail_of(last.trail, digests, max_bytes=bench.max_bytes)
        if self.originals.blind or (trail is None and last.verdict is not Verdict.PROVEN):
            return
        if trail is None:
            self._find("DIGEST_NOT_PROVEN", layout.receipt_key(self.unit, last.number), "no digest of the day is in the archive")
            return
        keys = bench.keys.get(self.unit.region, {})
        judged = again.judge_again(self.unit, trail, self.originals, self._around(), keys, bench.max_bytes)
        for found in again.compare(judged, last):
            untrusted = bench.trusted and found.code == "KEY_NOT_FOUND"
            self.findings.append(Finding(Code.KEY_NOT_TRUSTED, found.key, found.detail) if untrusted else found)

    def _as_archived(self, last: Receipt) -> None:
        if last.verdict is Verdict.PROVEN:
            return
        early = last.verdict is Verdict.INCOMPLETE
        code = Code.NOT_YET_COMPLETE if early else Code.AS_ARCHIVED
        key = layout.receipt_key(self.unit, last.number)
        self.findings.append(Finding(code, key, f"{last.verdict}: {say(last)}", None if early else last.verdict))

    def _keys(self) -> None:
        """The public keys that the receipts lean on must be there, and be what they are called."""
        names = {name for receipt in self.receipts for name in receipt.keys}
        self.findings += [self.bench.damaged[name] for name in sorted(names & self.bench.damaged.keys())]
        for name in sorted(names - self.bench.key_names - self.bench.damaged.keys()):
            self._find(Code.MISSING_OBJECT, name)

    def _around(self) -> list[StoredObject]:
        """Digests of the days before and after, around midnight, where their tars are what their receipts say."""
        start = dt.datetime.combine(self.unit.day, dt.time(), dt.UTC)
        lower, upper = start - again.BEFORE, start + dt.timedelta(days=1) + again.AFTER
        have = {one.key for one in self.originals.digests}
        found: list[StoredObject] = []
        for days in (-1, 1):
            other = Unit(self.unit.account, self.unit.region, self.unit.day + dt.timedelta(days=days))
            for one in _digests(self.bench.archive, other):
                end = _end(one.key)
                if end and lower <= end <= upper and one.key not in have:
                    body = _range(self.bench.archive, one)
                    found += [again.stored(one, body)] if body is not None else []
        return found

    def _read(self, key: str) -> bytes | None:
        self._alive()
        if key not in self.listed:
            self._find(Code.MISSING_OBJECT, key)
            return None
        try:
            body = self.bench.archive.read(key).body
        except ItemtrailError as error:
            self.findings.append(blind(key, error))
            return None
        self.counts["bytes"] += len(body)
        return body


def _made(receipt: Receipt) -> Made:
    """What the receipt says of outputs, for making it again."""
    return Made(
        packed=receipt.inputs,
        outputs=receipt.outputs,
        duplicates=receipt.duplicates,
        quarantined=receipt.quarantined,
        records_in=receipt.counts.records_in,
        rows=sum(o.rows for o in receipt.outputs if o.kind is OutputKind.EVENTS),
        same_event_id=receipt.counts.same_event_id,
        bytes_in=sum(p.content_size for p in receipt.inputs if p.kind is Kind.LOG),
    )


def _same(packed: Packed, planned: object) -> bool:
    names = ("key", "size", "sha256", "content_sha256", "content_size", "problem", "kind", "part", "last_modified", "metadata")
    return planned is not None and all(getattr(packed, name) == getattr(planned, name) for name in names)


def _digests(archive: ObjectStore, unit: Unit) -> Iterator[Packed]:
    """The digests that a neighbour's receipts name; none where they cannot be read: that is told of the neighbour itself."""
    try:
        for info in archive.list(layout.receipts_folder(unit)):
            name = layout.parse_commit(info.key)
            if name and name[2] == "receipt":
                receipt = Receipt.from_json(archive.read(info.key).body, key=info.key)
                yield from (p for p in receipt.inputs if p.kind is Kind.DIGEST)
    except ItemtrailError:
        return


def _range(archive: ObjectStore, one: Packed) -> bytes | None:
    if not one.tar.startswith(layout.ORIGINALS) or one.size > _HEADERS << 8:
        return None
    try:
        body = archive.read_range(one.tar, one.offset, one.size)
    except ItemtrailError:
        return None
    return body if sha256(body) == one.sha256 else None


def _end(key: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(key.rpartition("_")[2].split("Z")[0], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
