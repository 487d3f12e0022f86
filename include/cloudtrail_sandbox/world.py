"""What one sandbox is made of: the account, its Regions, its clock, its trails. Built once in ``__main__``, handed to everyone.

Decides: nothing; it is the meeting point of the two halves. The *server* half (server, recorder, internal, ministack_patches)
turns HTTP requests into events and hands them to ``world.trails.record``; the *trail* half (trails, delivery, digests, control)
turns events into log files and digests and writes them through ``Storage``. Refuses: a second clock. Whoever needs the time asks
``world.clock.now()``.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cloudtrail_sandbox.clock import Clock
    from cloudtrail_sandbox.trails import TrailService


class Storage(Protocol):
    """The emulator's S3 as CloudTrail's delivery service sees it: in process, past the recorder and past IAM.

    Implemented by the functions of ``cloudtrail_sandbox.internal``. All are synchronous and quick; none is recorded as an event.
    """

    def bucket_exists(self, bucket: str) -> bool:
        """Whether the bucket exists, whoever owns it."""

    def bucket_policy_allows_delivery(self, bucket: str, key: str, *, source_arn: str, source_account: str) -> bool:
        """Whether the bucket's policy admits a delivery.

        That is ``s3:GetBucketAcl`` on the bucket and ``s3:PutObject`` on the key, by service ``cloudtrail.amazonaws.com``, over
        TLS, with ``aws:SourceArn`` = ``source_arn`` (the trail in its home Region), ``aws:SourceAccount`` = the account and
        ``s3:x-amz-acl`` = ``bucket-owner-full-control``. No policy, or no bucket: False.
        """

    def put_object(
        self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str, content_encoding: str
    ) -> None:
        """Store an object; ``LastModified`` is the sandbox clock's now. ``metadata`` has names without ``x-amz-meta-``.

        Raises:
            InternalError: S3 refused it; ``code`` is S3's error code.
        """


@dataclass(slots=True)
class World:
    """One sandbox. ``regions[0]`` is the default Region.

    Attributes:
        account: twelve digits.
        regions: enabled Regions; ``us-east-1`` is always among them (global services log there).
        clock: the only clock.
        trails: the CloudTrail service. The recorder calls ``trails.record(event, category=…, region=…, global_service=…)`` before
            each reply; the server asks ``trails.handle(operation, params, region, account, identity)``, which gives
            ``(status, body)``, or None for an operation it does not know.
        storage: the emulator's S3, in process.
        drain: waits until streams and mappings have delivered what they hold (before each step of the clock).
        expire_ttl: runs one pass of DynamoDB's TTL reaper; gives the number of items removed.
        run_lifecycle: makes S3's daily lifecycle run once; gives the numbers of objects ``moved`` and ``expired``.
        owner: the owner's credentials, ``{"access_key_id", "secret_access_key"}``: an IAM user with AdministratorAccess.
    """

    account: str
    regions: tuple[str, ...]
    clock: "Clock"
    trails: "TrailService"
    storage: Storage
    drain: Callable[[], Awaitable[None]]
    expire_ttl: Callable[[], Awaitable[int]]
    run_lifecycle: Callable[[], Awaitable[Mapping[str, int]]]
    owner: Mapping[str, str]
