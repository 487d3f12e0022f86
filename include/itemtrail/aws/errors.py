"""The one place where what boto3 and obstore raise becomes ``itemtrail.errors``.

Decides: which answer means "does not exist" (the service's own 404), "not allowed" (with the IAM action), "cannot be read now"
(throttle, 5xx, reset, cold storage) and "set up wrongly" (no such bucket or trail, credentials). Refuses to guess: a code that is
not known is a ``ConfigurationError`` when the service blames the request (4xx), else ``SourceUnavailable``.
Source: Amazon S3 API reference, "Error responses"; CloudTrail API reference, "Common errors", both read 2026-11-24.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import botocore.exceptions
import botocore.parsers
import obstore.exceptions

from itemtrail.core.restore_question import command_for
from itemtrail.errors import (
    AccessDenied,
    ColdStorage,
    ConfigurationError,
    ItemtrailError,
    NotFound,
    SourceUnavailable,
)

_NOT_FOUND = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "MethodNotAllowed"}  # 405: the version is a delete marker
_NO_SUCH_THING = {"NoSuchBucket", "TrailNotFoundException", "NotFoundException", "TopicNotFound"}
_DENIED = {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation", "AuthorizationError", "403"}
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "RequestTimeTooSkewed",
    "AuthFailure",
}
_LATER = {
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "InternalError",
    "ServiceUnavailable",
    "OperationAborted",
    "ConditionalRequestConflict",
}
_TOO_MANY_OR_LATE = (408, 429)
_XML_CODE = re.compile(r"<Code>([A-Za-z0-9.]+)</Code>")
_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")  # may be another than was called: iam:PassRole
_STATUS = re.compile(r"status code: (\d{3})")
_FOREIGN = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.ClientError,
    botocore.parsers.ResponseParserError,
    obstore.exceptions.BaseError,
    FileNotFoundError,
    PermissionError,
)


@contextmanager
def translated(action: str, resource: str) -> Iterator[None]:
    """Run a service call; what it raises comes out as an ``itemtrail.errors`` error that names ``action`` and ``resource``."""
    try:
        yield
    except ItemtrailError:
        raise
    except _FOREIGN as error:
        raise translate(error, action, resource) from error


def translate(error: Exception, action: str, resource: str) -> ItemtrailError:
    """The error to raise for ``error``; ``action`` is the IAM action that was tried."""
    if isinstance(error, botocore.exceptions.ClientError):
        return _by_code(*_client_code(error), action, resource, str(error))
    if isinstance(error, botocore.exceptions.BotoCoreError):
        return _by_kind(error, resource)
    if isinstance(error, botocore.parsers.ResponseParserError):
        return SourceUnavailable(
            f"{resource}: the answer is not the service's ({_first_line(error)}).", advice="run again later."
        )
    code, status = _object_store_code(error)
    return _by_code(code, status, action, resource, _first_line(error))


def denied_action(error: botocore.exceptions.ClientError) -> str:
    """The IAM action that the refusal itself names (it may be another than was called), or ""."""
    named = _ACTION.search(str(error))
    return named[1] if named else ""


def is_precondition_failed(error: botocore.exceptions.ClientError) -> bool:
    """True for 412: the key exists and the put was create-only."""
    code, status = _client_code(error)
    return code == "PreconditionFailed" or status == 412


def is_upload_gone(error: botocore.exceptions.ClientError) -> bool:
    """True where a completed upload was completed again, because the first answer was lost on its way."""
    return _client_code(error)[0] == "NoSuchUpload"


def _client_code(error: botocore.exceptions.ClientError) -> tuple[str, int]:
    response = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    return code, int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)


def _object_store_code(error: Exception) -> tuple[str, int]:
    text = str(error)
    code, status = _XML_CODE.search(text), _STATUS.search(text)
    if code:
        return code[1], int(status[1]) if status else 0
    if isinstance(error, FileNotFoundError):
        return "NoSuchKey", 404
    if isinstance(error, obstore.exceptions.PermissionDeniedError | PermissionError):
        return "AccessDenied", 403
    if isinstance(error, obstore.exceptions.UnauthenticatedError):
        return "InvalidToken", 401
    return "", int(status[1]) if status else 0


def _by_code(code: str, status: int, action: str, resource: str, text: str) -> ItemtrailError:
    if code == "InvalidObjectState":
        return ColdStorage(
            f"{resource} lies in a Glacier class.", advice=f"`{command_for(resource)}` plans its restore; then run again."
        )
    if code in _NO_SUCH_THING:
        return ConfigurationError(f"{resource}: {code}.", advice="check the name, the account and the Region configured.")
    if code in _CREDENTIALS:
        return ConfigurationError(f"the AWS credentials were refused: {code}.", advice="renew or correct them, then run again.")
    if code.startswith("KMS."):
        return AccessDenied("kms:Decrypt", resource, advice=f"S3 could not use the KMS key ({code}): enable it, allow its use.")
    if code in _NOT_FOUND:
        return NotFound(f"{resource} does not exist.")
    if code in _LATER or status >= 500 or status in _TOO_MANY_OR_LATE:
        return SourceUnavailable(f"{resource}: the service answered {code or status}.", advice="run again later.")
    if code in _DENIED or status == 403:
        named = _ACTION.search(text)
        return AccessDenied(named[1] if named else action, resource)
    if status == 404:
        return NotFound(f"{resource} does not exist.")
    if status == 0:
        return SourceUnavailable(f"{resource} could not be reached: {text}.", advice="run again later.")
    return ConfigurationError(f"{action} on {resource} was refused: {text}.", advice="mend what it names, then run again.")


def _by_kind(error: botocore.exceptions.BotoCoreError, resource: str) -> ItemtrailError:
    setup = (
        botocore.exceptions.NoCredentialsError,
        botocore.exceptions.PartialCredentialsError,
        botocore.exceptions.CredentialRetrievalError,
        botocore.exceptions.NoRegionError,
        botocore.exceptions.ProfileNotFound,
        botocore.exceptions.ParamValidationError,
        botocore.exceptions.UnknownServiceError,
    )
    if isinstance(error, setup):
        return ConfigurationError(f"{resource}: {error}.", advice="set the standard AWS variables or profile, then run again.")
    return SourceUnavailable(f"{resource} could not be reached: {error}.", advice="run again later.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
