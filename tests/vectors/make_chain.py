"""Makes digest chains, and writes the vectors of ``tests/vectors/chain``: `python tests/vectors/make_chain.py`.

An independent signer: it shares no code with the library, and writes what the CloudTrail user guide says ("CloudTrail digest file
structure", read 2026-11-24) with a key of its own. The key is derived from a fixed seed: no private key is stored, and every run
writes the same vectors. It proves nothing and protects nothing.
"""

import datetime as dt
import gzip
import hashlib
import json
import random
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HOUR = dt.timedelta(hours=1)
ALGORITHM = "SHA256withRSA"


class Signer:
    """An RSA-2048 key as CloudTrail has them: PKCS#1 DER, fingerprint = MD5 of the DER."""

    def __init__(self, seed: int) -> None:
        self._private = _private_key(seed)
        public = self._private.public_key()
        der, form = serialization.Encoding.DER, serialization.PublicFormat
        self.pkcs1 = public.public_bytes(der, form.PKCS1)
        self.spki = public.public_bytes(der, form.SubjectPublicKeyInfo)
        self.fingerprint = hashlib.md5(self.pkcs1, usedforsecurity=False).hexdigest()
        self.spki_fingerprint = hashlib.md5(self.spki, usedforsecurity=False).hexdigest()

    def sign(self, message: str) -> str:
        """Hex signature, RSA PKCS#1 v1.5 with SHA-256."""
        return self._private.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


@dataclass
class Obj:
    """An object in the bucket."""

    body: bytes
    metadata: dict[str, str] = field(default_factory=dict)
    modified: dt.datetime | None = None

    @property
    def content(self) -> bytes:
        """Inflated bytes."""
        return gzip.decompress(self.body)


@dataclass
class Chain:
    """A bucket that one trail delivers into, hour by hour."""

    signer: Signer
    bucket: str = "trail-bucket"
    prefix: str = "audit"
    account: str = "111122223333"
    region: str = "us-east-1"
    trail: str = "my_trail.one"
    home: str = "us-east-1"
    organization: str = ""
    objects: dict[str, Obj] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    previous: dict[str, Any] = field(default_factory=dict)
    previous_backfill: dict[str, Any] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The trail's ARN."""
        return f"arn:aws:cloudtrail:{self.home}:{self.account}:trail/{self.trail}"

    def folder(self, kind: str) -> str:
        """Key of a folder: ``CloudTrail`` or ``CloudTrail-Digest``."""
        head = f"{self.prefix}/" if self.prefix else ""
        organization = f"{self.organization}/" if self.organization else ""
        return f"{head}AWSLogs/{organization}{self.account}/{kind}/{self.region}/"

    def log_key(self, delivered: dt.datetime, unique: str) -> str:
        """Key of a log file delivered at a time."""
        name = f"{self.account}_CloudTrail_{self.region}_{delivered:%Y%m%dT%H%MZ}_{unique}.json.gz"
        return f"{self.folder('CloudTrail')}{delivered:%Y/%m/%d}/{name}"

    def digest_key(self, end: dt.datetime, *, backfill: bool = False) -> str:
        """Key of a digest."""
        tail = "_backfill" if backfill else ""
        name = f"{self.account}_CloudTrail-Digest_{self.region}_{self.trail}_{self.home}_{end:%Y%m%dT%H%M%SZ}{tail}.json.gz"
        return f"{self.folder('CloudTrail-Digest')}{end:%Y/%m/%d}/{name}"

    def log(self, delivered: dt.datetime, unique: str, content: bytes | None = None) -> str:
        """Put a log file; its key."""
        key = self.log_key(delivered, unique)
        text = json.dumps({"Records": [{"eventVersion": "1.11", "eventID": unique, "eventTime": utc(delivered)}]})
        self.objects[key] = Obj(gzipped(content if content is not None else text.encode()), modified=delivered)
        return key

    def digest(
        self,
        start: dt.datetime,
        end: dt.datetime,
        logs: list[str],
        *,
        starting: bool = False,
        signer: Signer | None = None,
        backfill: bool = False,
        key: str = "",
        **changes: Any,
    ) -> str:
        """Put a signed digest that lists ``logs``; its key. ``changes`` replace document fields before signing."""
        signer = signer or self.signer
        key = key or self.digest_key(end, backfill=backfill)
        link = {} if starting else self.previous_backfill if backfill else self.previous
        document = {
            "awsAccountId": self.account,
            "digestStartTime": utc(start),
            "digestEndTime": utc(end),
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": signer.fingerprint,
            "digestSignatureAlgorithm": ALGORITHM,
            "newestEventTime": utc(end) if logs else None,
            "oldestEventTime": utc(start) if logs else None,
            "previousDigestS3Bucket": link.get("bucket"),
            "previousDigestS3Object": link.get("key"),
            "previousDigestHashValue": link.get("sha256"),
            "previousDigestHashAlgorithm": "SHA-256" if link else None,
            "previousDigestSignature": link.get("signature"),
            "logFiles": [self._entry(log) for log in logs],
        } | changes
        text = json.dumps(document, separators=(",", ":"))
        content = (text.replace("/", "\\/") if len(self.digests) % 2 else text).encode()
        self.put_digest(key, content, document, signer, end)
        signature = self.objects[key].metadata["signature"]
        made = {"bucket": self.bucket, "key": key, "sha256": _sha256(content), "signature": signature}
        if backfill:
            self.previous_backfill = made
        else:
            self.digests.append(key)
            self.previous = made
        return key

    def put_digest(self, key: str, content: bytes, document: dict[str, Any], signer: Signer, end: dt.datetime) -> None:
        """Sign ``content`` and put it."""
        place = f"{document['digestS3Bucket']}/{document['digestS3Object']}"
        signed = [document["digestEndTime"], place, _sha256(content), document["previousDigestSignature"] or "null"]
        metadata = {"signature": signer.sign("\n".join(signed)), "signature-algorithm": ALGORITHM}
        if key.endswith("_backfill.json.gz"):
            metadata["backfill-generation-timestamp"] = f"{end + HOUR:%Y-%m-%dT%H:%M:%S.000Z}"
        self.objects[key] = Obj(gzipped(content), metadata, end + dt.timedelta(minutes=20))

    def _entry(self, log: str) -> dict[str, Any]:
        return {
            "s3Bucket": self.bucket,
            "s3Object": log,
            "hashValue": _sha256(self.objects[log].content),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": None,
            "oldestEventTime": None,
        }


def hourly(chain: Chain, start: dt.datetime, hours: int, *, logs: int = 2, empty: int = -1) -> Chain:
    """``hours`` digests of ``logs`` files each from ``start`` on, the first a starting digest; hour ``empty`` lists none."""
    for n in range(hours):
        begin = start + n * HOUR
        count = 0 if n == empty else logs
        names = [f"{n:04d}{i:04d}abcdefgh" for i in range(count)]
        keys = [chain.log(begin + (i + 1) * dt.timedelta(minutes=13), name) for i, name in enumerate(names)]
        chain.digest(begin, begin + HOUR, keys, starting=n == 0)
    return chain


def gzipped(content: bytes, level: int = 6) -> bytes:
    return gzip.compress(content, compresslevel=level, mtime=0)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def utc(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


@cache
def _private_key(seed: int) -> rsa.RSAPrivateKey:
    source = random.Random(seed)
    e = 65537
    while True:
        p, q = _prime(source, 1024), _prime(source, 1024)
        phi = (p - 1) * (q - 1)
        if (p * q).bit_length() == 2048 and p != q and phi % e:
            break
    d = pow(e, -1, phi)
    public = rsa.RSAPublicNumbers(e, p * q)
    iqmp = rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), iqmp, public).private_key()


def _prime(source: random.Random, bits: int) -> int:
    small = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
    while True:
        n = source.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(n % p for p in small) and all(_is_probable_prime(n, source.randrange(2, n - 1)) for _ in range(12)):
            return n


def _is_probable_prime(n: int, witness: int) -> bool:
    d, r = n - 1, 0
    while d % 2 == 0:
        d, r = d // 2, r + 1
    x = pow(witness, d, n)
    if x in (1, n - 1):
        return True
    for _ in range(r - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.vectors.chain_cases import write_all

    write_all(Path(__file__).parent / "chain")
