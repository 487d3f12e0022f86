"""`itemtrail evidence`, `verify-evidence` and `certificate` as a user runs them: what is said, and honest exit codes."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.archive_world import DAY
from tests.evidence_world import ONE_DAY, EvidenceWorld

from itemtrail.cli import ends
from itemtrail.cli.main import main
from itemtrail.flows import evidence_verify

ITEM = ("evidence", "--table", "Payroll", "--key", "EmpId=E-1017", "--from", str(DAY), "--to", str(DAY))


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> EvidenceWorld:
    return EvidenceWorld(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def command(world, monkeypatch, capsys):
    opened = SimpleNamespace(archive=world.archive, settings=world.settings)
    monkeypatch.setattr(ends, "open_ends", lambda arguments: opened)

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_pack_is_written_and_checked(command, tmp_path: Path):
    code, said, _ = command(*ITEM, "--out", tmp_path / "e.zip")
    assert (code, "6 of 6 calls proven" in said) == (0, True)
    manifest, checkpoint = (line.split()[-1] for line in said.splitlines()[-2:])
    code, said, _ = command("verify-evidence", tmp_path / "e.zip", "--manifest", manifest, "--checkpoint", checkpoint)
    assert (code, said.splitlines()[-1]) == (0, "HOLDS  anchored: true")
    code, said, _ = command("verify-evidence", tmp_path / "e.zip", "--manifest", "0" * 64, "--json")
    assert (code, json.loads(said)["problems"]) == (1, [])
    code, said, _ = command("verify-evidence", tmp_path / "e.zip", "--trusted-key", "0" * 32)
    assert (code, said.splitlines()[-1]) == (1, "HOLDS  anchored: FALSE: not what was given from outside")
    assert command(*ITEM, "--out", tmp_path / "e.zip")[0] == 2, "nothing is written over"


def test_pages_of_another_version_are_not_called_good(command, tmp_path: Path, monkeypatch):
    command(*ITEM, "--out", tmp_path / "e.zip")
    monkeypatch.setattr(evidence_verify, "__version__", "99.0")
    code, said, _ = command("verify-evidence", tmp_path / "e.zip")
    assert code == 3
    assert said.splitlines()[-1].startswith("HOLDS; its pages were not compared with its data")


def test_a_pack_that_lacks_something_is_written_and_exits_1(command, tmp_path: Path):
    words = ("evidence", "--by", "ben", "--from", DAY, "--to", DAY + 2 * ONE_DAY, "--out", tmp_path / "ben", "--json")
    code, said, _ = command(*words)
    document = json.loads(said)
    assert (code, document["whole"], document["unproven"]) == (1, False, [])
    assert document["uncertified"] == [f"111122223333/us-east-1/{DAY + n * ONE_DAY}" for n in (2, 3)]
    code, said, _ = command("verify-evidence", tmp_path / "ben")
    assert (code, said.splitlines()[-1]) == (1, "HOLDS, and is not whole  anchored: false: nothing was given from outside")


@pytest.mark.parametrize(
    "words",
    [
        ("--key", "EmpId=E-1"),
        ("--table", "Payroll", "--key", "EmpId=E-1", "--by", "ana"),
        ("--table", "Payroll", "--key", "Wrong=E-1"),
        ("--table", "Nobodys"),
        ("--table", "Payroll", "--from", "2026-03-11", "--to", "2026-03-10"),
        ("--table", "Payroll", "--limit", "0"),
        ("--table", "Payroll", "--limit", "2"),
        (),
    ],
)
def test_a_question_that_is_none_is_2_and_writes_nothing(command, tmp_path, words):
    assert command("evidence", "--out", tmp_path / "e", *words)[0] == 2
    assert not (tmp_path / "e").exists()


def test_no_answer_is_1_and_writes_nothing(command, tmp_path):
    code, _, said = command("evidence", "--table", "Payroll", "--key", "EmpId=E-0", "--out", tmp_path / "e.zip")
    assert (code, "itemtrail absent" in said) == (1, True)
    assert not (tmp_path / "e.zip").exists()


def test_certificates_are_printed_and_written(command, tmp_path: Path):
    page = tmp_path / "c.html"
    code, said, _ = command("certificate", "--day", DAY, "--html", page)
    assert (code, "certified" in said) == (0, True)
    assert page.read_text(encoding="utf-8").count("Certificate of completeness") == 1
    code, said, _ = command("certificate", "--from", DAY, "--to", DAY + 3 * ONE_DAY, "--json")
    assert (code, [one["format"] for one in json.loads(said)]) == (
        1,
        ["itemtrail-certificate/1", "itemtrail-certificate/1", "itemtrail-lacking/1", "itemtrail-lacking/1"],
    )
    assert command("certificate", "--day", DAY, "--account", "1")[0] == 2
    assert command("certificate")[0] == 2
    code, said, _ = command("certificate", "--day", DAY, "--account", "999999999999")
    assert (code, "NOT CERTIFIED" in said) == (1, True)
