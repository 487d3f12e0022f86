"""The converter: every record accounted for, the same inputs to the same bytes, judged by DuckDB and by Python's own JSON."""

import datetime as dt
import gzip
import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.conversion import DAY, convert, convert_part, rows, sql
from tests.vectors.make_records import VERSIONS, document, event, text

from itemtrail.core.columns import StructEngine
from itemtrail.core.convert import Duplicate, SameEventId, Seen
from itemtrail.core.rebuild import records
from itemtrail.core.records import Limits, split
from itemtrail.core.rows import Facts


def digests(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_records_in_are_rows_plus_duplicates_plus_quarantined(tmp_path: Path) -> None:
    one, two, three = text(event(1), event(2), event(3))
    made = convert(tmp_path, [("a", document(one, two, "7", one)), ("b", b"not json"), ("c", document(two, three))])
    assert (made.records_in, made.rows, len(made.duplicates), len(made.quarantined)) == (7, 3, 2, 2)
    assert sql(tmp_path, "SELECT count(*) FROM events") == [(3,)]


def test_quarantined_bytes_lie_in_a_file_with_their_reason(tmp_path: Path) -> None:
    (whole, one) = convert(tmp_path, [("a", b"not json"), ("b", document("7"))]).quarantined
    assert (whole.source_object, whole.record_index, whole.reason, whole.data, whole.size) == (
        "a",
        None,
        "NOT_JSON",
        b"not json",
        8,
    )
    assert (one.source_object, one.record_index, one.reason, one.data) == ("b", 0, "NOT_AN_OBJECT", b"7")


def test_the_smallest_source_and_index_survives_and_duplicates_name_it(tmp_path: Path) -> None:
    one, two = text(event(1), event(2))
    made = convert(tmp_path, [("a", document(one)), ("b", document(two, one, two)), ("c", document(two))])
    assert made.duplicates == (Duplicate("b", 1, "a", 0), Duplicate("b", 2, "b", 0), Duplicate("c", 0, "b", 0))
    assert sql(tmp_path, "SELECT source_object, record_index FROM events ORDER BY ALL") == [("a", 0), ("b", 0)]


def test_equal_records_are_dropped_across_the_parts_of_a_commit_and_not_across_commits(tmp_path: Path) -> None:
    objects = [("a", document(*text(event(1))))], [("b", document(*text(event(1))))]
    with Seen() as seen:
        first = convert_part(tmp_path, objects[0], seen, name="000-000")
        second = convert_part(tmp_path, objects[1], seen, name="000-001")
    third = convert(tmp_path / "other", objects[1])
    assert [part.rows for part in (first, second, third)] == [1, 0, 1]
    assert second.duplicates == (Duplicate("b", 0, "a", 0),)


def test_one_event_id_with_different_content_keeps_all_and_flags_them(tmp_path: Path) -> None:
    same = text(event(1), event(1, eventName="DeleteItem"), event(1))
    made = convert(tmp_path, [("a", document(*same)), ("b", document(*text(event(1, eventName="UpdateItem"))))])
    assert (made.rows, len(made.duplicates), made.same_event_id) == (3, 1, 2)
    assert made.same_event_ids == (SameEventId("a", 1, "a", 0), SameEventId("b", 0, "a", 0))


def test_records_without_an_event_id_are_never_the_same_event(tmp_path: Path) -> None:
    nameless = text(*(event(n, eventID=i) for n, i in enumerate((..., ..., None, None))))
    made = convert(tmp_path, [("a", document(*nameless))])
    assert (made.rows, made.same_event_id) == (4, 0)


def test_objects_out_of_key_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="feed objects in key order"):
        convert(tmp_path, [("b", document()), ("a", document())])


def test_the_event_date_is_the_utc_day_of_the_event_time_and_else_the_delivery_date(tmp_path: Path) -> None:
    times = ["2026-11-19T23:59:59Z", "2026-11-20T00:00:00Z", "2026-11-20T23:30:00-01:00", "soon", None, ...]
    made = convert(tmp_path, [("a", document(*text(*(event(n, eventTime=t) for n, t in enumerate(times)))))])
    found = dict(sql(tmp_path, "SELECT record_index, event_date FROM events"))
    assert found == {0: "2026-11-19", 1: "2026-11-20", 2: "2026-11-21", 3: "2026-11-20", 4: "2026-11-20", 5: "2026-11-20"}
    assert [file.relative_key for file in made.files] == [
        f"event_date={day}/2026-11-20.000-000.parquet" for day in ("2026-11-19", "2026-11-20", "2026-11-21")
    ]
    assert sql(tmp_path, "SELECT record_index FROM events WHERE event_ts IS NULL ORDER BY 1") == [(3,), (4,), (5,)]


def test_without_a_delivery_date_records_without_time_are_filed_as_unknown(tmp_path: Path) -> None:
    convert(tmp_path, [("a", document(*text(event(1, eventTime=...))))], day=None)
    assert sql(tmp_path, "SELECT event_date FROM events") == [("unknown",)]


def test_versions_are_text(tmp_path: Path) -> None:
    convert(tmp_path, [("a", document(*text(*(event(n, eventVersion=v) for n, v in enumerate(VERSIONS)))))])
    assert [row["eventVersion"] for row in rows(tmp_path)] == list(VERSIONS)


def test_absent_null_and_empty_stay_apart(tmp_path: Path) -> None:
    cases = [event(1, additionalEventData=..., userAgent=...), event(2, additionalEventData=None, userAgent=None),
             event(3, additionalEventData={}, userAgent="")]  # fmt: skip
    convert(tmp_path, [("a", document(*text(*cases)))])
    found = rows(tmp_path, "additionalEventData, userAgent, _keys")
    assert [(row["additionalEventData"], row["userAgent"]) for row in found] == [(None, None), (None, None), ("{}", "")]
    assert ["additionalEventData" in json.loads(row["_keys"]) for row in found] == [False, True, True]
    assert ["userAgent" in json.loads(row["_keys"]) for row in found] == [False, True, True]


def test_unknown_fields_and_wrong_types_go_to_extra_as_delivered(tmp_path: Path) -> None:
    odd = '{"eventVersion":1.10,"zebra":{"a" : 1e5},"errorCode":null,"awsRegion":["x"]}'
    convert(tmp_path, [("a", document(odd))])
    (row,) = rows(tmp_path)
    assert row["_extra"] == '{"eventVersion":1.10,"zebra":{"a" : 1e5},"awsRegion":["x"]}'
    assert json.loads(row["_keys"]) == ["eventVersion", "zebra", "errorCode", "awsRegion"]
    assert (row["_record"], row["eventVersion"], row["awsRegion"]) == (None, None, None)


def test_where_a_value_goes_does_not_depend_on_the_records_before(tmp_path: Path) -> None:
    first = [event(1, userAgent=None), event(2, userAgent=7, zebra=1), event(3, userAgent=...)]
    then = [event(4, userAgent="a"), event(5, userAgent="b", zebra=2), event(6)]
    convert(tmp_path / "after", [("a", document(*text(*first, *then)))])
    convert(tmp_path / "alone", [("a", document(*text(*then)))])
    columns = "* EXCLUDE (record_index)"
    after = [row for row in rows(tmp_path / "after", f"{columns}, record_index") if row.pop("record_index") >= 3]
    assert after == [row for row in rows(tmp_path / "alone", f"{columns}, record_index") if row.pop("record_index") >= 0]


def test_a_failure_code_of_the_wrong_type_is_still_a_failure(tmp_path: Path) -> None:
    convert(tmp_path, [("a", document(*text(event(1, errorCode=404), event(2, errorCode=None), event(3))))])
    assert [row["succeeded"] for row in rows(tmp_path)] == [False, True, True]


def test_a_record_of_absurdly_many_members_is_kept_whole(tmp_path: Path) -> None:
    wide = '{"eventName":"PutItem",' + ",".join(f'"m{n}":{n}' for n in range(20_000)) + "}"
    repeated = "{" + ",".join(['"eventName":"PutItem"'] * 20_000) + "}"
    convert(tmp_path, [("a", document(wide, repeated))])
    assert [record.decode() for _, _, record in records_of(tmp_path)] == [wide, repeated]
    assert [(row["_keys"], row["eventName"], row["succeeded"]) for row in rows(tmp_path)] == [(None, None, None)] * 2


def _mixed(seed: int, count: int) -> list[tuple[str, bytes]]:
    chance = random.Random(seed)
    made = []
    for number in range(count):
        tables = [f"arn:aws:dynamodb:us-east-1:111122223333:table/T{chance.randrange(4)}" for _ in range(20)]
        records = [
            event(
                chance.randrange(10**6),
                eventTime=f"2026-11-{chance.choice((19, 20))}T{chance.randrange(24):02d}:00:00Z",
                resources=[{"type": "AWS::DynamoDB::Table", "ARN": table}],
            )
            for table in tables
        ]
        made.append((f"{number:04d}", document(*text(*records))))
    return made


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    objects = [*_mixed(1, 20), ("zzz", b"not json")]
    made = [convert(tmp_path / name, objects, limits=Limits(row_group_rows=150)) for name in ("one", "two")]
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert [file.sha256 for file in made[0].files] == [file.sha256 for file in made[1].files]


def test_rows_are_sorted_by_table_and_time_within_a_row_group(tmp_path: Path) -> None:
    made = convert(tmp_path, _mixed(2, 30), limits=Limits(row_group_rows=200))
    groups = 0
    for file in made.files:
        parquet = pq.ParquetFile(file.path)
        for number in range(parquet.num_row_groups):
            table = parquet.read_row_group(number, columns=["table_arn", "event_ts", "source_object", "record_index"])
            found = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
            assert found == sorted(found)  # stable: within equal (table, time) the order of delivery
            assert len(found) <= 200
            groups += 1
    assert groups >= 4


def test_dictionaries_list_values_in_the_order_of_first_use(tmp_path: Path) -> None:
    engine = StructEngine(Limits())
    arns = [f"arn:aws:dynamodb:us-east-1:111122223333:table/{name}" for name in ("Zed", "Alpha", "Mid", "Alpha")]
    said = text(*(event(n, resources=[{"ARN": arn}], userAgent=f"agent {n % 2}") for n, arn in enumerate(arns)))
    group = engine.group()
    read = engine.take(list(enumerate(record.encode() for record in said))).read()
    group.extend(read, Facts("a", [b"\0" * 32] * 4, [0, 1, 2, 3], [0, 1, 2, 3], [1] * 4), range(4))
    made = group.table()
    agents = made["userAgent"].combine_chunks()
    assert [arn.rpartition("/")[2] for arn in made["table_arn"].combine_chunks().dictionary.to_pylist()] == [
        "Alpha",
        "Mid",
        "Zed",
    ]
    assert agents.to_pylist()[0] == agents.dictionary.to_pylist()[0]


def test_more_event_dates_than_files_may_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itemtrail.core.parquet._MOST_OPEN", 4)
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(12)]
    first, again = ([event(n + start, eventTime=f"{day}T00:00:00Z") for n, day in enumerate(days)] for start in (0, 20))
    objects = [("a", document(*text(*first))), ("b", document(*text(*again)))]
    made = convert(tmp_path, objects, limits=Limits(row_group_rows=1))  # every row is written at once, so every file stays open
    assert (made.rows, len(made.files)) == (24, 12)
    assert sql(tmp_path, "SELECT count(*), count(DISTINCT event_date) FROM events") == [(24, 12)]
    assert len(list(records_of(tmp_path))) == 24


def records_of(folder: Path) -> list[tuple[str, int, bytes]]:
    return list(records(folder.rglob("*.parquet")))


def test_files_say_what_they_are_and_hold_page_index_and_bloom_filters(tmp_path: Path) -> None:
    (file,) = convert(tmp_path, [("a", document(*text(event(1), event(2))))]).files
    metadata = pq.ParquetFile(file.path).metadata
    assert metadata.metadata[b"itemtrail.schema"] == b"events/1"
    group = metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert all(column.has_column_index and column.has_offset_index for name, column in columns.items() if name == "eventTime")
    assert columns["eventName"].compression == "ZSTD"
    assert columns["eventName"].has_dictionary_page
    assert not columns["eventID"].has_dictionary_page
    excluded = f"SELECT bool_and(bloom_filter_excludes) FROM parquet_bloom_probe('{file.path}', 'eventID', '%s')"
    assert sql(tmp_path, excluded % "nowhere") == [(True,)]
    assert sql(tmp_path, excluded % event(1)["eventID"]) == [(False,)]


def test_filters_and_page_index_find_every_row(tmp_path: Path) -> None:
    objects = _mixed(3, 10)
    convert(tmp_path, objects)
    wanted = [record for _, content in objects for record in json.loads(content)["Records"][:2]]
    ids = ",".join(f"('{record['eventID']}')" for record in wanted)
    found = f"SELECT count(DISTINCT eventID) FROM events JOIN (VALUES {ids}) AS asked(id) ON eventID = id"
    assert sql(tmp_path, found) == [(len({record["eventID"] for record in wanted}),)]
    for record in wanted[:3]:
        key = json.dumps(record["requestParameters"]["key"], separators=(",", ":"))
        assert sql(tmp_path, f"SELECT count(*) > 0 FROM events WHERE eventID = '{record['eventID']}'") == [(True,)]
        by_key = f"SELECT count(*) > 0 FROM events, unnest(item_keys) AS t(item) WHERE item.key = '{key}'"
        assert sql(tmp_path, by_key) == [(True,)]


def _members(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(content)["Records"]
    return found


@pytest.fixture(scope="module")
def invictus(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("invictus")
    contents = {path.name: gzip.decompress(path.read_bytes()) for path in sorted((shared_data / "invictus").glob("*.json.gz"))}
    made = convert(folder, contents.items(), day=dt.date(2023, 7, 10))
    assert (made.records_in, made.rows, made.bytes_in, made.same_event_id) == (2900, 2900, 3_660_956, 0)
    assert not made.duplicates
    assert not made.quarantined
    return folder, contents


def test_published_logs_come_back_byte_for_byte_from_parquet_alone(invictus: tuple[Path, dict[str, bytes]]) -> None:
    folder, contents = invictus
    rebuilt = records_of(folder)
    delivered = [(name, index, data) for name, content in contents.items() for index, data in split(content, Limits()).records]
    assert rebuilt == delivered
    assert len(rebuilt) == 2900
    assert sql(folder, "SELECT count(*) FROM events WHERE _record IS NOT NULL OR _extra IS NOT NULL") == [(0,)]


def test_published_logs_have_pythons_values_in_their_columns(invictus: tuple[Path, dict[str, bytes]]) -> None:
    folder, contents = invictus
    delivered = [record for content in contents.values() for record in _members(content)]
    for row, record in zip(rows(folder), delivered, strict=True):
        assert json.loads(row["_keys"]) == list(record)
        for name in ("eventTime", "eventName", "eventSource", "errorCode", "requestID", "eventID", "sourceIPAddress"):
            assert row[name] == record.get(name)
        for name in ("userIdentity", "requestParameters", "responseElements", "readOnly", "resources", "tlsDetails"):
            assert (None if row[name] is None else json.loads(row[name])) == record.get(name)


def test_published_logs_are_counted_by_duckdb_as_by_python(invictus: tuple[Path, dict[str, bytes]]) -> None:
    folder, contents = invictus
    delivered = [record for content in contents.values() for record in _members(content)]
    assert sql(folder, "SELECT count(*), count(DISTINCT eventID), count(errorCode) FROM events") == [
        (2900, len({record["eventID"] for record in delivered}), sum("errorCode" in record for record in delivered))
    ]
    assert sql(folder, "SELECT DISTINCT event_date, typeof(event_date) FROM events") == [("2023-07-10", "VARCHAR")]


def test_the_same_log_plain_and_compressed_gives_its_two_rows_once(shared_data: Path, tmp_path: Path) -> None:
    plain = min((shared_data / "trailscraper").glob("*_CloudTrail_*.json"))
    packed = plain.with_name(f"{plain.name}.gz")
    contents = [(plain.name, plain.read_bytes()), (packed.name, gzip.decompress(packed.read_bytes()))]
    made = convert(tmp_path, contents, day=DAY)
    assert (made.records_in, made.rows) == (4, 2)
    assert made.duplicates == tuple(Duplicate(packed.name, n, plain.name, n) for n in range(2))


def test_every_event_version_keeps_its_fields(shared_data: Path, tmp_path: Path) -> None:
    files = sorted(path for path in (shared_data / "umccr_examples").iterdir() if path.name.endswith(".json"))
    contents = [(path.name, path.read_bytes()) for path in files]
    made = convert(tmp_path, contents)
    assert (made.records_in, made.rows) == (14, 14)
    rebuilt = [json.loads(record) for _, _, record in records_of(tmp_path)]
    assert rebuilt == [record for _, content in contents for record in _members(content)]
