"""Exit codes: 0 good, 1 bad, 2 usage or configuration, 3 could not look. Source: docs/cli.md."""

from collections.abc import Sequence

from itemtrail.errors import ConfigurationError, ItemtrailError, SourceUnavailable


def of(error: ItemtrailError) -> int:
    """The code of an error that ended a command, or one part of it."""
    if isinstance(error, ConfigurationError):
        return 2
    return 3 if isinstance(error, SourceUnavailable) else 1


def worst(codes: Sequence[int]) -> int:
    """The code of several parts: bad before configuration before could not look before good."""
    return min(codes, key=(1, 2, 3, 0).index, default=0)
