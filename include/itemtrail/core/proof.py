"""A proof: one event's row and record, the log file they stand in, what signs it, and the way from its receipt to a checkpoint.

Decides: what the document holds and how it is put together from what the archive holds. Refuses to say that it holds: the
checkers in ``itemtrail.proof`` do, and know nothing of this module. Refuses to leave out the ledger: a receipt that no checkpoint
holds yet gives no proof. Fields: docs/proof.md.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.core.plan import canonical, sha256
from itemtrail.core.receipt import Packed, Receipt
from itemtrail.core.records import Limits, split
from itemtrail.errors import EvidenceError

FORMAT = "itemtrail-proof/1"


@dataclass(frozen=True, slots=True)
class Original:
    """A log file or digest as delivered: ``body`` is gzip, ``content`` inflated."""

    key: str
    body: bytes
    content: bytes


def make(
    row: Mapping[str, Any],
    log: Original,
    digest: Original,
    *,
    signature: str,
    key: bytes,
    receipts: tuple[str, Sequence[bytes]],
    ledger: LedgerProof,
) -> bytes:
    """The proof's bytes: JSON, sorted names.

    Args:
        row: the Parquet row by column name.
        log: the log file that the row names as its source.
        digest: the digest that lists it.
        signature: of the digest; hex.
        key: DER, as ListPublicKeys gave it.
        receipts: of the unit, in order: from the first that packed one of the two to the one that says PROVEN, whose key it is.
        ledger: that the last of them is in a checkpoint.

    Raises:
        EvidenceError: the log file has no such record, or the row is not what it says.
    """
    index = int(row["record_index"])
    record, offset = locate(log, index)
    document = {
        "format": FORMAT,
        "row": _row(row, record, log.key),
        "record": record.decode(),
        "log": {"key": log.key, "index": index, "offset": offset, "gzip": _text(log.body)},
        "digest": {"key": digest.key, "gzip": _text(digest.body), "signature": signature},
        "key": _text(key),
        "receipts": {"key": receipts[0], "json": [body.decode() for body in receipts[1]]},
        "ledger": {
            "leaf": ledger.leaf,
            "path": ledger.path,
            "checkpoint": ledger.checkpoint.to_json().decode(),
        },
    }
    return canonical(document)


def locate(log: Original, index: int) -> tuple[bytes, int]:
    """Bytes of a log file's record, and their offset in its inflated content.

    Raises:
        EvidenceError: there is no such record.
    """
    at = 0
    for number, record in split(log.content, Limits()).records:
        at = log.content.index(record, at)
        if number == index:
            return record, at
        at += len(record)
    raise EvidenceError(f"{log.key} has no record {index}.", advice="run itemtrail verify-archive for its day.")


def packed(receipts: Sequence[Receipt], key: str) -> tuple[int, Packed] | None:
    """The first commit of a unit that packed ``key`` (as its number), and what its receipt says of it."""
    return next(((r.number, one) for r in receipts for one in r.inputs if one.key == key), None)


def _row(row: Mapping[str, Any], record: bytes, source: str) -> dict[str, Any]:
    """What the record says as text and the row repeats, and where the row says that it comes from."""
    said = {name: value for name, value in json.loads(record).items() if isinstance(value, str) and name in row}
    wrong = sorted(name for name, value in said.items() if row[name] != value)
    if wrong or bytes(row["record_sha256"]) != hashlib.sha256(record).digest():
        raise EvidenceError(
            f"the row of {row['eventID']} is not what its record in {source} says: {', '.join(wrong) or 'record_sha256'}.",
            advice="the Parquet file was changed, or is of another commit: verify the archive.",
        )
    return {**said, "source_object": source, "record_index": int(row["record_index"]), "record_sha256": sha256(record)}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
