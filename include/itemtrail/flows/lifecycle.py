"""The lifecycle assertion over both buckets' live configuration.

Decides: P1 (originals get cold), P2 (evidence is neither expired nor hidden too soon), P6 (not by a Disabled rule), P9 (not
voided by the default minimum size) and the readable window, each PASS, FAIL with a counterexample, or CANNOT_PROVE.
"""

import datetime as dt
from collections.abc import Sequence

from itemtrail.ports.control import Control
from itemtrail.settings import Settings
from itemtrail.snapshot import Finding


def review(control: Control, settings: Settings, *, now: dt.datetime, original_sizes: Sequence[int] = ()) -> tuple[Finding, ...]:
    """Findings on the archive and the trail bucket.

    ``original_sizes`` are bytes of what lies under ``originals/`` (from receipts or a listing); none means: any size may occur.
    """
    raise NotImplementedError
