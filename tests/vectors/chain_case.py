"""What a case of ``tests/vectors/chain`` is: a chain of six hours, one mutation, and what must be said of it.

What is wanted is written here by hand, from the design, never copied from what the library answers. Aliases: ``d2`` is the
digest of hour 2 (window end 10:01:31), ``l2.0`` its first log, ``b2`` the hour's backfill digest, ``b2.0`` the late log that it
lists; anything else is a key below the account's folder. ``D U I P``
stand for DISPROVEN, UNPROVABLE, INCOMPLETE, PROVEN; what is not named must be PROVEN.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.vectors.make_chain import HOUR, Chain, Obj, Signer, gzipped, hourly, utc

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
    older: dict[str, list[Obj]] = field(default_factory=dict)  # versions below what is there now, oldest first
    marked: dict[str, dt.datetime] = field(default_factory=dict)  # delete markers on top


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


def late_log(chain: Chain, hour: int) -> str:
    """Key of ``b2.0``: a log of an hour that its digest does not list."""
    return chain.log_key(START + hour * HOUR + dt.timedelta(minutes=43), f"{hour:04d}latelatelate")


LATE_HOURS = (1, 3, 4)


def with_backfill(chain: Chain, *, signer: Signer | None = None, **changes: dict[str, Any]) -> Chain:
    """Three backfill digests, each of one late log, put into ``chain``: ``b1`` begins the chain, ``b3`` and ``b4`` follow.

    ``changes``: document fields by alias.
    """
    for hour in LATE_HOURS:
        begin = START + hour * HOUR
        key_ = chain.log(begin + dt.timedelta(minutes=43), f"{hour:04d}latelatelate")
        chain.digest(begin, begin + HOUR, [key_], backfill=True, signer=signer, **changes.get(f"b{hour}", {}))
    return chain


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
    item.body = gzipped(json.dumps(document, separators=(",", ":")).encode())


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
        }
        | ({"organization": chain.organization} if chain.organization else {}),
        "from": utc(setting.start),
        "to": utc(setting.end),
        "now": utc(setting.now),
        "status": setting.status,
        "faults": setting.faults,
        "keys": setting.keys,
        "keys_fault": setting.keys_fault,
        "delete": [] if item.name == "clean" else sorted(set(clean.objects) - set(chain.objects)),
        "put": dict(sorted(put.items())),
        **({"older": {k: [_object(o) for o in found] for k, found in sorted(setting.older.items())}} if setting.older else {}),
        **({"marked": {k: utc(at) for k, at in sorted(setting.marked.items())}} if setting.marked else {}),
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
    modified = utc(item.modified) if item.modified else None
    return {"body": base64.b64encode(item.body).decode(), "metadata": item.metadata, "modified": modified}


def _key(chain: Chain, alias: str) -> str:
    if alias[0] == "d" and alias[1:].isdigit():
        return chain.digest_key(START + (int(alias[1:]) + 1) * HOUR)
    if alias[0] == "l" and alias[1:].replace(".", "").isdigit():
        return log(chain, alias)
    if alias[0] == "b" and alias[1:].isdigit():
        return chain.digest_key(START + (int(alias[1:]) + 1) * HOUR, backfill=True)
    if alias[0] == "b" and alias[1:].replace(".", "").isdigit():
        return late_log(chain, int(alias[1:].split(".", maxsplit=1)[0]))
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
