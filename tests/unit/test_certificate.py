"""A certificate is made where the receipts bear it out, and nowhere else."""

import dataclasses
import datetime as dt
import json

import pytest
from tests.ledger_world import UNTIL, receipt, unit

from itemtrail.core.certificate import Certificate, Lacking, make
from itemtrail.core.evidence_page import certificates
from itemtrail.core.plan import Kind
from itemtrail.core.receipt import Output, OutputKind, Packed, Receipt
from itemtrail.model import ObjectVerdict, SlotVerdict, Verdict

HOUR = dt.timedelta(hours=1)
DIGEST = Packed("a digest", None, "e", 1, "0" * 64, "0" * 64, 1, "", Kind.DIGEST, 0, UNTIL, tar="t")
EVENTS = Output("events/x", OutputKind.EVENTS, 0, 1, "0" * 64, rows=10)


def whole(**fields) -> Receipt:
    """A receipt that bears out what it says."""
    return dataclasses.replace(
        receipt(unit(), partial=bool(fields.pop("partial", False))), inputs=(DIGEST,), outputs=(EVENTS,), **fields
    )


def made(*receipts: Receipt, unfinished: bool = False) -> Certificate | Lacking:
    return make(unit(), receipts, [one.to_json() for one in receipts], unfinished=unfinished, ledger=None)


def test_a_proven_day_is_certified_and_what_no_checkpoint_holds_is_said():
    found = made(whole())
    assert isinstance(found, Certificate)
    assert (found.counts.rows, found.digests, len(found.due), found.due[0].slots) == (10, 1, 1, 1)
    assert found.reservations == ("no checkpoint of the ledger holds its last receipt",)
    assert found.to_json() == made(whole()).to_json()


def test_what_is_in_quarantine_is_a_reservation():
    found = made(whole(partial=True))
    assert isinstance(found, Certificate)
    assert found.reservations[0].startswith("the conversion is PARTIAL: 1 records")


def test_hours_in_which_nothing_was_due_are_said():
    slot = whole().slots[0]
    later = dataclasses.replace(slot, start=slot.end + 3 * HOUR, end=slot.end + 4 * HOUR)
    found = made(whole(slots=(slot, later)))
    assert isinstance(found, Certificate)
    assert [one.slots for one in found.due] == [1, 1]
    assert "no digest was due between 2026-03-01 01:00:00 UTC and 2026-03-01 04:00:00 UTC" in found.reservations


FALSE = {
    "a verdict that is another": ({"verdict": Verdict.DISPROVEN}, "the verdict is DISPROVEN"),
    "a slot that is not proven under a proven verdict": (
        {"slots": (dataclasses.replace(receipt(unit()).slots[0], verdict=Verdict.UNPROVABLE),)},
        "something in it is not",
    ),
    "an object that is not proven": ({"objects": (ObjectVerdict("x", Verdict.DISPROVEN, "X"),)}, "something in it is not"),
    "no slot at all": ({"slots": (), "objects": (ObjectVerdict("a digest", Verdict.PROVEN, "OK"),)}, "no digest hour was due"),
    "a proven file that is not archived": ({"objects": (ObjectVerdict("gone", Verdict.PROVEN, "OK"),)}, "the first is gone"),
    "numbers that do not add up": ({"counts": dataclasses.replace(receipt(unit()).counts, duplicates=1)}, "does not add up"),
    "rows that no file has": (
        {"counts": dataclasses.replace(receipt(unit()).counts, rows=9, duplicates=1)},
        "its files do not have",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_a_receipt_that_does_not_bear_out_what_it_says_gets_no_certificate(name):
    fields, reason = FALSE[name]
    found = made(whole(**fields))
    assert isinstance(found, Lacking)
    assert any(reason in line for line in found.reasons), found.reasons


def test_an_open_plan_and_no_receipt_lack():
    assert isinstance(made(whole(), unfinished=True), Lacking)
    assert made().reasons == ("nothing is archived: no receipt says what came",)
    assert "planned and not finished" in made(unfinished=True).reasons[0]


def test_a_statement_of_what_lacks_does_not_look_like_a_certificate():
    bad = SlotVerdict(UNTIL - HOUR, UNTIL, Verdict.DISPROVEN, "MISSING_LINKED")
    lacking = made(whole(verdict=Verdict.DISPROVEN, slots=(bad,)))
    page = certificates([lacking])
    assert "Certificate of completeness" not in page
    assert 'class="paper"' not in page
    assert "This is no certificate" in page
    assert "MISSING_LINKED" in page
    assert json.loads(lacking.to_json())["format"] == "itemtrail-lacking/1"


def test_the_page_escapes_what_it_is_given_and_runs_nothing():
    evil = "<script>alert(1)</script>\u202e\x1b[31m"
    page = certificates([made(whole(trail=evil)), made(whole(trail=evil))])
    assert "<script" not in page.lower()
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x202e\\x1b[31m" in page
    assert "default-src 'none'" in page
    assert "0 of 2 units certified without reservation" in page.replace("\n", " ")
