"""The cases of ``tests/vectors/chain``: a chain of six hours, one mutation each, and what must be said of it.

What is wanted is written here by hand, from the design, never copied from what the library answers. Aliases: ``d2`` is the
digest of hour 2 (window end 10:01:31), ``l2.0`` its first log; anything else is a key below the account's folder. ``D U I P``
stand for DISPROVEN, UNPROVABLE, INCOMPLETE, PROVEN; what is not named must be PROVEN.
"""

import base64
import datetime as dt
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.vectors.make_chain import HOUR, Chain, Obj, Signer, _gzip, _z, hourly

START = dt.datetime(2026, 3, 10, 7, 1, 31, tzinfo=dt.UTC)
END = START + 6 * HOUR
LATER = dt.datetime(2026, 3, 10, 20, tzinfo=dt.UTC)  # everything is due
SOON = END + dt.timedelta(minutes=30)  # the newest digest is not due, its logs are in their grace time
VERDICTS = {"D": "DISPROVEN", "U": "UNPROVABLE", "I": "INCOMPLETE", "P": "PROVEN"}


@dataclass
class Setting:
    """What a mutation may change besides the objects."""

    start: dt.datetime = START
    end: dt.datetime = END
    now: dt.datetime = LATER
    status: dict[str, Any] | None = None
    faults: dict[str, str] = field(default_factory=dict)
    keys_fault: str | None = None
    keys: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """One vector."""

    name: str
    desc: str
    mutate: Callable[[Chain, Setting], Chain | None]
    want: dict[str, str]
    exit: int
    slots: int = 6
    objects: int = 10


CASES: list[Case] = []


def case(desc: str, want: str = "", *, exit: int = 1, slots: int = 6, objects: int = 10) -> Any:  # noqa: A002
    """Register a mutation; its function's name is the vector's."""
    wanted = dict(line.strip().split(" ", 1) for line in want.split(";") if line.strip())

    def register(mutate: Callable[[Chain, Setting], Chain | None]) -> Callable[[Chain, Setting], Chain | None]:
        CASES.append(Case(mutate.__name__.strip("_"), desc, mutate, wanted, exit, slots, objects))
        return mutate

    return register


def base() -> Chain:
    """Six hours of two logs; hour 3 is empty."""
    return hourly(Chain(Signer(1)), START, 6, empty=3)


def log(chain: Chain, alias: str) -> str:
    """Key of ``l2.0``."""
    hour, _, index = alias[1:].partition(".")
    delivered = START + int(hour) * HOUR + (int(index) + 1) * dt.timedelta(minutes=13)
    return chain.log_key(delivered, f"{int(hour):04d}{int(index):04d}abcdefgh")


def rebuilt(
    changes: dict[int, dict[str, Any]], *, starts: dict[int, dt.timedelta] | None = None, starting: tuple[int, ...] = (0,)
) -> Chain:
    """The base chain made anew, with signed faults: document fields by hour, shifted window starts, starting digests."""
    clean = base()
    chain = Chain(Signer(1), objects={k: o for k, o in clean.objects.items() if "Digest" not in k})
    for n in range(6):
        begin = START + n * HOUR
        logs = [log(chain, f"l{n}.{i}") for i in range(0 if n == 3 else 2)]
        shifted = begin + (starts or {}).get(n, dt.timedelta())
        chain.digest(shifted, begin + HOUR, logs, starting=n in starting, **changes.get(n, {}))
    return chain


def edit(chain: Chain, n: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a digest's document without signing it again."""
    item = chain.objects[chain.digests[n]]
    document = json.loads(item.content)
    change(document)
    item.body = _gzip(json.dumps(document, separators=(",", ":")).encode())


def vector(item: Case) -> dict[str, Any]:
    """The vector of a case: what differs from the clean chain, the setting, what is wanted."""
    clean, chain, setting = base(), base(), Setting()
    setting.keys = [key(chain.signer)]
    chain = item.mutate(chain, setting) or chain
    put = {k: _object(o) for k, o in chain.objects.items() if item.name == "clean" or clean.objects.get(k) != o}
    want = {k: [VERDICTS[v.split(" ")[0]], v.split(" ")[1]] for k, v in item.want.items()}
    return {
        "desc": item.desc,
        "trail": {
            "arn": chain.arn,
            "bucket": chain.bucket,
            "prefix": chain.prefix,
            "account": chain.account,
            "region": chain.region,
        },
        "from": _z(setting.start),
        "to": _z(setting.end),
        "now": _z(setting.now),
        "status": setting.status,
        "faults": setting.faults,
        "keys": setting.keys,
        "keys_fault": setting.keys_fault,
        "delete": [] if item.name == "clean" else sorted(set(clean.objects) - set(chain.objects)),
        "put": dict(sorted(put.items())),
        "want": {
            "exit": item.exit,
            "slots": {k: v for k, v in want.items() if ":" in k},
            "objects": {_key(chain, k): v for k, v in want.items() if ":" not in k},
            "slot_count": item.slots,
            "object_count": item.objects,
        },
    }


def key(
    signer: Signer, *, der: bytes | None = None, start: str = "2026-03-01T00:00:00Z", end: str = "2026-03-31T00:00:00Z"
) -> dict[str, str]:
    """A key as ListPublicKeys lists it."""
    value = base64.b64encode(der or signer.pkcs1).decode()
    return {"fingerprint": signer.fingerprint, "value": value, "region": "us-east-1", "from": start, "to": end}


def write_all(folder: Path) -> None:
    """Write every vector, and remove what is no case any more."""
    for old in folder.glob("*.json"):
        old.unlink()
    for item in CASES:
        text = json.dumps(vector(item), indent=1, ensure_ascii=True)
        (folder / f"{item.name}.json").write_text(text + "\n", encoding="utf-8")


def _object(item: Obj) -> dict[str, Any]:
    modified = _z(item.modified) if item.modified else None
    return {"body": base64.b64encode(item.body).decode(), "metadata": item.metadata, "modified": modified}


def _key(chain: Chain, alias: str) -> str:
    if alias[0] == "d" and alias[1:].isdigit():
        return chain.digest_key(START + (int(alias[1:]) + 1) * HOUR)
    if alias[0] == "l" and alias[1:].replace(".", "").isdigit():
        return log(chain, alias)
    return chain.folder("CloudTrail").removesuffix("CloudTrail/us-east-1/") + alias


DAY = "2026/03/10"
DIGEST = f"CloudTrail-Digest/us-east-1/{DAY}/111122223333_CloudTrail-Digest_us-east-1_my_trail.one_us-east-1_20260310T"
NAME = "111122223333_CloudTrail_us-east-1_20260310T"
UNDER_2 = "l2.0 U DIGEST_NOT_PROVEN; l2.1 U DIGEST_NOT_PROVEN"
UNDER_5 = "l5.0 U DIGEST_NOT_PROVEN; l5.1 U DIGEST_NOT_PROVEN"
ALL_UNDER = "; ".join(f"l{n}.{i} U DIGEST_NOT_PROVEN" for n in (0, 1, 2, 4, 5) for i in (0, 1))
ALL_UNREAD = ALL_UNDER.replace("NOT_PROVEN", "NOT_READ")
ENDS = [f"{8 + n:02d}:01:31" for n in range(6)]


@case("Nothing was touched.", "08:01:31 P STARTING; 11:01:31 P EMPTY; 12:01:31 P OK; l0.0 P OK", exit=0)
def clean(chain: Chain, setting: Setting) -> None:
    pass


# Digests that are absent.


@case("One digest deleted; the next names it.", f"10:01:31 D MISSING_LINKED; {UNDER_2}")
def digest_deleted_middle(chain: Chain, setting: Setting) -> None:
    del chain.objects[chain.digests[2]]


@case("The first digest deleted.", "08:01:31 D MISSING_LINKED; l0.0 U DIGEST_NOT_PROVEN; l0.1 U DIGEST_NOT_PROVEN")
def digest_deleted_oldest(chain: Chain, setting: Setting) -> None:
    del chain.objects[chain.digests[0]]


@case("The newest digest deleted, past due (aws-cli: exit 0).", f"13:01:31 D MISSING_TAIL; {UNDER_5}")
def digest_deleted_newest(chain: Chain, setting: Setting) -> None:
    del chain.objects[chain.digests[5]]


@case(
    "The newest digest is not there and not yet due; its logs wait for it.",
    "13:01:31 I NOT_YET_DUE; l5.0 I AWAITING_DIGEST; l5.1 I AWAITING_DIGEST",
    exit=3,
)
def digest_newest_not_yet_due(chain: Chain, setting: Setting) -> None:
    del chain.objects[chain.digests[5]]
    setting.now = SOON


@case(
    "Four digests in a row deleted (aws-cli counts one).",
    "09:01:31 D MISSING_BY_CADENCE; 10:01:31 D MISSING_BY_CADENCE; 11:01:31 D MISSING_BY_CADENCE; 12:01:31 D MISSING_LINKED;"
    + "; ".join(f"l{n}.{i} U DIGEST_NOT_PROVEN" for n in (1, 2, 4) for i in (0, 1)),
)
def digests_deleted_four_in_a_row(chain: Chain, setting: Setting) -> None:
    for n in range(1, 5):
        del chain.objects[chain.digests[n]]


@case(
    'All digests deleted (aws-cli: exit 0, "No digests found"). Without any digest hours are the clock\'s.',
    "; ".join(f"{8 + n:02d}:00:00 D MISSING_ALL" for n in range(6)) + f"; {ALL_UNDER}",
)
def digests_deleted_all(chain: Chain, setting: Setting) -> None:
    for name in chain.digests:
        del chain.objects[name]


@case(
    "All digests deleted, and GetTrailStatus says since when the trail runs: slots from then on.",
    "09:00:00 D MISSING_ALL; 10:00:00 D MISSING_ALL; 11:00:00 D MISSING_ALL; 12:00:00 D MISSING_ALL; 13:00:00 D MISSING_ALL; "
    + ALL_UNDER.replace("l0.0 U DIGEST_NOT_PROVEN", "l0.0 U BEFORE_CHAIN").replace(
        "l0.1 U DIGEST_NOT_PROVEN", "l0.1 U BEFORE_CHAIN"
    ),
    slots=5,
)
def digests_deleted_all_after_known_start(chain: Chain, setting: Setting) -> None:
    for name in chain.digests:
        del chain.objects[name]
    setting.status = {"is_logging": True, "started": "2026-03-10T08:00:00Z"}


@case("The range lies before the trail: nothing was due, nothing is there, and nothing is proven.", slots=0, objects=0)
def range_before_trail(chain: Chain, setting: Setting) -> None:
    setting.start, setting.end = START - 10 * HOUR, START - 5 * HOUR


@case("Logging stopped with the newest digest: no hour after it is expected.", exit=0)
def trail_stopped(chain: Chain, setting: Setting) -> None:
    setting.end = END + 5 * HOUR
    setting.status = {"is_logging": False, "started": _z(START), "stopped": "2026-03-10T12:58:00Z"}


@case(
    "The trail logs on, and three hours after the newest digest have none.",
    "14:01:31 D MISSING_TAIL; 15:01:31 D MISSING_TAIL; 16:01:31 D MISSING_TAIL",
    slots=9,
)
def trail_silent_while_logging(chain: Chain, setting: Setting) -> None:
    setting.end = END + dt.timedelta(hours=3, minutes=30)
    setting.status = {"is_logging": True, "started": _z(START)}


# Digests that were altered.


@case("One bit of the signature in the metadata flipped.", f"10:01:31 D SIGNATURE_BAD; {UNDER_2}")
def digest_signature_bit_flipped(chain: Chain, setting: Setting) -> None:
    metadata = chain.objects[chain.digests[2]].metadata
    metadata["signature"] = f"{int(metadata['signature'], 16) ^ 1:0512x}"


@case("A log's entry removed from a digest.", f"10:01:31 D SIGNATURE_BAD; {UNDER_2}")
def digest_entry_removed(chain: Chain, setting: Setting) -> None:
    edit(chain, 2, lambda d: d["logFiles"].pop())


@case("A digest signed again with another key, under the old fingerprint.", f"10:01:31 D SIGNATURE_BAD; {UNDER_2}")
def digest_resigned_by_foreign_key(chain: Chain, setting: Setting) -> None:
    _resign(chain, 2, fingerprint=chain.signer.fingerprint)


@case(
    "A digest signed again with another key and its own fingerprint: no such key, and the next digest records another hash.",
    f"10:01:31 D HASH_DISAGREES_WITH_SUCCESSOR; {UNDER_2}",
)
def digest_resigned_with_foreign_fingerprint(chain: Chain, setting: Setting) -> None:
    _resign(chain, 2, fingerprint=Signer(2).fingerprint)


@case("The same on the newest digest: no digest follows that contradicts it.", f"13:01:31 U KEY_NOT_FOUND; {UNDER_5}")
def digest_newest_resigned_with_foreign_fingerprint(chain: Chain, setting: Setting) -> None:
    _resign(chain, 5, fingerprint=Signer(2).fingerprint)


def _resign(chain: Chain, n: int, *, fingerprint: str) -> None:
    item = chain.objects[chain.digests[n]]
    document = json.loads(item.content) | {"digestPublicKeyFingerprint": fingerprint}
    content = json.dumps(document, separators=(",", ":")).encode()
    chain.put_digest(chain.digests[n], content, document, Signer(2), START + (n + 1) * HOUR)


@case("A digest's signature metadata removed: the next digest holds its signature.", "10:01:31 P SIGNED_BY_SUCCESSOR", exit=0)
def digest_metadata_missing(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].metadata = {}


@case("The newest digest's signature metadata removed: nobody else holds it.", f"13:01:31 U METADATA_MISSING; {UNDER_5}")
def digest_newest_metadata_missing(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[5]].metadata = {}


@case("Metadata removed and content altered.", f"10:01:31 D HASH_DISAGREES_WITH_SUCCESSOR; {UNDER_2}")
def digest_metadata_missing_content_altered(chain: Chain, setting: Setting) -> None:
    edit(chain, 2, lambda d: d["logFiles"].pop())
    chain.objects[chain.digests[2]].metadata = {}


@case("The metadata names another algorithm (aws-cli: exit 0).", f"10:01:31 U ALGORITHM_UNSUPPORTED; {UNDER_2}")
def digest_metadata_algorithm_altered(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].metadata["signature-algorithm"] = "SHA1withRSA"


@case("A digest recompressed: the hash is over its content.", exit=0)
def digest_recompressed(chain: Chain, setting: Setting) -> None:
    item = chain.objects[chain.digests[2]]
    item.body = gzip.compress(item.content, compresslevel=1, mtime=12345)


@case("A gzip member appended to a digest (aws-cli: exit 0).", f"10:01:31 D APPENDED_MEMBER; {UNDER_2}")
def digest_appended_member(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].body += _gzip(b"{}")


@case("Bytes appended to a digest.", f"10:01:31 D TRAILING_DATA; {UNDER_2}")
def digest_trailing_bytes(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].body += b"\0"


@case("A digest that is not gzip.", f"10:01:31 D NOT_GZIP; {UNDER_2}")
def digest_not_gzip(chain: Chain, setting: Setting) -> None:
    item = chain.objects[chain.digests[2]]
    item.body = item.content


@case("A digest cut short.", f"10:01:31 D TRUNCATED; {UNDER_2}")
def digest_truncated(chain: Chain, setting: Setting) -> None:
    item = chain.objects[chain.digests[2]]
    item.body = item.body[:-20]


@case("A digest's gzip checksum altered.", f"10:01:31 D CRC_MISMATCH; {UNDER_2}")
def digest_crc_wrong(chain: Chain, setting: Setting) -> None:
    item = chain.objects[chain.digests[2]]
    item.body = item.body[:-8] + bytes([item.body[-8] ^ 1]) + item.body[-7:]


@case("A digest that is not JSON.", f"10:01:31 D BAD_JSON; {UNDER_2}")
def digest_not_json(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].body = _gzip(b'{"awsAccountId": ')


@case("A digest nested 100,000 deep.", f"10:01:31 D BAD_JSON; {UNDER_2}")
def digest_nested_deep(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].body = _gzip(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@case("A digest without its list of logs.", f"10:01:31 D SCHEMA; {UNDER_2}")
def digest_without_logfiles(chain: Chain, setting: Setting) -> None:
    edit(chain, 2, lambda d: d.pop("logFiles"))


@case("A digest whose end is no time.", f"10:01:31 D SCHEMA; {UNDER_2}")
def digest_end_is_no_time(chain: Chain, setting: Setting) -> None:
    edit(chain, 2, lambda d: d.update(digestEndTime="yesterday"))


@case("A digest overwritten with its predecessor.", f"10:01:31 D MOVED; {UNDER_2}")
def digest_overwritten_by_another(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]] = replace(chain.objects[chain.digests[1]])


@case(
    "A digest renamed: missing where it was, foreign where it is.",
    f"10:01:31 D MISSING_LINKED; {UNDER_2}; CloudTrail-Digest/us-east-1/{DAY}/renamed.json.gz D FOREIGN_OBJECT",
    objects=11,
)
def digest_renamed(chain: Chain, setting: Setting) -> None:
    key_ = chain.digests[2]
    chain.objects[f"{chain.folder('CloudTrail-Digest')}{DAY}/renamed.json.gz"] = chain.objects.pop(key_)


@case(
    "A forged digest planted between two genuine ones: no slot is its own, and no other slot suffers.",
    f"{DIGEST}093000Z.json.gz D MOVED",
    objects=11,
)
def digest_planted_between(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digest_key(START + dt.timedelta(hours=2, minutes=28, seconds=29))] = replace(
        chain.objects[chain.digests[1]]
    )


# Digests that are signed and wrong (a fault of the service, or of its key).


@case("A signed digest records another hash of its predecessor (aws-cli: exit 0).", f"10:01:31 D CHAIN_HASH_MISMATCH; {UNDER_2}")
def signed_wrong_previous_hash(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"previousDigestHashValue": "0" * 64}})


@case("A signed digest records another signature of its predecessor.", f"10:01:31 D CHAIN_SIGNATURE_MISMATCH; {UNDER_2}")
def signed_wrong_previous_signature(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"previousDigestSignature": "00" * 256}})


@case(
    "A signed digest begins half an hour after its predecessor's end (aws-cli: exit 0).",
    f"09:31:31 D MISSING_BY_CADENCE; 10:01:31 D TIME_GAP; {UNDER_2}",
    slots=7,
)
def signed_time_gap(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({}, starts={2: dt.timedelta(minutes=30)})


@case("A signed digest begins before its predecessor's end.", f"10:01:31 D TIME_OVERLAP; {UNDER_2}")
def signed_time_overlap(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({}, starts={2: dt.timedelta(minutes=-5)})


@case("Two signed digests name the same predecessor.", f"10:01:31 D FORK; {UNDER_2}")
def signed_fork(chain: Chain, setting: Setting) -> Chain:
    first = json.loads(chain.objects[chain.digests[1]].content)
    return rebuilt({2: {k: v for k, v in first.items() if k.startswith("previousDigest")}})


@case(
    "A signed digest that names no predecessor where one ends right there (aws-cli: exit 0).",
    f"10:01:31 U CHAIN_RESTARTED; {UNDER_2}",
)
def signed_starting_digest_mid_chain(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({}, starting=(0, 2))


@case(
    "Logging off for an hour and a half, then a starting digest: the time between is flagged.",
    "10:01:31 U LOGGING_GAP; 10:31:31 U LOGGING_GAP; l2.0 U DIGEST_NOT_PROVEN; l2.1 U DIGEST_NOT_PROVEN",
)
def logging_gap(chain: Chain, setting: Setting) -> Chain:
    made = hourly(Chain(Signer(1)), START, 2)
    made.objects |= {k: o for k, o in chain.objects.items() if "Digest" not in k}
    for n in (4, 5):
        begin = START + n * HOUR + (dt.timedelta(minutes=-30) if n == 4 else dt.timedelta())
        made.digest(begin, START + (n + 1) * HOUR, [log(made, f"l{n}.0"), log(made, f"l{n}.1")], starting=n == 4)
    return made


@case("A signed digest whose predecessor lies in another bucket.", f"10:01:31 U PREDECESSOR_ELSEWHERE; {UNDER_2}")
def signed_predecessor_elsewhere(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"previousDigestS3Bucket": "older-bucket"}})


@case("A signed digest of another account in this folder.", f"10:01:31 D WRONG_ACCOUNT; {UNDER_2}")
def signed_wrong_account(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"awsAccountId": "999999999999"}})


@case("A signed digest whose window ends at another time than its name says.", f"10:01:31 D BAD_FILENAME; {UNDER_2}")
def signed_end_is_not_name(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"digestEndTime": "2026-03-10T09:45:00Z"}})


@case("A signed digest that names an algorithm nobody verifies.", f"10:01:31 U ALGORITHM_UNSUPPORTED; {UNDER_2}")
def signed_algorithm_unsupported(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"digestSignatureAlgorithm": "SHA512withECDSA"}})


@case(
    "A log listed by two digests with different hashes.",
    "l1.0 D LISTED_TWICE",
)
def signed_log_listed_twice(chain: Chain, setting: Setting) -> Chain:
    second = json.loads(chain.objects[chain.digests[2]].content)["logFiles"]
    other = json.loads(chain.objects[chain.digests[1]].content)["logFiles"][0] | {"hashValue": "ab" * 32}
    return rebuilt({2: {"logFiles": [*second, other]}})


@case("A signed digest lists a log of another bucket.", "l9.9 U OUTSIDE_SCOPE", objects=11)
def signed_log_elsewhere(chain: Chain, setting: Setting) -> Chain:
    second = json.loads(chain.objects[chain.digests[2]].content)["logFiles"]
    far = second[0] | {"s3Bucket": "other-bucket", "s3Object": log(chain, "l9.9")}
    return rebuilt({2: {"logFiles": [*second, far]}})


@case("A signed digest names a hash algorithm nobody knows for one log.", "l2.0 U HASH_ALGORITHM_UNSUPPORTED")
def signed_log_hash_algorithm_unsupported(chain: Chain, setting: Setting) -> Chain:
    logs = json.loads(chain.objects[chain.digests[2]].content)["logFiles"]
    return rebuilt({2: {"logFiles": [logs[0] | {"hashAlgorithm": "SHA3-512"}, logs[1]]}})


# Keys.


@case("The key comes as SubjectPublicKeyInfo; its fingerprint is of those bytes.", exit=0)
def key_as_subject_public_key_info(chain: Chain, setting: Setting) -> Chain:
    signer = Signer(1)
    signer.fingerprint = signer.spki_fingerprint
    made = hourly(Chain(signer), START, 6, empty=3)
    setting.keys = [key(signer, der=signer.spki)]
    return made


@case("No key at all.", "; ".join(f"{end} U KEY_NOT_FOUND" for end in ENDS) + f"; {ALL_UNDER}")
def keys_none(chain: Chain, setting: Setting) -> None:
    setting.keys = []


@case("The key listed under the fingerprint is another one.", "; ".join(f"{end} U KEY_BAD" for end in ENDS) + f"; {ALL_UNDER}")
def key_under_wrong_fingerprint(chain: Chain, setting: Setting) -> None:
    setting.keys = [key(Signer(2)) | {"fingerprint": chain.signer.fingerprint}]


@case("The key listed is no key.", "; ".join(f"{end} U KEY_BAD" for end in ENDS) + f"; {ALL_UNDER}")
def key_is_no_key(chain: Chain, setting: Setting) -> Chain:
    signer = Signer(1)
    signer.fingerprint = "9a0364b9e99bb480dd25e1f0284c8555"  # MD5 of b"content"
    setting.keys = [key(signer, der=b"content")]
    return hourly(Chain(signer), START, 6, empty=3)


@case(
    "The key's validity ended before the digests were signed.",
    "; ".join(f"{end} U KEY_NOT_FOUND" for end in ENDS) + f"; {ALL_UNDER}",
)
def key_expired(chain: Chain, setting: Setting) -> None:
    setting.keys = [key(chain.signer, end="2026-03-09T00:00:00Z")]


@case("The key rotated: the next digests are signed by another one, both known.", exit=0)
def key_rotated(chain: Chain, setting: Setting) -> Chain:
    made = Chain(Signer(1), objects={k: o for k, o in chain.objects.items() if "Digest" not in k})
    for n in range(6):
        begin = START + n * HOUR
        logs = [log(made, f"l{n}.{i}") for i in range(0 if n == 3 else 2)]
        made.digest(begin, begin + HOUR, logs, starting=n == 0, signer=Signer(1 if n < 3 else 2))
    setting.keys = [key(Signer(1), end="2026-03-10T11:00:00Z"), key(Signer(2), start="2026-03-10T10:00:00Z")]
    return made


@case("ListPublicKeys is denied.", "; ".join(f"{end} U KEYS_DENIED" for end in ENDS) + f"; {ALL_UNREAD}", exit=3)
def keys_denied(chain: Chain, setting: Setting) -> None:
    setting.keys_fault = "denied"


@case("ListPublicKeys does not answer.", "; ".join(f"{end} U KEYS_UNAVAILABLE" for end in ENDS) + f"; {ALL_UNREAD}", exit=3)
def keys_unavailable(chain: Chain, setting: Setting) -> None:
    setting.keys_fault = "unavailable"


# Could not look.


@case("A digest cannot be read: 403.", f"10:01:31 U DENIED; {UNDER_2.replace('NOT_PROVEN', 'NOT_READ')}", exit=3)
def digest_denied(chain: Chain, setting: Setting) -> None:
    setting.faults[chain.digests[2]] = "denied"


@case("A digest cannot be read: 503.", f"10:01:31 U UNAVAILABLE; {UNDER_2.replace('NOT_PROVEN', 'NOT_READ')}", exit=3)
def digest_unavailable(chain: Chain, setting: Setting) -> None:
    setting.faults[chain.digests[2]] = "unavailable"


@case("A digest lies in Glacier (aws-cli aborts).", f"10:01:31 U COLD; {UNDER_2.replace('NOT_PROVEN', 'NOT_READ')}", exit=3)
def digest_cold(chain: Chain, setting: Setting) -> None:
    setting.faults[chain.digests[2]] = "cold"


@case("A digest was listed and then the service says 404.", f"10:01:31 D MISSING_LINKED; {UNDER_2}")
def digest_gone_while_looking(chain: Chain, setting: Setting) -> None:
    setting.faults[chain.digests[2]] = "gone"


@case(
    "The first digest cannot be read, and the range begins earlier: nobody can tell whether the trail ran before.",
    "06:01:31 U DIGEST_NOT_READ; 07:01:31 U DIGEST_NOT_READ; 08:01:31 U DENIED; l0.0 U DIGEST_NOT_READ; l0.1 U DIGEST_NOT_READ",
    exit=3,
    slots=8,
)
def digest_first_denied_range_earlier(chain: Chain, setting: Setting) -> None:
    setting.faults[chain.digests[0]] = "denied"
    setting.start = START - dt.timedelta(hours=1, minutes=30)


@case("A log cannot be read: 403.", "l2.0 U DENIED", exit=3)
def log_denied(chain: Chain, setting: Setting) -> None:
    setting.faults[log(chain, "l2.0")] = "denied"


@case("A log lies in Glacier.", "l2.0 U COLD", exit=3)
def log_cold(chain: Chain, setting: Setting) -> None:
    setting.faults[log(chain, "l2.0")] = "cold"


@case(
    "The digests cannot be listed: nothing was seen.",
    "; ".join(f"{8 + n:02d}:00:00 U DENIED" for n in range(6)),
    exit=3,
    objects=0,
)
def digests_listing_denied(chain: Chain, setting: Setting) -> None:
    setting.faults[chain.folder("CloudTrail-Digest")] = "denied"


@case(
    "The logs cannot be listed; those that digests list are read one by one.",
    f"CloudTrail/us-east-1/{DAY}/ U DENIED",
    exit=3,
    objects=11,
)
def logs_listing_denied(chain: Chain, setting: Setting) -> None:
    setting.faults[f"{chain.folder('CloudTrail')}{DAY}/"] = "denied"


# Logs.


@case("A log deleted.", "l2.0 D MISSING")
def log_deleted(chain: Chain, setting: Setting) -> None:
    del chain.objects[log(chain, "l2.0")]


@case("A byte of a log's content changed.", "l2.0 D HASH_MISMATCH")
def log_content_changed(chain: Chain, setting: Setting) -> None:
    item = chain.objects[log(chain, "l2.0")]
    item.body = _gzip(item.content.replace(b"eventID", b"eventId"))


@case("A log recompressed: the hash is over its content.", exit=0)
def log_recompressed(chain: Chain, setting: Setting) -> None:
    item = chain.objects[log(chain, "l2.0")]
    item.body = gzip.compress(item.content, compresslevel=1, mtime=1)


@case("A log that is not gzip.", "l2.0 D NOT_GZIP")
def log_not_gzip(chain: Chain, setting: Setting) -> None:
    item = chain.objects[log(chain, "l2.0")]
    item.body = item.content


@case("A log cut off by exactly its gzip trailer (aws-cli: valid).", "l2.0 D TRUNCATED")
def log_without_gzip_trailer(chain: Chain, setting: Setting) -> None:
    item = chain.objects[log(chain, "l2.0")]
    item.body = item.body[:-8]


@case("A log's gzip checksum altered.", "l2.0 D CRC_MISMATCH")
def log_crc_wrong(chain: Chain, setting: Setting) -> None:
    item = chain.objects[log(chain, "l2.0")]
    item.body = item.body[:-8] + bytes([item.body[-8] ^ 1]) + item.body[-7:]


@case("A gzip member appended to a log.", "l2.0 D APPENDED_MEMBER")
def log_appended_member(chain: Chain, setting: Setting) -> None:
    chain.objects[log(chain, "l2.0")].body += _gzip(b'{"Records":[]}')


@case("Bytes appended to a log.", "l2.0 D TRAILING_DATA")
def log_trailing_bytes(chain: Chain, setting: Setting) -> None:
    chain.objects[log(chain, "l2.0")].body += b"\n"


@case("A log that inflates beyond the limit.", "l2.0 U TOO_LARGE")
def log_bomb(chain: Chain, setting: Setting) -> None:
    chain.objects[log(chain, "l2.0")].body = _gzip(b"\0" * (2 << 20), 9)


@case("Two logs swapped.", "l2.0 D HASH_MISMATCH; l2.1 D HASH_MISMATCH")
def logs_swapped(chain: Chain, setting: Setting) -> None:
    first, second = log(chain, "l2.0"), log(chain, "l2.1")
    chain.objects[first], chain.objects[second] = chain.objects[second], chain.objects[first]


@case(
    "A log planted (aws-cli: exit 0).", f"CloudTrail/us-east-1/{DAY}/{NAME}0930Z_plantedplanted00.json.gz D UNLISTED", objects=11
)
def log_planted(chain: Chain, setting: Setting) -> None:
    chain.log(START + dt.timedelta(hours=2, minutes=28, seconds=29), "plantedplanted00")


@case(
    "A log planted in an hour that AWS says was empty.",
    f"CloudTrail/us-east-1/{DAY}/{NAME}1030Z_plantedplanted00.json.gz D UNLISTED",
    objects=11,
)
def log_planted_in_empty_hour(chain: Chain, setting: Setting) -> None:
    chain.log(START + dt.timedelta(hours=3, minutes=28, seconds=29), "plantedplanted00")


@case(
    "An unlisted log in its grace time: a digest may still list it.",
    f"CloudTrail/us-east-1/{DAY}/{NAME}1230Z_plantedplanted00.json.gz I AWAITING_DIGEST",
    exit=3,
    objects=11,
)
def log_unlisted_in_grace(chain: Chain, setting: Setting) -> None:
    chain.log(START + dt.timedelta(hours=5, minutes=28, seconds=29), "plantedplanted00")
    setting.now = SOON


@case("An object whose name CloudTrail would not give.", f"CloudTrail/us-east-1/{DAY}/notes.txt D FOREIGN_OBJECT", objects=11)
def foreign_object(chain: Chain, setting: Setting) -> None:
    chain.objects[f"{chain.folder('CloudTrail')}{DAY}/notes.txt"] = Obj(b"hello", {}, START)


@case(
    "A digest in the log folder.",
    f"{DIGEST.replace('CloudTrail-Digest/', 'CloudTrail/')}090131Z.json.gz D FOREIGN_OBJECT",
    objects=11,
)
def digest_in_log_folder(chain: Chain, setting: Setting) -> None:
    name = chain.digests[1].rpartition("/")[2]
    chain.objects[f"{chain.folder('CloudTrail')}{DAY}/{name}"] = replace(chain.objects[chain.digests[1]])


# Neighbours and late comers.


@case(
    "Another trail delivers into the same folder, with a name made to mislead; its digests vouch for its logs.",
    f"CloudTrail/us-east-1/{DAY}/{NAME}0813Z_00010000otherxyz.json.gz P OTHER_TRAIL",
    exit=0,
    objects=14,
)
def other_trail_beside(chain: Chain, setting: Setting) -> None:
    other = Chain(chain.signer, trail="my_trail.one_us-east-1_b")
    for n in (1, 2):
        begin = START + n * HOUR + dt.timedelta(minutes=7)
        logs = [other.log(begin + dt.timedelta(minutes=5 + i), f"{n:04d}{i:04d}otherxyz") for i in (0, 1)]
        other.digest(begin, begin + HOUR, logs, starting=n == 1)
    chain.objects |= other.objects


@case("A backfill digest lists a log that came late.", f"{DIGEST}110131Z_backfill.json.gz P BACKFILL", exit=0, objects=12)
def backfill_digest(chain: Chain, setting: Setting) -> None:
    late = chain.log(START + dt.timedelta(minutes=200), "latelatelatelate")
    chain.digest(START + 3 * HOUR, START + 4 * HOUR, [late], backfill=True)


@case(
    "A backfill digest with a bad signature, and the log it lists.",
    f"{DIGEST}110131Z_backfill.json.gz D SIGNATURE_BAD; "
    f"CloudTrail/us-east-1/{DAY}/{NAME}1021Z_latelatelatelate.json.gz U DIGEST_NOT_PROVEN",
    objects=12,
)
def backfill_signature_bad(chain: Chain, setting: Setting) -> None:
    late = chain.log(START + dt.timedelta(minutes=200), "latelatelatelate")
    made = chain.digest(START + 3 * HOUR, START + 4 * HOUR, [late], backfill=True)
    chain.objects[made].metadata["signature"] = "00" * 256


@case("A digest lists a log that was delivered the hour before (late digests do).", exit=0)
def log_listed_by_later_digest(chain: Chain, setting: Setting) -> Chain:
    clean_ = {n: json.loads(chain.objects[chain.digests[n]].content)["logFiles"] for n in (1, 2)}
    return rebuilt({1: {"logFiles": clean_[1][:1]}, 2: {"logFiles": [clean_[1][1], *clean_[2]]}})
