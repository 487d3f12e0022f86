"""The last checkpoint's hash to where the archive's owner cannot reach: without a copy outside, a ledger proves only itself.

Decides: the message (canonical JSON, so that a subscriber can keep it as it came), that only the newest checkpoint is sent (it
names all before it by hash), and once: an object below ``alerts/`` remembers it, written after sending, because told twice is
better than never told.
"""

from itemtrail.core.ledger import Checkpoint
from itemtrail.core.plan import canonical
from itemtrail.ports.data import ArchiveStore, Notifier


def publish(archive: ArchiveStore, checkpoint: Checkpoint, notifier: Notifier) -> bool:
    """Send the checkpoint's hash unless that was done; whether it was sent now."""
    mark, body = _mark(checkpoint), message(archive.name, checkpoint)
    if next(iter(archive.list(mark)), None) is not None:
        return False
    attributes = {"kind": "checkpoint", "number": str(checkpoint.number), "sha256": checkpoint.sha256}
    notifier.publish(f"itemtrail: ledger checkpoint {checkpoint.number}", body, attributes)
    archive.put_new(mark, body.encode(), locked=False, content_type="application/json")
    return True


def message(archive: str, checkpoint: Checkpoint) -> str:
    """What is sent: enough to recognise the checkpoint and every one before it."""
    said = {
        "archive": archive,
        "kind": checkpoint.kind,
        "leaves": checkpoint.leaves,
        "number": checkpoint.number,
        "root": checkpoint.root,
        "sha256": checkpoint.sha256,
        "trail": checkpoint.trail,
        "until": checkpoint.until,
    }
    return canonical(said).decode()


def _mark(checkpoint: Checkpoint) -> str:
    return f"alerts/ledger/{checkpoint.number:06d}-{checkpoint.sha256[:16]}.json"
