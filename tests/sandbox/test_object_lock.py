"""Object Lock and legal holds on two servers that enforce them: what was put under lock stays, whoever asks.

Each test runs on SeaweedFS (a real S3 server) and, where permissions matter, on the sandbox with the documented policies.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.archive_world import DAY, ArchiveWorld
from tests.permissions import policies
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user
from tests.seaweedfs import WRITER, SeaweedFS, running

from itemtrail.aws.connection import Connection
from itemtrail.cli import main as cli
from itemtrail.core.hold import Scope
from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.flows import legal_hold
from itemtrail.flows.hold_register import load_all
from itemtrail.flows.legal_hold import Ends
from itemtrail.settings import ArchiveSettings

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
PLACE = ("111122223333", "us-east-1")
BUCKET, PLAIN = "hrms-archive-111122223333", "hrms-plain-111122223333"
MODES = ("GOVERNANCE", "COMPLIANCE")


@dataclass(frozen=True)
class Server:
    """One S3: its owner, who may do everything, and somebody who may delete but not bypass."""

    owner: Connection
    deleter: Connection
    locked: str = BUCKET

    def settings(self, prefix: str, mode: str, bucket: str = "") -> ArchiveSettings:
        values = {"accounts": (PLACE[0],), "regions": (PLACE[1],), "retention_mode": mode, "retention_days": 400}
        return ArchiveSettings(bucket=bucket or self.locked, region="us-east-1", prefix=prefix, **values)  # type: ignore[arg-type]

    def ends(self, prefix: str, mode: str = "NONE", bucket: str = "") -> Ends:
        settings = self.settings(prefix, mode, bucket)
        return Ends(self.owner.archive(settings), self.owner.legal_holds(settings), "arn:aws:iam::111122223333:user/ana", NOW)

    def put(self, key: str, mode: str) -> dict[str, str]:
        """One object as the archiver puts it, and where it is."""
        assert self.owner.archive(self.settings("lock", mode)).put_new(key, b"evidence", locked=True)
        version = self.owner.s3().head_object(Bucket=self.locked, Key=f"lock/{key}")["VersionId"]
        return {"Bucket": self.locked, "Key": f"lock/{key}", "VersionId": version}


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="module")
def account(new_sandbox: Any) -> SetupWorld:
    return SetupWorld.of(new_sandbox(clock=NOW))


@pytest.fixture(scope="module", params=["seaweedfs", pytest.param("ministack", marks=pytest.mark.sandbox)])
def server(request: pytest.FixtureRequest) -> Server:
    """The server with a locked and a plain bucket."""
    if request.param == "seaweedfs":
        weed = request.getfixturevalue("seaweedfs")
        made = Server(weed.connection(), weed.connection(WRITER))
    else:
        world = request.getfixturevalue("account")
        may = ["s3:GetObject*", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"]
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": may, "Resource": "*"}]}
        made = Server(world.connection, as_user(world, "deleter", policy).connection)
    made.owner.s3().create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    made.owner.s3().create_bucket(Bucket=PLAIN)
    return made


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A day's unit as the archive holds it: key → bytes."""
    world = ArchiveWorld(tmp_path_factory.mktemp("spool"))
    world.run()
    return world.contents()


def filled(server: Server, prefix: str, committed: dict[str, bytes], mode: str = "NONE") -> Ends:
    ends = server.ends(prefix, mode)
    for key, body in committed.items():
        assert ends.store.put_new(key, body, locked=True)
    return ends


def refused(call: Callable[..., Any], **parameters: Any) -> bool:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return bool(caught.value.response["Error"]["Code"] == "AccessDenied")


def shorter(mode: str) -> dict[str, Any]:
    return {"Mode": mode, "RetainUntilDate": NOW + dt.timedelta(days=30)}


@pytest.mark.parametrize("mode", MODES)
def test_what_is_under_retention_is_neither_deleted_nor_let_go_earlier(server: Server, mode: str) -> None:
    where, owner = server.put(f"kept-{mode}", mode), server.owner.s3()
    assert refused(owner.delete_object, **where)
    assert refused(owner.put_object_retention, **where, Retention=shorter(mode))
    longer = {"Mode": mode, "RetainUntilDate": NOW + dt.timedelta(days=4000)}
    owner.put_object_retention(**where, Retention=longer)
    assert owner.get_object(**where)["Body"].read() == b"evidence"


@pytest.mark.parametrize("mode", MODES)
def test_a_plain_delete_hides_and_destroys_nothing(server: Server, mode: str) -> None:
    where, owner = server.put(f"hidden-{mode}", mode), server.owner.s3()
    owner.delete_object(Bucket=where["Bucket"], Key=where["Key"])
    assert owner.get_object(**where)["Body"].read() == b"evidence"


@pytest.mark.parametrize("mode", MODES)
def test_bypassing_needs_a_permission_and_compliance_knows_no_bypass(server: Server, mode: str) -> None:
    where = server.put(f"bypass-{mode}", mode)
    assert refused(server.deleter.s3().delete_object, **where, BypassGovernanceRetention=True)
    assert refused(server.deleter.s3().put_object_retention, **where, Retention=shorter(mode), BypassGovernanceRetention=True)
    owner = server.owner.s3()
    if mode == "COMPLIANCE":
        assert refused(owner.delete_object, **where, BypassGovernanceRetention=True)
        assert refused(owner.put_object_retention, **where, Retention=shorter(mode), BypassGovernanceRetention=True)
    else:
        owner.delete_object(**where, BypassGovernanceRetention=True)
        with pytest.raises(ClientError):
            owner.head_object(**where)


def test_no_documented_role_may_bypass_delete_or_switch_off() -> None:
    allowed = {action for policy in policies().values() for statement in policy["Statement"] for action in statement["Action"]}
    undoing = ("Bypass", "Delete", "*")
    assert [action for action in allowed if any(word in action for word in undoing)] == []
    holders = {name for name, policy in policies().items() if "s3:PutObjectLegalHold" in json.dumps(policy)}
    assert holders == {"Legal hold"}


@pytest.mark.parametrize("mode", ["NONE", "GOVERNANCE"])
def test_while_held_nothing_is_deleted_even_by_who_may_bypass(server: Server, committed: dict[str, bytes], mode: str) -> None:
    prefix = f"held-{mode.lower()}"
    ends = filled(server, prefix, committed, mode)
    owner = server.owner.s3()
    outcome = legal_hold.set_hold(ends, "Doe v. Acme", "a letter", Scope(DAY, DAY, (PLACE,)))
    assert outcome.good
    assert {held.key for held in outcome.hold.objects} == set(committed) - {"archive.json"}
    for held in (*outcome.hold.objects, *legal_hold._own(ends, outcome.hold)):
        where = {"Bucket": BUCKET, "Key": f"{prefix}/{held.key}", "VersionId": held.version_id}
        assert refused(owner.delete_object, **where, BypassGovernanceRetention=True)
    assert legal_hold.check(ends, outcome.hold).good
    released = legal_hold.release(ends, outcome.hold, "settled")
    assert released.good
    one = next(iter(outcome.hold.objects))
    where = {"Bucket": BUCKET, "Key": f"{prefix}/{one.key}", "VersionId": one.version_id}
    owner.delete_object(**where, BypassGovernanceRetention=True)
    with pytest.raises(ClientError):
        owner.head_object(**where)


def test_what_somebody_hid_with_delete_markers_is_held_and_told(server: Server, committed: dict[str, bytes]) -> None:
    """Receipts, originals, events: every object of the unit is hidden; a plain listing shows an empty archive."""
    ends = filled(server, "hidden", committed)
    for key in committed:
        server.owner.s3().delete_object(Bucket=BUCKET, Key=f"hidden/{key}")
    assert list(ends.store.list("")) == []
    outcome = legal_hold.set_hold(ends, "c", "r", Scope(DAY, DAY, (PLACE,)))
    assert {held.key for held in outcome.hold.objects} == set(committed) - {"archive.json"}
    assert any("hidden by a delete marker" in note for note in outcome.notes)
    assert outcome.good


def test_a_record_that_somebody_hid_or_put_over_still_counts(server: Server, committed: dict[str, bytes]) -> None:
    ends = filled(server, "records", committed)
    hold = legal_hold.set_hold(ends, "c", "r", Scope(DAY, DAY, (PLACE,))).hold
    where = {"Bucket": BUCKET, "Key": f"records/{hold.records[0].key}"}
    server.owner.s3().put_object(**where, Body=b"{}")
    server.owner.s3().delete_object(**where)
    found = load_all(ends.bucket)
    assert (found.holds, found.broken) == ((hold,), ())
    assert "put over or hidden" in found.notes[0]
    other = legal_hold.set_hold(ends, "other", "r", Scope(DAY, DAY, (PLACE,))).hold
    assert legal_hold.release(ends, other, "settled").left  # what the hidden hold names stays held
    assert legal_hold.check(ends, hold).wrong == (hold.records[0].key,)  # what was put over it is held by nobody yet
    assert legal_hold.refresh(ends, hold, found).good
    assert legal_hold.check(ends, hold).good


def test_a_hold_that_somebody_switched_off_is_found_and_set_again(server: Server, committed: dict[str, bytes]) -> None:
    ends = filled(server, "switched", committed)
    hold = legal_hold.set_hold(ends, "c", "r", Scope(DAY, DAY, (PLACE,))).hold
    one = min(hold.objects)
    ends.holds.hold(one.key, one.version_id, on=False)
    assert legal_hold.check(ends, hold).wrong == (one.key,)
    again = legal_hold.refresh(ends, hold, load_all(ends.bucket))
    assert (again.good, again.changed) == (True, 1)


def test_a_bucket_without_object_lock_takes_no_hold_and_says_so(server: Server, committed: dict[str, bytes]) -> None:
    ends = server.ends("plain", bucket=PLAIN)
    for key, body in committed.items():
        ends.store.put_new(key, body, locked=False)
    with pytest.raises(ConfigurationError, match="takes no legal hold"):
        legal_hold.set_hold(ends, "c", "r", Scope(DAY, DAY, (PLACE,)))
    assert list(ends.store.list("holds/")) == []


# With the documented permissions, and from the command line.


@pytest.fixture(scope="module")
def archive(account: SetupWorld, committed: dict[str, bytes]) -> SetupWorld:
    """The sandbox's account with an archive of its own name, so that the documented policies are of it."""
    s3 = account.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    store = account.connection.archive(account.settings.archive)
    for key, body in committed.items():
        assert store.put_new(key, body, locked=True)
    return account


@pytest.fixture(scope="module")
def legal(archive: SetupWorld) -> SetupWorld:
    return as_user(archive, "legal", policies()["Legal hold"])


@pytest.mark.sandbox
def test_the_legal_hold_role_can_do_all_of_it_and_nothing_else(archive: SetupWorld, legal: SetupWorld) -> None:
    connection, settings = legal.connection, archive.settings.archive
    ends = Ends(connection.archive(settings), connection.legal_holds(settings), "arn", NOW)
    outcome = legal_hold.set_hold(ends, "a case", "r", Scope(DAY, DAY, (PLACE,)))
    assert outcome.good
    assert legal_hold.refresh(ends, outcome.hold, load_all(ends.bucket)).good
    one = min(outcome.hold.objects)
    where = {"Bucket": BUCKET, "Key": one.key, "VersionId": one.version_id}
    assert refused(legal.client("s3").delete_object, **where)
    assert refused(legal.client("s3").put_object, Bucket=BUCKET, Key="events/forged", Body=b"")
    assert refused(legal.client("s3").put_object_retention, **where, Retention=shorter("GOVERNANCE"))
    assert legal_hold.release(ends, outcome.hold, "settled").good


@pytest.mark.sandbox
@pytest.mark.parametrize("role", ["Archive writer", "Setup", "Auditor", "Trail reader"])
def test_no_other_role_may_set_or_release_a_hold(archive: SetupWorld, role: str) -> None:
    other = as_user(archive, role.lower().replace(" ", "-"), policies()[role])
    holds = other.connection.legal_holds(archive.settings.archive)
    with pytest.raises(AccessDenied, match="LegalHold"):
        holds.hold("receipts/x", "null", on=False)


@pytest.mark.sandbox
def test_from_the_command_line(
    archive: SetupWorld, legal: SetupWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key = legal.session.get_credentials()
    for name, value in archive.sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_key)

    def run(*words: str) -> tuple[int, Any]:
        code = cli.main(["legal-hold", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    about = ("--case", "Doe v. Acme", "--reason", "letter", "--from", str(DAY), "--to", str(DAY))
    code, dry = run("set", *about, "--dry-run")
    assert (code, len(dry["units"])) == (0, 1)
    assert run("list") == (0, [])
    code, (made,) = run("set", *about)
    assert (code, made["open"], made["good"]) == (0, True, True)
    assert made["records"][0]["by"].endswith(":user/legal")
    assert run("list", "--check")[0] == 0
    code, (released,) = run("release", "--hold", made["hold"], "--reason", "settled")
    assert (code, released["open"]) == (0, False)
    assert run("list")[1] == []
    assert [one["hold"] for one in run("list", "--all")[1]] == [
        "a-case-" + run("list", "--all")[1][0]["hold"][-12:],
        made["hold"],
    ]
    assert cli.main(["legal-hold", "release", "--hold", "nobody", "--reason", "r"]) == 2
    assert cli.main(["legal-hold", "set", "--case", "c", "--reason", "r"]) == 2
