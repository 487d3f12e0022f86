"""Check a proof that one CloudTrail event was recorded and archived as it says. Needs Python 3.11 and `cryptography`, no network.

    python check_proof.py PROOF.json [--checkpoint SHA256] [--trusted-key MD5-FINGERPRINT]

Exit 0: every step holds; 1: one does not; 2: not a proof. `anchored` is said only where the checkpoint's hash or the key's
fingerprint was given from outside; without, the proof is consistent with the key that it brings with it, and no more.
Sources: CloudTrail user guide, "Custom implementations of CloudTrail log file integrity validation"; docs/proof.md.
"""

import argparse
import base64
import hashlib
import json
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

FORMAT, MOST_INFLATED = "itemtrail-proof/1", 512 << 20
STEPS = (
    "the record stands in the log file",
    "the row says what the record says",
    "the digest lists the log file with this hash",
    "the digest's signature holds",
    "the key is the one that the digest names",
    "the receipts name log file and digest as archived, the log file as proven",
    "the last receipt is a leaf of the checkpoint",
)


def inflate(text: str) -> bytes:
    """The one gzip member in Base64 `text`: all of it, nothing behind it, CRC right."""
    member = zlib.decompressobj(wbits=31)
    content = member.decompress(base64.b64decode(text, validate=True), MOST_INFLATED)
    if not member.eof or member.unused_data:
        raise ValueError("not one whole gzip member of an acceptable size")
    return content


def sha256(data: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def md5(data: bytes) -> str:
    """CloudTrail's fingerprint of a key; lower-case hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def root_of(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to; RFC 9162, section 2.1.3.2."""
    node, last = leaf, size - 1
    if not 0 <= index < size or len(path) > size.bit_length():
        raise ValueError("no path of that tree")
    for sibling in path:
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return node


def steps(proof: Any) -> Iterator[bool]:
    """Whether each of STEPS holds, in order; what one establishes, the next ones use."""
    row, log, digest_said, record = proof["row"], proof["log"], proof["digest"], proof["record"].encode()
    content, at, index = inflate(log["gzip"]), int(log["offset"]), int(log["index"])
    said, stands = json.loads(record), min(at, index) >= 0 and content[at : at + len(record)] == record
    yield stands and json.loads(content)["Records"][index] == said

    origin = {"source_object": log["key"], "record_index": index, "record_sha256": sha256(record)}
    repeats = {name: said.get(name) for name in row if name not in origin}
    yield {"eventID", "eventName", "eventTime"} <= {*repeats} and row == repeats | origin

    inflated = inflate(digest_said["gzip"])
    digest = json.loads(inflated)
    listed = [(one["hashAlgorithm"], one["hashValue"]) for one in digest["logFiles"] if one["s3Object"] == log["key"]]
    yield listed == [("SHA-256", sha256(content))]

    der, place = base64.b64decode(proof["key"], validate=True), f"{digest['digestS3Bucket']}/{digest['digestS3Object']}"
    signed = "\n".join((digest["digestEndTime"], place, sha256(inflated), digest["previousDigestSignature"] or "null"))
    key = load_der_public_key(der)
    if not isinstance(key, RSAPublicKey) or digest["digestSignatureAlgorithm"] != "SHA256withRSA":
        raise ValueError("not RSA with SHA-256")
    key.verify(bytes.fromhex(digest_said["signature"]), signed.encode(), PKCS1v15(), SHA256())
    yield digest["digestS3Object"] == digest_said["key"]
    yield md5(der) == digest["digestPublicKeyFingerprint"]

    bodies = [one.encode() for one in proof["receipts"]["json"]]
    receipts = [json.loads(body) for body in bodies]
    linked = [one["previous"] for one in receipts[1:]] == [sha256(body) for body in bodies[:-1]]
    held = {one["key"]: one["content_sha256"] for receipt in receipts for one in receipt["inputs"]}
    both = held.get(log["key"]) == sha256(content) and held.get(digest_said["key"]) == sha256(inflated)
    proven = {one["key"] for one in receipts[-1]["objects"] if one["verdict"] == "PROVEN"}
    yield linked and both and log["key"] in proven and receipts[-1]["listed_by"][log["key"]] == digest_said["key"]

    ledger, named = proof["ledger"], {"key": proof["receipts"]["key"], "sha256": sha256(bodies[-1]), "size": len(bodies[-1])}
    leaf = hashlib.sha256(b"\x00" + json.dumps(named, separators=(",", ":")).encode()).digest()
    checkpoint = json.loads(ledger["checkpoint"])
    root = root_of(leaf, int(ledger["leaf"]), int(checkpoint["leaves"]), [bytes.fromhex(node) for node in ledger["path"]])
    yield root.hex() == checkpoint["root"]


def check(proof: Any, checkpoint: str = "", trusted: Collection[str] = ()) -> tuple[list[tuple[str, bool | None]], bool]:
    """(each step and whether it holds, anchored). After one that does not hold none is taken (None)."""
    results: list[bool | None] = []
    try:
        for holds in steps(proof) if proof["format"] == FORMAT else ():
            if not holds:
                break
            results.append(True)
        given = sha256(proof["ledger"]["checkpoint"].encode()) == checkpoint.lower()
        outside = given or md5(base64.b64decode(proof["key"])) in trusted
    except Exception:  # noqa: BLE001 - whatever breaks a step, it does not hold
        outside = False
    results += [False, *[None] * len(STEPS)][: len(STEPS) - len(results)]
    return list(zip(STEPS, results, strict=True)), outside and all(results)


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", type=Path)
    parser.add_argument("--checkpoint", default="", metavar="SHA256")
    parser.add_argument("--trusted-key", action="append", default=[], metavar="MD5")
    given = parser.parse_args(words)
    try:
        proof = json.loads(given.proof.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        parser.error(f"not a proof: {error}")
    lines, anchored = check(proof, given.checkpoint, given.trusted_key)
    for number, (step, holds) in enumerate(lines, 1):
        print(f"{number} {'-----' if holds is None else 'holds' if holds else 'FAILS'}  {step}")
    good = all(holds for _, holds in lines) and (anchored or not (given.checkpoint or given.trusted_key))
    print(f"{'PROVEN' if good else 'NOT PROVEN'}  anchored: {str(anchored).lower()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
