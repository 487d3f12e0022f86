"""Certificates and evidence packs as HTML: no script, nothing loaded from elsewhere, readable on paper (A4).

Decides: how a value is shown; the templates beside this file say how a page looks. Refuses to trust a single value: names, keys
and messages come from whoever wrote them, so everything is escaped, control characters and those that turn a line's direction are
shown as numbers, and the page's own Content-Security-Policy forbids scripts and any request.
Source: jinja2 documentation, "Autoescaping", read 2026-11-24.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from itemtrail.core.certificate import Certificate, Lacking
from itemtrail.core.change_schema import Match
from itemtrail.core.change_words import SURE, differences, value
from itemtrail.core.evidence import Event, Index
from itemtrail.core.evidence_agreement import actors
from itemtrail.core.plan import sha256
from itemtrail.core.visible import visible

_LONGEST = 2000  # characters of a value
_DOUBTS = frozenset({Match.AMBIGUOUS, Match.STREAM_ONLY_UNEXPLAINED, Match.TRAIL_ONLY_LOST})
_FILES = ("certificate.html", "certificates_table.html", "evidence.html", "evidence_style.css")

_README = """Evidence pack made by itemtrail

Question: {question}
Answer:   {changes} changes; {proven} of {calls} logged calls proven; {certified} of {days} days certified complete.
          Ledger checkpoint: {checkpoint}

Begin with index.html: it opens in any browser, needs no network and runs nothing.

index.html            the answer to read or print
certificates.html     for each day that matters: that everything came, or what lacks
changes.csv/.parquet  the changes: who, when, what differed, how sure that is
events.csv/.parquet   the logged calls that the changes name
proofs/               a file for each call that is proven: the signed log file it stands in, and the way to the ledger
keys/ ledger/         CloudTrail's public keys as archived; the ledger's checkpoint
certificates/ lacking/ receipts/ ledger/proofs/
                      the same certificates as data, and what they were made from
evidence.json         question, calls (also those without a proof, and why), days, what it rests on
manifest.json         every file with its size and SHA-256
check_proof.py        checks one proof; 150 lines of Python, needs the package cryptography
proof.html            checks one proof in a browser, without a network

How to check
1. sha256sum manifest.json       compare with the hash in the cover letter: it fixes every file here.
2. itemtrail verify-evidence .   checks the files, every proof, the certificates, and that the tables say what is proven.
   Without itemtrail: python check_proof.py proofs/FILE.json
3. Add --checkpoint SHA256 with the hash of the ledger's checkpoint as you know it from elsewhere (a mail, a printed page).
   Without it the pack is only shown to agree with itself and with the key that it brings.

In the CSV files a cell that a spreadsheet would run as a formula begins with an apostrophe, and characters that cannot be
printed stand as \\xNN. The Parquet files have the values as they are.
A proof holds the whole log file that its record stands in, and so what others did in the same minutes.
"""


def certificates(made: Sequence[Certificate | Lacking]) -> str:
    """A page a certificate, each on a sheet of its own, with a summary before them where there are several."""
    days = sorted({one.unit.day for one in made})
    span = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(map(str, days)) or "no day"
    lacking = sum(isinstance(one, Lacking) for one in made)
    reserved = sum(isinstance(one, Certificate) and not one.unreserved for one in made)
    return render(
        "certificate.html",
        title=f"Completeness, {span}",
        made=made,
        lacking=lacking,
        reserved=reserved,
        whole=len(made) - lacking - reserved,
    )


def pack(index: Index, rows: Sequence[Mapping[str, Any]], said: Sequence[Certificate | Lacking]) -> str:
    """The page that a reader of an evidence pack opens first."""
    proofs = {(one.source_object, one.record_index): one for one in index.events}
    changes = [_change(row, proofs) for row in rows]
    return render("evidence.html", index=index, changes=changes, actors=actors(rows), said=said)


def readme(index: Index) -> str:
    """README.txt: what this is, for somebody who has never heard of itemtrail."""
    return _README.format(
        question=visible(str(index.question)),
        changes=index.changes,
        proven=len(index.events) - len(index.unproven),
        calls=len(index.events),
        certified=len(index.certificates) - len(index.uncertified),
        days=len(index.certificates),
        checkpoint=index.checkpoint or "none: the archive has no ledger",
    )


def _change(row: Mapping[str, Any], proofs: Mapping[tuple[str, int], Event]) -> dict[str, Any]:
    match = Match(row["match_confidence"])
    shown = [
        (one["path"], *(value(one[side], _LONGEST) if side in one else None for side in ("old", "new")))
        for one in differences(row)
    ]
    return {
        "row": row,
        "table": row["table_arn"].rpartition("/")[2],
        "sure": SURE[match] if SURE[match].startswith(match) else f"{match}: {SURE[match]}",
        "doubt": match in _DOUBTS,
        "differences": shown,
        "candidates": [(one, _mark(one, proofs)) for one in row["candidates"] or ()],
        "mark": _mark(row, proofs),
    }


def _mark(row: Mapping[str, Any], proofs: Mapping[tuple[str, int], Event]) -> str:
    event = proofs.get((row["source_object"], row["record_index"])) if row["source_object"] else None
    if event is None:
        return ""
    return f"Proof: {event.proof} (eventID {event.event_id})" if event.proof else f"NOT PROVEN: {event.problem}"


def render(name: str, **values: Any) -> str:
    """One of the templates."""
    return _environment().get_template(name).render(**values, summary=_summary, digest=lambda one: sha256(one.to_json()))


def _summary(made: Sequence[Certificate | Lacking]) -> Markup:
    return Markup(_environment().get_template("certificates_table.html").render(made=made))  # noqa: S704 - rendered with escapes


def _shown(value: object) -> object:
    """A text's control characters, and those that turn its direction, as what they are."""
    return visible(value) if type(value) is str else value


@cache
def _environment() -> jinja2.Environment:
    here = resources.files("itemtrail.core")
    loader = jinja2.DictLoader({name: here.joinpath(name).read_text(encoding="utf-8") for name in _FILES})
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_shown, loader=loader)
    environment.filters.update(
        time=lambda time: f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC",
        maybe_time=lambda time: f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if time else "a time that is not known",
        joined="; ".join,  # jinja's join gives markup, which nobody looks at again
    )
    return environment
