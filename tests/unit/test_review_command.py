"""`itemtrail review` on saved snapshots: what is printed, what is written, exit codes."""

import dataclasses
import json

import pytest
from tests import posture_world

from itemtrail.cli.main import main
from itemtrail.core import posture_json
from itemtrail.core.posture import Unread
from itemtrail.settings import DEFAULT_PATH

LOOKED = {"events": (), "events_since": posture_world.NOW - 7 * posture_world.DAY, "events_until": posture_world.NOW}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "itemtrail.toml"
    path.write_text(DEFAULT_PATH.read_text(encoding="utf-8") + f'\n[alerts]\nsns_topic_arn = "{posture_world.TOPIC}"\n')
    return path


@pytest.fixture
def snapshot(tmp_path):
    """Writes a snapshot and gives its path."""

    def write(posture=None, name="snapshot.json", **fields):
        path = tmp_path / name
        path.write_bytes(posture_json.save(dataclasses.replace(posture or posture_world.good(), **LOOKED | fields)))
        return str(path)

    return write


def run(config, *words):
    return main(["review", "--config", str(config), *words])


UNPROTECTED = posture_world.on("tables", deletion_protection=False)
REFUSED = (Unread("cloudtrail:GetTrailStatus", posture_world.TRAIL, posture_world.HOME, "AccessDenied"),)


def test_exit_codes_say_bad_before_could_not_look_and_both_are_told(config, snapshot, capsys):
    assert run(config, "--from-snapshot", snapshot()) == 0
    assert capsys.readouterr().out.startswith("CLEAN: account 111122223333")
    assert run(config, "--from-snapshot", snapshot(unread=REFUSED)) == 3
    assert "AccessDenied for cloudtrail:GetTrailStatus" in capsys.readouterr().out
    off = posture_world.on("tables", pitr=False)
    assert run(config, "--from-snapshot", snapshot(off, unread=REFUSED)) == 1
    said = capsys.readouterr().out
    assert "table_pitr" in said
    assert "AccessDenied for cloudtrail:GetTrailStatus" in said


def test_an_accepted_finding_is_clean(config, snapshot, capsys):
    exception = {"check": "table_deletion_protected", "resource": "*", "reason": "r", "owner": "o", "expires": "2027-01-01"}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in exception.items())
    config.write_text(f"{config.read_text()}[[review.exceptions]]\n{lines}")
    assert run(config, "--from-snapshot", snapshot(UNPROTECTED)) == 0
    assert "accepted:\n  table_deletion_protected" in capsys.readouterr().out


def test_the_page_the_document_and_the_table_say_the_same(config, snapshot, tmp_path, capsys):
    page = tmp_path / "review.html"
    assert run(config, "--from-snapshot", snapshot(UNPROTECTED), "--html", str(page), "--json") == 1
    document = json.loads(capsys.readouterr().out)
    opened = [one for one in document["results"] if one["standing"] == "OPEN"]
    assert {one["check"] for one in opened} == {"table_deletion_protected"}
    assert all(one["resource"] in page.read_text(encoding="utf-8") for one in opened)
    assert run(config, "--from-snapshot", snapshot(UNPROTECTED), "--markdown") == 1
    assert "| MEDIUM | NEW | table\\_deletion\\_protected |" in capsys.readouterr().out


def test_two_snapshots_are_compared(config, snapshot, capsys):
    before, after = snapshot(UNPROTECTED, "a.json"), snapshot(name="b.json")
    assert run(config, "--from-snapshot", after, "--against", before) == 0
    assert "resolved since the last review:\n  table_deletion_protected" in capsys.readouterr().out


def test_checks_are_listed_with_what_they_need(config, capsys):
    assert run(config, "--list-checks") == 0
    table = capsys.readouterr().out
    assert run(config, "--list-checks", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["check"] for one in listed if one["check"] not in table] == []
    assert all(one["why"] and one["title"] and one["severity"] for one in listed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from-snapshot", "/nowhere.json"], "cannot read /nowhere.json"),
        (["--from-snapshot", "x", "--save"], "nothing is saved"),
        (["--from-snapshot", "{good}", "--html", "/nowhere/x.html"], "cannot write /nowhere/x.html"),
    ],
)
def test_wrong_words_are_usage_errors(config, snapshot, capsys, words, said):
    assert run(config, *(snapshot() if word == "{good}" else word for word in words)) == 2
    assert said in capsys.readouterr().err


def test_what_is_no_snapshot_is_an_error_that_names_it(config, tmp_path, capsys):
    (tmp_path / "x.json").write_text("{}")
    assert run(config, "--from-snapshot", str(tmp_path / "x.json")) == 1
    assert "x.json" in capsys.readouterr().err
