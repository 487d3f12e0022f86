"""What a legal hold needs of a bucket: every version that is there, and S3's legal hold on each.

Raises only ``itemtrail.errors``; ``ConfigurationError`` where the bucket was made without Object Lock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, delete markers aside. ``latest``: it is what a plain read gives."""

    key: str
    version_id: str
    latest: bool = True


class LegalHolds(Protocol):
    """Legal holds in one bucket, or in one root prefix in it. Keys are relative to that root."""

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version under ``prefix``, those hidden by a delete marker too, in key order, of each key the newest first."""

    def folders(self, prefix: str) -> tuple[str, ...]:
        """Names directly below ``prefix`` that hold any version, hidden or not, without the trailing slash, sorted."""

    def held(self, key: str, version_id: str) -> bool:
        """Whether the version is under legal hold, as S3 says now.

        Raises:
            NotFound: there is no such version.
        """

    def hold(self, key: str, version_id: str, *, on: bool) -> None:
        """Set the version's legal hold ON or OFF; its retention stays as it is."""
