"""Cases: the backfill chain. Three backfill digests beside the clean chain, each of one log that came late."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.vectors.chain_case import ALL_UNREAD, END, ENDS, SOON, START, Setting, case, key, late_log, log, with_backfill
from tests.vectors.make_chain import HOUR, Chain, Obj, Signer, gzipped

ALL = "b1 U {0}; b3 U {0}; b4 U {0}; b1.0 U {1}; b3.0 U {1}; b4.0 U {1}"
_UNDER = "b3.0 U DIGEST_NOT_PROVEN"
STANDARD_UNREAD = "; ".join(f"{end} U KEYS_DENIED" for end in ENDS) + f"; {ALL_UNREAD}"
OBJECTS = 16  # ten logs of the chain, three backfill digests, three late logs


def digest_of(chain: Chain, hour: int) -> str:
    """Key of an hour's backfill digest."""
    return chain.digest_key(START + (hour + 1) * HOUR, backfill=True)


def named(name: str) -> Callable[[Any], Any]:
    """The function under another name: the vector's."""

    def rename(function: Any) -> Any:
        function.__name__ = name
        return function

    return rename


@case(
    "A backfill chain of three: the first begins it.",
    "b1 P BACKFILL_STARTING; b3 P BACKFILL; b4 P BACKFILL",
    exit=0,
    objects=OBJECTS,
)
def backfill_chain(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)


@case("A backfill digest that lists nothing.", "b5 P BACKFILL", exit=0, objects=OBJECTS + 1)
def backfill_empty(chain: Chain, setting: Setting) -> None:
    with_backfill(chain).digest(END - HOUR, END, [], backfill=True)


# Backfill digests that are absent. No hour owes one: only a successor's word shows that one existed.


@case("One deleted; the next names it.", "b3 D MISSING_LINKED; b3.0 U DIGEST_NOT_PROVEN", objects=OBJECTS)
def backfill_deleted_middle(chain: Chain, setting: Setting) -> None:
    del with_backfill(chain).objects[digest_of(chain, 3)]


@case(
    "The newest deleted: nobody names it, but the log that it listed is in no digest now.", "b4.0 D UNLISTED", objects=OBJECTS - 1
)
def backfill_deleted_newest(chain: Chain, setting: Setting) -> None:
    del with_backfill(chain).objects[digest_of(chain, 4)]


@case(
    "Two in a row deleted: the newer is named, the older one's log is in no digest.",
    "b3 D MISSING_LINKED; b1.0 D UNLISTED; b3.0 U DIGEST_NOT_PROVEN",
    objects=OBJECTS - 1,
)
def backfill_deleted_two_in_a_row(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)
    for hour in (1, 3):
        del chain.objects[digest_of(chain, hour)]


@case("All deleted.", "b1.0 D UNLISTED; b3.0 D UNLISTED; b4.0 D UNLISTED", objects=OBJECTS - 3)
def backfill_deleted_all(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)
    for hour in (1, 3, 4):
        del chain.objects[digest_of(chain, hour)]


@case("All deleted, and their logs too: no trace is left, and nothing can be told.", exit=0)
def backfill_deleted_all_with_logs(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)
    for hour in (1, 3, 4):
        del chain.objects[digest_of(chain, hour)], chain.objects[late_log(chain, hour)]


@case("A late log before its backfill digest comes.", "b5.0 I AWAITING_DIGEST", exit=3, objects=11)
def backfill_not_yet_there(chain: Chain, setting: Setting) -> None:
    chain.objects[late_log(chain, 5)] = Obj(gzipped(b'{"Records":[]}'), {}, END)
    setting.now = SOON


@case("The range begins after the predecessor of its first backfill digest, which is there.", exit=0, slots=3, objects=6)
def backfill_predecessor_before_range(chain: Chain, setting: Setting) -> None:
    _only_first_and_last(chain)
    setting.start = START + 3 * HOUR


@case("The same, and the predecessor is gone: it belongs to another range, where it is told.", exit=0, slots=2, objects=6)
def backfill_predecessor_before_range_deleted(chain: Chain, setting: Setting) -> None:
    _only_first_and_last(chain)
    del chain.objects[digest_of(chain, 0)]
    setting.start = START + 4 * HOUR


def _only_first_and_last(chain: Chain) -> None:
    for hour in (0, 4):
        late = chain.log(START + hour * HOUR + (END - START) / 12, f"{hour:04d}latelatelate")
        chain.digest(START + hour * HOUR, START + (hour + 1) * HOUR, [late], backfill=True)


# Backfill digests that were altered: blamed themselves, their log with them, no neighbour.


def _edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Obj], None]:
    def damage(item: Obj) -> None:
        document = json.loads(item.content)
        change(document)
        item.body = gzipped(json.dumps(document, separators=(",", ":")).encode())

    return damage


def _body(change: Callable[[Obj], bytes]) -> Callable[[Obj], None]:
    def damage(item: Obj) -> None:
        item.body = change(item)

    return damage


def _metadata(change: Callable[[dict[str, str]], Any]) -> Callable[[Obj], None]:
    def damage(item: Obj) -> None:
        item.metadata = dict(item.metadata)
        change(item.metadata)

    return damage


DAMAGE: dict[str, tuple[str, Callable[[Obj], None]]] = {
    "signature_bit_flipped": ("D SIGNATURE_BAD", _metadata(lambda m: m.update(signature=f"{int(m['signature'], 16) ^ 1:0512x}"))),
    "entry_removed": ("D SIGNATURE_BAD", _edited(lambda d: d["logFiles"].pop())),
    "metadata_algorithm_altered": (
        "U ALGORITHM_UNSUPPORTED",
        _metadata(lambda m: m.update({"signature-algorithm": "SHA1withRSA"})),
    ),
    "without_timestamp": ("U BACKFILL_NO_TIMESTAMP", _metadata(lambda m: m.pop("backfill-generation-timestamp"))),
    "timestamp_impossible": (
        "U BACKFILL_NO_TIMESTAMP",
        _metadata(lambda m: m.update({"backfill-generation-timestamp": "2019-01-01T00:00:00.000Z"})),
    ),
    "not_gzip": ("D NOT_GZIP", _body(lambda o: o.content)),
    "truncated": ("D TRUNCATED", _body(lambda o: o.body[:-20])),
    "crc_wrong": ("D CRC_MISMATCH", _body(lambda o: o.body[:-8] + bytes([o.body[-8] ^ 1]) + o.body[-7:])),
    "appended_member": ("D APPENDED_MEMBER", _body(lambda o: o.body + gzipped(b"{}"))),
    "trailing_bytes": ("D TRAILING_DATA", _body(lambda o: o.body + b"\0")),
    "not_json": ("D BAD_JSON", _body(lambda o: gzipped(b'{"awsAccountId": '))),
    "without_logfiles": ("D SCHEMA", _edited(lambda d: d.pop("logFiles"))),
    "bomb": ("U TOO_LARGE", _body(lambda o: gzipped(b"\0" * (2 << 20), 9))),
}


def _register(name: str, want: str, damage: Callable[[Obj], None]) -> None:
    @case(f"A backfill digest altered: {name.replace('_', ' ')}.", f"b3 {want}; {_UNDER}", objects=OBJECTS)
    @named(f"backfill_{name}")
    def mutate(chain: Chain, setting: Setting) -> None:
        damage(with_backfill(chain).objects[digest_of(chain, 3)])


for _name, (_want, _damage) in DAMAGE.items():
    _register(_name, _want, _damage)


@case("A backfill digest recompressed.", "b3 P BACKFILL", exit=0, objects=OBJECTS)
def backfill_recompressed(chain: Chain, setting: Setting) -> None:
    item = with_backfill(chain).objects[digest_of(chain, 3)]
    item.body = gzip.compress(item.content, compresslevel=1, mtime=12345)


@case("All metadata removed: the next backfill digest holds the signature.", "b3 P SIGNED_BY_SUCCESSOR", exit=0, objects=OBJECTS)
def backfill_metadata_missing(chain: Chain, setting: Setting) -> None:
    with_backfill(chain).objects[digest_of(chain, 3)].metadata = {}


@case("The newest one's metadata removed.", "b4 U METADATA_MISSING; b4.0 U DIGEST_NOT_PROVEN", objects=OBJECTS)
def backfill_newest_metadata_missing(chain: Chain, setting: Setting) -> None:
    with_backfill(chain).objects[digest_of(chain, 4)].metadata = {}


@case(
    "Metadata removed and content altered: the next one records another hash.",
    f"b3 D HASH_DISAGREES_WITH_SUCCESSOR; {_UNDER}",
    objects=OBJECTS,
)
def backfill_metadata_missing_content_altered(chain: Chain, setting: Setting) -> None:
    item = with_backfill(chain).objects[digest_of(chain, 3)]
    _edited(lambda d: d["logFiles"].pop())(item)
    item.metadata = {}


@case("One overwritten with its predecessor.", f"b3 D MOVED; {_UNDER}", objects=OBJECTS)
def backfill_overwritten_by_another(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)
    chain.objects[digest_of(chain, 3)] = replace(chain.objects[digest_of(chain, 1)])


@case("One cannot be read: 403.", "b3 U DENIED; b3.0 U DIGEST_NOT_READ", exit=3, objects=OBJECTS)
def backfill_denied(chain: Chain, setting: Setting) -> None:
    setting.faults[digest_of(with_backfill(chain), 3)] = "denied"


@case("One lies in Glacier.", "b3 U COLD; b3.0 U DIGEST_NOT_READ", exit=3, objects=OBJECTS)
def backfill_cold(chain: Chain, setting: Setting) -> None:
    setting.faults[digest_of(with_backfill(chain), 3)] = "cold"


# Backfill digests that are signed and wrong.


def _signed(name: str, desc: str, want: str, *, exit_: int = 1, objects: int = OBJECTS, **changes: Any) -> None:
    @case(desc, want, exit=exit_, objects=objects)
    @named(f"signed_backfill_{name}")
    def mutate(chain: Chain, setting: Setting) -> None:
        with_backfill(chain, b3=changes)


_NULL = dict.fromkeys(
    (
        "previousDigestS3Bucket",
        "previousDigestS3Object",
        "previousDigestHashValue",
        "previousDigestHashAlgorithm",
        "previousDigestSignature",
    )
)
_signed(
    "wrong_previous_hash", "It records another hash.", f"b3 D CHAIN_HASH_MISMATCH; {_UNDER}", previousDigestHashValue="0" * 64
)
_signed(
    "wrong_previous_signature",
    "It records another signature.",
    f"b3 D CHAIN_SIGNATURE_MISMATCH; {_UNDER}",
    previousDigestSignature="00" * 256,
)
_signed(
    "hash_algorithm_unsupported",
    "It names an unknown algorithm of its predecessor's hash.",
    "b3 U HASH_ALGORITHM_UNSUPPORTED; b3.0 U HASH_ALGORITHM_UNSUPPORTED",
    previousDigestHashAlgorithm="SHA3-512",
)
_signed("starting_mid_chain", "It names no predecessor.", "b3 P BACKFILL_STARTING", exit_=0, **_NULL)
_signed(
    "predecessor_elsewhere",
    "Its predecessor lies in another bucket: the trail was moved, which takes nothing from it.",
    "b3 P BACKFILL",
    exit_=0,
    previousDigestS3Bucket="older-bucket",
)
_signed("wrong_account", "It is of another account.", f"b3 D WRONG_ACCOUNT; {_UNDER}", awsAccountId="999999999999")
_signed("end_is_not_name", "Its window ends elsewhere.", f"b3 D BAD_FILENAME; {_UNDER}", digestEndTime="2026-03-10T10:45:00Z")
_signed(
    "algorithm_unsupported",
    "It names an algorithm nobody verifies.",
    f"b3 U ALGORITHM_UNSUPPORTED; {_UNDER}",
    digestSignatureAlgorithm="SHA512withECDSA",
)
_signed(
    "windows_overlap",
    "Its window is longer than an hour and meets others: that says nothing of a backfill digest.",
    "b3 P BACKFILL",
    exit_=0,
    digestStartTime="2026-03-10T08:01:31Z",
)


@case("Two name the same predecessor.", "b4 D FORK; b4.0 U DIGEST_NOT_PROVEN", objects=OBJECTS)
def signed_backfill_fork(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)
    second = json.loads(chain.objects[digest_of(chain, 3)].content)
    link = {k: v for k, v in second.items() if k.startswith("previousDigest")}
    chain.digest(START + 4 * HOUR, START + 5 * HOUR, [late_log(chain, 4)], backfill=True, **link)


@case("A backfill digest and the hour's digest list one log with different hashes.", "l1.0 D LISTED_TWICE", objects=OBJECTS)
def signed_backfill_log_listed_twice(chain: Chain, setting: Setting) -> None:
    other = json.loads(chain.objects[chain.digests[1]].content)["logFiles"][0] | {"hashValue": "ab" * 32}
    mine = with_backfill(_copy(chain))
    entry = json.loads(mine.objects[digest_of(mine, 3)].content)["logFiles"]
    with_backfill(chain, b3={"logFiles": [*entry, other]})


def _copy(chain: Chain) -> Chain:
    return Chain(chain.signer, objects={k: replace(o) for k, o in chain.objects.items()}, digests=[*chain.digests])


# The late logs themselves.


@case("A late log deleted.", "b3.0 D MISSING", objects=OBJECTS)
def backfill_log_deleted(chain: Chain, setting: Setting) -> None:
    del with_backfill(chain).objects[late_log(chain, 3)]


LOG_DAMAGE: dict[str, tuple[str, Callable[[Obj], None]]] = {
    "content_changed": ("D HASH_MISMATCH", _body(lambda o: gzipped(o.content.replace(b"eventID", b"eventId")))),
    "not_gzip": ("D NOT_GZIP", _body(lambda o: o.content)),
    "crc_wrong": ("D CRC_MISMATCH", _body(lambda o: o.body[:-8] + bytes([o.body[-8] ^ 1]) + o.body[-7:])),
    "without_gzip_trailer": ("D TRUNCATED", _body(lambda o: o.body[:-8])),
    "appended_member": ("D APPENDED_MEMBER", _body(lambda o: o.body + gzipped(b"{}"))),
    "trailing_bytes": ("D TRAILING_DATA", _body(lambda o: o.body + b"\n")),
}


def _register_log(name: str, want: str, damage: Callable[[Obj], None]) -> None:
    @case(f"A late log altered: {name.replace('_', ' ')}.", f"b3.0 {want}", objects=OBJECTS)
    @named(f"backfill_log_{name}")
    def mutate(chain: Chain, setting: Setting) -> None:
        damage(with_backfill(chain).objects[late_log(chain, 3)])


for _name, (_want, _damage) in LOG_DAMAGE.items():
    _register_log(_name, _want, _damage)


@case("A late log lies in Glacier.", "b3.0 U COLD", exit=3, objects=OBJECTS)
def backfill_log_cold(chain: Chain, setting: Setting) -> None:
    setting.faults[late_log(with_backfill(chain), 3)] = "cold"


@case("A late log cannot be read: 403.", "b3.0 U DENIED", exit=3, objects=OBJECTS)
def backfill_log_denied(chain: Chain, setting: Setting) -> None:
    setting.faults[late_log(with_backfill(chain), 3)] = "denied"


@case("A backfill digest lists a log of another bucket.", "l9.9 U OUTSIDE_SCOPE", objects=OBJECTS + 1)
def signed_backfill_log_elsewhere(chain: Chain, setting: Setting) -> None:
    mine = with_backfill(_copy(chain))
    entry = json.loads(mine.objects[digest_of(mine, 3)].content)["logFiles"]
    far = entry[0] | {"s3Bucket": "other-bucket", "s3Object": log(chain, "l9.9")}
    with_backfill(chain, b3={"logFiles": [*entry, far]})


# Keys.


@case("Its key is known to nobody.", ALL.format("KEY_NOT_FOUND", "DIGEST_NOT_PROVEN"), objects=OBJECTS)
def backfill_key_unknown(chain: Chain, setting: Setting) -> None:
    with_backfill(chain, signer=Signer(2))


@case("Backfill digests are signed by another key than the hours', both known.", "b3 P BACKFILL", exit=0, objects=OBJECTS)
def backfill_key_rotated(chain: Chain, setting: Setting) -> None:
    with_backfill(chain, signer=Signer(2))
    setting.keys.append(key(Signer(2), start="2026-03-10T10:00:00Z"))


@case("The key is listed under its fingerprint and is another one.", ALL.format("KEY_BAD", "DIGEST_NOT_PROVEN"), objects=OBJECTS)
def backfill_key_under_wrong_fingerprint(chain: Chain, setting: Setting) -> None:
    with_backfill(chain, signer=Signer(2))
    setting.keys.append(key(Signer(3)) | {"fingerprint": Signer(2).fingerprint})


@case(
    "Its key was not valid yet when the first one was made, and was when the others were.",
    "b1 U KEY_OUT_OF_VALIDITY; b1.0 U DIGEST_NOT_PROVEN; b3 P BACKFILL",
    objects=OBJECTS,
)
def backfill_key_not_yet_valid(chain: Chain, setting: Setting) -> None:
    with_backfill(chain, signer=Signer(2))
    setting.keys.append(key(Signer(2), start="2026-03-10T12:30:00Z"))


@case("ListPublicKeys is denied.", f"{STANDARD_UNREAD}; {ALL.format('KEYS_DENIED', 'DIGEST_NOT_READ')}", exit=3, objects=OBJECTS)
def backfill_keys_denied(chain: Chain, setting: Setting) -> None:
    with_backfill(chain)
    setting.keys_fault = "denied"
