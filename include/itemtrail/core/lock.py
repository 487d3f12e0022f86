"""Object Lock retention in words: what a mode and its days mean, and the sentence that confirms what cannot be undone.

Decides: days that are whole years may be written as years. Source: Amazon S3 user guide, "Locking objects with Object Lock",
"Retention modes" (GOVERNANCE can be bypassed with s3:BypassGovernanceRetention, COMPLIANCE by nobody), read 2026-11-24.
"""

_YEAR = 365.25


def years(days: int) -> int | None:
    """The whole years that ``days`` are, leap days counted or not; None where they are none."""
    number = round(days / _YEAR)
    return number if number and 365 * number <= days <= 366 * number and abs(days - _YEAR * number) <= number / 4 + 1 else None


def span(days: int) -> str:
    """``30 days``, ``2557 days (7 years)``."""
    whole = years(days)
    return f"{days} day{'s' if days != 1 else ''}" + (f" ({_years(whole)})" if whole else "")


def confirmations(days: int) -> tuple[str, ...]:
    """Sentences, each of which confirms COMPLIANCE for ``days``; the first is the one to propose."""
    whole = years(days)
    return (f"nobody can delete for {days} days", *((f"nobody can delete for {_years(whole)}",) if whole else ()))


def meaning(mode: str, days: int) -> str:
    """What an archive of this mode promises."""
    if mode == "COMPLIANCE":
        return f"what is archived can be deleted by nobody for {span(days)}, not by root either; that can be prolonged only"
    if mode == "GOVERNANCE":
        who = "by who has s3:BypassGovernanceRetention (no documented role)"
        return f"what is archived cannot be deleted for {span(days)}, but {who}"
    return "what is archived is put under no retention: whoever may delete versions, may delete it"


def _years(number: int) -> str:
    return f"{number} year{'s' if number != 1 else ''}"
