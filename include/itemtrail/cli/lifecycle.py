"""`itemtrail lifecycle`: what the two buckets' lifecycle really does, with a counterexample for each property that fails.

Looks at the live configuration of both buckets, at one of them, or at a file with a configuration as `aws s3api
get-bucket-lifecycle-configuration` prints it: the properties P1 to P12 (docs/retention.md), and how our rules differ from what
`itemtrail setup` puts. `--objects` also lists where objects really are. `--object KEY` shows one object's way, day by day.
"""

import argparse
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from itemtrail.cli import ends
from itemtrail.core.lifecycle import Version, history
from itemtrail.core.lifecycle_rules import Configuration, parse
from itemtrail.core.lifecycle_valid import refusals
from itemtrail.errors import ConfigurationError
from itemtrail.flows import placement
from itemtrail.flows.lifecycle import archive_findings, archive_rules, drifted, review, trail_findings, trail_rules
from itemtrail.flows.placement import Places
from itemtrail.settings import Settings
from itemtrail.snapshot import BucketState, Document, Finding, FindingStatus

_EXAMPLES = """
examples:
  itemtrail lifecycle                                   both buckets, as they are configured now
  itemtrail lifecycle --bucket hrms-archive-111122223333
  itemtrail lifecycle rules.json --as archive           a configuration that nobody has put yet
  itemtrail lifecycle rules.json --object originals/x.tar --size 4000
  itemtrail lifecycle --objects                         where some objects really are: a sample, another one every day
  itemtrail lifecycle --objects all --json              everything in both buckets, listed

exit codes: 0 nothing to act on, 1 a property fails, 2 usage or configuration, 3 nothing worse than "cannot prove"
"""
SCHEMA_VERSION = 1  # of --json
_SAMPLE, _ALL = 100, 0  # of --objects
_BORN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)  # of an object that --object asks for


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lifecycle",
        help="what the buckets' lifecycle rules do to evidence, with counterexamples",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("file", nargs="?", type=Path, help="a lifecycle configuration as JSON, instead of a bucket's")
    parser.add_argument("--bucket", metavar="B", help="only this bucket: the archive's or the trail's")
    parser.add_argument("--as", dest="role", choices=("archive", "trail"), default="archive", help="what FILE is for")
    parser.add_argument("--object", metavar="KEY", help="what becomes of an object of this key (of FILE, or of --bucket)")
    parser.add_argument("--size", type=int, default=1 << 20, metavar="N", help="its size in bytes (%(default)s)")
    parser.add_argument("--tag", action="append", default=[], metavar="K=V", help="a tag of it (may be repeated)")
    parser.add_argument(
        "--objects",
        nargs="?",
        const=_SAMPLE,
        type=_extent,
        metavar="N|all",
        help="also list where the objects of about N archived units (%(const)s), or all objects, really are",
    )
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the findings, or one object's way; returns the exit code."""
    opened = ends.open_ends(arguments)
    if arguments.file and arguments.bucket:
        raise ConfigurationError("a file and --bucket were given.", advice="give one of them.")
    if arguments.objects is not None and (arguments.file or arguments.object):
        raise ConfigurationError("--objects looks at the buckets, not at a file or one object.", advice="leave one of them out.")
    if arguments.object:
        return _way(arguments, opened)
    found = _of_file(arguments, opened.settings) if arguments.file else _live(arguments, opened)
    if arguments.json:
        print(json.dumps(_document(found), indent=1))
    else:
        print("\n".join(_line(one) for one in found))
    bad = {one.status for one in found if one.bad}
    return 1 if FindingStatus.FAIL in bad else 3 if bad else 0


def _line(one: Finding) -> str:
    words = f"{one.status:<12} {one.check.removeprefix('lifecycle.'):<6} {one.resource}: {one.detail}"
    return f"{words}. Next: {one.advice}" if one.advice else words


def _live(arguments: argparse.Namespace, opened: ends.Ends) -> tuple[Finding, ...]:
    places = _places(arguments.objects, opened) if arguments.objects is not None else Places(())
    found = (
        *review(
            opened.connection.control(),
            opened.settings,
            now=ends.now(),
            original_sizes=places.original_sizes,
            delivered_sizes=places.delivered_sizes,
        ),
        *places.findings,
    )
    if not arguments.bucket:
        return found
    own = tuple(one for one in found if one.resource == arguments.bucket)
    if not own:
        names = f"{opened.settings.archive.bucket} or {opened.settings.trail.bucket}"
        raise ConfigurationError(f"{arguments.bucket} is neither the archive nor the trail bucket.", advice=f"name {names}.")
    return own


def _places(extent: int, opened: ends.Ends) -> Places:
    connection, settings, now = opened.connection, opened.settings, ends.now()

    def open_ends() -> placement.Ends:
        trail, archive = connection.trail(settings.trail), settings.archive
        return placement.Ends(
            control=connection.control(),
            archive=connection.cold(archive.bucket, root=archive.prefix, region=archive.region),
            store=opened.archive,
            source=connection.cold(trail.bucket),
            trail=trail,
            tags=connection.tagger(trail.bucket).tags,
        )

    return placement.places(open_ends, settings, None if extent == _ALL else extent, now=now, day=now.date())


def _extent(text: str) -> int:
    if text == "all":
        return _ALL
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number of units nor all")


def _of_file(arguments: argparse.Namespace, settings: Settings) -> list[Finding]:
    document, trail = _read(arguments.file), arguments.role == "trail"
    bucket, now = BucketState(str(arguments.file), "", versioning="Enabled", lifecycle=document), ends.now()

    def judge(rules: Configuration, state: BucketState) -> list[Finding]:
        return trail_findings(rules, state, settings) if trail else archive_findings(rules, state, settings, now)

    wanted = trail_rules(settings) if trail else archive_rules(settings)
    found = judge(parse(document), bucket)
    return [*_accepted(document, bucket.name), *found, *drifted(bucket, wanted, judge)]


def _accepted(document: Document, name: str) -> list[Finding]:
    refused = [str(one) for one in refusals(document)]
    if refused:
        return [Finding("lifecycle.valid", FindingStatus.FAIL, name, f"S3 would refuse it: {'; '.join(refused)}", "mend it.")]
    return [Finding("lifecycle.valid", FindingStatus.PASS, name, "S3 would accept it")]


def _document(found: Sequence[Finding]) -> dict[str, Any]:
    """P1 to P12 by their worst answer over the buckets looked at, and every finding."""
    properties = {
        name: _worst([one.status for one in found if one.check == f"lifecycle.{name}"])
        for name in (f"P{number}" for number in range(1, 13))
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "properties": properties,
        "findings": [dataclasses.asdict(one) for one in found],
    }


def _worst(statuses: Sequence[FindingStatus]) -> FindingStatus | None:
    order = (FindingStatus.FAIL, FindingStatus.CANNOT_PROVE, FindingStatus.NOTE, FindingStatus.PASS)
    return next((status for status in order if status in statuses), None)


def _way(arguments: argparse.Namespace, opened: ends.Ends) -> int:
    if arguments.file:
        configuration = parse(_read(arguments.file))
    else:
        name = arguments.bucket or opened.settings.archive.bucket
        bucket = opened.connection.control().bucket(name)
        if bucket is None:
            raise ConfigurationError(f"there is no bucket {name}.", advice="check the name.")
        configuration = parse(bucket.lifecycle)
    tags = frozenset(_tag(text) for text in arguments.tag)
    print("day  what is due (an object put at noon, never overwritten)")
    print("\n".join(_steps(configuration, Version(arguments.object, arguments.size, _BORN, tags))))
    if unknown := [*configuration.unknown, *(what for rule in configuration.rules for what in rule.unknown)]:
        print(f"not understood, and left out above: {'; '.join(unknown)}")
        return 3
    return 0


def _steps(configuration: Configuration, version: Version) -> Iterator[str]:
    yield "  0  STANDARD"
    for when, state in history(configuration, version):
        what = "deleted" if state.deleted else "hidden by a delete marker" if state.hidden else state.storage_class
        yield f"{(when - _BORN).days:3d}  {what}"


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is not a lifecycle configuration: {error}.", advice="give JSON.") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} is not a lifecycle configuration.", advice='give {"Rules": […]}.')
    return document


def _tag(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
