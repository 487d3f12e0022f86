"""Archiving the streams of one table: from DynamoDB into the archive, each record exactly once, with where to go on.

Decides: the order of the commit protocol (an open plan is finished before a new one is made; the plan is put before any file),
that a run goes on, commit by commit, until every stream is read to its tip, and that a run without a new record leaves a receipt
too: it says until when nothing is missing. One reader: AWS allows two a shard. Redaction comes before anything is written.
Refuses to go on silently where records were lost: the receipt has a gap. Time is a parameter.
Commit protocol: docs/design.md, "The archive"; docs/adr/0045, 0046.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from itemtrail import __version__
from itemtrail.core import layout
from itemtrail.core.plan import Versions, canonical, sha256
from itemtrail.core.redaction import Rule, check_key, redact, rules
from itemtrail.core.stream_plan import SETTLE, StreamPlan, StreamReceipt
from itemtrail.core.stream_records import Redact
from itemtrail.core.stream_schema import SCHEMA_VERSION
from itemtrail.errors import ConfigurationError, SourceUnavailable
from itemtrail.flows.archive_stream_build import Built, build
from itemtrail.flows.archive_stream_commit import Progress, commit, fingerprint, finish
from itemtrail.flows.archive_stream_read import Draft, Limits, Reader
from itemtrail.flows.archive_stream_state import StreamHistory, load, read_plan
from itemtrail.ports.data import ArchiveStore
from itemtrail.ports.streams import Streams
from itemtrail.settings import Settings

_ROUNDS = 10_000
_LIMITS = Limits()


def archive_table(
    table_arn: str,
    *,
    streams: Streams,
    archive: ArchiveStore,
    settings: Settings,
    key: bytes | None,
    now: dt.datetime,
    limits: Limits = _LIMITS,
    progress: Progress = lambda _: None,
) -> StreamReceipt:
    """Bring the archive up to date with one table's streams; returns the last receipt.

    Args:
        table_arn: the table.
        streams: DynamoDB Streams of its Region.
        archive: where to.
        settings: ``streams.redact`` of them.
        key: the redaction key, 32 bytes or more; None where no rule hashes.
        now: when the run began, UTC.
        limits: what one commit holds at most.
        progress: told one line a commit.

    Raises:
        ConfigurationError: the table has no stream, a permission is missing, a rule hashes and there is no key.
        EvidenceError: the archive contradicts itself.
        SourceUnavailable: the service did not answer; run again.
    """
    layout.table_folder(table_arn)
    chosen = rules(settings.streams.redact, table_arn)
    check_key(chosen, key)
    work = _Work(table_arn, streams, archive, chosen, key, now, limits, progress)
    for _ in range(_ROUNDS):
        if receipt := work.step():
            return receipt
    raise SourceUnavailable(f"{table_arn}: its streams grow faster than they are read.", advice="run it again.")


@dataclass(frozen=True, slots=True)
class _Work:
    """One table's run."""

    table_arn: str
    streams: Streams
    archive: ArchiveStore
    rules: tuple[Rule, ...]
    key: bytes | None
    now: dt.datetime
    limits: Limits
    progress: Progress

    def step(self) -> StreamReceipt | None:
        """Finish an open plan, or make one commit; the last receipt when everything is archived."""
        history = load(self.archive, self.table_arn)
        if history.open_plan:
            self._finish(history.open_plan)
            return None
        last = history.last
        if last and last.observed >= self.now and last.whole:
            return last
        if not (last and last.checkpoints) and not self.streams.streams(self.table_arn):
            raise self._no_stream()
        draft = self._read(history)
        plan, built = self._plan(history, draft)
        plan_key = layout.stream_plan_key(self.table_arn, plan.number)
        created = self.archive.put_new(plan_key, plan.to_json(), locked=True, content_type="application/json")
        if not created and read_plan(self.archive, self.table_arn, plan.number) != plan:
            return None  # another writer planned otherwise: its plan is finished first
        receipt = commit(self.archive, plan, built, by=self._versions(self.rules))
        self._tell(receipt)
        if draft.complete and not draft.enabled:
            raise self._no_stream()
        return receipt if draft.complete else None

    def _read(self, history: StreamHistory) -> Draft:
        last = history.last
        reader = Reader(
            self.table_arn,
            self.streams,
            self._redact(self.rules),
            self.now,
            looked=last.observed if last else None,
            covered=last.covered_until if last else None,
            limits=self.limits,
        )
        return reader.read(last.checkpoints if last else ())

    def _plan(self, history: StreamHistory, draft: Draft) -> tuple[StreamPlan, tuple[Built, ...]]:
        number, last = history.next_number, history.last
        built = build(self.table_arn, number, draft.rows, draft.unreadable, observed=self.now)
        earlier = last.covered_until if last else None
        plan = StreamPlan(
            table_arn=self.table_arn,
            number=number,
            previous=history.last_sha256,
            versions=self._versions(self.rules),
            observed=self.now,
            covered_until=self.now - SETTLE if draft.complete and draft.enabled else earlier,
            ranges=tuple(draft.ranges),
            duplicates=draft.duplicates,
            outputs=tuple(file.planned for file in built),
            checkpoints=tuple(sorted(draft.checkpoints, key=lambda c: c.shard)),
            gaps=tuple(draft.gaps),
            gap_commits=last.gap_commits if last else (),
            redaction=self.rules,
            redaction_key=self._fingerprint(self.rules),
        )
        return plan, built

    def _finish(self, plan: StreamPlan) -> None:
        self.progress(f"{self.table_arn}: finishing commit {plan.number}, which was left open")
        receipt = finish(
            self.archive,
            plan,
            self.streams,
            self._redact(plan.redaction),
            key=self._fingerprint(plan.redaction),
            by=self._versions(plan.redaction),
            progress=self.progress,
        )
        self._tell(receipt)

    def _redact(self, chosen: tuple[Rule, ...]) -> Redact | None:
        if not chosen:
            return None

        def apply(record: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
            return redact(record, chosen, self.key)

        return apply

    def _fingerprint(self, chosen: tuple[Rule, ...]) -> str:
        return fingerprint(self.key) if any(rule.action == "hash" for rule in chosen) else ""

    def _tell(self, receipt: StreamReceipt) -> None:
        counts = receipt.counts
        said = f"{counts.rows:,} records" + (f", {counts.quarantined} in quarantine" if counts.quarantined else "")
        gaps = f", {len(receipt.gaps)} gaps" if receipt.gaps else ""
        self.progress(f"{self.table_arn}: commit {receipt.number}, {said}{gaps}")

    def _no_stream(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self.table_arn} has no stream that is on: what changes now is recorded nowhere.",
            advice="switch it on (setup_trail, or `itemtrail setup`); another account's table needs a role of that account.",
        )

    @staticmethod
    def _versions(chosen: tuple[Rule, ...]) -> Versions:
        return Versions(__version__, SCHEMA_VERSION, sha256(canonical(chosen)), pa.__version__)
