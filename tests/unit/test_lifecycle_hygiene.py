"""P5, P8 and P10, and the command that shows what a configuration does."""

import json

import pytest

from itemtrail.cli.main import main
from itemtrail.core.lifecycle_hygiene import aborted, durations, locked
from itemtrail.core.lifecycle_rules import parse
from itemtrail.snapshot import FindingStatus

ABORT = {
    "ID": "abort",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


def rule(**changes: object) -> dict[str, object]:
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "originals/"}, **changes}


def transitions(*steps: tuple[int, str]) -> dict[str, object]:
    return rule(Transitions=[{"Days": days, "StorageClass": to} for days, to in steps])


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([ABORT], FindingStatus.PASS),
        ([ABORT | {"Status": "Disabled"}], FindingStatus.FAIL),
        ([ABORT | {"Filter": {"Prefix": "other/"}}], FindingStatus.FAIL),
        ([ABORT | {"Filter": {"Prefix": "root/events/"}}], FindingStatus.FAIL),
        ([ABORT | {"Filter": {"Prefix": "root"}}], FindingStatus.PASS),
        ([], FindingStatus.FAIL),
        ([rule(Novelty=1)], FindingStatus.CANNOT_PROVE),
    ],
)
def test_interrupted_uploads_must_be_aborted_under_the_whole_prefix(rules, status):
    assert aborted(parse({"Rules": rules}), "root/", "b").status is status


PASS, NOTE, FAIL = FindingStatus.PASS, FindingStatus.NOTE, FindingStatus.FAIL


@pytest.mark.parametrize(
    ("found", "status", "says"),
    [
        (transitions((90, "GLACIER_IR"), (94, "DEEP_ARCHIVE")), FAIL, "after 4 day(s) in GLACIER_IR, whose minimum is 90"),
        (transitions((10, "STANDARD_IA")), FAIL, "an object originals/… moves to STANDARD_IA after 10 day(s)"),
        (transitions((0, "DEEP_ARCHIVE")) | {"Expiration": {"Days": 100}}, NOTE, "expires after 100 day(s) in DEEP_ARCHIVE"),
        (transitions((0, "GLACIER"), (90, "DEEP_ARCHIVE")) | {"Expiration": {"Days": 270}}, PASS, ""),
        (transitions((30, "STANDARD_IA"), (60, "GLACIER_IR"), (150, "DEEP_ARCHIVE")), PASS, ""),
    ],
)
def test_a_class_left_before_its_minimum_duration_is_told(found, status, says):
    one = durations(parse({"Rules": [found]}), "b")
    assert one.status is status
    assert says in one.detail


def test_the_lock_is_held_against_the_retention():
    assert locked("COMPLIANCE", 3653, 3653, "b").status is FindingStatus.PASS
    assert "in between only permissions keep it" in locked("GOVERNANCE", 30, 3653, "b").detail
    assert locked("NONE", 30, 3653, "b").status is FindingStatus.NOTE
    assert locked("GOVERNANCE", 3653, 3653, "b", bucket_locked=False).status is FindingStatus.FAIL


def test_the_command_judges_a_file_and_shows_one_objects_way(tmp_path, capsys):
    file = tmp_path / "rules.json"
    rules = [rule(Transitions=[{"Days": 45, "StorageClass": "DEEP_ARCHIVE"}], Filter={"Prefix": ""}), ABORT]
    file.write_text(json.dumps({"Rules": rules}))
    assert main(["lifecycle", str(file), "--json"]) == 1
    found = {one["check"]: one["status"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert [found[f"lifecycle.{name}"] for name in ("P2", "P5", "P3", "P11", "P12")] == ["PASS", "PASS", "FAIL", "PASS", "FAIL"]
    assert main(["lifecycle", str(file), "--object", "originals/x.tar", "--size", "200000"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["  0  STANDARD", " 45  DEEP_ARCHIVE"]
    assert main(["lifecycle", str(file), "--object", "originals/x.tar", "--size", "2000"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["  0  STANDARD"]


def test_a_file_that_is_no_configuration_is_told(tmp_path, capsys):
    file = tmp_path / "rules.json"
    file.write_text("[]")
    assert main(["lifecycle", str(file)]) == 2
    assert "is not a lifecycle configuration" in capsys.readouterr().err
