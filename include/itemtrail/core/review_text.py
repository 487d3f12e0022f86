"""A review's report as plain text and as Markdown: findings first, then what could not be looked at, then the rest.

Decides: what comes first for somebody woken by it. Refuses values that would break the page: each is one line without control
characters, and in Markdown every character that means something there is escaped.
"""

import re
from collections.abc import Iterator, Sequence

from itemtrail.core.acceptance import Use
from itemtrail.core.review import SEVERITIES, Change, Line, Review, Standing
from itemtrail.core.review_report import Report
from itemtrail.core.visible import visible

_CHANGES_SHOWN = 30


def headline(report: Report) -> str:
    """What, of whom, when, by whom."""
    posture = report.posture
    whose, when = f"account {posture.account}", f"{posture.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    return one_line(f"{report.review.verdict}: {whose}, {when}, as {posture.caller}")


def summary(review: Review) -> str:
    """The counts in one sentence; what is open by severity."""
    of = review.standing
    opened = of(Standing.OPEN)
    weights = [(severity, sum(line.result.severity is severity for line in opened)) for severity in SEVERITIES]
    said = ", ".join(f"{count} {severity}" for severity, count in weights if count)
    parts = [
        f"{len(opened)} open" + (f" ({said}; {_new(review)})" if opened else ""),
        f"{len(of(Standing.COULD_NOT_LOOK))} could not be looked at",
        f"{len(of(Standing.ACCEPTED))} accepted",
        f"{len(of(Standing.GOOD))} good",
        f"{len(of(Standing.NOT_APPLICABLE))} not applicable",
    ]
    since = [
        f"{len(review.changed(Change.RESOLVED))} resolved" if review.compared else "",
        f"{len(review.gone)} gone" if review.gone else "",
    ]
    return ", ".join([*parts, *(part for part in since if part)])


def text(report: Report) -> str:
    """For a terminal."""
    lines = "\n".join([headline(report), summary(report.review), *_body(report)]).split("\n")
    return "\n".join(map(visible, lines))


def markdown(report: Report) -> str:
    """For a ticket or a page of Airflow."""
    review = report.review
    lines = [f"**{escaped(headline(report))}**", "", escaped(summary(review)), ""]
    lines += [*(f"- note: {escaped(note)}" for note in report.notes), ""] if report.notes else []
    if opened := review.standing(Standing.OPEN):
        lines += ["| severity | since | check | resource | seen | next |", "|---|---|---|---|---|---|"]
        lines += [f"| {' | '.join(_row(line))} |" for line in opened] + [""]
    for title, said in _sections(report):
        lines += [f"**{title}**", "", *(f"- {escaped(one)}" for one in said), ""]
    return "\n".join(lines).rstrip() + "\n"


def escaped(value: str) -> str:
    """One line that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&-])", r"\\\1", one_line(value))


def one_line(value: str) -> str:
    """``value`` on one line, everything unprintable shown as what it is."""
    return visible(" ".join(value.split()))


def finding(line: Line) -> str:
    """A finding on one line: severity, what became of it, check, resource, what was seen."""
    one = line.result
    change = "NEW" if line.change is Change.NEW else f"since {line.since:%Y-%m-%d}"
    return f"{one.severity:<8}  {change:<16}  {one.check}  {place(line)}: {seen(line)}"


def place(line: Line) -> str:
    """The resource, and its Region where the resource does not say it."""
    one = line.result
    return one_line(one.resource if not one.region or one.region in one.resource else f"{one.resource} ({one.region})")


def seen(line: Line) -> str:
    """What was seen, and what is to be said of it."""
    return one_line(f"{line.result.detail} {line.note}")


def _new(review: Review) -> str:
    return f"{len(review.changed(Change.NEW))} new" if review.compared else "no earlier review to compare with"


def _body(report: Report) -> Iterator[str]:
    yield from (f"note: {one_line(note)}" for note in report.notes)
    for line in report.review.standing(Standing.OPEN):
        yield ""
        yield finding(line)
        if line.result.remediation:
            yield f"{'':8}  next: {one_line(line.result.remediation)}"
    for title, said in _sections(report):
        yield f"\n{title}:"
        yield from (f"  {one_line(one)}" for one in said)


def _sections(report: Report) -> Iterator[tuple[str, Sequence[str]]]:
    """Everything after the findings; sections with nothing to say are left out."""
    review = report.review
    sections = {
        "could not look": [f"{line.result.check}  {place(line)}: {seen(line)}" for line in _blind(review)],
        "resolved since the last review": [
            f"{line.result.check}  {place(line)}: {seen(line)}" for line in review.changed(Change.RESOLVED)
        ],
        "open in the last review and not asked any more (not resolved)": [
            *(f"{one.check}  {one.resource}" for one in review.gone),
            *(f"{line.result.check}  {place(line)}: {seen(line)}" for line in review.changed(Change.NO_LONGER_APPLIES)),
        ],
        "accepted": [_accepted(line) for line in review.standing(Standing.ACCEPTED)],
        "exceptions to look at": [
            f"{use.acceptance.check}  {use.acceptance.resource}: {use.note}"
            for use in review.acceptances
            if use.use is not Use.IN_FORCE
        ],
        "events that end evidence": list(events(report)),
        "changed since the last review": _some(report.changes),
    }
    yield from ((title, said) for title, said in sections.items() if said)


def events(report: Report) -> Iterator[str]:
    """What happened, succeeded first, and until when that is all."""
    posture = report.posture
    for one in sorted(posture.events, key=lambda one: (not one.succeeded, one.time)):
        how = "" if one.succeeded else "FAILED, "
        yield f"{one.time:%Y-%m-%d %H:%M:%SZ}  {one.name} {one.resource} by {one.actor or 'nobody named'} ({how}{one.detail})"
    if posture.events_since is None or posture.events_until is None:
        yield "not known: nothing of the archive could be looked at for them"
    else:
        since, until = (f"{time:%Y-%m-%d %H:%M}" for time in (posture.events_since, posture.events_until))
        yield f"{'' if posture.events else 'none; '}complete from {since} to {until} UTC, later ones as far as they are archived"


def _blind(review: Review) -> tuple[Line, ...]:
    return review.standing(Standing.COULD_NOT_LOOK)


def _accepted(line: Line) -> str:
    assert line.acceptance is not None
    one = line.acceptance
    return f"{line.result.check}  {place(line)}: until {one.expires} by {one.owner}: {one.reason} ({seen(line)})"


def _some(lines: Sequence[str]) -> list[str]:
    more = [f"and {len(lines) - _CHANGES_SHOWN} more: in the report"] if len(lines) > _CHANGES_SHOWN else []
    return [*lines[:_CHANGES_SHOWN], *more]


def _row(line: Line) -> tuple[str, ...]:
    one = line.result
    change = "NEW" if line.change is Change.NEW else f"{line.since:%Y-%m-%d}"
    code = one_line(one.remediation).replace("`", "'").replace("|", "\\|")
    return one.severity, change, escaped(one.check), escaped(place(line)), escaped(seen(line)), f"`{code}`" if code else ""
