"""The S3 adapters and the commit protocol against a real S3 server, with real signatures, versions, locks and SIGKILL."""

import contextlib
import datetime as dt
import gzip
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.archive_world import a_chain
from tests.flows.mortal_run import archive
from tests.seaweedfs import LISTER, SeaweedFS, running

from itemtrail.aws.archive_store import S3Archive
from itemtrail.errors import AccessDenied, ConfigurationError, NotFound, SourceUnavailable
from itemtrail.model import Verdict
from itemtrail.settings import ArchiveSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running(tmp_path_factory.mktemp("seaweedfs")) as server:
        server.bucket("reading")
        server.bucket("archive", locked=True)
        yield server


@pytest.fixture(scope="module")
def trail(s3: SeaweedFS) -> SeaweedFS:
    """The trail bucket with a signed chain in it."""
    chain, client = a_chain(logs=1), s3.client()
    s3.bucket(chain.bucket)
    for key, item in chain.objects.items():
        client.put_object(Bucket=chain.bucket, Key=key, Body=item.body, Metadata=item.metadata, ContentEncoding="gzip")
    return s3


def put(s3: SeaweedFS, key: str, body: bytes, **rest: Any) -> str:
    return str(s3.client().put_object(Bucket="reading", Key=key, Body=body, **rest)["VersionId"])


def an_archive(s3: SeaweedFS, prefix: str, mode: str = "GOVERNANCE", bucket: str = "archive") -> S3Archive:
    wanted = ArchiveSettings(
        bucket=bucket, region="us-east-1", prefix=prefix, accounts=(), regions=(), retention_mode=mode, retention_days=7
    )  # type: ignore[arg-type]
    return s3.connection().archive(wanted)


# Reading.


def test_an_object_is_read_as_stored_with_its_metadata(s3: SeaweedFS) -> None:
    body = gzip.compress(b"x" * 10_000)
    version = put(
        s3, "r/a.json.gz", body, Metadata={"signature": "ab" * 256}, ContentEncoding="gzip", ContentType="application/json"
    )
    found = s3.connection().store("reading").read("r/a.json.gz")
    assert (found.body, found.metadata, found.content_encoding) == (body, {"signature": "ab" * 256}, "gzip")
    assert (found.content_type, found.version_id) == ("application/json", version)


def test_a_version_is_read_after_it_was_overwritten(s3: SeaweedFS) -> None:
    old, _ = put(s3, "v/a", b"old"), put(s3, "v/a", b"new")
    store = s3.connection().store("reading")
    assert (store.read("v/a").body, store.read("v/a", version_id=old).body) == (b"new", b"old")
    assert store.read_range("v/a", 1, 2, version_id=old) == b"ld"


def test_listings_are_in_key_order_current_only_and_begin_where_told(s3: SeaweedFS) -> None:
    for name in ("c", "a", "b", "gone"):
        put(s3, f"l/{name}", b"1")
    latest = put(s3, "l/b", b"22")
    s3.client().delete_object(Bucket="reading", Key="l/gone")
    store = s3.connection().store("reading", root="l")
    assert [(i.key, i.size) for i in store.list("")] == [("a", 1), ("b", 2), ("c", 1)]
    assert [i.key for i in store.list("", start_after="a")] == ["b", "c"]
    assert next(i for i in store.list("b")).version_id == latest


def test_more_objects_than_a_page_are_listed(s3: SeaweedFS) -> None:
    client = s3.client()
    for n in range(1005):
        client.put_object(Bucket="reading", Key=f"many/{n:05d}", Body=b"")
    assert [i.key for i in s3.connection().store("reading").list("many/")] == [f"many/{n:05d}" for n in range(1005)]


def test_a_bucket_without_versions_has_none(s3: SeaweedFS) -> None:
    s3.bucket("plain", versioned=False)
    s3.client().put_object(Bucket="plain", Key="a", Body=b"1")
    store = s3.connection().store("plain")
    assert [i.version_id for i in store.list("")] == [None]
    assert store.read("a").version_id is None


def test_names_below_a_prefix(s3: SeaweedFS) -> None:
    for name in ("p/x/1", "p/y/1", "p/z"):
        put(s3, name, b"")
    assert s3.connection().store("reading").list_prefixes("p/") == ("x", "y")


@pytest.mark.parametrize("key", ["odd/with space+%41&=?", "odd/Zürich/日本", "odd/.hidden/..x", "odd/#hash~"])
def test_any_key_is_read_exactly(s3: SeaweedFS, key: str, tmp_path: Path) -> None:
    put(s3, key, b"exact")
    store = s3.connection().store("reading")
    assert (store.read(key).body, store.read_range(key, 1, 3)) == (b"exact", b"xac")
    assert store.download(key, tmp_path / "f") == hashlib.sha256(b"exact").hexdigest()
    assert key in [i.key for i in store.list("odd/")]


def test_absence_is_the_services_own_word(s3: SeaweedFS, tmp_path: Path) -> None:
    store = s3.connection().store("reading")
    for look in (
        store.read,
        store.head,
        lambda key: store.download(key, tmp_path / "f"),
        lambda key: store.read_range(key, 0, 1),
    ):
        with pytest.raises(NotFound):
            look("nothing/here")


def test_a_bucket_that_does_not_exist_is_a_configuration_error(s3: SeaweedFS) -> None:
    store = s3.connection().store("no-such-bucket")
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        store.read("a")
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        list(store.list(""))


def test_a_denial_names_the_action(s3: SeaweedFS) -> None:
    version = put(s3, "denied/a", b"1")
    store = s3.connection(LISTER).store("reading")
    with pytest.raises(AccessDenied, match=r"s3:GetObject on s3://reading/denied/a"):
        store.read("denied/a")
    with pytest.raises(AccessDenied, match="s3:GetObjectVersion"):
        store.read("denied/a", version_id=version)


def test_wrong_credentials_are_not_a_denial(s3: SeaweedFS) -> None:
    store = s3.connection((LISTER[0], "wrong")).store("reading")
    with pytest.raises(ConfigurationError, match="credentials were refused") as caught:
        store.read("denied/a")
    assert not isinstance(caught.value, AccessDenied)


def test_a_short_range_is_an_error(s3: SeaweedFS) -> None:
    put(s3, "short", b"123")
    with pytest.raises(SourceUnavailable, match="3 bytes came for 10"):
        s3.connection().store("reading").read_range("short", 0, 10)


# Faults of the line.


class CuttingProxy:
    """Passes bytes on; cuts the first ``cuts`` connections after ``after`` bytes of answer."""

    def __init__(self, target: str, *, cuts: int, after: int) -> None:
        self.cuts, self._after = cuts, after
        self._target = ("127.0.0.1", int(target.rpartition(":")[2]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                threading.Thread(target=self._pass, args=(client, server, None), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, self._after), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, after: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                if after is not None and self.cuts > 0 and passed + len(data) > after:
                    self.cuts -= 1
                    sink.sendall(data[: max(0, after - passed)])
                    break
                sink.sendall(data)
                passed += len(data)
            for end in (sink, source):  # the other direction's thread holds them: closing alone would not cut
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("key", ["cut/plain", "cut/odd key"])
def test_a_body_that_breaks_off_is_read_again(s3: SeaweedFS, key: str, tmp_path: Path) -> None:
    body = os.urandom(600_000)
    put(s3, key, body)
    proxy = CuttingProxy(s3.endpoint_url, cuts=2, after=100_000)
    store = s3.connection(endpoint_url=proxy.endpoint_url).store("reading")
    assert store.read(key).body == body
    assert proxy.cuts == 0
    proxy.cuts = 2
    assert store.download(key, tmp_path / "f") == hashlib.sha256(body).hexdigest()
    assert proxy.cuts == 0
    proxy.close()


def test_a_line_that_always_breaks_is_unavailable_never_bad(s3: SeaweedFS) -> None:
    put(s3, "cut/always", os.urandom(600_000))
    proxy = CuttingProxy(s3.endpoint_url, cuts=10_000, after=100_000)
    with pytest.raises(SourceUnavailable):
        s3.connection(endpoint_url=proxy.endpoint_url).store("reading").read("cut/always")
    proxy.close()


def test_a_server_that_is_not_there_is_unavailable(s3: SeaweedFS) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SourceUnavailable, match="could not be reached"):
        s3.connection(endpoint_url=f"http://127.0.0.1:{port}").store("reading").read("a")


# Adding to the archive.


def test_a_put_is_create_only(s3: SeaweedFS) -> None:
    store = an_archive(s3, "create")
    assert store.put_new("a", b"first", locked=True)
    assert not store.put_new("a", b"second", locked=True)
    assert store.read("a").body == b"first"
    assert len(s3.client().list_object_versions(Bucket="archive", Prefix="create/a")["Versions"]) == 1


def test_a_locked_version_cannot_be_deleted_and_has_its_checksum(s3: SeaweedFS) -> None:
    an_archive(s3, "lock").put_new("a", b"evidence", locked=True)
    client = s3.client()
    head = client.head_object(Bucket="archive", Key="lock/a", ChecksumMode="ENABLED")
    assert head["ObjectLockMode"] == "GOVERNANCE"
    left = head["ObjectLockRetainUntilDate"] - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=6, hours=23) < left <= dt.timedelta(days=7)
    assert head["ChecksumSHA256"]
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket="archive", Key="lock/a", VersionId=head["VersionId"])


@pytest.mark.parametrize(("mode", "locked"), [("NONE", True), ("GOVERNANCE", False)])
def test_without_retention_nothing_is_locked(s3: SeaweedFS, mode: str, locked: bool) -> None:
    an_archive(s3, f"free-{mode}", mode).put_new("a", b"x", locked=locked)
    assert "ObjectLockMode" not in s3.client().head_object(Bucket="archive", Key=f"free-{mode}/a")


def test_a_large_file_goes_up_in_parts_create_only_and_locked(s3: SeaweedFS, tmp_path: Path) -> None:
    path, store, client = tmp_path / "large", an_archive(s3, "large"), s3.client()
    path.write_bytes(os.urandom(1 << 20) * 70)
    assert store.put_new("a", path, locked=True)
    assert not store.put_new("a", path, locked=True)
    with path.open("rb") as file:
        wanted = hashlib.file_digest(file, "sha256").hexdigest()
    assert store.download("a", tmp_path / "back") == wanted
    assert client.head_object(Bucket="archive", Key="large/a")["ObjectLockMode"] == "GOVERNANCE"
    assert len(client.list_object_versions(Bucket="archive", Prefix="large/a")["Versions"]) == 1
    assert not client.list_multipart_uploads(Bucket="archive", Prefix="large/").get("Uploads")


def test_a_bucket_without_object_lock_is_a_configuration_error(s3: SeaweedFS) -> None:
    s3.bucket("lockless")
    with pytest.raises(ConfigurationError, match="s3:PutObject on s3://lockless/x"):
        an_archive(s3, "", bucket="lockless").put_new("x", b"x", locked=True)


def test_a_denied_put_names_the_action(s3: SeaweedFS) -> None:
    wanted = ArchiveSettings(bucket="archive", region="us-east-1", accounts=(), regions=())
    with pytest.raises(AccessDenied, match="s3:PutObject"):
        s3.connection(LISTER).archive(wanted).put_new("x", b"x", locked=True)


# The commit protocol.

POINTS = {
    "after-plan": {"at": "put", "key": ".plan.json", "after": True},
    "before-tar": {"at": "put", "key": "000-000.tar", "after": False},
    "after-tar": {"at": "put", "key": "000-000.tar", "after": True},
    "after-parquet": {"at": "put", "key": ".parquet", "after": True},
    "after-read-back": {"at": "read", "key": ".parquet", "after": True},
    "before-receipt": {"at": "put", "key": ".receipt.json", "after": False},
    "after-receipt": {"at": "put", "key": ".receipt.json", "after": True},
}


def spawn(s3: SeaweedFS, prefix: str, spool: Path, die: dict[str, Any] | None) -> subprocess.Popen[str]:
    spec = json.dumps({"prefix": prefix, "spool": str(spool), "die": die})
    path = os.pathsep.join([str(ROOT / "include"), str(ROOT)])
    environment = {"PATH": os.environ["PATH"], "HOME": str(spool), "PYTHONPATH": path, **s3.environment()}
    command = [sys.executable, "-m", "tests.flows.mortal_run", spec]
    return subprocess.Popen(command, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def contents(s3: SeaweedFS, prefix: str) -> dict[str, tuple[str, int]]:
    """Key → (SHA-256, versions)."""
    versions = s3.client().get_paginator("list_object_versions").paginate(Bucket="archive", Prefix=f"{prefix}/")
    keys = [v["Key"][len(prefix) + 1 :] for page in versions for v in page.get("Versions", [])]
    store = an_archive(s3, prefix)
    return {key: (hashlib.sha256(store.read(key).body).hexdigest(), keys.count(key)) for key in set(keys)}


@pytest.fixture(scope="module")
def undisturbed(trail: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    assert archive(trail.connection(), "undisturbed", tmp_path_factory.mktemp("spool")).verdict is Verdict.PROVEN
    return contents(trail, "undisturbed")


@pytest.mark.parametrize("point", POINTS)
def test_killed_by_sigkill_and_run_again_leaves_the_same_objects_and_versions(
    trail: SeaweedFS, undisturbed: dict[str, tuple[str, int]], tmp_path: Path, point: str
) -> None:
    process = spawn(trail, point, tmp_path, POINTS[point])
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors
    assert archive(trail.connection(), point, tmp_path).verdict is Verdict.PROVEN
    assert contents(trail, point) == undisturbed


def test_a_second_run_writes_nothing(trail: SeaweedFS, undisturbed: dict[str, tuple[str, int]], tmp_path: Path) -> None:
    archive(trail.connection(), "undisturbed", tmp_path)
    assert contents(trail, "undisturbed") == undisturbed


def test_two_processes_at_once_end_in_the_same_objects(
    trail: SeaweedFS, undisturbed: dict[str, tuple[str, int]], tmp_path: Path
) -> None:
    processes = [spawn(trail, "twice", tmp_path, None) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors
    assert contents(trail, "twice") == undisturbed


def test_proven_versions_are_tagged_and_keep_their_other_tags(trail: SeaweedFS, tmp_path: Path) -> None:
    client, bucket = trail.client(), a_chain(hours=0).bucket
    log = next(i for i in trail.connection().store(bucket).list("") if "/CloudTrail/" in i.key and "/2026/03/10/" in i.key)
    client.put_object_tagging(Bucket=bucket, Key=log.key, Tagging={"TagSet": [{"Key": "team", "Value": "hr"}]})
    archive(trail.connection(), "tags", tmp_path)
    tags = client.get_object_tagging(Bucket=bucket, Key=log.key)["TagSet"]
    assert {t["Key"]: t["Value"] for t in tags} == {"team": "hr", "itemtrail": "proven"}
    assert len(client.list_object_versions(Bucket=bucket, Prefix=log.key)["Versions"]) == 1
