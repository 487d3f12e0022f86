"""The runbook answers whatever is told: every kind of alert, every reason of a verdict, every code of a finding."""

import re

import pytest
from tests.docs import blocks
from tests.docs.test_links import headings

from itemtrail.core.alert import KINDS, Kind
from itemtrail.core.change_schema import Match
from itemtrail.core.reasons import Reason, markdown

RUNBOOK = blocks.ROOT / "docs" / "runbook.md"
TEXT = RUNBOOK.read_text(encoding="utf-8")
INDEX = TEXT.partition("\n## By alert\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("kind", Kind)
def test_an_alert_of_every_kind_leads_to_a_section(kind):
    assert KINDS[kind].anchor in headings(RUNBOOK)


@pytest.mark.parametrize("kind", Kind)
def test_the_index_at_the_top_has_a_row_for_every_kind_that_leads_where_the_alert_leads(kind):
    row = next((line for line in INDEX.splitlines() if line.startswith(f"| `{kind.value}` |")), "")
    assert f"(#{KINDS[kind].anchor})" in row
    assert KINDS[kind].severity.value in row


def test_the_index_names_no_kind_that_there_is_not():
    assert set(re.findall(r"^\| `([a-z_]+)` \|", INDEX, re.MULTILINE)) == {kind.value for kind in Kind}


def test_the_table_of_reasons_is_the_codes():
    assert markdown() in TEXT
    assert not [reason for reason in Reason if f"| `{reason.value}` |" not in TEXT]


def test_every_alarm_of_the_history_has_a_row():
    alarming = {Match.STREAM_ONLY_UNEXPLAINED, Match.TRAIL_ONLY_LOST}
    assert not [match for match in alarming if f"| `{match.value}` |" not in TEXT]
