"""What verifying an archive may find, and what it answers: codes with their meaning, findings, and one answer a unit.

Decides: which code is contrary evidence, which only keeps a unit from being proven, and which says no more than "could not look";
that the worst finding is the answer. CONSISTENT is the best that can be said where nobody signs (streams, event history).
Refuses to read. A finding may also carry a verdict reason (``core.reasons``): what a digest or log is judged as today.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core.reasons import COULD_NOT_LOOK, Reason
from itemtrail.model import TrailRef, Verdict


class Answer(StrEnum):
    """What can be said of a unit from the archive alone."""

    PROVEN = "PROVEN"
    CONSISTENT = "CONSISTENT"  # everything agrees, and nothing of it is signed by AWS
    UNPROVABLE = "UNPROVABLE"
    DISPROVEN = "DISPROVEN"


class Code(StrEnum):
    """What was found; ``docs/runbook.md``, "Findings of verify-archive", has a line for each."""

    MISSING_OBJECT = "MISSING_OBJECT"
    ALTERED_OBJECT = "ALTERED_OBJECT"
    EXTRA_OBJECT = "EXTRA_OBJECT"
    RECEIPT_BROKEN = "RECEIPT_BROKEN"
    RECEIPT_DISAGREES = "RECEIPT_DISAGREES"
    TAR_DISAGREES = "TAR_DISAGREES"
    RECORDS_DIFFER = "RECORDS_DIFFER"
    DERIVED_DIFFERS = "DERIVED_DIFFERS"
    QUARANTINE_DIFFERS = "QUARANTINE_DIFFERS"
    LEDGER_DISAGREES = "LEDGER_DISAGREES"
    LEDGER_BROKEN = "LEDGER_BROKEN"
    CHECKPOINT_GONE = "CHECKPOINT_GONE"
    KEY_ALTERED = "KEY_ALTERED"
    ROOT_ALTERED = "ROOT_ALTERED"
    HOLD_BROKEN = "HOLD_BROKEN"
    KEY_NOT_TRUSTED = "KEY_NOT_TRUSTED"
    DAY_MISSING = "DAY_MISSING"
    LOG_NOT_ARCHIVED = "LOG_NOT_ARCHIVED"
    TAIL_UNSEEN = "TAIL_UNSEEN"
    AS_ARCHIVED = "AS_ARCHIVED"
    OPEN_PLAN = "OPEN_PLAN"
    NOT_YET_COMPLETE = "NOT_YET_COMPLETE"


_NOT_CONTRARY = {
    Code.DERIVED_DIFFERS,
    Code.DAY_MISSING,
    Code.TAIL_UNSEEN,
    Code.AS_ARCHIVED,
    Code.OPEN_PLAN,
    Code.NOT_YET_COMPLETE,
    Code.KEY_NOT_TRUSTED,
}
_NO_LOOK = {Code.OPEN_PLAN, Code.NOT_YET_COMPLETE, *COULD_NOT_LOOK}

MEANING = {
    Code.MISSING_OBJECT: (
        "A receipt or the ledger names the object, and it is not there.",
        "Look for a delete marker or an older version, and who deleted it; restore it.",
    ),
    Code.ALTERED_OBJECT: (
        "The object has other bytes than the receipt records.",
        "Keep it as evidence; restore the older version; find who wrote it.",
    ),
    Code.EXTRA_OBJECT: (
        "An object under an evidence prefix that no receipt names.",
        "Treat it as planted: keep a copy, find who wrote it, then remove it. Queries that list prefixes may have read it.",
    ),
    Code.RECEIPT_BROKEN: (
        "A plan or receipt is not one, is not in its canonical bytes, or does not follow the one before it.",
        "Look at its older versions and at who wrote it; restore the right one.",
    ),
    Code.RECEIPT_DISAGREES: (
        "A receipt says something else than its plan, or its own numbers do not add up.",
        "Look at the older versions of both, and compare with the ledger.",
    ),
    Code.TAR_DISAGREES: (
        "An originals tar has other members, offsets, hashes or contents than its receipt says.",
        "Look at the older versions of tar and receipt.",
    ),
    Code.RECORDS_DIFFER: (
        "The records in Parquet are not those of the originals, byte for byte and number for number.",
        "The originals count: convert them again (`itemtrail convert`), and find who wrote the file.",
    ),
    Code.DERIVED_DIFFERS: (
        "The records are the originals', but another version of itemtrail made the file and derives a column otherwise.",
        "Read the changelog; the record's own columns count.",
    ),
    Code.QUARANTINE_DIFFERS: (
        "The quarantine does not hold what its receipt says, or holds what is readable.",
        "Compare with the original in its tar; look at older versions.",
    ),
    Code.LEDGER_DISAGREES: (
        "A receipt has other bytes than the leaf of the ledger.",
        "`itemtrail ledger prove` shows the leaf; restore the receipt's older version.",
    ),
    Code.LEDGER_BROKEN: (
        "A checkpoint is missing or damaged, the chain is broken, or a root is not made of the leaves.",
        '`itemtrail ledger verify`; see "Findings of the ledger".',
    ),
    Code.CHECKPOINT_GONE: (
        "The ledger does not hold the checkpoint that was kept elsewhere: it was cut off or made anew.",
        "Do not trust any receipt newer than a checkpoint that you can still match; look at the versions below ledger/.",
    ),
    Code.KEY_ALTERED: (
        "An archived public key is not what its name or fingerprint says.",
        "Restore its older version; compare with `aws cloudtrail list-public-keys`.",
    ),
    Code.ROOT_ALTERED: (
        "archive.json is not readable, or names another trail than the receipts and digests.",
        "Restore its older version.",
    ),
    Code.HOLD_BROKEN: (
        "The records of a legal hold do not follow each other.",
        "Holds in S3 are untouched; look at the older versions below holds/.",
    ),
    Code.KEY_NOT_TRUSTED: (
        "A digest is signed by a key that the trusted list does not have, or has otherwise.",
        "Compare with the list of another source; a key that AWS never published means forged digests.",
    ),
    Code.DAY_MISSING: (
        "No unit of this day, although there are units before and after it.",
        "Archive the day (`itemtrail archive --day D`), or find who removed it.",
    ),
    Code.LOG_NOT_ARCHIVED: (
        "A proven digest lists a log of the day, and no commit holds it.",
        "Archive the day again while the trail bucket has it.",
    ),
    Code.TAIL_UNSEEN: (
        "The day's last hours have no digest in the archive, and no later digest is there that would tell whether one was due.",
        "Archive the next day, then verify again.",
    ),
    Code.AS_ARCHIVED: (
        "The unit's own receipt does not call it proven.",
        "`itemtrail receipts --day D` says why.",
    ),
    Code.OPEN_PLAN: (
        "A commit is planned and not finished.",
        "Archive the unit again: it is finished as planned.",
    ),
    Code.NOT_YET_COMPLETE: (
        "The unit's receipt says that its day was not over.",
        "Archive it again when it is.",
    ),
}
"""What each code means, and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. ``code``: a ``Code`` or a verdict reason; ``key``: of the object it is about."""

    code: str
    key: str
    detail: str = ""
    said: Verdict | None = None  # by the receipt itself

    @property
    def verdict(self) -> Verdict:
        """DISPROVEN for contrary evidence, else UNPROVABLE."""
        if self.said is not None:
            return Verdict.DISPROVEN if self.said is Verdict.DISPROVEN else Verdict.UNPROVABLE
        if self.code in MEANING:
            return Verdict.UNPROVABLE if self.code in _NOT_CONTRARY else Verdict.DISPROVEN
        return Verdict.DISPROVEN if Reason(self.code).verdict is Verdict.DISPROVEN else Verdict.UNPROVABLE

    @property
    def could_not_look(self) -> bool:
        """Whether nothing is concluded from it."""
        return self.code in _NO_LOOK

    def __str__(self) -> str:
        return f"{self.code} {self.key}{f': {self.detail}' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class UnitReport:
    """One unit, table (``stream_receipts``) or day of the event history, as the archive alone shows it.

    ``name``: delivery date, table name or event date. ``sealed_by``: the first checkpoint that holds all of its receipts, None
    where some are newer. ``originals`` and ``records`` are counts, ``bytes_read`` bytes; ``trail`` as the digests say it.
    """

    kind: str
    account: str
    region: str
    name: str
    answer: Answer
    anchored: bool = False
    sealed_by: int | None = None
    conversion: str = ""
    commits: int = 0
    originals: int = 0
    records: int = 0
    bytes_read: int = 0
    findings: tuple[Finding, ...] = ()
    trail: TrailRef | None = None

    @property
    def place(self) -> str:
        """Its name for people."""
        return f"{self.account}/{self.region}/{self.name}"


def answer(findings: Sequence[Finding], *, signed: bool) -> Answer:
    """What the findings leave to say."""
    verdicts = {one.verdict for one in findings}
    if Verdict.DISPROVEN in verdicts:
        return Answer.DISPROVEN
    if verdicts:
        return Answer.UNPROVABLE
    return Answer.PROVEN if signed else Answer.CONSISTENT


def exit_code(findings: Iterable[Finding]) -> int:
    """0: nothing found; 3: nothing worse than "could not look"; 1: everything else."""
    blind = [one.could_not_look for one in findings]
    return 0 if not blind else 3 if all(blind) else 1


def markdown() -> str:
    """The table of docs/runbook.md, section "Findings of verify-archive"."""
    rows = ["| answer | code | what it means | what to do |", "|---|---|---|---|"]
    for code, (meaning, action) in MEANING.items():
        one = Finding(code, "")
        verdict = f"{one.verdict} (could not look)" if one.could_not_look else str(one.verdict)
        rows.append(f"| {verdict} | `{code}` | {meaning} | {action} |")
    return "\n".join(rows) + "\n"
