from pathlib import Path

import pytest

from itemtrail.core.reasons import COULD_NOT_LOOK, Reason, markdown
from itemtrail.model import Verdict

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
BEGIN, END = "<!-- reasons: written by itemtrail.core.reasons.markdown -->\n", "<!-- end of reasons -->"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_meaning_and_what_to_do(reason: Reason) -> None:
    assert reason.value == reason.name
    assert reason.meaning.endswith(".")
    assert reason.verdict is Verdict.PROVEN or reason.action.endswith((".", "not."))


def test_could_not_look_is_never_a_finding() -> None:
    assert {reason.verdict for reason in COULD_NOT_LOOK} == {Verdict.UNPROVABLE}


def test_runbook_prints_the_reasons_of_the_code() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    table = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert table.strip() == markdown().strip(), "write itemtrail.core.reasons.markdown() between the two comments"
