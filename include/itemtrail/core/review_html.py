"""A review's report as one HTML file: no script, nothing loaded from elsewhere, readable on paper.

Decides: what the page holds; ``review_report.html`` beside this file says how it looks. Refuses to trust a single value: names,
policies and messages come from an account that may be hostile, so everything is escaped, and the page's own Content-Security-
Policy forbids scripts, forms and any request. Source: jinja2 documentation, "Autoescaping", read 2026-11-24.
"""

import datetime as dt
from collections import Counter
from functools import cache
from importlib import resources

import jinja2

from itemtrail.core.review import SEVERITIES, Change, Line, Standing, Verdict
from itemtrail.core.review_report import Report
from itemtrail.core.review_text import place, summary
from itemtrail.core.visible import visible

_VERDICTS = {
    Verdict.CLEAN: "Clean",
    Verdict.FINDINGS: "Findings",
    Verdict.COULD_NOT_LOOK: "Could not look everywhere",
}


def html(report: Report) -> str:
    """The page."""
    review, posture = report.review, report.posture
    checks = {one.id: one for one in report.checks}
    opened = review.standing(Standing.OPEN)
    by_severity = [(severity, sum(line.result.severity is severity for line in opened)) for severity in SEVERITIES]
    return _template().render(
        report=report,
        review=review,
        posture=posture,
        verdict=_VERDICTS[review.verdict],
        summary=summary(review),
        checks=_Checks(checks),
        severities=by_severity,
        numbers=_numbers(report),
        opened=opened,
        blind=review.standing(Standing.COULD_NOT_LOOK),
        resolved=review.changed(Change.RESOLVED),
        unasked=review.changed(Change.NO_LONGER_APPLIES),
        accepted=review.standing(Standing.ACCEPTED),
        good=review.standing(Standing.GOOD),
        aside=review.standing(Standing.NOT_APPLICABLE),
        by_check=_by_check(report),
        events=sorted(posture.events, key=lambda one: (not one.succeeded, one.time)),
        read=_read(report),
        place=place,
        title=lambda line: _title(report, line),
    )


class _Checks(dict):  # type: ignore[type-arg]
    """A check that is gone is None, not an error."""

    def __missing__(self, key: str) -> None:
        return None


def _numbers(report: Report) -> list[tuple[int, str]]:
    review = report.review
    compared = [(len(review.changed(Change.RESOLVED)), "resolved"), (len(review.gone), "gone")] if review.compared else []
    return [
        (len(review.changed(Change.NEW)), "new"),
        *compared,
        (len(review.standing(Standing.COULD_NOT_LOOK)), "could not be looked at"),
        (len(review.standing(Standing.ACCEPTED)), "accepted"),
        (len(review.standing(Standing.GOOD)), "good"),
    ]


def _read(report: Report) -> list[tuple[str, list[str]]]:
    posture = report.posture
    groups = {
        "Regions": [one.name for one in posture.regions],
        "trails": [one.state.arn for one in posture.trails],
        "buckets": [one.arn for one in posture.buckets],
        "keys": [one.arn for one in posture.keys],
        "tables": [one.arn for one in posture.tables],
        "log groups": [one.arn for one in posture.log_groups],
        "forwarders": [one.arn for one in posture.forwarders],
        "topics": [one.arn for one in posture.topics],
        "roles": [one.arn for one in posture.roles],
    }
    return list(groups.items())


def _by_check(report: Report) -> list[tuple[str, int, int]]:
    """Of each check its title, how many of its answers are good, and how many do not apply: what paper has room for."""
    found = Counter((_title(report, line), line.standing) for line in report.review.lines)
    kept = (
        (title, found[title, Standing.GOOD], found[title, Standing.NOT_APPLICABLE]) for title in sorted({one for one, _ in found})
    )
    return [(title, passed, aside) for title, passed, aside in kept if passed or aside]


def _title(report: Report, line: Line) -> str:
    check = report.check(line.result.check)
    return check.title if check else line.result.check


def _shown(value: object) -> object:
    """A text's control characters, and those that turn its direction, as what they are."""
    return "\n".join(visible(line) for line in value.split("\n")) if type(value) is str else value


@cache
def _template() -> jinja2.Template:
    text = resources.files("itemtrail.core").joinpath("review_report.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_shown)
    environment.filters.update(
        time=lambda time: f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC",
        day=lambda time: f"{time.astimezone(dt.UTC):%Y-%m-%d}",
        listed=", ".join,  # jinja's join gives markup, which nobody looks at again
        words=lambda code: str(code).replace("_", " ").lower(),
    )
    return environment.from_string(text)
