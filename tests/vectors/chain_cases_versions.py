"""Cases: a bucket that keeps versions. What was deleted or overwritten is still there, is proven, and the deed is told."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.vectors.chain_case import LATER, UNDER_2, Setting, case, late_log, log, with_backfill
from tests.vectors.chain_cases_backfill import OBJECTS, digest_of, named
from tests.vectors.make_chain import Chain, Obj, Signer, gzipped

DELETED, OVERWRITTEN, DIFFER = "P RECOVERED_DELETED", "P RECOVERED_OVERWRITTEN", "P BYTES_DIFFER"
Pick = Callable[[Chain], str]
_WHERE: dict[str, tuple[str, Pick, int]] = {
    "digest": ("10:01:31", lambda chain: chain.digests[2], 10),
    "log": ("l2.0", lambda chain: log(chain, "l2.0"), 10),
    "backfill": ("b3", lambda chain: digest_of(with_backfill(chain), 3), OBJECTS),
    "backfill_log": ("b3.0", lambda chain: late_log(with_backfill(chain), 3), OBJECTS),
}


def _altered(item: Obj) -> Obj:
    return replace(item, body=gzipped(item.content.replace(b"2026", b"2025")))


def _deleted(chain: Chain, setting: Setting, key: str, *versions: Obj) -> None:
    setting.older[key] = list(versions)
    setting.marked[key] = LATER
    del chain.objects[key]


def _overwritten(chain: Chain, setting: Setting, key: str, now: Obj, *versions: Obj) -> None:
    setting.older[key] = list(versions)
    chain.objects[key] = now


def _register(kind: str, alias: str, pick: Pick, objects: int) -> None:
    options: dict[str, Any] = {"exit": 1, "objects": objects}

    @case("Deleted; a delete marker hides the genuine version.", f"{alias} {DELETED}", **options)
    @named(f"{kind}_deleted_older_version_there")
    def deleted(chain: Chain, setting: Setting) -> None:
        key = pick(chain)
        _deleted(chain, setting, key, chain.objects[key])

    @case("Overwritten with something altered; the genuine version is there.", f"{alias} {OVERWRITTEN}", **options)
    @named(f"{kind}_overwritten_older_version_there")
    def overwritten(chain: Chain, setting: Setting) -> None:
        key = pick(chain)
        genuine = chain.objects[key]
        _overwritten(chain, setting, key, _altered(genuine), genuine)

    @case("Overwritten twice; the genuine version is the oldest.", f"{alias} {OVERWRITTEN}", **options)
    @named(f"{kind}_overwritten_twice_oldest_version_there")
    def overwritten_twice(chain: Chain, setting: Setting) -> None:
        key = pick(chain)
        genuine = chain.objects[key]
        _overwritten(chain, setting, key, replace(genuine, body=b"junk"), genuine, _altered(genuine))

    @case("Compressed anew over the genuine version: same content, other bytes.", f"{alias} {DIFFER}", exit=0, objects=objects)
    @named(f"{kind}_recompressed_older_version_there")
    def recompressed(chain: Chain, setting: Setting) -> None:
        key = pick(chain)
        genuine = chain.objects[key]
        again = replace(genuine, body=gzip.compress(genuine.content, compresslevel=1, mtime=12345))
        _overwritten(chain, setting, key, again, genuine)

    @case("Put anew with the very same bytes: nothing to tell.", exit=0, objects=objects)
    @named(f"{kind}_put_twice_with_same_bytes")
    def same(chain: Chain, setting: Setting) -> None:
        key = pick(chain)
        _overwritten(chain, setting, key, replace(chain.objects[key]), chain.objects[key])


for _kind, (_alias, _pick, _objects) in _WHERE.items():
    _register(_kind, _alias, _pick, _objects)


@case("Deleted, and the version below the delete marker was altered before.", "l2.0 D MISSING")
def log_deleted_older_version_altered(chain: Chain, setting: Setting) -> None:
    key = log(chain, "l2.0")
    _deleted(chain, setting, key, _altered(chain.objects[key]))


@case(
    "A digest deleted, and the version below the delete marker is signed by another key.", f"10:01:31 D MISSING_LINKED; {UNDER_2}"
)
def digest_deleted_older_version_forged(chain: Chain, setting: Setting) -> None:
    key = chain.digests[2]
    genuine = chain.objects[key]
    _deleted(chain, setting, key, replace(genuine, metadata=genuine.metadata | {"signature": Signer(2).sign("anything")}))


@case(
    "The newest digests deleted, their versions kept: the hours are proven all the same.",
    "; ".join(f"{end}:01:31 {DELETED}" for end in ("11", "12", "13")),
)
def digests_newest_deleted_older_versions_there(chain: Chain, setting: Setting) -> None:
    for key in chain.digests[3:]:
        _deleted(chain, setting, key, chain.objects[key])


@case("A digest's metadata was lost by a copy onto itself; the version before has it.", f"10:01:31 {OVERWRITTEN}")
def digest_copied_without_metadata_older_version_there(chain: Chain, setting: Setting) -> None:
    key = chain.digests[2]
    _overwritten(chain, setting, key, replace(chain.objects[key], metadata={}), chain.objects[key])


@case("A digest and a log of it deleted, both versions kept.", f"10:01:31 {DELETED}; l2.0 {DELETED}")
def digest_and_its_log_deleted_older_versions_there(chain: Chain, setting: Setting) -> None:
    for key in (chain.digests[2], log(chain, "l2.0")):
        _deleted(chain, setting, key, chain.objects[key])
