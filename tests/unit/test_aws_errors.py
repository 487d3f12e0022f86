"""What boto3 and obstore raise, as the library's errors: absent, denied, later and wrongly set up are never confused."""

import pickle

import obstore.exceptions
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from itemtrail.aws.errors import is_precondition_failed, is_upload_gone, translate, translated
from itemtrail.errors import AccessDenied, ColdStorage, ConfigurationError, ItemtrailError, NotFound, SourceUnavailable

WHAT = ("s3:GetObject", "s3://bucket/key")


def answer(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item]


def said(code: str, status: str) -> str:
    return f"Server returned non-2xx status code: {status} X: <?xml version='1.0'?>\n<Error><Code>{code}</Code></Error>"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, NotFound),
        ("NoSuchVersion", 404, NotFound),
        ("404", 404, NotFound),
        ("MethodNotAllowed", 405, NotFound),
        ("NoSuchBucket", 404, ConfigurationError),
        ("TrailNotFoundException", 400, ConfigurationError),
        ("AccessDenied", 403, AccessDenied),
        ("403", 403, AccessDenied),
        ("AccessDeniedException", 400, AccessDenied),
        ("KMS.DisabledException", 400, AccessDenied),
        ("InvalidObjectState", 403, ColdStorage),
        ("ExpiredToken", 400, ConfigurationError),
        ("SignatureDoesNotMatch", 403, ConfigurationError),
        ("SlowDown", 503, SourceUnavailable),
        ("InternalError", 500, SourceUnavailable),
        ("", 502, SourceUnavailable),
        ("ThrottlingException", 400, SourceUnavailable),
        ("RequestTimeout", 400, SourceUnavailable),
        ("Whatever", 429, SourceUnavailable),
        ("InvalidBucketState", 409, ConfigurationError),
        ("InvalidRequest", 400, ConfigurationError),
    ],
)
def test_an_answer_of_the_service(code: str, status: int, kind: type[ItemtrailError]) -> None:
    assert type(translate(answer(code, status), *WHAT)) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError(said("NoSuchKey", "404")), NotFound),
        (FileNotFoundError(said("NoSuchBucket", "404")), ConfigurationError),
        (FileNotFoundError("gone"), NotFound),
        (obstore.exceptions.PermissionDeniedError(said("AccessDenied", "403")), AccessDenied),
        (obstore.exceptions.PermissionDeniedError(said("InvalidObjectState", "403")), ColdStorage),
        (obstore.exceptions.PermissionDeniedError("no"), AccessDenied),
        (obstore.exceptions.UnauthenticatedError(said("SignatureDoesNotMatch", "401")), ConfigurationError),
        (obstore.exceptions.GenericError(said("SlowDown", "503")), SourceUnavailable),
        (obstore.exceptions.GenericError("HTTP error: error sending request"), SourceUnavailable),
        (obstore.exceptions.GenericError(said("InvalidArgument", "400")), ConfigurationError),
    ],
)
def test_what_obstore_raises(error: Exception, kind: type[ItemtrailError]) -> None:
    assert type(translate(error, *WHAT)) is kind


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://x"),
        ConnectTimeoutError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
        ResponseStreamingError(error="cut"),
    ],
)
def test_a_broken_line_is_unavailable(error: Exception) -> None:
    assert type(translate(error, *WHAT)) is SourceUnavailable


def test_missing_credentials_are_configuration() -> None:
    assert type(translate(NoCredentialsError(), *WHAT)) is ConfigurationError


def test_a_denial_names_action_and_resource_and_crosses_processes() -> None:
    error = translate(answer("AccessDenied", 403), *WHAT)
    assert isinstance(error, AccessDenied)
    again = pickle.loads(pickle.dumps(error))
    assert (again.action, again.resource, str(again)) == ("s3:GetObject", "s3://bucket/key", str(error))


def test_our_own_errors_pass_unchanged_and_foreign_ones_are_kept_as_cause() -> None:
    mine = SourceUnavailable("x")
    with pytest.raises(SourceUnavailable) as caught, translated(*WHAT):
        raise mine
    assert caught.value is mine
    foreign = answer("AccessDenied", 403)
    with pytest.raises(AccessDenied) as denied, translated(*WHAT):
        raise foreign
    assert denied.value.__cause__ is foreign


def test_a_programming_error_is_not_dressed_up() -> None:
    with pytest.raises(TypeError), translated(*WHAT):
        raise TypeError


def test_conditions_are_recognised() -> None:
    assert is_precondition_failed(answer("PreconditionFailed", 412))
    assert not is_precondition_failed(answer("SlowDown", 503))
    assert is_upload_gone(answer("NoSuchUpload", 404))


def test_the_action_that_aws_names_is_told() -> None:
    message = "User: u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/itemtrail-forwarder"
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, "CreateFunction")
    error = translate(denied, "lambda:CreateFunction", "itemtrail-forwarder")
    assert isinstance(error, AccessDenied)
    assert error.action == "iam:PassRole"


def test_a_cold_object_is_answered_with_the_command_that_plans_its_restore() -> None:
    tar = "s3://archive/root/originals/account=111122223333/region=us-east-1/delivery_date=2023-03-14/000-000.tar"
    error = translate(answer("InvalidObjectState", 403), "s3:GetObject", tar)
    assert "`itemtrail restore --plan --what originals --day 2023-03-14 --unit 111122223333/us-east-1`" in error.advice
