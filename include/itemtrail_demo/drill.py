"""The tamper drill: harm the trail bucket as somebody with its keys could, and hear two judges on it.

Decides what is done, to which hours, and what each judge has to answer. ``aws cloudtrail validate-logs`` is AWS's own tool from
PyPI, run as it is; ours is ``itemtrail validate``. Every harm is undone by removing the version it made, so the day ends as it
was delivered. Nothing here touches the archive: that is locked.
"""

import concurrent.futures
import datetime as dt
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

DIGESTS = "CloudTrail-Digest"
LOGS = "CloudTrail"
STAMP = "%Y%m%dT%H%M%S"
LATE_DIGESTS = 4
"""How many are removed: the older ones of them are past due, whatever the minute."""


@dataclass(frozen=True, slots=True)
class Range:
    """What is judged: one Region's hours of a trail."""

    trail_arn: str
    bucket: str
    account: str
    region: str
    start: dt.datetime
    end: dt.datetime

    def folders(self, kind: str) -> tuple[str, ...]:
        """Key prefixes of ``CloudTrail`` or ``CloudTrail-Digest`` objects of the range's days."""
        days = (self.end.date() - self.start.date()).days + 1
        dates = (self.start.date() + dt.timedelta(days=number) for number in range(days))
        return tuple(f"AWSLogs/{self.account}/{kind}/{self.region}/{date:%Y/%m/%d}/" for date in dates)


def to_newest_digest(s3: Any, wide: Range) -> Range:
    """The range cut to the newest digest in it: nothing after that can be proven yet."""
    end = dt.datetime.strptime(_within(s3, wide, DIGESTS)[-1][0], STAMP).replace(tzinfo=dt.UTC)
    return replace(wide, end=end)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge said: its exit code and its words."""

    code: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One harm, both answers, and the exit codes that were expected of aws and of itemtrail."""

    name: str
    aws: Answer
    ours: Answer
    expected: tuple[int, int]

    @property
    def good(self) -> bool:
        """Both judges answered as expected."""
        return (self.aws.code, self.ours.code) == self.expected


Undo = Callable[[], None]


def alter_log(s3: Any, where: Range) -> Undo:
    """Rewrite one record of a log: somebody else did it."""
    _, key = _within(s3, where, LOGS)[0]
    stored = s3.get_object(Bucket=where.bucket, Key=key)
    document = json.loads(gzip.decompress(stored["Body"].read()))
    document["Records"][0]["userIdentity"] = {"type": "IAMUser", "userName": "somebody.else"}
    body = gzip.compress(json.dumps(document, separators=(",", ":")).encode())
    version = s3.put_object(Bucket=where.bucket, Key=key, Body=body, ContentType="application/json", ContentEncoding="gzip")[
        "VersionId"
    ]
    return lambda: s3.delete_object(Bucket=where.bucket, Key=key, VersionId=version)


def remove_newest_digests(s3: Any, where: Range) -> Undo:
    """Delete the newest digests of the range with every version: the tail of the chain is gone, what is left is sound."""
    kept = []
    for _, key in _within(s3, where, DIGESTS)[-LATE_DIGESTS:]:
        stored = s3.get_object(Bucket=where.bucket, Key=key)
        kept.append((key, stored["Body"].read(), stored["Metadata"]))
        for version in s3.list_object_versions(Bucket=where.bucket, Prefix=key)["Versions"]:
            s3.delete_object(Bucket=where.bucket, Key=key, VersionId=version["VersionId"])

    def undo() -> None:
        for key, body, metadata in kept:
            s3.put_object(
                Bucket=where.bucket,
                Key=key,
                Body=body,
                Metadata=metadata,
                ContentType="application/json",
                ContentEncoding="gzip",
            )

    return undo


def hide_newest_digests(s3: Any, where: Range) -> Undo:
    """Delete them as a client does that names no version: the bucket keeps what they were."""
    markers = [
        (key, s3.delete_object(Bucket=where.bucket, Key=key)["VersionId"])
        for _, key in _within(s3, where, DIGESTS)[-LATE_DIGESTS:]
    ]

    def undo() -> None:
        for key, version in markers:
            s3.delete_object(Bucket=where.bucket, Key=key, VersionId=version)

    return undo


def plant_log(s3: Any, where: Range) -> Undo:
    """Put a log file that CloudTrail never delivered: a change that never happened."""
    _, key = _within(s3, where, LOGS)[0]
    planted = re.sub(r"_[A-Za-z0-9]+\.json\.gz$", "_Pl4ntedByS0mebody.json.gz", key)
    body = s3.get_object(Bucket=where.bucket, Key=key)["Body"].read()
    version = s3.put_object(Bucket=where.bucket, Key=planted, Body=body, ContentEncoding="gzip")["VersionId"]
    return lambda: s3.delete_object(Bucket=where.bucket, Key=planted, VersionId=version)


HARMS: tuple[tuple[str, Callable[[Any, Range], Undo] | None, tuple[int, int]], ...] = (
    ("nothing yet", None, (0, 0)),
    ("one log altered: a record now names somebody else", alter_log, (1, 1)),
    (f"the newest {LATE_DIGESTS} digests removed", remove_newest_digests, (0, 1)),
    (f"the newest {LATE_DIGESTS} digests deleted, their versions kept", hide_newest_digests, (0, 1)),
    ("a log planted that CloudTrail never delivered", plant_log, (0, 1)),
    ("everything undone", None, (0, 0)),
)
"""What is done, and the exit codes expected of aws and of itemtrail after it."""


def run(s3: Any, where: Range, environment: Mapping[str, str], progress: Callable[[str], None]) -> tuple[Outcome, ...]:
    """Do each harm, ask both judges, undo it."""
    outcomes = []
    for name, harm, expected in HARMS:
        progress(name)
        undo = harm(s3, where) if harm else None
        try:
            aws, ours = judge(where, environment)
        finally:
            if undo:
                undo()
        outcomes.append(Outcome(name, aws, ours, expected))
    return tuple(outcomes)


def aws_command(where: Range) -> list[str]:
    """AWS's judge."""
    times = ["--start-time", _iso(where.start), "--end-time", _iso(where.end)]
    return ["aws", "cloudtrail", "validate-logs", "--trail-arn", where.trail_arn, "--region", where.region, *times, "--verbose"]


def our_command(where: Range) -> list[str]:
    """Our judge."""
    what = ["--bucket", where.bucket, "--account", where.account, "--region", where.region, "--trail-arn", where.trail_arn]
    return ["itemtrail", "validate", *what, "--from", _iso(where.start), "--to", _iso(where.end)]


def judge(where: Range, environment: Mapping[str, str]) -> tuple[Answer, Answer]:
    """Both answers on the same state, asked at the same time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        aws = pool.submit(_ask, aws_command(where), environment)
        ours = pool.submit(_ask, [*our_command(where), "--json"], environment)
        theirs, own = aws.result(), ours.result()
    answer = own.stdout or own.stderr  # progress goes to standard error; it is no answer
    return (
        Answer(theirs.returncode, said_by_aws(f"{theirs.stdout}\n{theirs.stderr}")),
        Answer(own.returncode, said_by_us(answer)),
    )


def said_by_aws(output: str) -> tuple[str, ...]:
    """What matters of its words: what it found wrong, then its summary; a line for each valid file is left out."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if not re.match(_ORDINARY, line) and not line.endswith("\tvalid")]
    summary = [line for line in lines if re.match(_SUMMARY, line)]
    return tuple(_shortened(line.replace("\t", "  ")) for line in [*wrong, *summary])


_SUMMARY = r"Results found for|\d+/\d+ (digest|log) files valid"
_ORDINARY = rf"Validating log files|Results requested|{_SUMMARY}"


def said_by_us(output: str) -> tuple[str, ...]:
    """The verdict, the counts, and each reason that is not good with its first object."""
    try:
        answer = json.loads(output)
    except ValueError:
        return tuple(line for line in output.splitlines() if line.strip())[-3:]
    slots, objects = answer["slots"], answer["objects"]
    lines = [f"{answer['verdict']}: {_proven(slots)} digest hours and {_proven(objects)} logs proven"]
    bad = [
        (line["reason"], line.get("key") or line.get("object") or line["end"])
        for line in (*slots, *objects)
        if line["verdict"] != "PROVEN" or line["reason"].startswith("RECOVERED")
    ]
    for reason, count in Counter(reason for reason, _ in bad).items():
        lines.append(_shortened(f"{count} × {reason}: {next(thing for why, thing in bad if why == reason)}"))
    return tuple(lines)


def _proven(lines: Sequence[Mapping[str, Any]]) -> str:
    return f"{sum(line['verdict'] == 'PROVEN' for line in lines)} of {len(lines)}"


def _shortened(line: str) -> str:
    """Keys and URLs without their folders; they say the same everywhere."""
    return re.sub(r"(s3://[^\s]*/|AWSLogs/[^\s]*/)(?=[^/\s]+)", "…/", line)


def _ask(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    tool = Path(sys.executable).with_name(command[0])
    variables = os.environ | environment
    return subprocess.run([tool, *command[1:]], env=variables, capture_output=True, text=True, timeout=300, check=False)


def _within(s3: Any, where: Range, kind: str) -> list[tuple[str, str]]:
    """Time stamp and key of the range's objects, in order of time."""
    found = []
    for folder in where.folders(kind):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=folder):
            for entry in page.get("Contents", ()):
                stamp = re.search(r"_(\d{8}T\d{4}(?:\d{2})?)Z", entry["Key"])
                if stamp and where.start.strftime(STAMP) <= stamp[1].ljust(15, "0") <= where.end.strftime(STAMP):
                    found.append((stamp[1], str(entry["Key"])))
    if not found:
        raise LookupError(f"no {kind} objects between {where.start} and {where.end} below {where.folders(kind)}")
    return sorted(found)


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
