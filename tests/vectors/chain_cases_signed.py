"""Cases: digests that are signed and wrong, and the keys they are signed with."""

import datetime as dt
import json

from tests.vectors.chain_case import ALL_UNDER, ALL_UNREAD, ENDS, START, UNDER_2, Setting, case, key, log, rebuilt
from tests.vectors.make_chain import HOUR, Chain, Signer, hourly

# Digests that are signed and wrong (a fault of the service, or of its key).


@case("A signed digest records another hash of its predecessor (aws-cli: exit 0).", f"10:01:31 D CHAIN_HASH_MISMATCH; {UNDER_2}")
def signed_wrong_previous_hash(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"previousDigestHashValue": "0" * 64}})


@case("A signed digest records another signature of its predecessor.", f"10:01:31 D CHAIN_SIGNATURE_MISMATCH; {UNDER_2}")
def signed_wrong_previous_signature(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"previousDigestSignature": "00" * 256}})


@case(
    "A signed digest names an unknown algorithm of its predecessor's hash.",
    "10:01:31 U HASH_ALGORITHM_UNSUPPORTED; l2.0 U HASH_ALGORITHM_UNSUPPORTED; l2.1 U HASH_ALGORITHM_UNSUPPORTED",
)
def signed_previous_hash_algorithm_unsupported(chain: Chain, setting: Setting) -> Chain:
    return rebuilt({2: {"previousDigestHashAlgorithm": "SHA3-512"}})


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
