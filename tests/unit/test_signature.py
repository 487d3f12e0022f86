"""Signatures: AWS's own samples as known answers, and our own signer."""

import base64
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from tests.vectors.make_chain import Signer

from itemtrail.core import digest, signature
from itemtrail.core.keys import DigestKey
from itemtrail.core.reasons import Reason

SAMPLES = Path(__file__).parents[3] / "shared" / "data"
# What the genuine signatures sign: the SHA-256 that RSA recovers from them.
SIGNED = {
    "digest_sample.json": "4cdaa85fddf1a1a032e5fca5d16d104d1b03f2b31641eff267d877264a44c570",
    "digest_sample_empty_hour.json": "eb6fb72c4f3302de4b4a4693658e3a7bf1d464330eb80399500fe11bf1b7ab00",
}
SIGNING_KEY = "31e8b5433410dfb61a9dc45cc65b22ff"  # a SubjectPublicKeyInfo; the others are PKCS#1


@pytest.fixture(scope="module")
def aws_keys() -> dict[str, bytes]:
    file = SAMPLES / "awsdocs_cloudtrail" / "public_keys_sample.json"
    if not file.is_file():
        pytest.skip("published AWS data not found in ../shared/data: tests that need it are skipped")
    found = json.loads(file.read_text(encoding="utf-8"))
    listed: list[dict[str, Any]] = found.get("publicKeyList") or found["PublicKeyList"]
    return {_any(key, "ingerprint"): base64.b64decode(_any(key, "alue")) for key in listed}


def _any(item: dict[str, Any], tail: str) -> str:
    return str(next(v for k, v in item.items() if k.endswith(tail)))


def test_fingerprint_is_the_md5_of_the_bytes_listed(aws_keys: dict[str, bytes]) -> None:
    assert len(aws_keys) == 3
    assert {name: signature.fingerprint(der) for name, der in aws_keys.items()} == {name: name for name in aws_keys}


@pytest.mark.parametrize("name", SIGNED)
def test_genuine_signature_signs_the_known_hash_under_its_key_and_no_other(name: str, aws_keys: dict[str, bytes]) -> None:
    document = digest.parse((SAMPLES / "awsdocs_cloudtrail" / name).read_bytes())
    assert document.previous is not None
    raw = bytes.fromhex(document.previous.signature)
    for fingerprint, der in aws_keys.items():
        key = signature._load(der)
        if fingerprint == SIGNING_KEY:
            assert key.recover_data_from_signature(raw, PKCS1v15(), hashes.SHA256()).hex() == SIGNED[name]
        else:
            with pytest.raises((InvalidSignature, ValueError)):
                key.recover_data_from_signature(raw, PKCS1v15(), hashes.SHA256())
        assert not signature.verify(der, document.previous.signature, b"something else")


def test_genuine_signature_verifies_the_hash_that_it_signs(aws_keys: dict[str, bytes]) -> None:
    """The signed texts are not public (their buckets' names were replaced), so the known answer is their hash."""
    for name, sha256 in SIGNED.items():
        document = digest.parse((SAMPLES / "awsdocs_cloudtrail" / name).read_bytes())
        assert document.previous is not None
        raw, key = bytes.fromhex(document.previous.signature), signature._load(aws_keys[SIGNING_KEY])
        key.verify(raw, bytes.fromhex(sha256), PKCS1v15(), Prehashed(hashes.SHA256()))
        other = bytes([raw[0] ^ 1]) + raw[1:]
        with pytest.raises(InvalidSignature):
            key.verify(other, bytes.fromhex(sha256), PKCS1v15(), Prehashed(hashes.SHA256()))


def test_real_key_of_the_aws_cli_examples_is_accepted_under_its_fingerprint_alone() -> None:
    file = SAMPLES / "awscli" / "list-public-keys.rst"
    if not file.is_file():
        pytest.skip("published AWS data not found in ../shared/data: tests that need it are skipped")
    text = file.read_text(encoding="utf-8")
    listed = json.loads(text[text.index("{") :])["PublicKeyList"]
    assert [one["Fingerprint"] for one in listed] == ["7f3f401420072e50a65a141430817ab3"]
    der = base64.b64decode(listed[0]["Value"])
    assert (len(der), signature.fingerprint(der)) == (270, listed[0]["Fingerprint"])
    assert signature._load(der).key_size == 2048
    assert listed[0]["ValidityEndTime"] - listed[0]["ValidityStartTime"] == 30 * 86_400
    stored = digest.parse((SAMPLES / "awsdocs_cloudtrail" / "digest_sample.json").read_bytes())
    assert stored.previous is not None
    assert not signature.verify(der, stored.previous.signature, b"signed by another key")


def test_sample_digest_without_its_own_signature_is_unknown_never_valid(aws_keys: dict[str, bytes]) -> None:
    content = (SAMPLES / "awsdocs_cloudtrail" / "digest_sample.json").read_bytes()
    document = digest.parse(content)
    key = DigestKey(document.key, document.account, "us-east-2", document.end, backfill=False)
    reading = digest.Reading(key, document=document, sha256=hashlib.sha256(content).hexdigest())
    assert signature.check(reading, {}, no_keys=None)[0] is Reason.METADATA_MISSING


@pytest.mark.parametrize("form", ["pkcs1", "spki"])
def test_both_key_forms_verify(form: str) -> None:
    signer = Signer(1)
    assert signature.verify(getattr(signer, form), signer.sign("message"), b"message")
    assert not signature.verify(getattr(signer, form), signer.sign("message"), b"massage")


def test_signature_that_is_not_hex_does_not_hold() -> None:
    assert not signature.verify(Signer(1).pkcs1, "no hex", b"message")


@pytest.mark.parametrize("der", [b"", b"nonsense", b"\x30\x03\x02\x01\x01"])
def test_what_is_no_key_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        signature.verify(der, "00", b"message")


def test_elliptic_curve_key_is_refused() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="not an RSA key"):
        signature.verify(der, "00", b"message")


def test_signing_string_is_as_documented() -> None:
    document = digest.parse(_document())
    string = signature.signing_string(document, "ab" * 32, None)
    assert string == b"2026-03-10T08:01:31Z\nbucket/key\n" + b"ab" * 32 + b"\nnull"


def _document(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "awsAccountId": "111122223333",
        "digestStartTime": "2026-03-10T07:01:31Z",
        "digestEndTime": "2026-03-10T08:01:31Z",
        "digestS3Bucket": "bucket",
        "digestS3Object": "key",
        "digestPublicKeyFingerprint": "AB",
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": None,
        "previousDigestS3Object": None,
        "previousDigestHashValue": None,
        "previousDigestSignature": None,
        "logFiles": [],
    }
    return json.dumps({k: v for k, v in (fields | changes).items() if v != "absent"}).encode()


def test_digest_is_parsed_and_unknown_fields_are_accepted() -> None:
    document = digest.parse(_document(somethingNew={"a": 1}))
    assert (document.start.hour, document.end.hour, document.previous, document.logs) == (7, 8, None, ())
    assert document.fingerprint == "ab"
    assert document.end == dt.datetime(2026, 3, 10, 8, 1, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"logFiles": "absent"}, Reason.SCHEMA),
        ({"previousDigestSignature": "absent"}, Reason.SCHEMA),
        ({"digestS3Bucket": None}, Reason.SCHEMA),
        ({"awsAccountId": 111122223333}, Reason.SCHEMA),
        ({"logFiles": [{"s3Bucket": "b"}]}, Reason.SCHEMA),
        ({"digestEndTime": "2026-03-10 08:01:31"}, Reason.SCHEMA),
        ({"digestEndTime": "2026-03-10T07:01:31Z"}, Reason.SCHEMA),
        ({"previousDigestS3Bucket": "b"}, Reason.SCHEMA),
    ],
)
def test_digest_that_lacks_or_contradicts_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    from itemtrail.errors import Undecodable

    with pytest.raises(Undecodable) as caught:
        digest.parse(_document(**changes))
    assert caught.value.reason == reason


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"\xff\xfe", b'{"a":', b'"x"', b"1" * 10_000, b"[" * 100_000])
def test_what_is_no_digest_is_refused_and_never_crashes(content: bytes) -> None:
    from itemtrail.errors import Undecodable

    with pytest.raises(Undecodable):
        digest.parse(content)
