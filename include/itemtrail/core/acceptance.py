"""Exceptions: findings that somebody answers for, until a day.

Decides: which FAIL an exception speaks of, and what is to be said of the exception itself: in force, expired, without effect,
or of a check that does not exist. Refuses to speak of anything that could not be looked at.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core.check import Result, Status


class Use(StrEnum):
    """What an exception does in this review."""

    IN_FORCE = "IN_FORCE"
    EXPIRED = "EXPIRED"
    MATCHES_NOTHING = "MATCHES_NOTHING"
    UNKNOWN_CHECK = "UNKNOWN_CHECK"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An exception: ``resource`` may hold ``*`` and ``?``; ``expires`` is the last day (UTC) on which it is accepted."""

    check: str
    resource: str
    reason: str
    owner: str
    expires: dt.date

    def matches(self, result: Result) -> bool:
        """Whether it speaks of ``result``'s check and resource."""
        pattern = re.escape(self.resource).replace(r"\*", ".*").replace(r"\?", ".")
        return self.check == result.check and re.fullmatch(pattern, result.resource, re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class AcceptanceUse:
    """An exception and what became of it; ``matched``: how many FAILs it speaks of."""

    acceptance: Acceptance
    use: Use
    matched: int
    note: str


def used(one: Acceptance, results: Sequence[Result], checks: Sequence[str], day: dt.date) -> AcceptanceUse:
    """What ``one`` does among ``results`` on ``day``. ``checks``: ids of all checks there are."""
    if one.check not in checks:
        return AcceptanceUse(one, Use.UNKNOWN_CHECK, 0, f"there is no check {one.check!r}: nothing is accepted by it.")
    speaks_of = [result for result in results if one.matches(result)]
    failed = sum(result.status is Status.FAIL for result in speaks_of)
    blind = sum(result.status is Status.CANNOT_LOOK for result in speaks_of)
    hidden = f" {blind} that could not be looked at are not accepted." if blind else ""
    if one.expires < day:
        return AcceptanceUse(one, Use.EXPIRED, failed, f"accepts nothing since then; {_findings(failed)} open again.{hidden}")
    if failed:
        return AcceptanceUse(one, Use.IN_FORCE, failed, f"{_findings(failed)} accepted.{hidden}")
    why = "no resource has this name" if not speaks_of else "none of its resources fails"
    return AcceptanceUse(one, Use.MATCHES_NOTHING, 0, f"accepts nothing: {why}; remove it if that lasts.{hidden}")


def _findings(count: int) -> str:
    return "1 finding" if count == 1 else f"{count} findings"
