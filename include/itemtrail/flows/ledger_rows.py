"""From receipts in the archive to rows of the ledger: each read once, by the version that was listed.

Decides: what a row says of its unit (the last receipt's verdict and the sums of all), that a receipt which does not name the one
before it makes its unit BROKEN_RECEIPTS from then on, and that bytes which are no receipt are a leaf all the same. Refuses to
take a receipt in while an earlier one of its folder cannot be read: both wait for a later checkpoint.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from itemtrail.core import layout
from itemtrail.core.layout import CommitName, Receipts
from itemtrail.core.ledger import place
from itemtrail.core.ledger_rows import Row
from itemtrail.core.plan import decode, sha256
from itemtrail.core.receipt import Counts, Receipt
from itemtrail.errors import AccessDenied, ConfigurationError, EvidenceError, NotFound, SourceUnavailable
from itemtrail.flows.ledger_book import Book
from itemtrail.flows.receipts import Lack, judged, say
from itemtrail.model import Conversion, ObjectInfo, Unit, Verdict
from itemtrail.ports.data import ObjectStore

THREADS = 16
_MOST_WORDS = 2000  # characters of what a unit lacks


@dataclass(frozen=True, slots=True)
class Unread:
    """A receipt that is listed and could not be read, and why."""

    key: str
    why: ConfigurationError | SourceUnavailable

    def __str__(self) -> str:
        return f"{self.key} could not be read: {self.why}"


@dataclass(frozen=True, slots=True)
class Gist:
    """What a row needs of a receipt. ``problem``: why its bytes are no receipt, empty where they are one."""

    info: ObjectInfo
    name: CommitName
    size: int
    sha256: str
    problem: str = ""
    previous: str | None = None
    verdict: Verdict | None = None
    conversion: Conversion = Conversion.COMPLETE
    said: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class _Link:
    """What receipts of every kind have."""

    number: int
    previous: str | None


def build(
    archive: ObjectStore, book: Book, infos: Sequence[ObjectInfo], *, checkpoint: int
) -> tuple[tuple[Row, ...], tuple[Unread, ...]]:
    """The rows of some receipts that the ledger does not hold, in leaf order, and those that could not be read.

    Raises:
        SourceUnavailable: not one could be read, because the service did not answer.
    """
    ordered = sorted(infos, key=lambda info: place(info.key))
    with ThreadPoolExecutor(THREADS, thread_name_prefix="receipts") as pool:
        found = list(pool.map(lambda info: _read(archive, info), ordered))
    unread = tuple(one for one in found if isinstance(one, Unread))
    if unread and len(unread) == len(found) and all(isinstance(one.why, SourceUnavailable) for one in unread):
        raise unread[0].why
    firsts = {place(one.key)[0]: place(one.key)[1] for one in reversed(unread)}
    gists = [one for one in found if isinstance(one, Gist) and one.name.number < firsts.get(place(one.info.key)[0], 1 << 62)]
    earlier = book.rows_with({_key_before(one) for one in gists if one.name.number})
    return tuple(_rows(gists, earlier, first=book.leaves, checkpoint=checkpoint)), unread


def digest(archive: ObjectStore, info: ObjectInfo) -> str | Unread | None:
    """SHA-256 of the version that was listed, None where it is gone since."""
    try:
        return sha256(archive.read(info.key, version_id=info.version_id).body)
    except NotFound:
        return None
    except (ConfigurationError, SourceUnavailable) as error:
        return Unread(info.key, error)


def _read(archive: ObjectStore, info: ObjectInfo) -> Gist | Unread | None:
    name = layout.parse_any_commit(info.key)
    if name is None:
        return None
    try:
        body = archive.read(info.key, version_id=info.version_id).body
    except NotFound:
        return None  # gone since it was listed: it never was in the ledger
    except (AccessDenied, ConfigurationError, SourceUnavailable) as error:
        return Unread(info.key, error)
    try:
        return _of_unit(info, name, body) if name.kind is Receipts.UNIT else _of_other(info, name, body)
    except EvidenceError as error:
        return Gist(info, name, len(body), sha256(body), problem=error.message)


def _of_unit(info: ObjectInfo, name: CommitName, body: bytes) -> Gist:
    receipt = Receipt.from_json(body, key=info.key)
    if (receipt.unit.account, receipt.unit.region, str(receipt.unit.day), receipt.number) != (
        name.account,
        name.region,
        name.name,
        name.number,
    ):
        return Gist(
            info, name, len(body), sha256(body), problem=f"{info.key} is the receipt of {receipt.unit} commit {receipt.number}."
        )
    bad = [str(slot.reason) for slot in receipt.slots if slot.verdict is not Verdict.PROVEN]
    bad += [str(one.reason) for one in receipt.objects if one.verdict is not Verdict.PROVEN]
    return Gist(
        info,
        name,
        len(body),
        sha256(body),
        previous=receipt.previous,
        verdict=receipt.verdict,
        conversion=receipt.conversion,
        said="" if receipt.verdict is Verdict.PROVEN else say(receipt)[:_MOST_WORDS],
        reasons=Counter(bad),
        counts=receipt.counts,
    )


def _of_other(info: ObjectInfo, name: CommitName, body: bytes) -> Gist:
    link = decode(body, _Link, key=info.key)
    problem = "" if link.number == name.number else f"{info.key} is the receipt of commit {link.number}."
    return Gist(info, name, len(body), sha256(body), problem=problem, previous=link.previous)


def _rows(gists: Sequence[Gist], earlier: Mapping[str, Row], *, first: int, checkpoint: int) -> Iterator[Row]:
    before: Row | None = None
    for leaf, one in enumerate(gists, start=first):
        known = before if before and before.key == _key_before(one) else earlier.get(_key_before(one))
        before = _row(one, known if one.name.number else None, leaf=leaf, checkpoint=checkpoint)
        yield before


def _row(one: Gist, before: Row | None, *, leaf: int, checkpoint: int) -> Row:
    name, problem = one.name, _problem(one, before)
    of_unit = name.kind is Receipts.UNIT
    counts = _sum(before.counts if before else None, one.counts) if of_unit and not one.problem else None
    lack, says = (Lack.BROKEN_RECEIPTS, problem) if problem else (None, None)
    if of_unit and not problem and one.verdict and counts:
        state = judged(Unit(name.account, name.region, _day(name)), one.verdict, one.conversion, one.said, counts)
        lack, says = (state.reason, state.line) if state else (None, None)
    return Row(
        leaf=leaf,
        checkpoint=checkpoint,
        key=one.info.key,
        size=one.size,
        sha256=one.sha256,
        etag=one.info.etag,
        version_id=one.info.version_id,
        kind=name.kind,
        account=name.account,
        region=name.region,
        number=name.number,
        delivery_date=name.name if of_unit else None,
        table_name=name.name if name.kind is Receipts.STREAM else None,
        event_date=name.name if name.kind is Receipts.EVENT_HISTORY else None,
        verdict=str(one.verdict) if one.verdict else None,
        conversion=str(one.conversion) if one.verdict else None,
        lack=str(lack) if lack else None,
        says=says,
        reasons=one.reasons,
        counts=counts,
    )


def _problem(one: Gist, before: Row | None) -> str | None:
    """What is wrong with the unit's receipts up to this one, None for nothing."""
    if one.problem:
        return f"{one.info.key}: {one.problem}"
    if before and before.lack == Lack.BROKEN_RECEIPTS:
        return before.says
    if one.name.number and before is None:
        return f"{one.info.key}: the receipt before it is not in the ledger"
    if one.previous != (before.sha256 if before else None):
        return f"{one.info.key} does not name the receipt before it"
    return None


def _key_before(one: Gist) -> str:
    width = 6 if one.name.kind is Receipts.STREAM else 3
    return f"{one.info.key.rpartition('/')[0]}/{one.name.number - 1:0{width}d}.receipt.json"


def _sum(before: Counts | None, last: Counts) -> Counts:
    sums = {name: value + (getattr(before, name) if before else 0) for name, value in asdict(last).items()}
    return Counts(**sums | {"slots": last.slots, "objects": last.objects})


def _day(name: CommitName) -> dt.date:
    return dt.date.fromisoformat(name.name)
