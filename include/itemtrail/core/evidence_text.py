"""An evidence pack in lines: what was made, what it lacks, and what belongs into the cover letter."""

from collections.abc import Iterator

from itemtrail.core.evidence import Index
from itemtrail.core.visible import visible


def text(index: Index, manifest: str, size: int, where: str) -> str:
    """What was made. ``manifest``: SHA-256; ``size`` in bytes; ``where`` it lies or will lie."""
    proven, certified = len(index.events) - len(index.unproven), len(index.certificates) - len(index.uncertified)
    lines = [
        f"{where}: {index.question}",
        f"{index.changes:,} changes; {proven:,} of {len(index.events):,} calls proven",
        f"{certified:,} of {len(index.certificates):,} days of accounts and Regions certified; {size:,} bytes",
        *(f"  {line}" for line in lacks(index)),
        "for the cover letter:",
        f"  SHA-256 of manifest.json  {manifest}",
        f"  ledger checkpoint         {index.checkpoint or 'none'}",
    ]
    return "\n".join(visible(line) for line in lines)


def lacks(index: Index) -> Iterator[str]:
    """Everything that keeps it from being whole, on a line each."""
    yield from (f"not proven: {visible(one.event_id or one.source_object)}: {visible(one.problem)}" for one in index.unproven)
    yield from (f"not certified: {unit}" for unit in index.uncertified)
    yield from (f"certified with reservations: {one.unit}: {'; '.join(one.reservations)}" for one in index.reserved)
    for one in index.tables:
        if one.missing:
            yield f"{one.arn}: {len(one.missing)} days of its history are not built, the first {one.missing[0]}"
        if one.lost:
            yield f"{one.arn}: stream records were lost {one.lost} times"
    yield from map(visible, index.notes)
