"""An alert as data: what happened, where, how grave, what to do next, and where to read on. Routes say who hears of it.

Decides: the kinds of alert, each with its severity, its section of docs/runbook.md and its page; which channels an alert goes to.
An alert has these fields and no others: nothing of a record, an image or a connection has a field to be in. Severity is the
review's: how much evidence is at stake. Refuses nothing: what may stand in a line, ``alert_words`` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from itemtrail.core.check import Severity

SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


class Kind(StrEnum):
    """What happened, in a word; the attribute ``kind`` of an SNS message, and what ``[[alerts.routes]]`` chooses by."""

    TASK_FAILED = "task_failed"
    EVIDENCE = "evidence"
    RECOVERED = "recovered"
    QUARANTINE = "quarantine"
    NOT_ARCHIVED = "not_archived"
    STREAM = "stream"
    HISTORY = "history"
    EVENT_HISTORY = "event_history"
    LEDGER = "ledger"
    VERIFY = "verify"
    REVIEW = "review"
    LIFECYCLE = "lifecycle"
    CANARY = "canary"
    APPROVAL = "approval"
    EXPORT = "export"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a kind before anything happens. ``anchor`` is of docs/runbook.md, ``page`` below /itemtrail in Airflow.

    ``next_step`` is a command, or a sentence, with ``{day}`` to fill in.
    """

    meaning: str
    severity: Severity
    anchor: str
    next_step: str
    page: str = ""


KINDS: Mapping[Kind, About] = {
    Kind.TASK_FAILED: About(
        "a task failed beyond its retries, was killed, or a run was given up",
        Severity.HIGH,
        "a-task-failed",
        "open the task's log, mend what its last line names, clear the task with downstream",
    ),
    Kind.EVIDENCE: About(
        "a day that was archived is not proven; CRITICAL where evidence speaks against it (DISPROVEN)",
        Severity.HIGH,
        "verdict-reasons",
        "itemtrail receipts --day {day}",
        "coverage",
    ),
    Kind.RECOVERED: About(
        "a day is proven from older versions only: somebody deleted or overwrote what was there",
        Severity.HIGH,
        "verdict-reasons",
        "itemtrail receipts --day {day}",
        "coverage",
    ),
    Kind.QUARANTINE: About(
        "records that could not be read lie in quarantine; the day is proven",
        Severity.MEDIUM,
        "records-in-quarantine",
        "itemtrail receipts --day {day}",
        "coverage",
    ),
    Kind.NOT_ARCHIVED: About(
        "days are due and not proven; CRITICAL where a week or less is left until the trail bucket's expiry",
        Severity.HIGH,
        "a-day-is-not-archived",
        "itemtrail archive --day {day}",
        "coverage",
    ),
    Kind.STREAM: About(
        "a table's stream is not archived; CRITICAL where records were lost (a gap)",
        Severity.HIGH,
        "stream-archive",
        "mend what is named and clear `archive` of that table: DynamoDB keeps records for 24 hours",
        "timeline",
    ),
    Kind.HISTORY: About(
        "a day's changes are not explained as `history.alarm_below` demands",
        Severity.MEDIUM,
        "findings-of-the-change-history",
        "itemtrail build-history --day {day}",
        "timeline",
    ),
    Kind.EVENT_HISTORY: About(
        "days of CloudTrail's event history are not exported, or are lost",
        Severity.MEDIUM,
        "event-history",
        "clear `export` of what is named: it goes on",
    ),
    Kind.LEDGER: About(
        "a receipt vanished or changed, or the ledger could not be brought up to date (HIGH)",
        Severity.CRITICAL,
        "findings-of-the-ledger",
        "itemtrail ledger verify",
        "coverage",
    ),
    Kind.VERIFY: About(
        "the scrub found something in the archive; CRITICAL where it is DISPROVEN",
        Severity.HIGH,
        "findings-of-verify-archive",
        "itemtrail verify-archive",
        "coverage",
    ),
    Kind.REVIEW: About(
        "the review found something new, or could not look; as grave as its gravest line",
        Severity.HIGH,
        "the-review-is-red",
        "itemtrail review",
        "posture",
    ),
    Kind.LIFECYCLE: About(
        "retention is not what the evidence needs; CRITICAL where a rule deletes or hides evidence (P2, P7)",
        Severity.HIGH,
        "findings-of-the-lifecycle-assertion",
        "itemtrail lifecycle",
        "posture",
    ),
    Kind.CANARY: About(
        "a write was made to be recorded, and was not found recorded, delivered and proven",
        Severity.HIGH,
        "the-canary-failed",
        "itemtrail setup, then trigger setup_trail again",
    ),
    Kind.APPROVAL: About(
        "a plan waits for a person; unanswered for a day, it is rejected",
        Severity.MEDIUM,
        "a-plan-waits-for-approval",
        "Airflow, Browse, Required Actions: read the plan, approve or reject",
    ),
    Kind.EXPORT: About(
        "an evidence pack is exported (LOW: somebody must know), or one that is stored is not whole (MEDIUM)",
        Severity.LOW,
        "an-auditor-asks-who-changed-e-1017",
        "know who asked for it, and why",
    ),
    Kind.TEST: About(
        "somebody ran `send_test_alert`",
        Severity.LOW,
        "alerts-do-not-arrive",
        "nothing: this is a test",
    ),
}


@dataclass(frozen=True, slots=True)
class Where:
    """What the alert is about, as far as it is one thing; empty where it is not."""

    account: str = ""
    region: str = ""
    day: str = ""
    table: str = ""
    bucket: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.account, self.region, self.day, self.table, self.bucket) if part)


@dataclass(frozen=True, slots=True)
class Origin:
    """The Airflow task that says so. ``url`` is of its log; empty where Airflow's own address is not configured."""

    dag_id: str
    run_id: str = ""
    task_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. ``mark``: the archive's key that remembers that it was told; empty: once per UTC day.

    ``severity``: its own, where findings differ; the alert is then as grave as the gravest of them that is told.
    """

    text: str
    mark: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. ``headline`` is what a phone shows first, ``{n}`` in it the number of lines; each line is told once."""

    kind: Kind
    headline: str
    origin: Origin
    severity: Severity
    where: Where = field(default_factory=Where)
    verdict: str = ""
    summary: tuple[str, ...] = ()  # told with the lines, never by itself
    lines: tuple[Line, ...] = ()
    next_step: str = ""
    url: str = ""  # where to act; the page of the kind where it is empty

    def of(self, lines: Iterable[Line]) -> "Alert":
        """This alert with only these of its lines, as grave as they are."""
        kept = tuple(lines)
        own = [line.severity for line in kept if line.severity]
        return replace(self, lines=kept, severity=max(own, key=SEVERITIES.index, default=self.severity))

    @property
    def head(self) -> str:
        """The headline with its number."""
        return self.headline.replace("{n}", str(len(self.lines)))


@dataclass(frozen=True, slots=True)
class Route:
    """What a channel carries. ``kinds`` empty: all."""

    channel: str
    min_severity: Severity = Severity.LOW
    kinds: tuple[Kind, ...] = ()

    def carries(self, kind: Kind, severity: Severity) -> bool:
        """Whether an alert of this kind and severity goes to the channel."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.min_severity) and (not self.kinds or kind in self.kinds)


def chosen(kind: Kind, severity: Severity, channels: Sequence[str], routes: Iterable[Route]) -> tuple[str, ...]:
    """The channels that an alert goes to: where a channel has routes, any that carries it; where it has none, always."""
    of = {channel: [route for route in routes if route.channel == channel] for channel in channels}
    return tuple(name for name, mine in of.items() if not mine or any(route.carries(kind, severity) for route in mine))
