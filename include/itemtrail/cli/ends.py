"""What every command that touches the archive opens: settings, the trail, its bucket, the archive; and days and units as typed.

The only place of the command line that reads the clock.
"""

import argparse
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from itemtrail.errors import ConfigurationError
from itemtrail.model import Unit
from itemtrail.settings import Settings, load

if TYPE_CHECKING:
    from itemtrail.aws.archive_store import S3Archive
    from itemtrail.aws.connection import Connection


@dataclass(frozen=True)
class Ends:
    """Settings and one AWS connection; stores are opened when they are asked for."""

    settings: Settings

    @cached_property
    def connection(self) -> "Connection":
        """By the standard AWS variables."""
        from itemtrail.aws.connection import Connection

        return Connection()

    @cached_property
    def archive(self) -> "S3Archive":
        """The archive."""
        return self.connection.archive(self.settings.archive)


def add_config(parser: argparse.ArgumentParser) -> None:
    """``--config``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration (default: $ITEMTRAIL_CONFIG or the project's)")


def add_days(parser: argparse.ArgumentParser) -> None:
    """``--day``, or ``--from`` and ``--to``."""
    parser.add_argument("--day", type=day, metavar="D", help="delivery day, UTC: 2026-11-21")
    parser.add_argument("--from", dest="first", type=day, metavar="D", help="first delivery day")
    parser.add_argument("--to", dest="last", type=day, metavar="D", help="last delivery day, included")


def add_units(parser: argparse.ArgumentParser) -> None:
    """``--unit``, repeatable."""
    parser.add_argument(
        "--unit", action="append", type=account_region, metavar="ACCOUNT/REGION", help="only this one (may be repeated)"
    )


def open_ends(arguments: argparse.Namespace) -> Ends:
    """Settings of ``arguments``, nothing opened yet."""
    return Ends(load(arguments.config))


def day(text: str) -> dt.date:
    """A day as typed."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day like 2026-11-21") from error


def account_region(text: str) -> tuple[str, str]:
    """``ACCOUNT/REGION`` as typed."""
    account, _, region = text.partition("/")
    if not (account.isdigit() and len(account) == 12 and region):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 111122223333/us-east-1")
    return account, region


def age(text: str) -> dt.timedelta:
    """How long, as typed: 30h, 45m, 2d."""
    match = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not an age like 30h, 45m or 2d")
    return dt.timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[match[2]]: int(match[1])})


def days(arguments: argparse.Namespace) -> list[dt.date]:
    """The days asked for, in order.

    Raises:
        ConfigurationError: none, or contradicting ones.
    """
    first, last = arguments.first or arguments.day, arguments.last or arguments.day
    if arguments.day and (arguments.first or arguments.last):
        raise ConfigurationError("--day stands for one day.", advice="give --day, or --from and --to.")
    if first is None or last is None:
        raise ConfigurationError("no day was given.", advice="give --day 2026-11-21, or --from and --to.")
    if first > last:
        raise ConfigurationError(f"{first} is after {last}.", advice="give the earlier day first.")
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def units(arguments: argparse.Namespace, settings: Settings, wanted: list[dt.date]) -> Iterator[Unit]:
    """The units of ``wanted`` days: those typed, else those of the configuration."""
    pairs = arguments.unit or [(a, r) for a in settings.archive.accounts for r in settings.archive.regions]
    for each in wanted:
        yield from (Unit(account, region, each) for account, region in sorted(set(pairs)))


def now() -> dt.datetime:
    """The time, UTC."""
    return dt.datetime.now(dt.UTC)
