"""What a page shows against what a command printed. Pure.

Decides what may differ: numbers, times of day, identifiers and hashes; runs of blanks and dashes (columns follow their widest
value). Words, verdicts, names, dates and the order of lines may not. ``…`` in a page stands for anything within its line, alone
on a line for any lines.

Pages speak of the days 2026-11-21, -22 and -23 as the last three before today; ``shifted`` carries every date over.
"""

import datetime as dt
import re

TODAY = dt.date(2026, 11, 24)
"""Today, as the pages speak."""
_DATE = re.compile(r"\b(20[23]\d)(-?)(\d\d)\2(\d\d)(?=\b|T)")
_VARIES = re.compile(
    r"(?P<date>\b20[23]\d-\d\d-\d\d)"
    r"|(?P<id>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\b(?=\w*\d)[A-Z0-9]{12,}\b|(?<=Z_)\w{16}(?=\.json))"
    r"|(?P<number>(?<![A-Za-z])(?<![a-z]-)(?:\d[\d,.:]*\d|\d))"
)


def shifted(text: str, today: dt.date) -> str:
    """``text`` with every day as far from ``today`` as the page's is from ``TODAY``."""
    by = today - TODAY

    def later(match: re.Match[str]) -> str:
        year, dash, month, day = match.groups()
        try:
            moved = dt.date(int(year), int(month), int(day)) + by
        except ValueError:
            return match[0]
        return moved.strftime(f"%Y{dash}%m{dash}%d")

    return _DATE.sub(later, text)


def difference(shown: tuple[str, ...], printed: str) -> str:
    """Why ``printed`` is not what is ``shown`` (dates carried over already); empty where it is."""
    wanted = [_plain(line) for line in shown]
    got = [_plain(line) for line in printed.rstrip().split("\n")] if printed.strip() else []
    if _fits(wanted, got):
        return ""
    return "shown:\n  " + "\n  ".join(shown) + "\nprinted:\n  " + "\n  ".join(printed.split("\n"))


def _plain(line: str) -> str:
    def word(match: re.Match[str]) -> str:
        return match[0] if match["date"] else "#" if match["id"] else "N"

    return re.sub(r"-{3,}", "---", re.sub(r"\s+", " ", _VARIES.sub(word, line.rstrip())))


def _fits(wanted: list[str], got: list[str]) -> bool:
    """Whether the lines follow each other so: greedy is enough, because what stands after a gap is looked for from its end on."""
    reach = {0}
    for line in wanted:
        if line == "…":
            reach = set(range(min(reach), len(got) + 1)) if reach else set()
        else:
            pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
            reach = {at + 1 for at in reach if at < len(got) and pattern.fullmatch(got[at])}
    return len(got) in reach
