"""Making a commit of stream records: plan, files, read back, receipt; and finishing one that was left open.

Decides: what a file that exists already must hold (the planned rows), and what becomes of an open plan whose records were trimmed
before it was finished: what is still there is written, the rest is a gap in the receipt. Refuses to rewrite anything, and to
finish with another redaction key than the plan's. Commit protocol: docs/design.md, "The archive"; docs/adr/0045.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from itemtrail.core import layout
from itemtrail.core.plan import Versions, sha256
from itemtrail.core.stream_plan import Gap, PlannedOutput, Range, StreamOutputKind, StreamPlan, StreamReceipt, make_receipt
from itemtrail.core.stream_records import Redact, Row, Unreadable
from itemtrail.errors import ConfigurationError, EvidenceError, NotFound, Trimmed
from itemtrail.flows.archive_stream_build import Built, build, inspect
from itemtrail.flows.archive_stream_take import Take
from itemtrail.ports.data import ArchiveStore
from itemtrail.ports.streams import Streams

Progress = Callable[[str], None]
_EMPTY_ANSWERS = 5
_TYPES = {
    StreamOutputKind.RECORDS: "application/vnd.apache.parquet",
    StreamOutputKind.QUARANTINE: "application/x-ndjson",
}


def fingerprint(key: bytes | None) -> str:
    """Which redaction key this is, without telling it: 16 hex digits; empty for none."""
    return hmac.digest(key, b"itemtrail redaction key", "sha256").hex()[:16] if key else ""


def commit(archive: ArchiveStore, plan: StreamPlan, built: Sequence[Built], *, by: Versions) -> StreamReceipt:
    """Put and read back every file of ``plan``, then its receipt.

    Raises:
        EvidenceError: a file exists with other content, or does not read back as it was written.
    """
    wanted = {output.key: output for output in plan.outputs}
    settled = [_put(archive, file, wanted.get(file.key), strict=by == plan.versions) for file in built]
    return _receipt(archive, plan, settled, by)


def finish(
    archive: ArchiveStore,
    plan: StreamPlan,
    streams: Streams,
    redact: Redact | None,
    *,
    key: str,
    by: Versions,
    progress: Progress,
) -> StreamReceipt:
    """Finish a plan that was left open: from the files that are there already, else by reading its ranges again.

    Raises:
        ConfigurationError: another redaction key is configured than the one that the plan was made with.
    """
    there = {output.key: found for output in plan.outputs if (found := _there(archive, output)) is not None}
    if len(there) == len(plan.outputs):
        return _receipt(archive, plan, [there[output.key] for output in plan.outputs], by)
    if key != plan.redaction_key:
        raise ConfigurationError(
            f"{plan.table_arn} commit {plan.number} was planned with another redaction key.",
            advice="set the redaction key to what it was, run once, then change it.",
        )
    rows, unreadable = _again(plan, streams, redact)
    built = {file.key: file for file in build(plan.table_arn, plan.number, rows, unreadable, observed=plan.observed)}
    whole = len(rows) + len(unreadable) == sum(r.records for r in plan.ranges)
    strict = whole and by == plan.versions
    settled = []
    for output in plan.outputs:
        if output.key in there:
            settled.append(there[output.key])
        elif output.key in built:
            settled.append(_put(archive, built[output.key], output, strict=strict))
    if not whole:
        progress(f"{plan.table_arn}: records of commit {plan.number} were trimmed before it was finished")
    return _receipt(archive, plan, settled, by)


def _again(plan: StreamPlan, streams: Streams, redact: Redact | None) -> tuple[list[Row], list[Unreadable]]:
    rows: list[Row] = []
    unreadable: list[Unreadable] = []
    for wanted in plan.ranges:
        if wanted.records:
            take = _take(plan.table_arn, wanted, streams, redact)
            rows += take.rows
            unreadable += take.unreadable
    return rows, unreadable


def _take(table_arn: str, wanted: Range, streams: Streams, redact: Redact | None) -> Take:
    """The records of a range that can still be read."""
    arn, shard = wanted.stream_arn, wanted.shard_id
    take = Take(table_arn, arn, shard, wanted.after, redact, bound=wanted.up_to, to_end=wanted.closed)
    for after in (wanted.after, None):
        try:
            _fill(take, streams, after)
        except Trimmed:
            take.begin_again()
            continue
        except NotFound:
            break
        break
    return take


def _fill(take: Take, streams: Streams, after: str | None) -> None:
    empty = 0
    for page in streams.pages(take.stream_arn, take.shard_id, after=after):
        take.add(page)
        empty = 0 if page.records else empty + 1
        if page.closed or empty == _EMPTY_ANSWERS or (take.reached and not take.to_end):
            return
    take.end()


def _there(archive: ArchiveStore, output: PlannedOutput) -> Built | None:
    try:
        body = archive.read(output.key).body
    except NotFound:
        return None
    found = inspect(output.key, output.kind, body)
    return found if found.content == output.content else None  # then it is compared with what the stream still gives


def _put(archive: ArchiveStore, file: Built, planned: PlannedOutput | None, *, strict: bool) -> Built:
    """Put and read back; what the archive holds afterwards. ``strict``: it must be exactly what was planned."""
    if planned is None or (strict and file.planned != planned):
        raise EvidenceError(
            f"{file.key}: what the stream gives is not what was planned.",
            advice="nothing was committed; this is a fault of itemtrail or of the stream's service: keep the plan and report it.",
        )
    created = archive.put_new(file.key, file.body, locked=True, content_type=_TYPES[file.kind])
    back = archive.read(file.key).body
    if back == file.body:
        return file
    if created:
        raise EvidenceError(
            f"{file.key} does not read back as it was written.",
            advice="no receipt was written; look at the bucket's versions and at what changes objects there.",
        )
    found = inspect(file.key, file.kind, back)
    if found.content not in (planned.content, file.content):
        raise EvidenceError(
            f"{file.key} exists in the archive, and its rows are not the planned ones.",
            advice="nothing was overwritten and no receipt was written; look at the object's versions and at who wrote it.",
        )
    return found


def _receipt(archive: ArchiveStore, plan: StreamPlan, settled: Sequence[Built], by: Versions) -> StreamReceipt:
    receipt = make_receipt(plan, [file.output for file in settled], lost=_lost(plan, settled), finished_by=by)
    key = layout.stream_receipt_key(plan.table_arn, plan.number)
    archive.put_new(key, receipt.to_json(), locked=True, content_type="application/json")
    found = StreamReceipt.from_json(archive.read(key).body, key=key)
    same = replace(found, finished_by=by) == receipt
    if not same and (found.plan, found.previous) != (sha256(plan.to_json()), plan.previous):
        raise EvidenceError(f"{key} exists and says something else.", advice="look at its versions and at who wrote it.")
    return found


def _lost(plan: StreamPlan, settled: Sequence[Built]) -> tuple[Gap, ...]:
    """Ranges of which the files hold less than was planned."""
    held: Counter[tuple[str, str]] = Counter()
    for file in settled:
        held.update(file.per_shard)
    return tuple(
        Gap(r.stream_arn, r.shard_id, r.after, r.first, r.last, missing)
        for r in plan.ranges
        if (missing := r.records - held[r.stream_arn, r.shard_id]) > 0
    )
