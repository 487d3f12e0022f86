"""Cases: what could not be looked at, logs, and what lies beside the chain."""

import datetime as dt
import gzip
import json
from dataclasses import replace

from tests.vectors.chain_case import DAY, DIGEST, NAME, SOON, START, UNDER_2, Setting, case, log, rebuilt
from tests.vectors.make_chain import HOUR, Chain, Obj, gzipped

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


@case("S3 refuses a log: it was overwritten with a customer's own key.", "l2.0 U REFUSED", exit=3)
def log_refused(chain: Chain, setting: Setting) -> None:
    setting.faults[log(chain, "l2.0")] = "refused"


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
    item.body = gzipped(item.content.replace(b"eventID", b"eventId"))


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
    chain.objects[log(chain, "l2.0")].body += gzipped(b'{"Records":[]}')


@case("Bytes appended to a log.", "l2.0 D TRAILING_DATA")
def log_trailing_bytes(chain: Chain, setting: Setting) -> None:
    chain.objects[log(chain, "l2.0")].body += b"\n"


@case("A log that inflates beyond the limit.", "l2.0 U TOO_LARGE")
def log_bomb(chain: Chain, setting: Setting) -> None:
    chain.objects[log(chain, "l2.0")].body = gzipped(b"\0" * (2 << 20), 9)


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


@case(
    "A backfill digest lists a log that came late.", f"{DIGEST}110131Z_backfill.json.gz P BACKFILL_STARTING", exit=0, objects=12
)
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
