"""The only factory of adapters: one AWS session (a profile, a role, the default chain), one optional endpoint.

Decides: endpoint (argument, else ``AWS_ENDPOINT_URL_<SERVICE>``, else ``AWS_ENDPOINT_URL``), addressing (path-style wherever S3
has an endpoint), retries, Region.
An adapter's module is loaded when it is asked for: `itemtrail validate` needs three of fourteen, and start-up is felt.
Holds no credentials of its own; obstore gets them from the same session, so that both see the same role and its renewal.
Source: AWS SDKs and Tools reference guide, "Service-specific endpoints" and "Retry behavior", read 2026-11-24.
"""

import datetime as dt
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.utils import parse_timestamp

from itemtrail.aws.errors import translate, translated
from itemtrail.aws.store import ReadOptions, S3Store
from itemtrail.errors import ConfigurationError
from itemtrail.model import TrailRef

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from itemtrail.aws.archive_store import S3Archive
    from itemtrail.aws.cold import S3ColdStore
    from itemtrail.aws.control import AwsControl
    from itemtrail.aws.event_history import CloudTrailEventHistory
    from itemtrail.aws.holds import S3LegalHolds
    from itemtrail.aws.notifier import SnsNotifier
    from itemtrail.aws.posture import AwsPosture
    from itemtrail.aws.public_keys import CloudTrailKeys
    from itemtrail.aws.rates import CloudWatchRates
    from itemtrail.aws.streams import DynamoDbStreams
    from itemtrail.aws.tagger import S3Tagger
    from itemtrail.aws.trail import CloudTrailApi
    from itemtrail.settings import ArchiveSettings, Settings, TrailSettings

_DEFAULT_REGION = "us-east-1"
_POOL = 32


class Connection:
    """Makes stores and service adapters of one AWS session."""

    def __init__(
        self, session: boto3.Session | None = None, *, endpoint_url: str | None = None, region: str | None = None
    ) -> None:
        with translated("sts:GetCallerIdentity", "the AWS profile"):
            self.session = session or boto3.Session()
        parsers = self.session._session.get_component("response_parser_factory")  # noqa: SLF001 - boto3 hands it on to nobody
        parsers.set_parser_defaults(timestamp_parser=_timestamp)
        self._given = endpoint_url  # where none is given, botocore reads the environment service by service
        self.endpoint_url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
        self.region = region or self.session.region_name or _DEFAULT_REGION

    @classmethod
    def of_profile(cls, name: str) -> "Connection":
        """With the credentials of an AWS profile.

        Raises:
            ConfigurationError: there is no such profile.
        """
        with translated("sts:GetCallerIdentity", f"the AWS profile {name}"):
            return cls(boto3.Session(profile_name=name))

    def store(self, bucket: str, *, root: str = "", region: str | None = None) -> S3Store:
        """Reading store of ``bucket``, or of one root prefix in it. The bucket's Region is asked for unless given."""
        where = region or self._bucket_region(bucket)
        return S3Store(self.s3(where), self._reads(where), bucket, root=root)

    def archive(self, settings: "ArchiveSettings") -> "S3Archive":
        """The archive of ``settings``: reads, and create-only puts under its retention."""
        from itemtrail.aws.archive_store import Retention, S3Archive

        retention = None
        if settings.retention_mode != "NONE":
            retention = Retention(settings.retention_mode, dt.timedelta(days=settings.retention_days))
        client, reads = self.s3(settings.region), self._reads(settings.region)
        return S3Archive(client, reads, settings.bucket, root=settings.prefix, retention=retention)

    def cold(self, bucket: str, *, root: str = "", region: str | None = None) -> "S3ColdStore":
        """Classes and restores of ``bucket``, or of one root prefix in it."""
        from itemtrail.aws.cold import S3ColdStore

        where = region or self._bucket_region(bucket)
        return S3ColdStore(self.s3(where), bucket, where, root=root)

    def legal_holds(self, settings: "ArchiveSettings") -> "S3LegalHolds":
        """Versions of the archive and their legal holds."""
        from itemtrail.aws.holds import S3LegalHolds

        return S3LegalHolds(self.s3(settings.region), settings.bucket, root=settings.prefix)

    def trail(self, settings: "TrailSettings") -> TrailRef:
        """The trail of ``settings``, as CloudTrail describes it.

        Raises:
            ConfigurationError: it does not exist, or delivers elsewhere than ``settings`` say.
        """
        partition = self.session.get_partition_for_region(settings.home_region)
        found = self.trail_api().describe(
            f"arn:{partition}:cloudtrail:{settings.home_region}:{settings.account}:trail/{settings.name}"
        )
        if (found.bucket, found.prefix) != (settings.bucket, settings.prefix):
            raise ConfigurationError(
                f"trail {found.arn} delivers to s3://{found.bucket}/{found.prefix}, not to "
                f"s3://{settings.bucket}/{settings.prefix}.",
                advice="correct `trail.bucket` and `trail.prefix` in the configuration, or run the setup.",
            )
        return found

    def trail_api(self) -> "CloudTrailApi":
        """Reading trails."""
        from itemtrail.aws.trail import CloudTrailApi

        return CloudTrailApi(self.client, region=self.region)

    def public_keys(self) -> "CloudTrailKeys":
        """ListPublicKeys, asked in each digest's own Region."""
        from itemtrail.aws.public_keys import CloudTrailKeys

        return CloudTrailKeys(self.client)

    def tagger(self, bucket: str) -> "S3Tagger":
        """Sets the tag ``itemtrail=proven`` in the trail bucket."""
        from itemtrail.aws.tagger import S3Tagger

        return S3Tagger(self.s3(self._bucket_region(bucket)), bucket)

    def control(self) -> "AwsControl":
        """Setting up, the canary's write, and configuration as read."""
        from itemtrail.aws.control import AwsControl

        return AwsControl(self.client, self.trail_api().regions)

    def posture(self) -> "AwsPosture":
        """The set-up as it is, read-only."""
        from itemtrail.aws.posture import AwsPosture

        return AwsPosture(self.client)

    def rates(self) -> "CloudWatchRates":
        """How often tables are called, as CloudWatch counted."""
        from itemtrail.aws.rates import CloudWatchRates

        return CloudWatchRates(self.client)

    def streams(self, table_arn: str) -> "DynamoDbStreams":
        """DynamoDB Streams in the table's Region."""
        from itemtrail.aws.streams import DynamoDbStreams

        return DynamoDbStreams(self.client("dynamodbstreams", table_arn.split(":")[3]))

    def event_history(self, account: str, region: str) -> "CloudTrailEventHistory":
        """The event history of ``account`` in ``region``, which only its own credentials can read.

        Raises:
            ConfigurationError: this connection's credentials are another account's.
        """
        from itemtrail.aws.event_history import CloudTrailEventHistory

        if account != self._account:
            raise ConfigurationError(
                f"these credentials are of account {self._account}: the event history of {account} can be read only from there.",
                advice=f"use credentials of {account}.",
            )
        return CloudTrailEventHistory(self.client("cloudtrail", region, retries=0), where=f"{account} in {region}")

    def event_histories(self, settings: "Settings") -> "dict[str, CloudTrailEventHistory]":
        """Those of the trail's account in the Regions of ``settings``, by Region. Raises as ``event_history``."""
        account = settings.trail.account
        return {region: self.event_history(account, region) for region in settings.archive.regions}

    def notifier(self, topic_arn: str) -> "SnsNotifier":
        """Alerts to an SNS topic; its Region is the ARN's."""
        from itemtrail.aws.notifier import SnsNotifier

        return SnsNotifier(self.client("sns", topic_arn.split(":")[3]), topic_arn)

    def client(self, service: str, region: str | None = None, *, retries: int = 5) -> Any:
        """A boto3 client of this connection: endpoint, retries and addressing as above."""
        config = Config(
            retries={"mode": "standard", "max_attempts": retries},
            s3={"addressing_style": "path" if self.endpoint_url else "auto"},
            max_pool_connections=_POOL,
            connect_timeout=10,
            read_timeout=60,
            user_agent_extra="itemtrail",
        )
        with translated(f"{service}:*", service):
            return self.session.client(
                service,
                region_name=region or self.region,
                endpoint_url=self._given,
                config=config,
            )

    def s3(self, region: str | None = None) -> "S3Client":
        """An S3 client in ``region``."""
        client: S3Client = self.client("s3", region)
        return client

    def _reads(self, region: str) -> ReadOptions:
        return ReadOptions(credentials=self._credentials, region=region, endpoint_url=self.endpoint_url)

    @cached_property
    def _account(self) -> str:
        with translated("sts:GetCallerIdentity", "the caller"):
            return str(self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def _credentials(self) -> Any:
        from obstore.auth.boto3 import Boto3CredentialProvider

        try:
            return Boto3CredentialProvider(self.session, ttl=dt.timedelta(minutes=5))
        except ValueError as error:
            raise ConfigurationError(
                "no AWS credentials were found.", advice="set AWS_PROFILE, AWS_ACCESS_KEY_ID or the role of this machine."
            ) from error

    def _bucket_region(self, bucket: str) -> str:
        """HeadBucket says the Region even when it denies; an endpoint of our own serves every bucket."""
        if self.endpoint_url:
            return self.region
        try:
            answer = self.s3().head_bucket(Bucket=bucket)
        except ClientError as error:
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            if region := headers.get("x-amz-bucket-region"):
                return str(region)
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                raise ConfigurationError(f"bucket {bucket} does not exist.", advice="check the bucket's name.") from error
            raise translate(error, "s3:ListBucket", f"s3://{bucket}") from error
        except BotoCoreError as error:
            raise translate(error, "s3:ListBucket", f"s3://{bucket}") from error
        return answer.get("BucketRegion") or answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", self.region)


def _timestamp(value: Any) -> dt.datetime:
    """As botocore reads it, without dateutil where it is ISO 8601: a listing has a time with every object."""
    try:
        time = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)
    return time if time.tzinfo else parse_timestamp(value)
