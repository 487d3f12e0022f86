"""The scenarios of docs/validation-parity.md, in its order."""

import gzip
import json

from tests.parity import OTHER, PAIR, STOPPED, Bench, scenario

_SLOT = "one verdict for each hour that was due, so an hour without digest is a finding"
_CONTENT = "it reads the whole gzip stream: one member, all of it, with its checksum"
_VERSIONS = "both exit with 1; ours looks at older versions, proves the content and tells who laid hands on it"
_LINKS = "a backfill digest must exist if a later one names it"


def _edited(bench: Bench, key: str) -> bytes:
    document = json.loads(bench.content(key))
    document["logFiles"] = document["logFiles"][1:]
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode())


@scenario("Nothing.", spot=True)
def clean(bench: Bench) -> None:
    pass


@scenario(
    "Nothing; another trail's name contains this one's.", "its pattern takes the other trail's digests for this one's", place=PAIR
)
def names_that_contain_each_other(bench: Bench) -> None:
    pass


@scenario("Nothing; this one's name contains another trail's.", place=OTHER)
def name_that_contains_the_others(bench: Bench) -> None:
    pass


@scenario("Nothing; logging was off for two hours.", "a gap that nobody signs is not proven", place=STOPPED, spot=True)
def stopped_and_started(bench: Bench) -> None:
    pass


@scenario("A byte of a log changed.")
def log_altered(bench: Bench) -> None:
    key = bench.logs()[2]
    bench.put(key, gzip.compress(bench.content(key).replace(b"ListTables", b"ListTablez", 1)))


@scenario("A log deleted.", spot=True)
def log_deleted(bench: Bench) -> None:
    bench.delete(bench.logs()[2])


@scenario("A log compressed again.")
def log_recompressed(bench: Bench) -> None:
    key = bench.logs()[2]
    bench.put(key, gzip.compress(bench.content(key), 1))


@scenario("A gzip member appended to a log.")
def log_appended_member(bench: Bench) -> None:
    key = bench.logs()[2]
    bench.put(key, bench.body(key) + gzip.compress(b'{"Records":[]}'))


@scenario("A log cut by its gzip trailer.", _CONTENT)
def log_without_trailer(bench: Bench) -> None:
    key = bench.logs()[2]
    bench.put(key, bench.body(key)[:-8])


@scenario("A log that no digest lists.", "every log in the folder must be listed")
def log_planted(bench: Bench) -> None:
    bench.put(bench.logs()[2].rpartition("_")[0] + "_plantedplanted00.json.gz", gzip.compress(b'{"Records":[]}'), {})


@scenario("A log moved to Glacier.", "it aborts the run; ours says of which object it could not look, and judges the rest")
def log_cold(bench: Bench) -> None:
    bench.put(bench.logs()[2], StorageClass="GLACIER")


@scenario("One digest deleted.", "its logs are told as not proven too")
def digest_deleted(bench: Bench) -> None:
    bench.delete(bench.digests()[2])


@scenario("Three digests in a row deleted.", "it counts one; ours every hour")
def digests_deleted_in_a_row(bench: Bench) -> None:
    bench.delete(*bench.digests()[2:5])


@scenario("The three newest digests deleted.", _SLOT, spot=True)
def digests_newest_deleted(bench: Bench) -> None:
    bench.delete(*bench.digests()[-3:])


@scenario("All digests deleted.", _SLOT)
def digests_all_deleted(bench: Bench) -> None:
    bench.delete(*bench.digests(), *bench.digests(backfill=True))


@scenario("A log's entry removed from a digest.", "its logs are told as not proven too")
def digest_entry_removed(bench: Bench) -> None:
    key = bench.digests()[0]
    bench.put(key, _edited(bench, key))


@scenario("A digest overwritten with its predecessor.", "its logs are told as not proven too")
def digest_replaced(bench: Bench) -> None:
    bench.put(bench.digests()[5], *bench.objects[bench.digests()[4]])


@scenario("A digest that is not gzip.")
def digest_not_gzip(bench: Bench) -> None:
    key = bench.digests()[2]
    bench.put(key, bench.content(key))


@scenario("A digest compressed again.")
def digest_recompressed(bench: Bench) -> None:
    key = bench.digests()[2]
    bench.put(key, gzip.compress(bench.content(key), 1))


@scenario("A gzip member appended to a digest.", _CONTENT)
def digest_appended_member(bench: Bench) -> None:
    key = bench.digests()[2]
    bench.put(key, bench.body(key) + gzip.compress(b"{}"))


@scenario(
    "A digest's metadata removed.",
    "**milder on purpose**: the next digest holds the signature, and it verifies (docs/adr/0022)",
    milder=True,
)
def digest_metadata_missing(bench: Bench) -> None:
    bench.put(bench.digests()[2], metadata={})


@scenario("A digest's metadata removed, and the digest after it deleted.", "its logs are told as not proven too")
def digest_newest_metadata_missing(bench: Bench) -> None:
    *_, last_but_one, last = bench.digests()
    bench.put(last_but_one, metadata={})
    bench.delete(last)


@scenario("The metadata's signature algorithm altered.", "it does not read it")
def digest_algorithm_altered(bench: Bench) -> None:
    key = bench.digests()[2]
    bench.put(key, metadata=bench.objects[key][1] | {"signature-algorithm": "SHA1withRSA"})


@scenario("A backfill digest deleted that another names.", "both see it", spot=True)
def backfill_deleted(bench: Bench) -> None:
    bench.delete(bench.digests(backfill=True)[0])


@scenario("The newest backfill digest deleted.", "its logs are in no digest now, and ours looks at every log")
def backfill_newest_deleted(bench: Bench) -> None:
    bench.delete(bench.digests(backfill=True)[-1])


@scenario("A log's entry removed from a backfill digest.", "its logs are told as not proven too")
def backfill_entry_removed(bench: Bench) -> None:
    key = bench.digests(backfill=True)[0]
    bench.put(key, _edited(bench, key))


@scenario("A backfill digest's generation timestamp removed.")
def backfill_without_timestamp(bench: Bench) -> None:
    key = bench.digests(backfill=True)[0]
    kept = {name: value for name, value in bench.objects[key][1].items() if name != "backfill-generation-timestamp"}
    bench.put(key, metadata=kept)


@scenario("A log deleted; the bucket keeps versions.", _VERSIONS, versions=True)
def log_deleted_version_kept(bench: Bench) -> None:
    bench.delete(bench.logs()[2])


@scenario("A digest deleted; the bucket keeps versions.", _VERSIONS, versions=True)
def digest_deleted_version_kept(bench: Bench) -> None:
    bench.delete(bench.digests()[2])


@scenario("The newest digests deleted; the bucket keeps versions.", "the same, and it sees nothing", versions=True)
def digests_newest_deleted_versions_kept(bench: Bench) -> None:
    bench.delete(*bench.digests()[-3:])


@scenario("A log overwritten; the bucket keeps versions.", _VERSIONS, versions=True)
def log_overwritten_version_kept(bench: Bench) -> None:
    bench.put(bench.logs()[2], b"junk")


@scenario("A log compressed again; the bucket keeps versions.", "ours notes that other bytes were there", versions=True)
def log_recompressed_version_kept(bench: Bench) -> None:
    key = bench.logs()[2]
    bench.put(key, gzip.compress(bench.content(key), 1))
