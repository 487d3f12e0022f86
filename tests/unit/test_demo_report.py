"""What the demo prints, as text."""

import datetime as dt

import pytest

from itemtrail.core.receipt import Counts
from itemtrail.model import Conversion, Unit, Verdict
from itemtrail_demo import report
from itemtrail_demo.calls import partiql
from itemtrail_demo.world import Ref, Step

UNIT = Unit("111122223333", "us-east-1", dt.date(2026, 11, 21))
COUNTS = Counts(
    slots=24,
    objects=180,
    records_in=12_345,
    rows=12_340,
    duplicates=3,
    quarantined=2,
    bytes_in=10_000_000,
    bytes_stored=1_500_000,
    bytes_out=800_000,
)


def test_the_table_of_units_fits_and_adds_up() -> None:
    line = report.UnitLine(UNIT, COUNTS, Verdict.PROVEN, Conversion.COMPLETE)
    text = report.units([line, line])
    rows = text.splitlines()
    assert max(len(row) for row in rows) <= report.WIDTH
    assert rows[2].split() == [
        *("2026-11-21", "us-east-1", "24", "180", "12,345", "12,340", "3", "2"),
        *("10.0", "MB", "1.5", "MB", "800", "kB", "12.5", "PROVEN", "COMPLETE"),
    ]
    assert rows[-1].split()[:4] == ["total", "48", "360", "24,690"]
    assert rows[-1].endswith("2 of 2")


@pytest.mark.parametrize(
    ("verdict", "conversion", "counts"),
    [
        (None, None, Counts()),
        (Verdict.DISPROVEN, Conversion.COMPLETE, COUNTS),
        (Verdict.PROVEN, Conversion.PARTIAL, COUNTS),
        (Verdict.PROVEN, Conversion.COMPLETE, Counts()),
    ],
)
def test_a_unit_is_good_only_if_proven_complete_and_not_empty(
    verdict: Verdict | None, conversion: Conversion | None, counts: Counts
) -> None:
    line = report.UnitLine(UNIT, counts, verdict, conversion)
    assert not line.good
    assert "0 of 1" in report.units([line])


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (34_100, "34.1 kB"),
        (341_200, "341 kB"),
        (2_300_000, "2.3 MB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes_read_well(count: int, text: str) -> None:
    assert report.size(count) == text


def test_exports_quote_what_a_shell_would_read_otherwise() -> None:
    text = report.exports({"A": "http://127.0.0.1:4566", "B": "it's $HOME", "C": ""})
    assert text == "export A=http://127.0.0.1:4566\nexport B='it'\\''s $HOME'\nexport C=''"


def test_paragraphs_never_cut_a_command() -> None:
    command = "x" * 200
    assert command in report.paragraph(f"run {command} now")


def test_partiql_reads_as_a_person_types_it() -> None:
    ref = Ref("us-east-1", "Payroll", ("E-1", "2026-11-21"))
    assert partiql(Step("update", ref, {"Net": 5, "Note": "it's"})) == (
        """UPDATE "Payroll" SET "Net" = 5 SET "Note" = 'it''s' WHERE "EmpId" = 'E-1' AND "Period" = '2026-11-21'"""
    )
    assert partiql(Step("put", ref, {**ref.key_record, "Paid": True})) == (
        """INSERT INTO "Payroll" VALUE {'EmpId': 'E-1', 'Period': '2026-11-21', 'Paid': true}"""
    )
    assert partiql(Step("delete", ref)) == """DELETE FROM "Payroll" WHERE "EmpId" = 'E-1' AND "Period" = '2026-11-21'"""
