"""Whether a digest's signature holds, and by which key.

Decides: signing string, choice and validity of the key, RSA PKCS#1 v1.5 with SHA-256. Accepts keys as PKCS#1 (what ListPublicKeys
returns) and as SubjectPublicKeyInfo (one of AWS's own samples). Refuses a key whose MD5 is not its fingerprint: so an archive of
keys checks itself. Refuses to trust the metadata's algorithm: it must be the one that is signed.
Source: "Custom implementations of CloudTrail log file integrity validation" and ListPublicKeys, CloudTrail documentation, read
2026-11-24.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from itemtrail.core.digest import SIGNATURE_ALGORITHM, Digest, Reading
from itemtrail.core.reasons import Reason
from itemtrail.model import PublicKey

# A digest is signed when it is delivered: normally up to two hours after its window (aws-cli takes the same two hours).
SIGNING_DELAY = dt.timedelta(hours=2)


def fingerprint(der: bytes) -> str:
    """MD5 of the DER bytes as ListPublicKeys returns them, lower-case hex."""
    return hashlib.md5(der, usedforsecurity=False).hexdigest()


def signing_string(document: Digest, sha256: str, previous_signature: str | None) -> bytes:
    """What CloudTrail signs: end time, place, hash of the inflated digest, the predecessor's signature or ``null``."""
    lines = (document.end_text, f"{document.bucket}/{document.key}", sha256, previous_signature or "null")
    return "\n".join(lines).encode()


def verify(der: bytes, signature: str, message: bytes) -> bool:
    """Whether ``signature`` (hex) over ``message`` is by the key ``der``.

    Raises:
        ValueError: ``der`` is no RSA public key.
    """
    try:
        raw = bytes.fromhex(signature)
    except ValueError:
        return False
    try:
        _load(der).verify(raw, message, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def check(reading: Reading, keys: Mapping[str, PublicKey], *, no_keys: Reason | None, signature: str = "") -> tuple[Reason, str]:
    """Steps 4 to 6 on a digest whose ``problem`` is OK: ``OK``, or why its signature does not prove it, with a detail.

    ``keys`` are by fingerprint; ``no_keys`` says why they could not be had. ``signature`` given (the one a proven successor
    holds) stands in for the object's metadata.
    """
    document = reading.document
    if document is None:
        raise ValueError("a digest that was not parsed has no signature to check")
    if document.algorithm != SIGNATURE_ALGORITHM or reading.algorithm not in ("", SIGNATURE_ALGORITHM):
        return Reason.ALGORITHM_UNSUPPORTED, f"{document.algorithm}; metadata: {reading.algorithm}"
    if not signature and not (reading.signature and reading.algorithm):
        return Reason.METADATA_MISSING, "x-amz-meta-signature or x-amz-meta-signature-algorithm is missing"
    key = keys.get(document.fingerprint)
    if key is None:
        return no_keys or Reason.KEY_NOT_FOUND, f"fingerprint {document.fingerprint}"
    if fingerprint(key.value) != document.fingerprint:
        return Reason.KEY_BAD, f"the key listed as {document.fingerprint} has another fingerprint"
    message = signing_string(document, reading.sha256, document.previous.signature if document.previous else None)
    try:
        holds = verify(key.value, signature or reading.signature, message)
    except ValueError as error:
        return Reason.KEY_BAD, str(error)
    if not holds:
        return Reason.SIGNATURE_BAD, ""
    return _validity(reading, document, key)


def _validity(reading: Reading, document: Digest, key: PublicKey) -> tuple[Reason, str]:
    """Late digests are signed when delivered, so the key must be valid at some time between the window's end and delivery."""
    signed = reading.generated or document.end
    latest = max(signed + SIGNING_DELAY, reading.modified or signed)
    if key.valid_from <= latest and key.valid_to >= signed:
        return Reason.OK, ""
    return Reason.KEY_OUT_OF_VALIDITY, f"key valid {key.valid_from:%Y-%m-%dT%H:%M:%SZ} to {key.valid_to:%Y-%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=64)
def _load(der: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a public key: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError(f"not an RSA key but {type(key).__name__}")
    return key
