"""What cannot be a formula, a path, or a second spelling of a manifest."""

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itemtrail.core import evidence, evidence_tables
from itemtrail.errors import EvidenceError

TEXTS = st.text(st.characters(codec="utf-8"))
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(st.lists(TEXTS | st.builds("{}{}".format, st.sampled_from(["=", " =", "\t+", "-1+", "@", "\n="]), TEXTS), min_size=1))
def test_no_text_becomes_a_formula_or_a_second_line(texts):
    body = evidence_tables.csv_bytes(pa.table({"=name": texts})).decode()
    head, *rows = csv.reader(io.StringIO(body, newline=""))
    assert head == ["'=name"]
    assert len(rows) == len(texts)
    for (cell,) in rows:
        assert not cell.lstrip().startswith(FORMULA)
        assert cell.isprintable()
    assert body.count("\r\n") == len(texts) + 1


@given(st.text())
def test_a_name_that_is_allowed_leads_nowhere(name):
    if evidence.allowed(name):
        assert not name.startswith(("/", "."))
        assert all(part and not part.startswith(".") for part in name.split("/"))
        assert "\\" not in name


@given(st.text())
def test_a_proofs_name_is_allowed_whatever_the_event_is_called(event_id):
    assert evidence.allowed(evidence.proof_name(7, event_id))


def test_a_manifest_reads_back_and_has_one_spelling():
    files = {"b": (1, "0" * 64), "a/x.json": (2, "1" * 64)}
    body = evidence.manifest(files)
    assert evidence.parse_manifest(body) == files
    with pytest.raises(EvidenceError):
        evidence.parse_manifest(body.replace(b",", b", "))
    with pytest.raises(ValueError, match="no name"):
        evidence.manifest({"../a": (1, "")})
