"""CloudTrail's signing keys: one ring per Region, RSA-2048, 30 days each, overlapping by a day.

Decides: which key signs at a time, and which public keys ListPublicKeys answers with. Refuses: to share a key between Regions, or
to sign outside a key's validity. Keys are made when first needed and live as long as the process; no private key leaves it.
Fingerprint: MD5 of the DER bytes of the public key (PKCS#1), hex. Source: CloudTrail user guide "Custom implementations of
CloudTrail log file integrity validation", API reference PublicKey; the validity of AWS's sample keys; read 2026-11-24.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHM = "SHA256withRSA"
VALIDITY = dt.timedelta(days=30)
_STEP = dt.timedelta(days=29)
_EPOCH = dt.datetime(2015, 6, 18, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair with its validity. ``der`` is the public key, PKCS#1."""

    private: rsa.RSAPrivateKey = field(repr=False)
    der: bytes = field(repr=False)
    fingerprint: str
    valid_from: dt.datetime
    valid_to: dt.datetime

    def sign(self, text: str) -> str:
        """RSASSA-PKCS1-v1_5 over SHA-256 of the UTF-8 text, lower-case hex."""
        return self.private.sign(text.encode(), padding.PKCS1v15(), SHA256()).hex()


class KeyRing:
    """A Region's keys."""

    def __init__(self, region: str) -> None:
        self._phase = dt.timedelta(seconds=int.from_bytes(hashlib.sha256(region.encode()).digest()[:4]) % 2_505_600)
        self._keys: dict[int, SigningKey] = {}

    def signing(self, at: dt.datetime) -> SigningKey:
        """The newest key valid at ``at``."""
        number = (at - _EPOCH - self._phase) // _STEP
        if number not in self._keys:
            self._keys[number] = _make(_EPOCH + self._phase + number * _STEP)
        return self._keys[number]

    def valid_between(self, start: dt.datetime, end: dt.datetime) -> list[SigningKey]:
        """The keys whose validity meets ``[start, end]``, oldest first; only those that exist."""
        keys = [self._keys[number] for number in sorted(self._keys)]
        return [key for key in keys if key.valid_from <= end and key.valid_to >= start]


def _make(valid_from: dt.datetime) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    fingerprint = hashlib.md5(der, usedforsecurity=False).hexdigest()
    return SigningKey(private, der, fingerprint, valid_from, valid_from + VALIDITY)
