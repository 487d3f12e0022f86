"""What an archive holds beside its units, verified: the ledger, CloudTrail's public keys, archive.json.

Decides: every Parquet file that any checkpoint names must be that file, if it is there; a key must be what its name, its
fingerprint and (where given) the trusted list say. Refuses to take anything newer than the last checkpoint for wrong.
"""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from itemtrail.core import layout
from itemtrail.core.layout import Receipts
from itemtrail.core.ledger import Checkpoint
from itemtrail.core.plan import canonical, sha256
from itemtrail.core.signature import fingerprint
from itemtrail.core.verify import Code, Finding
from itemtrail.errors import EvidenceError, ItemtrailError
from itemtrail.flows.ledger_book import open_book
from itemtrail.flows.ledger_look import by_place
from itemtrail.flows.ledger_verify import leaves, read_chain
from itemtrail.flows.verify_archive_list import Name
from itemtrail.flows.verify_archive_unit import Leaf, blind
from itemtrail.model import PublicKey, TrailRef
from itemtrail.ports.data import ObjectStore, PublicKeys

_COLUMNS = ("key", "sha256", "checkpoint", "kind", "account", "region")
_ALWAYS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's receipts by account and Region. ``anchored``: the newest checkpoint that was kept elsewhere."""

    number: int | None = None
    sha256: str | None = None
    anchored: int | None = None
    findings: tuple[Finding, ...] = ()
    _table: pa.Table | None = None
    _rows: Mapping[tuple[str, str, str], pa.Array] = field(default_factory=dict)

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """(account, Region) of everything it holds."""
        return frozenset((account, region) for _, account, region in self._rows)

    def leaves(self, account: str, region: str) -> Mapping[Name, Mapping[str, Leaf]]:
        """Receipts of one place, by whose they are and by key."""
        found: dict[Name, dict[str, Leaf]] = {}
        for kind in Receipts:
            rows = self._rows.get((str(kind), account, region))
            if rows is None or self._table is None:
                continue
            part = self._table.select(["key", "sha256", "checkpoint"]).take(rows)
            for key, digest, number in zip(*(part[name].to_pylist() for name in part.column_names), strict=True):
                name = layout.parse_any_commit(key)
                if name:
                    found.setdefault(Name(kind, account, region, name.name), {})[key] = Leaf(digest, number)
        return found


def open_ledger(archive: ObjectStore, room: Path, kept: Collection[str]) -> Ledger:
    """Chain, files and roots of the ledger, and its receipts."""
    copies = room / "ledger"
    copies.mkdir()
    chain = read_chain(archive, kept)
    last = chain.found[max(chain.found)] if chain.found else None
    findings = [Finding(Code.LEDGER_BROKEN, layout.LEDGER, text) for text in chain.findings]
    findings += [Finding(Code.CHECKPOINT_GONE, layout.LEDGER, text) for text in chain.gone]
    findings += _files(archive, chain.found, copies)
    number, digest = (last.number, last.sha256) if last else (None, None)
    try:
        book = open_book(archive, copies)
        findings += [Finding(Code.LEDGER_BROKEN, layout.LEDGER, text) for text in leaves(book, chain.found)]
        table = book.table(_COLUMNS).combine_chunks()
    except EvidenceError as error:
        findings.append(Finding(Code.LEDGER_BROKEN, layout.LEDGER, error.message))
        return Ledger(number, digest, None, tuple(findings))
    anchored = chain.anchored if not findings else None
    return Ledger(number, digest, anchored, tuple(findings), table, by_place(table))


def _files(archive: ObjectStore, found: Mapping[int, Checkpoint], copies: Path) -> Iterator[Finding]:
    """Objects below ``ledger/``: those that no checkpoint names, and those that are not as named."""
    named = {file.key: file.sha256 for one in found.values() for file in one.files}
    following = layout.ledger_rows_key(max(found, default=0) + 1)
    for info in archive.list(layout.LEDGER):
        if layout.parse_checkpoint(info.key) or info.key == following:
            continue
        if info.key not in named:
            yield Finding(Code.EXTRA_OBJECT, info.key)
            continue
        try:
            digest = archive.download(info.key, copies / "looked-at")
        except ItemtrailError as error:
            yield blind(info.key, error)
            continue
        if digest != named[info.key]:
            yield Finding(Code.ALTERED_OBJECT, info.key, f"it has SHA-256 {digest}, its checkpoint names {named[info.key]}")


@dataclass(frozen=True, slots=True)
class Keys:
    """Public keys by Region and fingerprint; names of the archived ones that are sound, and what is wrong with the others."""

    by_region: Mapping[str, Mapping[str, PublicKey]]
    names: frozenset[str]
    damaged: Mapping[str, Finding]
    findings: tuple[Finding, ...]


def read_keys(archive: ObjectStore, trusted: PublicKeys | None) -> Keys:
    """The archived keys, or in their place the trusted ones of the same Regions."""
    found: dict[str, dict[str, PublicKey]] = {}
    names, damaged, regions = set[str](), dict[str, Finding](), set[str]()
    for info in archive.list("keys/"):
        try:
            key = _key(info.key, archive.read(info.key).body)
        except EvidenceError as error:
            damaged[info.key] = Finding(Code.KEY_ALTERED, info.key, error.message)
            continue
        except ItemtrailError as error:
            damaged[info.key] = blind(info.key, error)
            continue
        names.add(info.key)
        found.setdefault(key.region, {})[key.fingerprint] = key
    regions |= found.keys()
    findings = list(damaged.values())
    if trusted is not None:
        better = {region: {k.fingerprint.lower(): k for k in trusted.keys(region, *_ALWAYS)} for region in regions}
        findings += list(_others(found, better))
        found = better
    return Keys(found, frozenset(names), damaged, tuple(findings))


def _others(archived: Mapping[str, Mapping[str, PublicKey]], trusted: Mapping[str, Mapping[str, PublicKey]]) -> Iterator[Finding]:
    """Archived keys that the trusted list has otherwise. One that it does not have is told where a digest leans on it."""
    for region, keys in sorted(archived.items()):
        for name, key in sorted(keys.items()):
            other = trusted[region].get(name)
            if other and (other.value, other.valid_from, other.valid_to) != (key.value, key.valid_from, key.valid_to):
                yield Finding(
                    Code.KEY_ALTERED, layout.public_key_key(region, sha256(key.value)), "the trusted list has it otherwise"
                )


def _key(name: str, body: bytes) -> PublicKey:
    """An archived key.

    Raises:
        EvidenceError: it is not what it is called.
    """
    try:
        said = json.loads(body)
        value = base64.b64decode(said["value"], validate=True)
        times = [dt.datetime.fromisoformat(said[field]) for field in ("valid_from", "valid_to")]
        key = PublicKey(said["fingerprint"], value, said["region"], *times)
    except (ValueError, LookupError, TypeError, binascii.Error, RecursionError) as error:
        raise EvidenceError(f"not an archived key: {error}") from error
    if layout.public_key_key(key.region, sha256(value)) != name or fingerprint(value) != key.fingerprint:
        raise EvidenceError("its value is not the key of its name and fingerprint")
    if canonical(said) != body or set(said) != {"fingerprint", "region", "valid_from", "valid_to", "value"}:
        raise EvidenceError("it is not in its canonical bytes")
    return key


def check_root(archive: ObjectStore, trails: Collection[TrailRef]) -> list[Finding]:
    """Whether ``archive.json`` is one, and names the trail that proven units are of (``trails``, by receipts and digests)."""
    try:
        body = archive.read(layout.ARCHIVE_KEY).body
    except ItemtrailError as error:
        return [blind(layout.ARCHIVE_KEY, error)]
    try:
        said = json.loads(body)
        whole = canonical(said) == body and said["kind"] == "archive" and said["layout"] == layout.VERSION
        trail = TrailRef(**said["trail"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return [Finding(Code.ROOT_ALTERED, layout.ARCHIVE_KEY)]
    if not whole or any(one != trail for one in trails):
        others = ", ".join(sorted(f"{one.arn} in {one.bucket}/{one.prefix}" for one in trails if one != trail))
        return [Finding(Code.ROOT_ALTERED, layout.ARCHIVE_KEY, f"units are of {others}" if others else "")]
    return []
