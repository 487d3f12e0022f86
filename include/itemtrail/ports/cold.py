"""What restoring needs of a bucket: who lies in which class, and a request. No body is read. Adapter: ``itemtrail.aws.cold``.

Every method raises only ``itemtrail.errors``: ``AccessDenied`` with the IAM action, ``SourceUnavailable`` for anything that may
pass, ``NotFound`` and ``ConfigurationError`` where the service says so.
"""

from collections.abc import Iterator
from typing import Protocol

from itemtrail.model import Archived


class ColdStore(Protocol):
    """One bucket, or one root prefix in it. Keys are relative to that root."""

    @property
    def name(self) -> str:
        """How people call it: ``s3://bucket/root``."""

    @property
    def region(self) -> str:
        """The bucket's, by which its prices are."""

    def list(self, prefix: str, *, start_after: str) -> Iterator[Archived]:
        """Current objects under ``prefix`` behind ``start_after``, in key order."""

    def request(self, key: str, *, days: int, tier: str) -> bool:
        """Ask for a temporary copy of the current version; False where one is there, or under way, already."""
