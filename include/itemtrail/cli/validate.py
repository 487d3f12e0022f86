"""`itemtrail validate`: a verdict for every digest hour that was due and every log that exists, in a trail bucket.

Decides: arguments, exit code, which trail is meant. Exit 0: everything is PROVEN; 3: nothing worse than "could not look" or not
yet due; 2: usage or configuration; 1: everything else, also when there was nothing to prove.
"""

import argparse
import datetime as dt
import os
import re
import sys
from pathlib import Path

from itemtrail import settings
from itemtrail.aws.connection import Connection
from itemtrail.cli import validate_folder
from itemtrail.cli.validate_report import document, exit_code, printable, table
from itemtrail.errors import AccessDenied, ConfigurationError, ItemtrailError, SourceUnavailable
from itemtrail.flows.find_trail import UNKNOWN, find_trail, organization, unknown_trail
from itemtrail.flows.validate import validate
from itemtrail.model import LoggingStatus, TrailRef
from itemtrail.ports.data import ObjectStore

_EXAMPLES = """\
examples:
  itemtrail validate ./synced --keys keys.json        # a folder with AWSLogs/ in it: no bucket, no AWS, no set-up
  itemtrail validate --bucket my-trail-bucket --account 111122223333 --region us-east-1 --from 2026-11-21 --to 2026-11-22
  itemtrail validate --bucket my-trail-bucket --prefix audit --account 111122223333 --region eu-west-1 \\
      --from 2026-11-21T08:00Z --to 2026-11-21T20:00Z --json
  itemtrail validate … --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/main   # two trails in one bucket

A slot is one expected digest hour; it belongs to the range in which its window ends. Nothing is expected later than now.
exit codes: 0 all PROVEN; 1 something is not; 2 usage or configuration; 3 nothing worse than "could not look" or not yet due.
Reasons, one by one: docs/runbook.md, "Verdict reasons".
"""
_CLOUDTRAIL = dt.datetime(2013, 11, 13, tzinfo=dt.UTC)
_ARN = re.compile(r"arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{12}:trail/[A-Za-z0-9._-]{3,128}")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "validate",
        help="prove, hour by hour and log by log, what CloudTrail delivered",
        description="A verdict for every digest hour that was due and every log that exists, in a trail bucket or a copy of it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="PATH", help="a copy of the bucket; the rest is read from it")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="with PATH: public keys (`aws cloudtrail list-public-keys`)")
    parser.add_argument("--bucket", help="the bucket the trail delivers into")
    parser.add_argument("--prefix", default="", type=_prefix, help="the trail's S3 key prefix, if it has one")
    parser.add_argument("--account", type=_account, help="account of the log files, 12 digits")
    parser.add_argument("--region", type=_region, help="Region of the log files")
    parser.add_argument("--from", dest="start", type=_time, metavar="TIME", help="ISO date or time, UTC")
    parser.add_argument("--to", dest="end", type=_time, metavar="TIME", help="the same; at most now")
    parser.add_argument("--trail-arn", type=_trail_arn, metavar="ARN", help="needed only where two trails deliver")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Validate and print.

    Raises:
        ConfigurationError: nothing can be judged (exit 2).
    """
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    if arguments.folder:
        return validate_folder.run(arguments, *_limits(), say=_say)
    _must_be_given(arguments)
    if arguments.start >= arguments.end or arguments.start >= now:
        raise ConfigurationError("--from must be before --to and before now.", advice="correct the two times.")
    if arguments.start < _CLOUDTRAIL:
        raise ConfigurationError(
            "--from lies before CloudTrail's first day.", advice=f"begin at {_CLOUDTRAIL:%Y-%m-%d} or later."
        )
    conversion, rules = _limits()
    connection = Connection()
    store = connection.store(arguments.bucket)
    trail = _trail(arguments, store)
    result = validate(
        store,
        connection.public_keys(),
        trail,
        _status(connection, trail),
        account=arguments.account,
        region=arguments.region,
        start=arguments.start,
        end=arguments.end,
        now=now,
        rules=rules,
        max_bytes=conversion.max_inflated_bytes,
        progress=_say,
    )
    if arguments.json:
        print(document(result))
    else:
        heading = f"{arguments.account} {arguments.region}, trail {trail.name}, {store.name}"
        print(table(result, heading, arguments.start, min(arguments.end, now)))
    return exit_code([result])


def _must_be_given(arguments: argparse.Namespace) -> None:
    names = {"--bucket": "bucket", "--account": "account", "--region": "region", "--from": "start", "--to": "end"}
    missing = [option for option, name in names.items() if getattr(arguments, name) is None]
    if missing or arguments.keys:
        what = f"a bucket is judged with {', '.join(missing)}" if missing else "--keys belongs to a folder"
        raise ConfigurationError(f"{what}.", advice="give what is missing, or PATH --keys FILE for a copy on this machine.")


def _trail(arguments: argparse.Namespace, store: ObjectStore) -> TrailRef:
    bucket, prefix, account, region = arguments.bucket, arguments.prefix, arguments.account, arguments.region
    if arguments.trail_arn:
        return TrailRef(arguments.trail_arn, bucket, prefix, organization(store, prefix, account))
    try:
        trail = find_trail(store, bucket, prefix, account, region, start=arguments.start, end=arguments.end)
    except (AccessDenied, SourceUnavailable) as error:
        _say(f"cannot find the trail by its digests: {error.message}")
        return unknown_trail(bucket, prefix, account, region)
    found = f"found trail {trail.arn}" if trail.name != UNKNOWN else "no digest of any trail lies here"
    _say(found)
    return trail


def _status(connection: Connection, trail: TrailRef) -> LoggingStatus | None:
    """GetTrailStatus; without it the range alone says from when to when digests were due, and that is said."""
    if trail.name == UNKNOWN:
        return None
    try:
        return connection.trail_api().status(trail)
    except ItemtrailError as error:
        _say(f"going on without GetTrailStatus ({error.message}): every hour of the range counts as due")
        return None


def _limits() -> tuple[settings.ConversionSettings, settings.ValidationSettings]:
    if not os.environ.get(settings.ENVIRONMENT_VARIABLE) and not settings.DEFAULT_PATH.is_file():
        return settings.ConversionSettings(), settings.ValidationSettings()
    loaded = settings.load()
    return loaded.conversion, loaded.validation


def _say(line: str) -> None:
    print(f"itemtrail: {printable(line)}", file=sys.stderr, flush=True)


def _time(text: str) -> dt.datetime:
    try:
        value = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date or time like 2026-11-21 or 2026-11-21T08:00:00Z") from None
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _account(text: str) -> str:
    return _matching(text, r"\d{12}", "an account id of 12 digits")


def _region(text: str) -> str:
    return _matching(text, r"[a-z]{2}(-[a-z]+)+-\d", "a Region like us-east-1")


def _trail_arn(text: str) -> str:
    return _matching(text, _ARN.pattern, "a trail's ARN like arn:aws:cloudtrail:us-east-1:111122223333:trail/main")


def _prefix(text: str) -> str:
    return text.strip("/")


def _matching(text: str, pattern: str, what: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return text
