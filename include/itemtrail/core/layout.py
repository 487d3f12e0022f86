"""Names in the archive: which key holds what. The only place that formats or reads them.

Refuses to list or read. Numbers have at least three digits and are read as numbers, so that the thousandth commit sorts right.
Layout: docs/design.md, "The archive".
"""

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core.dynamodb import partition
from itemtrail.errors import ConfigurationError
from itemtrail.model import Unit

VERSION = 1
ARCHIVE_KEY = "archive.json"
CHANGES = "changes/"
COVERAGE = "coverage/"
COVERAGE_NEWS = "coverage/news/"
EVENTS = "events/"
EVIDENCE = "evidence/"
HOLDS = "holds/"
QUARANTINE = "quarantine/"
ORIGINALS = "originals/"
RECEIPTS = "receipts/"
REVIEWS = "reviews/"
VERIFICATIONS = "verifications/"
STREAM_RECORDS = "stream_records/"
STREAM_RECEIPTS = "stream_receipts/"
LEDGER = "ledger/"
REOPENED = "reopened/"
SHARDS = "shards/"
EVENT_HISTORY = "event_history/"
EVENT_HISTORY_PAGES = "event_history_pages/"
EVENT_HISTORY_RECEIPTS = "event_history_receipts/"
_COMMIT_NAME = re.compile(r"(?P<number>\d{3,})\.(?P<kind>plan|receipt)\.json")
_UNIT_FOLDER = re.compile(r"account=(?P<account>\d{12})/region=(?P<region>[a-z0-9-]+)/delivery_date=(?P<day>\d{4}-\d\d-\d\d)/")

_TABLE = re.compile(r"arn:aws[a-z-]*:dynamodb:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):table/(?P<name>[A-Za-z0-9_.-]{3,255})")
_TABLE_FOLDER = re.compile(
    r"account=(?P<account>\d{12})/region=(?P<region>[a-z0-9-]+)/table_name=(?P<name>[A-Za-z0-9_.-]{3,255})/"
)
_EVENTS_FILE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)\.\d{3,}-\d{3,}\.parquet")
_HOLD = re.compile(r"holds/(?P<name>[a-z0-9][a-z0-9-]{0,60})/(?P<number>\d{3,})\.json")
_STREAM_FILE = re.compile(r"(?P<number>\d{6,})-\d{3}\.parquet")
_CHECKPOINT = re.compile(r"ledger/(?P<number>\d{6,})\.json")
_LEDGER_ROWS = re.compile(r"ledger/receipts-(?P<number>\d{6,})\.parquet")
_REOPENED = re.compile(rf"reopened/date=[0-9-]{{10}}/{_UNIT_FOLDER.pattern}\d{{3,}}\.json")
_RECEIPT = re.compile(
    r"(?P<kind>receipts|stream_receipts|event_history_receipts)/account=(?P<account>\d{12})/region=(?P<region>[a-z0-9-]+)/"
    r"(?P<of>delivery_date|table_name|event_date)=(?P<name>[A-Za-z0-9_.-]{1,255})/(?P<number>\d{3,})\.(?P<what>plan|receipt)\.json"
)
_STREAM_QUARANTINE = re.compile(r"(?P<number>\d{6,})\.ndjson")
_STREAM_COMMIT = re.compile(r"(?P<number>\d{6,})\.(?P<kind>plan|receipt)\.json")


def account_region(account: str, region: str) -> str:
    """``account=A/region=R/``."""
    return f"account={account}/region={region}/"


def unit_folder(unit: Unit) -> str:
    """``account=A/region=R/delivery_date=D/``."""
    return f"{account_region(unit.account, unit.region)}delivery_date={unit.day}/"


def commit_name(number: int, part: int) -> str:
    """``NNN-PPP``: what a part's files are called by."""
    return f"{number:03d}-{part:03d}"


def receipts_folder(unit: Unit) -> str:
    """Prefix of a unit's plans and receipts."""
    return f"{RECEIPTS}{unit_folder(unit)}"


def plan_key(unit: Unit, number: int) -> str:
    """Key of a commit's plan."""
    return f"{receipts_folder(unit)}{number:03d}.plan.json"


def receipt_key(unit: Unit, number: int) -> str:
    """Key of a commit's receipt."""
    return f"{receipts_folder(unit)}{number:03d}.receipt.json"


def tar_key(unit: Unit, number: int, part: int) -> str:
    """Key of a part's originals tar."""
    return f"{ORIGINALS}{unit_folder(unit)}{commit_name(number, part)}.tar"


def part_note_key(unit: Unit, number: int, part: int, made_from: str) -> str:
    """Key of the note that a part was put; ``made_from`` tells notes of another plan or version apart."""
    return f"{SHARDS}{unit_folder(unit)}{commit_name(number, part)}.{made_from[:16]}.json"


def quarantine_key(unit: Unit, number: int, part: int) -> str:
    """Key of the tar of a part's unreadable bytes."""
    return f"{QUARANTINE}{unit_folder(unit)}{commit_name(number, part)}.tar"


def events_key(unit: Unit, relative: str) -> str:
    """Key of a Parquet file; ``relative`` begins with its ``event_date=`` folder."""
    return f"{EVENTS}{account_region(unit.account, unit.region)}{relative}"


def coverage_key(account: str, year: int) -> str:
    """Key of what an account's units of a year were found to be: derived."""
    return f"{COVERAGE}account={account}/{year:04d}.json"


def coverage_news_key(today: dt.date, day: dt.date, name: str) -> str:
    """Key of what a run of ``day`` found on ``today``; ``name`` is told apart where one day is run twice."""
    return f"{COVERAGE_NEWS}date={today}/{day}-{name}.json"


def parse_events_file(key: str) -> dt.date | None:
    """The delivery date of the unit that a Parquet file below ``events/`` belongs to, None where its name is another."""
    found = _EVENTS_FILE.fullmatch(key.rpartition("/")[2])
    try:
        return dt.date.fromisoformat(found["day"]) if found else None
    except ValueError:
        return None


def hold_key(name: str, number: int) -> str:
    """Key of one record of a legal hold."""
    return f"{HOLDS}{name}/{number:03d}.json"


def parse_hold(key: str) -> tuple[str, int] | None:
    """(hold, number) of a key below ``holds/``, or None."""
    found = _HOLD.fullmatch(key)
    return (found["name"], int(found["number"])) if found else None


def public_key_key(region: str, sha256: str) -> str:
    """Key of an archived CloudTrail public key; ``sha256`` is of its DER bytes."""
    return f"keys/region={region}/{sha256}.json"


def review_key(review_id: str, name: str) -> str:
    """Key of a review's ``snapshot.json``, ``report.html`` or ``report.json``; the last one makes it a review."""
    return f"{REVIEWS}{review_id}/{name}"


def evidence_key(case: str, manifest: str) -> str:
    """Key of an evidence pack; ``manifest`` is its manifest's SHA-256, so that one pack has one key."""
    return f"{EVIDENCE}{case}/{manifest[:32]}.zip"


def verification_key(at: dt.datetime) -> str:
    """Key of what one verification of a part of the archive found; names sort by time."""
    return f"{VERIFICATIONS}{at:%Y%m%dT%H%M%SZ}.json"


def parse_commit(key: str) -> tuple[Unit, int, str] | None:
    """(unit, number, ``plan`` or ``receipt``) of a key below ``receipts/``, or None."""
    if not key.startswith(RECEIPTS):
        return None
    folder = _UNIT_FOLDER.match(key, len(RECEIPTS))
    name = _COMMIT_NAME.fullmatch(key, folder.end()) if folder else None
    if not folder or not name:
        return None
    try:
        day = dt.date.fromisoformat(folder["day"])
    except ValueError:
        return None
    return Unit(folder["account"], folder["region"], day), int(name["number"]), name["kind"]


def table_folder(table_arn: str) -> str:
    """``account=A/region=R/table_name=T/``.

    Raises:
        ConfigurationError: not the ARN of a table.
    """
    found = _TABLE.fullmatch(table_arn)
    if found is None:
        raise ConfigurationError(
            f"{table_arn!r} is not a table's ARN.", advice="write arn:aws:dynamodb:REGION:ACCOUNT:table/NAME in `streams.tables`."
        )
    return f"{account_region(found['account'], found['region'])}table_name={found['name']}/"


def table_of(folder: str) -> str | None:
    """The ARN of the table whose ``account=A/region=R/table_name=T/`` this is, None where it is another folder."""
    found = _TABLE_FOLDER.fullmatch(folder)
    if found is None:
        return None
    return f"arn:{partition(found['region'])}:dynamodb:{found['region']}:{found['account']}:table/{found['name']}"


def stream_day_folder(table_arn: str, day: dt.date) -> str:
    """Prefix of the stream records of a table that were created on ``day``."""
    return f"{STREAM_RECORDS}{table_folder(table_arn)}event_date={day}/"


def stream_records_key(table_arn: str, day: dt.date, number: int, part: int = 0) -> str:
    """Key of a commit's records of one day."""
    return f"{stream_day_folder(table_arn, day)}{number:06d}-{part:03d}.parquet"


def stream_quarantine_key(table_arn: str, number: int) -> str:
    """Key of a commit's stream records that could not be read, one JSON document a line."""
    return f"{QUARANTINE}{table_folder(table_arn)}{number:06d}.ndjson"


def parse_stream_quarantine(key: str) -> int | None:
    """The commit that a file of unreadable stream records belongs to, None where its name is another."""
    found = _STREAM_QUARANTINE.fullmatch(key.rpartition("/")[2])
    return int(found["number"]) if found else None


def stream_receipts_folder(table_arn: str) -> str:
    """Prefix of a table's plans and receipts."""
    return f"{STREAM_RECEIPTS}{table_folder(table_arn)}"


def stream_plan_key(table_arn: str, number: int) -> str:
    """Key of a commit's plan."""
    return f"{stream_receipts_folder(table_arn)}{number:06d}.plan.json"


def stream_receipt_key(table_arn: str, number: int) -> str:
    """Key of a commit's receipt."""
    return f"{stream_receipts_folder(table_arn)}{number:06d}.receipt.json"


def parse_stream_file(key: str) -> int | None:
    """The commit that a Parquet file below ``stream_records/`` belongs to, None where its name is another."""
    found = _STREAM_FILE.fullmatch(key.rpartition("/")[2])
    return int(found["number"]) if found else None


def parse_stream_commit(key: str) -> tuple[int, str] | None:
    """(number, ``plan`` or ``receipt``) of a key below ``stream_receipts/``, or None."""
    found = _STREAM_COMMIT.fullmatch(key.rpartition("/")[2])
    return (int(found["number"]), found["kind"]) if found else None


def event_day_folder(unit: Unit) -> str:
    """``account=A/region=R/event_date=D/``: a unit of the event history is a day of events, not of delivery."""
    return f"{account_region(unit.account, unit.region)}event_date={unit.day}/"


def event_history_key(unit: Unit, relative: str) -> str:
    """Key of a Parquet file of the event history; ``relative`` begins with its ``event_date=`` folder."""
    return f"{EVENT_HISTORY}{account_region(unit.account, unit.region)}{relative}"


def event_history_pages_folder(unit: Unit, number: int) -> str:
    """Prefix of what the service answered for one commit, part by part."""
    return f"{EVENT_HISTORY_PAGES}{event_day_folder(unit)}{number:03d}-"


def event_history_part_key(unit: Unit, number: int, part: int) -> str:
    """Key of one part of what the service answered."""
    return f"{event_history_pages_folder(unit, number)}{part:06d}.jsonl.gz"


def event_history_receipts_folder(unit: Unit) -> str:
    """Prefix of a unit's plans and receipts."""
    return f"{EVENT_HISTORY_RECEIPTS}{event_day_folder(unit)}"


def event_history_plan_key(unit: Unit, number: int) -> str:
    """Key of a commit's plan."""
    return f"{event_history_receipts_folder(unit)}{number:03d}.plan.json"


def event_history_receipt_key(unit: Unit, number: int) -> str:
    """Key of a commit's receipt."""
    return f"{event_history_receipts_folder(unit)}{number:03d}.receipt.json"


def parse_commit_name(name: str) -> tuple[int, str] | None:
    """(number, ``plan`` or ``receipt``) of what follows a unit's receipts folder, or None."""
    found = _COMMIT_NAME.fullmatch(name)
    return (int(found["number"]), found["kind"]) if found else None


class Receipts(StrEnum):
    """Whose receipts there are, by the folder that they lie in."""

    UNIT = "receipts"
    STREAM = "stream_receipts"
    EVENT_HISTORY = "event_history_receipts"


@dataclass(frozen=True, slots=True)
class CommitName:
    """Whose commit a key is of, whatever its kind. ``name``: the delivery date, the table or the event date."""

    kind: Receipts
    account: str
    region: str
    name: str
    number: int
    is_plan: bool


_OF = {Receipts.UNIT: "delivery_date", Receipts.STREAM: "table_name", Receipts.EVENT_HISTORY: "event_date"}


def parse_any_commit(key: str) -> CommitName | None:
    """Whose plan or receipt a key is, of units, streams or the event history; None for any other key."""
    found = _RECEIPT.fullmatch(key)
    if found is None or _OF[kind := Receipts(found["kind"])] != found["of"]:
        return None
    if kind is not Receipts.STREAM and not is_day(found["name"]):
        return None
    is_plan = found["what"] == "plan"
    return CommitName(kind, found["account"], found["region"], found["name"], int(found["number"]), is_plan)


def is_day(text: str) -> bool:
    """Whether ``text`` is a day as keys have it."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def reopened_key(today: dt.date, unit: Unit, number: int) -> str:
    """Key of the hint that on ``today`` a commit of a unit was begun that had one before."""
    return f"{REOPENED}date={today}/{unit_folder(unit)}{number:03d}.json"


def parse_reopened(key: str) -> Unit | None:
    """The unit that a hint is of, None for any other key."""
    found = _REOPENED.fullmatch(key)
    if found is None or not is_day(found["day"]):
        return None
    return Unit(found["account"], found["region"], dt.date.fromisoformat(found["day"]))


def checkpoint_key(number: int) -> str:
    """Key of a ledger checkpoint; the first is 1."""
    return f"{LEDGER}{number:06d}.json"


def ledger_rows_key(number: int) -> str:
    """Key of the Parquet file that a ledger checkpoint added: a row for each receipt."""
    return f"{LEDGER}receipts-{number:06d}.parquet"


def parse_checkpoint(key: str) -> int | None:
    """The number of a ledger checkpoint's key, None for any other key."""
    found = _CHECKPOINT.fullmatch(key)
    return int(found["number"]) if found else None


def parse_ledger_rows(key: str) -> int | None:
    """The number of a ledger's Parquet file, None for any other key."""
    found = _LEDGER_ROWS.fullmatch(key)
    return int(found["number"]) if found else None
