"""What an evidence pack answers with: the changes that were asked for, and the rows of the calls that they name.

Decides: which Parquet file a call's row stands in (its log file's unit, and there the part that its receipt names), so that a few
files are copied and not whole days; and that a file counts only with the SHA-256 that its receipt names. Refuses more changes
than a limit, and an answer of none. What a row could not be found for is told, never left out.
"""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itemtrail.core import schema
from itemtrail.core.evidence import Event, Question, Table, proof_name
from itemtrail.core.evidence_agreement import contradictions, is_about
from itemtrail.core.receipt import Output, OutputKind
from itemtrail.core.restore_question import units_of
from itemtrail.core.timeline import Built, Row
from itemtrail.errors import AccessDenied, ColdStorage, ConfigurationError, EvidenceError, NotFound
from itemtrail.flows import timeline
from itemtrail.flows.prove import Found, Prover
from itemtrail.flows.receipts import History
from itemtrail.flows.timeline import Wanted
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore

_DAY = dt.timedelta(days=1)
Pair = tuple[str, int]
"""A log file's key and a record in it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The changes in order of time, the tables they are of, and what could not be looked at."""

    rows: tuple[Row, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Calls:
    """Rows of calls by (log file, record), and why there is none."""

    found: dict[Pair, list[Found]] = field(default_factory=dict)
    problems: dict[Pair, str] = field(default_factory=dict)


def answer(archive: ObjectStore, question: Question, limit: int) -> Answer:
    """The changes that were asked for.

    Raises:
        ConfigurationError: nothing was asked for, no such table or key, or more changes than ``limit``.
        NotFound: none.
        AccessDenied, SourceUnavailable, EvidenceError.
    """
    if not (question.table or question.by or question.first or question.last):
        raise ConfigurationError("nothing was asked for.", advice="give --table (and --key), --by, or --from and --to.")
    if question.key:
        whole = timeline.history(archive, question.table, question.key, question.first, question.last)
        rows, built, notes = whole.rows, {whole.table_arn: whole.built}, whole.notes
    else:
        wanted = Wanted(question.by or None, None, question.table or None, question.first, question.last)
        rows = tuple(itertools.islice(timeline.changes(archive, wanted), limit + 1))
        built, notes = timeline.built(archive, question.table or None), ()
    if len(rows) > limit:
        raise ConfigurationError(
            f"more than {limit:,} changes answer this.",
            advice="ask for a shorter time by --from and --to, for an item by --key, or raise --limit.",
        )
    if not rows:
        raise NotFound(
            f"no change is in the history: {question}.", advice="itemtrail absent says whether that can be said of an item."
        )
    tables, unbuilt = _tables(built, question)
    return Answer(rows, tables, (*notes, *unbuilt))


def calls(archive: ObjectStore, pairs: Sequence[Pair], prover: Prover, room: Path) -> Calls:
    """The rows of the calls ``pairs``, out of files that are copied into ``room``.

    Raises:
        ColdStorage, AccessDenied, SourceUnavailable.
    """
    made = Calls()
    by_unit: dict[Unit, list[Pair]] = defaultdict(list)
    for pair in pairs:
        of = units_of([{"source_object": pair[0]}])
        if of:
            by_unit[of[0]].append(pair)
        else:
            made.problems[pair] = f"{pair[0]} is no name of a log file"
    for unit, wanted in sorted(by_unit.items()):
        try:
            _of_unit(archive, prover.unit(unit), wanted, made, room)
        except (EvidenceError, NotFound) as error:
            made.problems |= dict.fromkeys((pair for pair in wanted if pair not in made.found), error.message)
    return made


def table_of(found: Iterable[Found]) -> pa.Table:
    """Rows as they stand in ``events/``, in order of time."""
    rows = sorted((one.row for one in found), key=_place)
    return pa.Table.from_pylist(rows, schema=schema.SCHEMA)


def _tables(built: Mapping[str, Built], question: Question) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """What the answer rests on by table; a note for a table of which nothing is built."""
    there = {arn: one for arn, one in sorted(built.items()) if one.days}
    until = max((one.days[-1] for one in there.values()), default=dt.date.min)
    made = []
    for arn, one in there.items():
        first = question.first.date() if question.first else one.days[0]
        last = max(first, question.last.date() if question.last else until)
        low, high = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in (first, last + _DAY))
        made.append(Table(arn, first, last, one.missing(first, last), sum(span.touches(low, high) for span in one.lost)))
    return tuple(made), tuple(f"no day of the history of {arn} is built" for arn in sorted(set(built) - set(there)))


def _of_unit(archive: ObjectStore, history: History, wanted: Sequence[Pair], made: Calls, room: Path) -> None:
    names = {name for name, _ in wanted}
    for output in _outputs(history, names):
        path = room / f"{output.sha256}.parquet"
        if not path.exists() and archive.download(output.key, path) != output.sha256:
            path.unlink()
            raise EvidenceError(f"{output.key} has other bytes than its receipt says.", advice="run itemtrail verify-archive.")
        rows = pq.read_table(path, filters=[("source_object", "in", names)], partitioning=None).cast(schema.SCHEMA).to_pylist()
        for row in rows:
            pair = (row["source_object"], row["record_index"])
            if pair in wanted:
                made.found.setdefault(pair, []).append(Found(history.unit, row))
    for pair in wanted:
        if pair not in made.found:
            made.problems[pair] = f"{history.unit} has no row for record {pair[1]} of {pair[0]}"


def _outputs(history: History, names: set[str]) -> Iterator[Output]:
    """Files of events that hold records of the log files ``names``: of the parts that packed them; of all where none did."""
    parts = {(receipt.number, one.part) for receipt in history.receipts for one in receipt.inputs if one.key in names}
    for receipt in history.receipts:
        for output in receipt.outputs:
            if output.kind is OutputKind.EVENTS and (not parts or (receipt.number, output.part) in parts):
                yield output


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["event_ts"] or dt.datetime.max.replace(tzinfo=dt.UTC), row["source_object"], row["record_index"]


def proofs(prover: Prover, made: Calls, pairs: Sequence[Pair]) -> Iterator[tuple[Event, bytes]]:
    """Each call with its proof, empty where it has none (the event says why); in the order of ``pairs``.

    Raises:
        ColdStorage: originals of some must be restored first; after all were tried, so that one command names them all.
        AccessDenied, SourceUnavailable.
    """
    cold: dict[Unit, ColdStorage] = {}
    for number, pair in enumerate(pairs, 1):
        rows = made.found.get(pair, [])
        try:
            body, problem = _proof(prover, rows) if rows else (b"", made.problems[pair])
        except ColdStorage as error:
            cold[rows[0].unit] = error
            continue
        head = rows[0].row if rows else {}
        named = [str(head.get(name) or "") for name in ("eventID", "eventName", "eventTime")]
        name = proof_name(number, named[0]) if body else ""
        yield Event(named[0], named[1], named[2], *pair, name, problem), body
    if cold:
        raise _cold(cold)


def _proof(prover: Prover, rows: list[Found]) -> tuple[bytes, str]:
    """The proof of the first of a call's rows that can be proven, which becomes the first; or why there is none."""
    problem = ""
    for one in rows:
        try:
            body = prover.prove([one])
        except AccessDenied:
            raise
        except (EvidenceError, NotFound, ConfigurationError) as error:
            problem = error.message
        else:
            rows.sort(key=lambda other: other is not one)
            return body, ""
    return b"", problem


def must_agree(rows: Iterable[Row], made: Calls) -> None:
    """Refuse a history that says something else of a call than the archive does: it is derived, and not locked.

    Raises:
        EvidenceError: names the day to build again.
    """
    for change in rows:
        for one in (change, *(change["candidates"] or ())):
            found = made.found.get((one["source_object"], one["record_index"])) if one["source_object"] else None
            if found and (contradictions(one, found[0].row) or not is_about(change, found[0].row)):
                day = change["change_ts"].date()
                raise EvidenceError(
                    f"the history of {change['table_arn']} says of the call at {change['change_ts']:%Y-%m-%d %H:%M:%S} UTC "
                    "something else than the archived event does.",
                    advice=f"look at who wrote below changes/, then `itemtrail build-history --day {day}` builds it again.",
                )


def _cold(cold: Mapping[Unit, ColdStorage]) -> ColdStorage:
    """One error for all days whose originals must be restored first, with one command that plans it."""
    days = sorted({unit.day for unit in cold})
    places = " ".join(f"--unit {account}/{region}" for account, region in sorted({(one.account, one.region) for one in cold}))
    return ColdStorage(
        f"originals of {len(cold)} units (account, Region, day) lie in a Glacier class; nothing was written: "
        "a pack without their proofs would not say what was asked.",
        advice=f"`itemtrail restore --plan --what originals --from {days[0]} --to {days[-1]} {places}`; then run this again.",
    )
