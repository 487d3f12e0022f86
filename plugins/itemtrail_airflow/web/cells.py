"""The cells of a calendar's row as HTML: thousands a page, so they are put together here rather than by the template.

Decides: a cell is a link with its day and state in words as title, which is also its name for screen readers; days that need
somebody and the newest of a row are reached with Tab, all others with the arrow keys. Every value is a date, a number or a word
of ours; account and Region are quoted all the same.
"""

import html
from itertools import groupby

from markupsafe import Markup

from itemtrail.core.coverage_calendar import LATE, Day, Row, State

_TAB = (*LATE, State.UNSEEN)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def cells(row: Row, root: str) -> Markup:
    """Twelve months of days, each a link to its unit's page."""
    base = html.escape(f"{root}/coverage/{row.account}/{row.region}/", quote=True)
    last = max((day.day for day in row.days if day.state is not State.NOT_DUE), default=None)
    parts = []
    for month, days in groupby(row.days, key=lambda one: one.day.month):
        parts.append(f'<div class="m"><b>{_MONTHS[month - 1]}</b>')
        parts += [_cell(day, base, first=day.day.day == 1, stop=day.day == last) for day in days]
        parts.append("</div>\n")
    return Markup("".join(parts))  # noqa: S704 - made of dates and escaped text


def _cell(day: Day, base: str, *, first: bool, stop: bool) -> str:
    names = day.state.value
    if first and (column := day.day.isoweekday()) > 1:
        names += f" d{column}"
    if day.state is State.NOT_DUE:
        return f'<i class="c {names}"></i>'
    if day.urgent:
        names += " urgent"
    skip = "" if stop or day.state in _TAB else " tabindex=-1"
    left = f"; {day.left} days to the expiry" if day.state in LATE else ""
    return f'<a class="c {names}"{skip} href="{base}{day.day}" title="{day.day:%a} {day.day}: {day.state.words}{left}"></a>'
