"""Local copies of the archive's Parquet files, for the commands that read them here: where they lie and how many are copied."""

import argparse
import os
import sys
from pathlib import Path

from itemtrail.cli import ends
from itemtrail.core import layout
from itemtrail.flows.query import Scope, copy_events


def add_cache(parser: argparse.ArgumentParser) -> None:
    """``--cache`` and ``--copy-limit``."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "itemtrail"
    parser.add_argument("--cache", type=Path, default=cache, metavar="DIR", help="copies of Parquet files (%(default)s)")
    parser.add_argument("--copy-limit", type=int, default=4 << 30, metavar="BYTES", help="copy at most this much (%(default)s)")


def root(arguments: argparse.Namespace, opened: ends.Ends) -> Path:
    """The folder of this archive's copies."""
    return Path(arguments.cache / opened.archive.bucket / opened.settings.archive.prefix).resolve()


def copied(arguments: argparse.Namespace, opened: ends.Ends, scope: Scope, folder: str = layout.EVENTS) -> tuple[Path, ...]:
    """The Parquet files of ``scope`` below ``folder``, copied where they are not there yet."""
    where = root(arguments, opened)
    where.mkdir(parents=True, exist_ok=True, mode=0o700)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    return copy_events(opened.archive, where, scope, limit=arguments.copy_limit, progress=tell, folder=folder)
