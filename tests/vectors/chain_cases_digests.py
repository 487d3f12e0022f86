"""Cases: digests that are absent, and digests that were altered."""

import datetime as dt
import gzip
import json
from dataclasses import replace

from tests.vectors.chain_case import ALL_UNDER, DAY, DIGEST, END, SOON, START, UNDER_2, UNDER_5, Setting, case, edit
from tests.vectors.make_chain import HOUR, Chain, Signer, gzipped, utc

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
    setting.status = {"is_logging": False, "started": utc(START), "stopped": "2026-03-10T12:58:00Z"}


@case(
    "The trail logs on, and three hours after the newest digest have none.",
    "14:01:31 D MISSING_TAIL; 15:01:31 D MISSING_TAIL; 16:01:31 D MISSING_TAIL",
    slots=9,
)
def trail_silent_while_logging(chain: Chain, setting: Setting) -> None:
    setting.end = END + dt.timedelta(hours=3, minutes=30)
    setting.status = {"is_logging": True, "started": utc(START)}


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
    chain.objects[chain.digests[2]].body += gzipped(b"{}")


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
    chain.objects[chain.digests[2]].body = gzipped(b'{"awsAccountId": ')


@case("A digest nested 100,000 deep.", f"10:01:31 D BAD_JSON; {UNDER_2}")
def digest_nested_deep(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].body = gzipped(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


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


@case("A digest that inflates beyond the limit.", f"10:01:31 U TOO_LARGE; {UNDER_2}")
def digest_bomb(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].body = gzipped(b"\0" * (2 << 20), 9)


@case(
    "The first digest is altered, and the range begins earlier: it may have been a starting digest, or not.",
    "06:01:31 U BEGINNING_UNKNOWN; 07:01:31 U BEGINNING_UNKNOWN; 08:01:31 D SIGNATURE_BAD; "
    "l0.0 U DIGEST_NOT_PROVEN; l0.1 U DIGEST_NOT_PROVEN",
    slots=8,
)
def digest_first_altered_range_earlier(chain: Chain, setting: Setting) -> None:
    edit(chain, 0, lambda d: d["logFiles"].reverse())
    setting.start = START - dt.timedelta(hours=1, minutes=30)
