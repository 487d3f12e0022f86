"""Cases: what happens to trails: keys rotate, logging stops, trails are renamed and moved, digests come late and out of order."""

import datetime as dt
import json

from tests.vectors.chain_case import END, LATER, START, Setting, case, key, log, rebuilt
from tests.vectors.make_chain import HOUR, Chain, Signer, gzipped, hourly, utc

FIRST_THREE = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1))


# Keys.


@case("Keys of 30 days that overlap by one: the hours around the rotation are signed by either.", exit=0)
def key_rotated_with_overlap(chain: Chain, setting: Setting) -> Chain:
    made = _same_logs(chain)
    for n in range(6):
        signer = Signer((1, 2, 1, 2, 2, 2)[n])
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0, signer=signer)
    setting.keys = [key(Signer(1), start="2026-02-09T10:00:00Z", end="2026-03-11T10:00:00Z")]
    setting.keys += [key(Signer(2), start="2026-03-10T09:00:00Z", end="2026-04-09T09:00:00Z")]
    return made


@case(
    "The first digest is signed by a key that is valid only hours later.",
    "08:01:31 U KEY_OUT_OF_VALIDITY; l0.0 U DIGEST_NOT_PROVEN; l0.1 U DIGEST_NOT_PROVEN",
)
def signed_before_key_is_valid(chain: Chain, setting: Setting) -> Chain:
    made = _same_logs(chain)
    for n in range(6):
        signer = Signer(2 if n in (0, 5) else 1)
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0, signer=signer)
    setting.keys += [key(Signer(2), start="2026-03-10T12:30:00Z", end="2026-04-09T09:00:00Z")]
    return made


# Beginnings and ends.


@case(
    "A final digest of half an hour, then nothing: logging stopped.",
    "12:31:31 P OK",
    exit=0,
    slots=5,
)
def final_digest(chain: Chain, setting: Setting) -> Chain:
    setting.status = {"is_logging": False, "started": utc(START), "stopped": "2026-03-10T12:25:00Z"}
    return _stopped_at_half(chain)


@case(
    "The same, and nobody says that logging stopped: the hours after it are owed.",
    "13:31:31 D MISSING_TAIL; l5.0 P OK; l5.1 P OK",
)
def final_digest_and_no_status(chain: Chain, setting: Setting) -> Chain:
    setting.end = END + dt.timedelta(minutes=30)
    return _stopped_at_half(chain)


@case(
    "Stopped with a final digest, started again two hours later with a starting digest: what lies between is nobody's.",
    "10:31:31 U LOGGING_GAP; 11:31:31 U LOGGING_GAP; l2.1 U DIGEST_NOT_PROVEN; 12:01:31 P STARTING",
    slots=7,
)
def logging_stopped_and_restarted(chain: Chain, setting: Setting) -> Chain:
    made = _same_logs(chain)
    for n in (0, 1):
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0)
    made.digest(START + 2 * HOUR, START + 2.5 * HOUR, [log(made, "l2.0")])
    made.digest(START + 4.5 * HOUR, START + 5 * HOUR, _logs(made, 4), starting=True)
    made.digest(START + 5 * HOUR, END, _logs(made, 5))
    return made


# A trail renamed, moved, or of an organization.


@case(
    "A trail deleted and made again under another name: the old one's digests still vouch for the logs of its time.",
    "; ".join(f"l{n}.{i} P OTHER_TRAIL" for n, i in FIRST_THREE) + "; 11:01:31 P STARTING",
    exit=0,
    slots=3,
)
def trail_renamed(chain: Chain, setting: Setting) -> Chain:
    made = _same_logs(chain)
    old = Chain(chain.signer, trail="my_old.trail", objects=made.objects)
    for n in range(3):
        old.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0)
    for n in range(3, 6):
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 3)
    return made


@case(
    "The bucket was changed after three hours: what came before lies there, and is not proven here.",
    "; ".join(f"{end}:01:31 U PREDECESSOR_ELSEWHERE" for end in ("08", "09", "10")),
    objects=4,
)
def bucket_changed_mid_range(chain: Chain, setting: Setting) -> Chain:
    return _moved(chain, {"bucket": "older-bucket"})


@case(
    "The prefix was changed after three hours.",
    "; ".join(f"{end}:01:31 U PREDECESSOR_ELSEWHERE" for end in ("08", "09", "10")),
    objects=4,
)
def prefix_changed_mid_range(chain: Chain, setting: Setting) -> Chain:
    return _moved(chain, {"prefix": "older"})


@case("An organization's trail: its folders hold the organization's name.", "08:01:31 P STARTING", exit=0)
def organization_layout(chain: Chain, setting: Setting) -> Chain:
    return hourly(Chain(Signer(1), organization="o-exampleorg1"), START, 6, empty=3)


# Late, and out of order.


@case("One digest came three hours late, after its successors (a bucket policy forbade it).", exit=0)
def digest_delivered_late(chain: Chain, setting: Setting) -> None:
    chain.objects[chain.digests[2]].modified = END + HOUR


@case("All digests but the first came in reverse order.", exit=0)
def digests_delivered_out_of_order(chain: Chain, setting: Setting) -> None:
    for n in range(1, 6):
        chain.objects[chain.digests[n]].modified = END + (7 - n) * dt.timedelta(minutes=20)


@case("A digest came a day late and was signed with that day's key.", exit=0)
def digest_late_with_newer_key(chain: Chain, setting: Setting) -> Chain:
    made = _same_logs(chain)
    for n in range(6):
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0, signer=Signer(2 if n == 2 else 1))
    made.objects[made.digests[2]].modified = END + 24 * HOUR
    setting.keys = [key(Signer(1), end="2026-03-10T20:00:00Z"), key(Signer(2), start="2026-03-11T09:00:00Z")]
    setting.now = LATER + 24 * HOUR
    return made


# What is signed and odd, and proves all the same.


@case("A log that holds no records: its bytes are what AWS signed. Reading it is the converter's matter (quarantine).", exit=0)
def log_without_records_hash_fine(chain: Chain, setting: Setting) -> Chain:
    name = log(chain, "l2.0")
    chain.objects[name].body = gzipped(b"not json at all")
    made = _same_logs(chain)
    for n in range(6):
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0)
    return made


@case("A signed digest states other event times than its log holds: they are no part of the proof.", exit=0)
def signed_event_times_disagree(chain: Chain, setting: Setting) -> Chain:
    logs = json.loads(chain.objects[chain.digests[2]].content)["logFiles"]
    wrong = {"newestEventTime": "2020-01-01T00:00:00Z", "oldestEventTime": "2020-01-01T00:00:00Z"}
    return rebuilt({2: {"logFiles": [entry | wrong for entry in logs]}})


def _same_logs(chain: Chain) -> Chain:
    return Chain(Signer(1), objects={k: o for k, o in chain.objects.items() if "Digest" not in k})


def _logs(chain: Chain, n: int) -> list[str]:
    return [name for name in (log(chain, f"l{n}.{i}") for i in (0, 1)) if name in chain.objects]


def _stopped_at_half(chain: Chain) -> Chain:
    made = _same_logs(chain)
    for n in range(4):
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n), starting=n == 0)
    made.digest(START + 4 * HOUR, START + 5.5 * HOUR, [*_logs(made, 4), *_logs(made, 5)])
    return made


def _moved(chain: Chain, old: dict[str, str]) -> Chain:
    """Three hours in another place, three here."""
    before = Chain(Signer(1), **old)  # type: ignore[arg-type]
    hourly(before, START, 3)
    made = Chain(Signer(1), previous=before.previous)
    for n in range(3, 6):
        for index in range(0 if n == 3 else 2):
            name = log(made, f"l{n}.{index}")
            made.objects[name] = chain.objects[name]
        made.digest(START + n * HOUR, START + (n + 1) * HOUR, _logs(made, n))
    return made
