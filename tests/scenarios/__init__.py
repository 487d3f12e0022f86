"""Snapshots with one thing changed, each with what the checks must say of it and what they must not."""

from dataclasses import dataclass, field

from itemtrail.core.check import Status, Wanted
from itemtrail.core.posture import Posture

PASS, FAIL, CANNOT, NA = Status.PASS, Status.FAIL, Status.CANNOT_LOOK, Status.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Scenario:
    """``check`` answers ``status`` about some subject, saying ``detail``; exactly it (where it fails) and ``also`` fail."""

    check: str
    name: str
    posture: Posture
    status: Status
    detail: str = ""
    also: frozenset[str] = field(default_factory=frozenset)
    wanted: Wanted | None = None  # None: the world's


def scenario(check, name, posture, status, detail="", *also, wanted=None) -> Scenario:
    """A scenario, written short."""
    return Scenario(check, name, posture, status, detail, frozenset(also), wanted)
