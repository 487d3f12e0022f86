"""docs/controls.md says what the checks say."""

from pathlib import Path

from itemtrail.cli.main import main
from itemtrail.core.check import Subject
from itemtrail.core.controls_page import markdown
from itemtrail.flows.review_checks import all_checks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "controls.md"


def test_the_page_is_what_the_checks_generate():
    assert PAGE.read_text(encoding="utf-8") == markdown(all_checks()), (
        "itemtrail review --list-checks --markdown > docs/controls.md"
    )


def test_the_command_line_prints_the_page(capsys):
    assert main(["review", "--list-checks", "--markdown"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


def test_every_check_is_on_the_page_once_and_every_subject_has_a_title():
    page = markdown(all_checks())
    rows = [line.split(" | ")[1] for line in page.splitlines() if line.startswith(("| CRITICAL", "| HIGH", "| MEDIUM", "| LOW"))]
    assert sorted(rows) == [f"`{check.id}`" for check in all_checks()]
    assert {check.subject for check in all_checks()} == set(Subject)


def test_a_bar_does_not_break_a_row():
    rows = [line for line in markdown(all_checks()).splitlines() if line.startswith("| MEDIUM | `trail_change_alarm`")]
    assert rows[0].replace("\\|", "").count("|") == 8
