"""docs/controls.md: every check with what it asks, why, what it needs to read, which controls it answers, what to run.

Decides: the order (by subject, then severity, then id) and the escapes. The page is generated, and a test holds it to the checks.
"""

from collections.abc import Sequence

from itemtrail.core.check import Check, Severity, Subject

HEAD = """# Checks and controls

What `itemtrail review` and the DAG `review_posture` ask of a set-up. Each check is one file in `include/itemtrail/checks/`, a
pure function over a snapshot of the configuration. This page is generated: `itemtrail review --list-checks --markdown`.

A check answers **PASS**, **FAIL** (with what was seen and a command that mends it), **CANNOT_LOOK** (a fact could not be read or
was not understood, with the IAM action: never a pass) or **NOT_APPLICABLE**. Severity says how much evidence is at stake:
CRITICAL, it is being lost or can be removed now; HIGH, it would be lost or doubted with one more mistake; MEDIUM, a safeguard is
missing; LOW, cost and tidiness.

Controls are named where their text was read: CIS AWS Foundations v7.0, AWS Security Hub, AWS Config and prowler's checks. Two
differ on purpose: MFA delete, which S3 does not let go together with lifecycle rules (Object Lock does its work, and more), and
the retention of log groups, where a group that never expires is a failure here, because it holds every value of every item.

In commands, words in capitals are for you to replace; what stands in braces is filled in for each finding.
"""
_ORDER = tuple(Severity)
_SUBJECTS = {
    Subject.ACCOUNT: "The account, and what people did",
    Subject.REGION: "Each Region",
    Subject.TRAIL: "The trail",
    Subject.BUCKET: "Trail and archive bucket",
    Subject.TRAIL_BUCKET: "The trail's bucket",
    Subject.ARCHIVE_BUCKET: "The archive's bucket",
    Subject.KEY: "Each KMS key",
    Subject.TABLE: "Each table",
    Subject.LOG_GROUP: "Each log group",
    Subject.FORWARDER: "The forwarder, in each Region",
    Subject.TOPIC: "The alert topic",
    Subject.ROLE: "Each role of ours",
}


def markdown(checks: Sequence[Check]) -> str:
    """The page, ending in a newline."""
    lines = [HEAD, f"{len(checks)} checks; {_count(checks)}.", ""]
    lines += ["| control | checks |", "|---|---|", *_controls(checks), ""]
    for subject, title in _SUBJECTS.items():
        chosen = sorted((one for one in checks if one.subject is subject), key=lambda one: (_ORDER.index(one.severity), one.id))
        if chosen:
            lines += [
                f"## {title}",
                "",
                "| severity | check | asks | otherwise | reads | controls | to mend it |",
                "|---|---|---|---|---|---|---|",
            ]
            lines += [_row(one) for one in chosen]
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(check: Check) -> str:
    reads = "<br>".join(f"`{action}`" for action in check.actions) or "the configuration"
    controls = "<br>".join(_text(control) for control in check.controls) or "–"
    mend = f"`` {check.remediation.replace('|', chr(92) + '|')} ``"
    return f"| {check.severity} | `{check.id}` | {_text(check.title)} | {_text(check.why)} | {reads} | {controls} | {mend} |"


def _controls(checks: Sequence[Check]) -> list[str]:
    named: dict[str, list[str]] = {}
    for check in checks:
        for control in check.controls:
            named.setdefault(control, []).append(f"`{check.id}`")
    return [f"| {_text(control)} | {', '.join(named[control])} |" for control in sorted(named)]


def _count(checks: Sequence[Check]) -> str:
    counts = {severity: sum(one.severity is severity for one in checks) for severity in _ORDER}
    return ", ".join(f"{number} {severity}" for severity, number in counts.items() if number)


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
