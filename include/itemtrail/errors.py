"""Errors, by what the operator can do about them.

::

    ItemtrailError
    ├── EvidenceError        the trail or the archive is wrong: never retried; the receipt is written first
    │   └── Undecodable      these bytes cannot be read as what they claim to be (quarantined, with a reason)
    ├── SourceUnavailable    throttled, 5xx, reset, not yet delivered: try again later
    │   ├── ColdStorage          the object lies in a Glacier class: restore it, then try again
    │   └── Throttled            asked more often than the service allows: wait, then go on
    ├── ConfigurationError   settings, names, permissions: fix, then run again
    │   └── AccessDenied     a permission is missing; names the IAM action
    ├── PlanChanged          what was approved is no longer what would be done
    └── NotFound             the object does not exist (concluded from the service's own answer)
        └── Trimmed              stream records are older than the 24 hours that DynamoDB keeps them

"Could not look" is never "is bad": an adapter raises ``SourceUnavailable`` or ``AccessDenied`` where it could not look, and
``NotFound`` only where the service said so. Misuse of a function is a plain ``ValueError``.
"""


class ItemtrailError(Exception):
    """Base of all; ``advice`` is one sentence that says what to do next."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} Next: {self.advice}" if self.advice else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.__dict__))


def _rebuild(kind: type[ItemtrailError], message: str, state: dict[str, object]) -> ItemtrailError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class EvidenceError(ItemtrailError):
    """The trail or the archive contradicts itself. Retrying cannot help."""


class Undecodable(EvidenceError):  # noqa: N818 - reads as what the bytes are
    """Bytes that cannot be read as what they claim to be; ``reason`` is a short upper-case code."""

    def __init__(self, reason: str, message: str, *, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.reason = reason


class SourceUnavailable(ItemtrailError):  # noqa: N818 - a state, not a fault of ours
    """The service did not answer usefully (throttle, 5xx, reset). Try again later."""


class ColdStorage(SourceUnavailable):
    """S3 answered ``InvalidObjectState``: the object must be restored before it can be read."""


class Throttled(SourceUnavailable):
    """Asked more often than the service allows; nothing is wrong with the question."""


class ConfigurationError(ItemtrailError):
    """Settings, names or permissions are wrong; the message names file, key and allowed values."""


class AccessDenied(ConfigurationError):  # noqa: N818 - AWS's own word
    """A permission is missing. ``action`` is the IAM action, for example ``s3:GetObject``."""

    def __init__(self, action: str, resource: str, *, advice: str = "") -> None:
        super().__init__(
            f"{action} on {resource} was denied.",
            advice=advice or f"allow {action} on {resource} to this role.",
        )
        self.action = action
        self.resource = resource


class PlanChanged(ItemtrailError):  # noqa: N818 - what happened
    """What was approved is no longer what would be done."""


class NotFound(ItemtrailError):  # noqa: N818 - AWS's own word
    """The object does not exist, by the service's own answer."""


class Trimmed(NotFound):
    """Stream records that were there are not any more: DynamoDB keeps them for 24 hours."""
