"""What the two buckets' lifecycle must be: the rules that setting up puts, and the properties that the assertion proves.

Decides: from the trail bucket only what is tagged ``itemtrail=proven`` expires; in the archive only ``originals/`` becomes cold,
after the re-open window, only ``spill/`` expires, everything that is queried stays readable at once, receipts, keys and ledger
stay in STANDARD. Our rules are known by their ID. Every transition of ``originals/`` has a size filter of its own, so that
no default minimum size can void it (docs/adr/0051). Source: docs/design.md, "Retention"; docs/retention.md lists P1 to P12.
"""

from collections.abc import Sequence

from itemtrail.core.lifecycle_checks import Cold, Kept, Readable
from itemtrail.core.lifecycle_drift import drift
from itemtrail.core.lifecycle_together import Together
from itemtrail.snapshot import Document

PROVEN_TAG = ("itemtrail", "proven")
ABORT_DAYS = 7
OWN_RULES = "itemtrail-"
SPILL = "spill/"  # images too large for a log event: no evidence, the archive holds them in stream_records/
DERIVED = ("changes/", "coverage/", "evidence/", "reviews/", "shards/", "verifications/")
"""Rebuilt at will: may be replaced, must be readable."""
QUERIED = ("events/", "stream_records/", "quarantine/", "event_history/", "event_history_pages/", "holds/", *DERIVED)
"""At most Glacier Instant Retrieval: readable at once."""
STANDARD = (
    "receipts/",
    "stream_receipts/",
    "event_history_receipts/",
    "reopened/",
    "keys/",
    "ledger/",
    "archive.json",
    "alerts/",
)
"""Never anywhere but STANDARD: small, read daily, and what every proof begins with."""
EVIDENCE = ("originals/", *(name for name in (*QUERIED, *STANDARD) if name not in (*DERIVED, "alerts/")))
"""What P2 keeps."""
HOT = ("events/", "stream_records/")


def trail_rules(prefix: str, *, expiry_days: int, noncurrent_days: int) -> tuple[Document, ...]:
    """Rules of the trail bucket; ``prefix`` is the trail's, without slashes at its ends."""
    root = trail_root(prefix)
    name, value = PROVEN_TAG
    return (
        {
            "ID": "itemtrail-expire-proven",
            "Status": "Enabled",
            "Filter": {"Tag": {"Key": name, "Value": value}},
            "Expiration": {"Days": expiry_days},
            "NoncurrentVersionExpiration": {"NoncurrentDays": noncurrent_days},
        },
        {
            "ID": "itemtrail-tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": root},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_DAYS},
        },
    )


def archive_rules(
    prefix: str, *, originals_class: str, originals_after: int, events_class: str, events_after: int, spill_days: int | None
) -> tuple[Document, ...]:
    """Rules of the archive bucket; ``prefix`` is the archive's root, without slashes at its ends. No forwarder, no spills."""
    root = archive_root(prefix)
    originals = _transition("itemtrail-originals", {"And": {"Prefix": f"{root}originals/", "ObjectSizeGreaterThan": 1}})
    return (
        originals | {"Transitions": [{"Days": originals_after, "StorageClass": originals_class}]},
        *(
            _transition(f"itemtrail-{folder.replace('_', '-')}", {"Prefix": f"{root}{folder}/"})
            | {"Transitions": [{"Days": events_after, "StorageClass": events_class}]}
            for folder in ("events", "stream_records")
        ),
        {
            "ID": "itemtrail-abort-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": root},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_DAYS},
        },
        *([_spill(root, spill_days)] if spill_days else []),
    )


def originals_cold(prefix: str, accounts: Sequence[str], regions: Sequence[str], *, storage_class: str, days: int) -> Cold:
    """P1: each configured unit's originals are cold by then. The prefixes are as deep as the layout fixes them."""
    root = archive_root(prefix)
    folders = [f"{root}originals/account={a}/region={r}/delivery_date=" for a in accounts for r in regions]
    return Cold(tuple(folders), storage_class, days)


def archive_kept(prefix: str, *, days: int) -> Kept:
    """P2 on the archive: evidence stays for ``days``."""
    return Kept(tuple(archive_root(prefix) + name for name in EVIDENCE), days)


def trail_kept(prefix: str, *, days: int) -> Kept:
    """P7: in the trail bucket nothing goes unless proven, and then not within ``days``."""
    return Kept((trail_root(prefix),), None, PROVEN_TAG, days, "P7")


def archive_readable(prefix: str, *, originals_days: int, hot_days: int) -> tuple[Readable, ...]:
    """P3 (what is analysed stays in STANDARD for ``hot_days``), P11 (the re-open window) and P12 (who may get how cold)."""
    root = archive_root(prefix)
    return (
        Readable(tuple(root + name for name in HOT), "STANDARD", hot_days),
        Readable((f"{root}originals/",), "GLACIER_IR", originals_days, name="P11"),
        Readable(tuple(root + name for name in QUERIED), "GLACIER_IR", None, name="P12"),
        Readable(tuple(root + name for name in STANDARD), "STANDARD", None, name="P12"),
    )


def trail_readable(prefix: str, *, days: int) -> Readable:
    """P4, first half: nothing in the trail bucket becomes unreadable before it is validated, and then not within ``days``."""
    return Readable((trail_root(prefix),), "GLACIER_IR", None, PROVEN_TAG, days, "P4")


def trail_together(prefix: str, accounts: Sequence[str]) -> Together:
    """P4, second half: a digest and its logs can be read, and go, together."""
    return Together(trail_root(prefix), tuple(sorted({*accounts})), (PROVEN_TAG,))


def merge_rules(current: Document | None, wanted: Sequence[Document]) -> Document | None:
    """``current`` with ``wanted`` in place of our own rules; None where they are there already, by meaning.

    Other people's rules stay as they are, and so does the default minimum size that they were written for.
    """
    rules = list((current or {}).get("Rules") or [])
    if drift(current, wanted).none:
        return None
    ids = {rule["ID"] for rule in wanted}
    kept = [rule for rule in rules if rule.get("ID") not in ids]
    minimum = (current or {}).get("TransitionDefaultMinimumObjectSize")
    return {"Rules": [*kept, *wanted], **({"TransitionDefaultMinimumObjectSize": minimum} if minimum else {})}


def trail_root(prefix: str) -> str:
    """``[prefix/]AWSLogs/``."""
    return f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"


def archive_root(prefix: str) -> str:
    """``[prefix/]``."""
    return f"{prefix}/" if prefix else ""


def _spill(root: str, days: int) -> Document:
    return {
        "ID": "itemtrail-spill",
        "Status": "Enabled",
        "Filter": {"Prefix": root + SPILL},
        "Expiration": {"Days": days},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }


def _transition(name: str, chosen: Document) -> dict[str, object]:
    return {"ID": name, "Status": "Enabled", "Filter": chosen}
