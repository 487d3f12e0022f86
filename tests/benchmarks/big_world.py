"""Days of real size for benchmarks: seeded CloudTrail logs of DynamoDB events, signed hour by hour, put into a trail bucket.

Every record differs from every other: new event and request ids in bodies that repeat after some megabytes. Memory holds an hour.
"""

import datetime as dt
import gzip
import itertools
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from isal import isal_zlib
from tests import seaweedfs
from tests.benchmarks import logs
from tests.vectors.make_chain import HOUR, Chain, Obj, Signer

_BODIES = 48
_EVENTS = 290  # a file: half a megabyte of JSON
_IDS = re.compile(rb'("eventID":"|"requestID":")[^"]{36}')


@dataclass(frozen=True, slots=True)
class Made:
    """One day as made. Sizes in bytes: JSON, and as stored."""

    day: dt.date
    files: int
    records: int
    json: int
    stored: int


def fill(server: seaweedfs.SeaweedFS, chain: Chain, start: dt.datetime, sizes: list[int]) -> list[Made]:
    """Put a day for each of ``sizes`` (bytes of JSON) from ``start`` on, and the digest that ends the last one."""
    days: list[Made] = []
    bodies, client = _bodies(), server.client()

    def put(key: str, obj: Obj) -> None:
        client.put_object(Bucket=chain.bucket, Key=key, Body=obj.body, Metadata=obj.metadata, ContentEncoding="gzip")

    with ThreadPoolExecutor(8) as threads:
        for day, size in enumerate([*sizes, 0]):
            files = stored = written = 0
            for hour in range(24 if size else 1):
                begin = start + (24 * day + hour) * HOUR
                keys = []
                while written < size * (hour + 1) // 24:
                    content = next(bodies)
                    key = chain.log_key(begin + dt.timedelta(minutes=1 + files % 50), f"{day}{hour:02d}{files:08d}AbCdE")
                    chain.objects[key] = Obj(isal_zlib.compress(content, 2, 31), modified=begin)
                    keys.append(key)
                    files, written, stored = files + 1, written + len(content), stored + len(chain.objects[key].body)
                chain.digest(begin, begin + HOUR, keys, starting=day == hour == 0)
                list(threads.map(put, chain.objects.keys(), chain.objects.values()))
                chain.objects.clear()
            if size:
                days.append(Made((start + day * 24 * HOUR).date(), files, files * _EVENTS, written, stored))
    return days


def new_chain() -> Chain:
    """A chain with a key of its own."""
    return Chain(Signer(41), bucket="trail-bench", prefix="")


def _bodies() -> Iterator[bytes]:
    """File contents without end, no two records alike."""
    chance = Random(11)
    made = [gzip.decompress(body) for _, body in itertools.islice(logs.files(7, 1 << 40, _EVENTS), _BODIES)]
    for body in itertools.cycle(made):
        yield _IDS.sub(lambda found: found[1] + str(uuid.UUID(int=chance.getrandbits(128), version=4)).encode(), body)
