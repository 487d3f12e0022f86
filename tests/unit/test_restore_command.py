"""`itemtrail restore` as a person types it: what is shown, what is asked, what is never done."""

import io
import json
import sys
from types import SimpleNamespace

import pytest
from tests.cold import GB, NOW, MemoryCold

from itemtrail.cli import ends
from itemtrail.cli.main import main
from itemtrail.settings import DEFAULT_PATH, load

SETTINGS = load(DEFAULT_PATH)
TAR = "originals/account=111122223333/region=us-east-1/delivery_date=2023-03-14/000-000.tar"
ASK = ("--day", "2023-03-14", "--unit", "111122223333/us-east-1")


@pytest.fixture
def command(monkeypatch, capsys):
    """The command line over one bucket; ``answer`` is what a person types, None where nobody sits there."""
    bucket = MemoryCold()

    def run(*words, answer=None, budget=10.0):
        settings = SETTINGS.model_copy(update={"restore": SETTINGS.restore.model_copy(update={"budget_dollars": budget})})
        connection = SimpleNamespace(cold=lambda *args, **more: bucket)
        monkeypatch.setattr(ends, "open_ends", lambda arguments: SimpleNamespace(settings=settings, connection=connection))
        monkeypatch.setattr(ends, "now", lambda: NOW)
        typed = io.StringIO(f"{answer}\n")
        typed.isatty = lambda: answer is not None
        monkeypatch.setattr(sys, "stdin", typed)
        code = main(["restore", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return bucket, run


def test_a_plan_is_shown_with_every_tier_and_nothing_is_requested(command):
    bucket, run = command
    bucket.put(TAR, "GLACIER", 100 * 1024 * 1024)
    code, out, _ = run("--plan", *ASK)
    assert code == 0
    for words in ("1-5 minutes", "3-5 hours", "5-12 hours", "$0.02", TAR, "plan "):
        assert words in out
    assert bucket.requests == []


def test_within_the_budget_nobody_is_asked(command):
    bucket, run = command
    bucket.put(TAR, "DEEP_ARCHIVE", GB)
    code, _, err = run("--apply", *ASK)
    assert (code, "readable within 12 hours" in err) == (0, True)
    assert bucket.requests == [(TAR, 7, "Standard")]


@pytest.mark.parametrize(("answer", "code", "requests"), [("yes", 0, 1), ("y", 2, 0), ("", 2, 0), (None, 2, 0)])
def test_above_the_budget_only_a_typed_yes_goes_on(command, answer, code, requests):
    bucket, run = command
    bucket.put(TAR, "DEEP_ARCHIVE", 1000 * GB)
    got, _, err = run("--apply", *ASK, answer=answer)
    assert (got, len(bucket.requests)) == (code, requests), err
    if answer is None:
        assert "$26.14 is above the budget of $10.00, and nobody can be asked here" in err
        assert "--approve " in err


def test_a_tier_that_is_not_offered_is_refused_before_anybody_is_asked(command):
    bucket, run = command
    bucket.put(TAR, "DEEP_ARCHIVE", 1000 * GB)
    code, _, err = run("--apply", *ASK, "--tier", "Expedited", answer="yes")
    assert (code, "DEEP_ARCHIVE has no Expedited" in err, bucket.requests) == (2, True, [])


def test_status_is_good_only_when_all_can_be_read(command):
    bucket, run = command
    assert run("--status", *ASK)[0] == 1  # nothing is archived
    bucket.put(TAR, "DEEP_ARCHIVE", GB)
    assert run("--status", *ASK)[0] == 3
    bucket.put(TAR, "DEEP_ARCHIVE", GB, restoring=True)
    assert run("--status", *ASK)[0] == 3
    bucket.put(TAR, "INTELLIGENT_TIERING", GB)
    code, out, _ = run("--status", *ASK)
    assert (code, "ArchiveStatus" in out) == (3, True)
    bucket.put(TAR, "STANDARD", GB)
    code, out, _ = run("--status", *ASK, "--json")
    assert (code, json.loads(out)["readable"]) == (0, True)


def test_days_of_which_nothing_lies_there_are_told(command):
    bucket, run = command
    bucket.put(TAR, "STANDARD", GB)
    _, out, _ = run("--plan", "--from", "2023-03-10", "--to", "2023-03-20", "--unit", "111122223333/us-east-1")
    assert "nothing lies there of 10 units: 111122223333/us-east-1/2023-03-10," in out
    assert run("--status", "--from", "2023-03-13", "--to", "2023-03-14", "--unit", "111122223333/us-east-1")[0] == 1
    assert run("--status", *ASK)[0] == 0


def test_a_key_cannot_steer_the_terminal(command):
    bucket, run = command
    bucket.put(TAR.replace("000-000.tar", "\x1b[2J\n.tar"), "GLACIER", GB)
    _, out, _ = run("--plan", *ASK)
    assert "\x1b" not in out
    assert "\\x1b[2J\\x0a.tar" in out


LOG = "AWSLogs/111122223333/CloudTrail/us-east-1/2023/03/14/111122223333_CloudTrail_us-east-1_x.json.gz"


@pytest.mark.parametrize("form", [json.dumps, lambda rows: "\n".join(json.dumps(row) for row in rows)])
def test_what_proves_a_history_is_asked_for_by_its_output(command, tmp_path, form):
    bucket, run = command
    other = TAR.replace("2023-03-14", "2023-03-15")
    bucket.put(TAR, "DEEP_ARCHIVE", GB)
    bucket.put(other, "DEEP_ARCHIVE", GB)
    changes = tmp_path / "changes.json"
    changes.write_text(form([{"source_object": LOG, "candidates": []}, {"source_object": None}]), encoding="utf-8")
    code, out, _ = run("--plan", "--of", str(changes))
    assert (code, TAR in out, other in out) == (0, True, False)
    assert "originals of 1 units, 2023-03-14" in out


@pytest.mark.parametrize("text", ["", "[]", '[{"source_object": null}]', "{", "[1]", '"x"', "{}"])
def test_what_names_no_log_is_no_question(command, tmp_path, text):
    _, run = command
    (tmp_path / "changes.json").write_text(text, encoding="utf-8")
    assert run("--plan", "--of", str(tmp_path / "changes.json"))[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--plan",),
        ("--plan", "--of", "/nowhere.json"),
        ("--plan", "--table", "Payroll", *ASK),
        ("--plan", "--what", "history", *ASK),
        ("--plan", "--day", "2023-03-14", "--to", "2023-03-15"),
        ("--plan", "--approve", "0" * 16, *ASK),
        ("--plan", "--what", "originals", "--what", "delivered", *ASK),
        ("--plan", "--what", "history", "--table", "Nobody", *ASK),
    ],
)
def test_a_question_that_is_none_is_a_usage_error(command, words):
    _, run = command
    assert run(*words)[0] == 2


@pytest.mark.parametrize("words", [(), ("--plan", "--apply"), ("--plan", "--copy-days", "0"), ("--plan", "--tier", "Soon")])
def test_options_that_contradict_are_refused_by_the_parser(command, words):
    _, run = command
    with pytest.raises(SystemExit) as caught:
        run(*words)
    assert caught.value.code == 2
