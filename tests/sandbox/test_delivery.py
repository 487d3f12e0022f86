"""Delivery and digests over a bucket in memory: nothing lost, nothing twice, every file in one digest, every chain whole."""

import datetime as dt
import gzip
import hashlib
import itertools
import json
import re
from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_sandbox import delivery
from cloudtrail_sandbox.digests import offset
from cloudtrail_sandbox.signing import KeyRing
from cloudtrail_sandbox.trails import TrailService

ACCOUNT, REGIONS, BUCKET = "111122223333", ("us-east-1", "eu-west-1"), "trail-bucket"
ARN = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/hr-trail"
RINGS = {region: KeyRing(region) for region in REGIONS}  # shared: making keys is slow
START = dt.datetime(2026, 11, 21, 8, 2, 3, tzinfo=dt.UTC)


class Bucket:
    """What a delivery needs of S3: objects with their times, and a policy that can be taken away."""

    def __init__(self, clock: "Hand") -> None:
        self.clock = clock
        self.objects: dict[str, tuple[bytes, dict[str, str], dt.datetime]] = {}
        self.admits = True

    def bucket_exists(self, bucket: str) -> bool:
        return bucket == BUCKET

    def bucket_policy_allows_delivery(self, bucket: str, key: str, *, source_arn: str, source_account: str) -> bool:
        return self.admits and source_arn == ARN and source_account == ACCOUNT

    def put_object(self, bucket, key, body, *, metadata, content_type, content_encoding) -> None:
        assert (content_type, content_encoding) == ("application/json", "gzip")
        assert key not in self.objects, "a delivery overwrote another"
        self.objects[key] = (body, dict(metadata), self.clock.time)


class Hand:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> dt.datetime:
        return self.time


class Account:
    """A trail service over a bucket in memory."""

    def __init__(self, **trail: Any) -> None:
        self.clock = Hand()
        self.bucket = Bucket(self.clock)
        self.service = TrailService(ACCOUNT, REGIONS, self.clock, self.bucket)
        self.service.keys = RINGS
        self.logged: list[str] = []
        settings = {"IsMultiRegionTrail": True, "EnableLogFileValidation": True} | trail
        self.ask("CreateTrail", Name="hr-trail", S3BucketName=BUCKET, **settings)
        self.ask("StartLogging", Name="hr-trail")

    def ask(self, operation: str, region: str = "us-east-1", **params: Any) -> dict[str, Any]:
        answer = self.service.handle(operation, params, region, ACCOUNT, None)
        assert answer is not None
        assert answer[0] == 200, answer
        return answer[1]

    def event(self, name: str = "CreateTable", region: str = "us-east-1", **more: Any) -> None:
        number = f"{len(self.service.recorded)}-{self.clock.time.timestamp()}"
        event = {"eventTime": f"{self.clock.time:%Y-%m-%dT%H:%M:%SZ}", "eventName": name, "eventID": number, "readOnly": False}
        event |= {"recipientAccountId": ACCOUNT, "awsRegion": region, **more}
        if next(iter(self.service.trails.values())).logging:
            self.logged.append(number)
        self.service.record(event, category="Management", region=region, global_service=False)

    def wait(self, by: dt.timedelta) -> None:
        end = self.clock.time + by
        while (due := self.service.due()) <= end:
            self.clock.time = max(self.clock.time, due)
            self.service.run(self.clock.time)
        self.clock.time = end

    def files(self) -> dict[str, dict[str, Any]]:
        return {
            key: json.loads(gzip.decompress(body)) for key, (body, _, _) in self.bucket.objects.items() if "/CloudTrail/" in key
        }

    def digests(self, region: str) -> list[tuple[str, bytes, dict[str, str]]]:
        found = [key for key in self.bucket.objects if f"/CloudTrail-Digest/{region}/" in key]
        return [(key, gzip.decompress(self.bucket.objects[key][0]), self.bucket.objects[key][1]) for key in sorted(found)]

    def assert_whole(self) -> None:
        delivered = [record["eventID"] for file in self.files().values() for record in file["Records"]]
        assert sorted(delivered) == sorted(self.logged)
        listed: Counter[str] = Counter()
        for region in REGIONS:
            listed.update(self.assert_chain(region))
        assert listed == Counter(list(self.files()))

    def assert_chain(self, region: str) -> list[str]:
        """Links, times, signatures and hashes of one Region; the log files its digests list."""
        listed, previous = [], None
        for key, content, metadata in self.digests(region):
            digest = json.loads(content)
            assert digest["digestS3Object"] == key
            assert b"/" not in content.replace(b"\\/", b""), "slashes are escaped as CloudTrail does"
            self.assert_signed(region, key, content, digest, metadata)
            if digest["previousDigestS3Object"] is not None:
                assert digest["previousDigestS3Object"] == previous["digestS3Object"]
                assert digest["digestStartTime"] == previous["digestEndTime"]
            elif previous is not None:
                assert digest["digestStartTime"] >= previous["digestEndTime"]
            for log in digest["logFiles"]:
                body, _, at = self.bucket.objects[log["s3Object"]]
                assert log["hashValue"] == hashlib.sha256(gzip.decompress(body)).hexdigest()
                assert digest["digestStartTime"] <= f"{at:%Y-%m-%dT%H:%M:%SZ}" <= digest["digestEndTime"]
                assert log["newestEventTime"] <= f"{at:%Y-%m-%dT%H:%M:%SZ}"
                listed.append(log["s3Object"])
            previous = digest
        return listed

    def assert_signed(self, region: str, key: str, content: bytes, digest: dict[str, Any], metadata: dict[str, str]) -> None:
        keys = {key.fingerprint: key for key in self.service.keys[region].valid_between(START, self.clock.time)}
        public = load_der_public_key(keys[digest["digestPublicKeyFingerprint"]].der)
        assert isinstance(public, rsa.RSAPublicKey)
        sha256, before = hashlib.sha256(content).hexdigest(), digest["previousDigestSignature"] or "null"
        text = f"{digest['digestEndTime']}\n{BUCKET}/{key}\n{sha256}\n{before}".encode()
        public.verify(bytes.fromhex(metadata["signature"]), text, padding.PKCS1v15(), SHA256())


steps = st.lists(
    st.one_of(
        st.sampled_from(["east", "west", "deny", "allow", "stop", "start", "deliver"]),
        st.integers(1, 5400).map(lambda seconds: dt.timedelta(seconds=seconds)),
    ),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(steps)
def test_whatever_happens_every_event_is_delivered_once_and_every_file_named_once(taken):
    account = Account()
    for step in taken:
        if isinstance(step, dt.timedelta):
            account.wait(step)
        elif step in ("east", "west"):
            account.event(region=REGIONS[step == "west"])
        elif step in ("deny", "allow"):
            account.bucket.admits = step == "allow"
        elif step == "deliver":
            account.service.deliver()
        else:
            account.ask(f"{step.capitalize()}Logging", Name="hr-trail")
    account.bucket.admits = True
    account.wait(dt.timedelta(hours=2))
    account.ask("StopLogging", Name="hr-trail")
    account.wait(dt.timedelta(minutes=10))
    account.assert_whole()


def test_log_files_have_cloudtrails_names():
    account = Account(S3KeyPrefix="audit/hr")
    account.event(region="eu-west-1")
    account.wait(dt.timedelta(minutes=5))
    (key,) = account.files()
    folder = f"audit/hr/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/21"
    assert re.fullmatch(rf"{folder}/{ACCOUNT}_CloudTrail_eu-west-1_20261121T0805Z_[A-Za-z0-9]{{16}}\.json\.gz", key)


def test_an_idle_hour_has_an_empty_digest_in_each_region_at_the_chains_own_minute():
    account = Account()
    account.wait(dt.timedelta(hours=6))
    for region in REGIONS:
        digests = [json.loads(content) for _, content, _ in account.digests(region)]
        assert len(digests) == 6
        assert all(digest["logFiles"] == [] and digest["newestEventTime"] is None for digest in digests)
        total = int(offset(ARN, region).total_seconds())
        assert {digest["digestEndTime"][14:19] for digest in digests} == {f"{total // 60:02}:{total % 60:02}"}
        assert digests[0]["previousDigestSignature"] is None
        assert digests[0]["digestStartTime"] == f"{START:%Y-%m-%dT%H:%M:%SZ}"


def test_two_regions_and_two_trails_have_digests_at_different_times():
    places = {offset(arn, region) for arn in (ARN, ARN + "-2") for region in REGIONS}
    assert len(places) == 4


def test_the_call_that_stops_a_trail_is_logged_and_the_final_digest_names_it():
    account = Account()
    account.wait(dt.timedelta(hours=1))
    account.ask("StopLogging", Name="hr-trail")
    call = {"eventSource": "cloudtrail.amazonaws.com", "requestParameters": {"name": "hr-trail"}}
    account.event("StopLogging", **call)
    account.event("CreateTable")
    account.wait(dt.timedelta(hours=3))
    names = [record["eventName"] for file in account.files().values() for record in file["Records"]]
    assert names == ["StopLogging"]
    *_, (_, last, _) = account.digests("us-east-1")
    assert [log["s3Object"] for log in json.loads(last)["logFiles"]] == list(account.files())
    assert json.loads(last)["digestEndTime"] == "2026-11-21T09:05:00Z"


def test_a_deleted_trail_gets_its_final_digest_in_every_region():
    account = Account()
    account.event(region="eu-west-1")
    account.ask("DeleteTrail", Name="hr-trail")
    account.wait(dt.timedelta(hours=2))
    assert [len(account.digests(region)) for region in REGIONS] == [1, 1]
    account.assert_chain("eu-west-1")
    assert account.service.due() > account.clock.time


def test_a_restart_begins_a_new_chain():
    account = Account()
    account.wait(dt.timedelta(hours=2))
    account.ask("StopLogging", Name="hr-trail")
    account.wait(dt.timedelta(hours=2))
    account.ask("StartLogging", Name="hr-trail")
    account.wait(dt.timedelta(hours=2))
    digests = [json.loads(content) for _, content, _ in account.digests("us-east-1")]
    assert [digest["previousDigestSignature"] is None for digest in digests].count(True) == 2
    account.assert_chain("us-east-1")


def test_validation_switched_off_ends_the_chain_after_its_hour_and_on_begins_another():
    account = Account()
    account.wait(dt.timedelta(hours=2))
    account.ask("UpdateTrail", Name="hr-trail", EnableLogFileValidation=False)
    account.wait(dt.timedelta(hours=1))
    ended = len(account.digests("us-east-1"))
    account.event()
    account.wait(dt.timedelta(hours=3))
    assert len(account.digests("us-east-1")) == ended
    account.ask("UpdateTrail", Name="hr-trail", EnableLogFileValidation=True)
    account.event()
    account.wait(dt.timedelta(hours=1))
    starting = json.loads(account.digests("us-east-1")[-1][1])
    assert starting["previousDigestS3Object"] is None
    assert len(starting["logFiles"]) == 1
    assert len(account.files()) == 2


def test_a_refused_file_keeps_its_name_and_stands_in_the_digest_of_the_hour_it_arrived():
    account = Account()
    account.event()
    account.bucket.admits = False
    account.wait(dt.timedelta(hours=3))
    status = account.ask("GetTrailStatus", Name="hr-trail")
    assert (status["LatestDeliveryError"], status["LatestDigestDeliveryError"]) == ("AccessDenied", "AccessDenied")
    assert "LatestDeliveryTime" not in status
    assert not account.bucket.objects
    account.bucket.admits = True
    account.wait(dt.timedelta(hours=2))
    status = account.ask("GetTrailStatus", Name="hr-trail")
    assert not {"LatestDeliveryError", "LatestDigestDeliveryError"} & set(status)
    (key,) = account.files()
    assert "20261121T0805Z" in key
    account.assert_whole()
    (listing,) = [json.loads(digest) for _, digest, _ in account.digests("us-east-1") if b"T0805Z" in digest]
    assert listing["digestStartTime"] > listing["logFiles"][0]["newestEventTime"]


def test_a_file_refused_for_30_days_is_given_up_like_aws_does():
    account = Account(EnableLogFileValidation=False)
    account.event()
    account.bucket.admits = False
    account.wait(dt.timedelta(days=31))
    account.bucket.admits = True
    account.event()
    account.wait(dt.timedelta(minutes=5))
    (file,) = account.files().values()
    assert [record["eventID"] for record in file["Records"]] == account.logged[1:]


def test_a_log_file_holds_no_more_than_its_limit(monkeypatch):
    monkeypatch.setattr(delivery, "LARGEST_FILE", 1000)
    account = Account()
    for _ in range(20):
        account.event(requestParameters={"name": "x" * 200})
    account.event(requestParameters={"name": "x" * 2000})
    account.wait(dt.timedelta(minutes=5))
    sizes = [len(gzip.decompress(body)) for body, _, _ in account.bucket.objects.values()]
    assert len(sizes) >= 10
    assert sum(size > 1000 for size in sizes) == 1, "an event that alone is larger has a file of its own"
    account.wait(dt.timedelta(hours=1))
    account.assert_whole()


def test_global_events_are_delivered_once_in_us_east_1():
    account = Account()
    event = {"eventTime": "2026-11-21T08:02:03Z", "recipientAccountId": ACCOUNT, "eventName": "CreateUser"}
    account.service.record(event, category="Management", region="us-east-1", global_service=True)
    account.wait(dt.timedelta(minutes=5))
    assert ["/us-east-1/" in key for key in account.files()] == [True]


@pytest.mark.parametrize(
    ("home", "included", "delivered"), [("us-east-1", True, 1), ("us-east-1", False, 0), ("eu-west-1", True, 0)]
)
def test_global_events_reach_a_single_region_trail_only_at_home_in_us_east_1(home, included, delivered):
    account = Account()
    account.ask("DeleteTrail", Name="hr-trail")
    account.bucket.bucket_policy_allows_delivery = lambda *_, **__: True
    account.ask("CreateTrail", home, Name="one", S3BucketName=BUCKET, IncludeGlobalServiceEvents=included)
    account.ask("StartLogging", home, Name="one")
    event = {"eventTime": "2026-11-21T08:02:03Z", "recipientAccountId": ACCOUNT, "eventName": "CreateUser"}
    account.service.record(event, category="Management", region="us-east-1", global_service=True)
    account.wait(dt.timedelta(minutes=5))
    assert len(account.files()) == delivered


def test_a_trail_that_becomes_single_region_ends_its_chains_elsewhere():
    account = Account()
    account.wait(dt.timedelta(hours=2))
    account.ask("UpdateTrail", Name="hr-trail", IsMultiRegionTrail=False)
    account.event(region="us-east-1")
    account.wait(dt.timedelta(hours=5))
    assert len(account.digests("us-east-1")) == 7
    assert len(account.digests("eu-west-1")) == 3
    account.ask("UpdateTrail", Name="hr-trail", IsMultiRegionTrail=True)
    account.event(region="eu-west-1")
    account.wait(dt.timedelta(hours=2))
    account.assert_whole()


def test_a_clock_that_slept_for_hours_still_writes_every_digest():
    account = Account()
    account.event()
    account.clock.time += dt.timedelta(hours=5)
    account.service.run(account.clock.time)
    account.wait(dt.timedelta(hours=1))
    assert len(account.digests("us-east-1")) == 6
    account.assert_whole()


def test_keys_of_a_region_overlap_and_the_newest_signs():
    ring = KeyRing("eu-west-1")
    days = [START + dt.timedelta(days=day) for day in range(0, 90, 10)]
    keys = {ring.signing(day).fingerprint: ring.signing(day) for day in days}
    ordered = sorted(keys.values(), key=lambda key: key.valid_from)
    assert len(ordered) >= 3
    for old, new in itertools.pairwise(ordered):
        assert new.valid_from < old.valid_to == old.valid_from + dt.timedelta(days=30)
        assert ring.signing(new.valid_from) is new
        assert len(ring.valid_between(new.valid_from, old.valid_to)) == 2
    assert all(hashlib.md5(key.der).hexdigest() == key.fingerprint for key in ordered)
    assert ring.signing(START).fingerprint != KeyRing("us-east-1").signing(START).fingerprint
