"""`itemtrail convert` and `itemtrail records` as a user runs them: documents, exit codes, folders that are replaced whole."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conversion import sql
from tests.vectors.make_records import FOLDER, document, event, text

from itemtrail.cli import main

NAME = "111122223333_CloudTrail_us-east-1_20261120T1005Z_abcdEFGH12345678.json"
Output = pytest.CaptureFixture[str]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / NAME).write_bytes(document(*text(event(1), event(2))))
    (folder / f"{NAME.replace('1005', '1010')}.gz").write_bytes(gzip.compress(document(*text(event(2), event(3, eventTime=...)))))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_summary_has_six_numbers_that_add_up(logs: Path, tmp_path: Path, capsys: Output) -> None:
    assert main.main(["convert", str(logs), "--out", str(tmp_path / "out"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    size = len(document(*text(event(1), event(2)))) + len(document(*text(event(2), event(3, eventTime=...))))
    assert said == {"files": 2, "records_in": 4, "rows": 3, "duplicates": 1, "quarantined": 0, "bytes_in": size}


def test_files_lie_in_their_partitions(logs: Path, tmp_path: Path) -> None:
    main.main(["convert", str(logs), "--out", str(tmp_path / "out")])
    (path,) = (tmp_path / "out").rglob("*.parquet")
    place = "events/account=111122223333/region=us-east-1/event_date=2026-11-20/2026-11-20.000-000.parquet"
    assert path == tmp_path / "out" / place
    found = sql(tmp_path / "out", "SELECT DISTINCT account, region, event_date FROM events")
    assert found == [("111122223333", "us-east-1", "2026-11-20")]


def test_quarantine_is_told_and_exits_1(logs: Path, tmp_path: Path, capsys: Output) -> None:
    bad = [FOLDER / "crc-wrong.json.gz", FOLDER / "nan-in-a-record.json"]
    assert main.main(["convert", str(logs), *map(str, bad), "--out", str(tmp_path / "out"), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["quarantined"] == 2
    assert f"{bad[0]}: CRC_MISMATCH" in said.err
    assert f"{bad[1]}, record 1: NOT_JSON" in said.err
    kept = {path.read_bytes() for path in (tmp_path / "out/quarantine").iterdir() if path.suffix != ".json"}
    assert bad[0].read_bytes() in kept
    assert len(kept) == 2


def test_a_second_run_gives_the_same_files(logs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main.main(["convert", str(logs), "--out", str(out)])
    first = files(out)
    main.main(["convert", str(logs), "--out", str(out)])
    assert files(out) == first


def test_a_second_run_with_other_inputs_leaves_nothing_of_the_first(logs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main.main(["convert", str(logs), str(FOLDER / "not-json.json"), "--out", str(out)])
    other = tmp_path / NAME.replace("us-east-1", "eu-west-1").replace("20261120", "20261121")
    other.write_bytes(document(*text(event(9, eventTime="2026-11-21T00:00:00Z"))))
    assert main.main(["convert", str(other), "--out", str(out)]) == 0
    assert sql(out, "SELECT region, event_date, count(*) FROM events GROUP BY ALL") == [("eu-west-1", "2026-11-21", 1)]
    assert list((out / "quarantine").iterdir()) == []


def test_a_folder_with_someone_elses_events_is_left_alone(logs: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "out/events").mkdir(parents=True)
    (tmp_path / "out/events/precious").write_text("x")
    assert main.main(["convert", str(logs), "--out", str(tmp_path / "out")]) == 2
    assert "did not write. Next: choose another --out" in capsys.readouterr().err
    assert files(tmp_path / "out") == {"events/precious": b"x"}


def test_an_interrupted_run_leaves_the_old_output_and_is_cleared_by_the_next(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    main.main(["convert", str(logs), "--out", str(out)])
    before = files(out)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("itemtrail.cli.convert_files._Run.finish", interrupted)
    assert main.main(["convert", str(logs), "--out", str(out)]) == 130
    assert files(out) == before


def test_two_runs_at_once_do_not_mix(logs: Path, tmp_path: Path, capsys: Output) -> None:
    import fcntl

    out = tmp_path / "out"
    main.main(["convert", str(logs), "--out", str(out)])
    with (out / ".convert.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main.main(["convert", str(logs), "--out", str(out)]) == 2
    assert "another conversion is writing" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["/nowhere/at/all"], ["."]])
def test_nothing_to_convert_is_a_usage_error(
    arguments: list[str], tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert main.main(["convert", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert "Next: give log files or folders of them." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_digests_beside_the_logs_of_a_synced_bucket_are_passed_over(tmp_path: Path, capsys: Output) -> None:
    root = tmp_path / "AWSLogs/111122223333"
    log = root / f"CloudTrail/us-east-1/2026/11/20/{NAME}"
    digest = root / "CloudTrail-Digest/us-east-1/2026/11/20/x_CloudTrail-Digest_y.json.gz"
    for path in (log, digest):
        path.parent.mkdir(parents=True)
    log.write_bytes(document(*text(event(1))))
    digest.write_bytes(gzip.compress(b'{"digestS3Bucket":"b","logFiles":[]}'))
    assert main.main(["convert", str(tmp_path / "AWSLogs"), "--out", str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["files"] == 1
    assert "CloudTrail-Digest: 1 files passed over" in said.err


def test_files_without_a_telling_name_go_by_their_records(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    foreign = event(2, recipientAccountId="999988887777", awsRegion="eu-west-1")
    odd = event(3, recipientAccountId="../../etc", awsRegion="a/b", eventTime=...)
    path.write_bytes(document(*text(event(1), foreign, odd, event(4))))
    assert main.main(["convert", str(path), "--out", str(tmp_path / "out")]) == 0
    found = sql(tmp_path / "out", "SELECT account, region, event_date, record_index FROM events ORDER BY record_index")
    assert found == [
        ("111122223333", "us-east-1", "2026-11-20", 0),
        ("999988887777", "eu-west-1", "2026-11-20", 1),
        ("unknown", "unknown", "unknown", 2),
        ("111122223333", "us-east-1", "2026-11-20", 3),
    ]


def test_more_units_than_converters_may_be_open(tmp_path: Path) -> None:
    for turn in range(2):
        for account in range(7):
            name = NAME.replace("111122223333", f"{account:012d}").replace("1005Z", f"100{turn}Z")
            (tmp_path / f"{turn}").mkdir(exist_ok=True)
            (tmp_path / f"{turn}" / name).write_bytes(document(*text(event(account * 2 + turn))))
    assert main.main(["convert", str(tmp_path / "0"), str(tmp_path / "1"), "--out", str(tmp_path / "out")]) == 0
    found = sql(tmp_path / "out", "SELECT account, count(*) FROM events GROUP BY 1 ORDER BY 1")
    assert found == [(f"{account:012d}", 2) for account in range(7)]


def test_published_files_plain_and_packed_and_again_elsewhere_are_three_records(
    shared_data: Path, tmp_path: Path, capsys: Output
) -> None:
    assert main.main(["convert", str(shared_data / "trailscraper"), "--out", str(tmp_path / "out"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["files"], said["records_in"], said["rows"], said["duplicates"]) == (3, 7, 3, 4)
    manifest = json.loads((tmp_path / "out/conversion.json").read_text())
    assert [bool(one["survivor_object"]) for one in manifest["duplicates"]] == [True] * 4


def _command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-m", "itemtrail.cli.main", *arguments], env=environment, capture_output=True, timeout=60
    )


def test_records_are_the_originals_byte_for_byte_one_a_line(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "invictus"
    assert main.main(["convert", str(source), "--out", str(tmp_path / "out")]) == 0
    told = _command("records", str(tmp_path / "out/events"))
    lines = told.stdout.split(b"\n")
    assert (told.returncode, lines.pop(), len(lines)) == (0, b"", 2900)
    contents = [gzip.decompress(path.read_bytes()) for path in sorted(source.glob("*.json.gz"))]
    assert b"".join(lines) == b"".join(b"".join(_cut(content)) for content in contents)


def _cut(content: bytes) -> list[bytes]:
    """Records by Python's own decoder: where each begins and ends."""
    said, decoder, found = content.decode(), json.JSONDecoder(), []
    at = said.index("[") + 1
    while said[at] != "]":
        _, end = decoder.raw_decode(said, at)
        found.append(said[at:end].encode())
        at = end + (said[end] == ",")
    return found


def test_records_of_what_is_no_events_file_exit_1_and_of_nothing_2(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no")
    assert main.main(["records", str(tmp_path / "x.parquet")]) == 1
    assert "x.parquet cannot be read as Parquet" in capsys.readouterr().err
    assert main.main(["records", str(tmp_path / "nowhere")]) == 2
    (tmp_path / "empty").mkdir()
    assert main.main(["records", str(tmp_path / "empty")]) == 2


@pytest.mark.parametrize("command", ["convert", "records"])
def test_help_has_examples(command: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  itemtrail {command} " in capsys.readouterr().out
