"""The cells of a calendar's row as HTML: thousands a page, so they are put together here rather than by the template.

Decides: a cell is a link with its day and state in words as title, which is also its name for screen readers; days that need
somebody and the newest of a row are reached with Tab, all others with the arrow keys. Every value is a date, a number or a word
of ours; account and Region are quoted all the same.
"""

import datetime as dt
import html
from functools import lru_cache

from markupsafe import Markup

from itemtrail.core.coverage_book import days_in
from itemtrail.core.coverage_calendar import LATE, NOT_DUE, STATES, Row, State

_TAB = (*LATE, State.UNSEEN)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def cells(row: Row, root: str) -> Markup:
    """Twelve months of days, each a link to its unit's page."""
    base = html.escape(f"{root}/coverage/{row.account}/{row.region}/", quote=True)
    last = len(row.states.rstrip(NOT_DUE)) - 1
    parts = []
    for index, (mark, (day, title, column, month)) in enumerate(zip(row.states, _days(row.year), strict=True)):
        if month:
            parts.append(month)
        state = STATES[mark]
        if mark == NOT_DUE:
            parts.append(f'<i class="c not-due{column}"></i>')
        elif state in LATE:
            one = row.at(index)
            urgent = " urgent" if one.urgent else ""
            left = f"{one.left} days left" if one.left >= 0 else f"{-one.left} days past"
            name = f"{title}: {state.words}; {left} (trail bucket's expiry)"
            parts.append(f'<a class="c {state}{column}{urgent}" href="{base}{day}" title="{name}"></a>')
        else:
            skip = "" if index == last or state in _TAB else " tabindex=-1"
            parts.append(f'<a class="c {state}{column}"{skip} href="{base}{day}" title="{title}: {state.words}"></a>')
    parts.append("</div>")
    return Markup("".join(parts))  # noqa: S704 - made of dates and escaped text


@lru_cache(maxsize=8)
def _days(year: int) -> tuple[tuple[str, str, str, str], ...]:
    """Of each day: its date, its title, the class of its column where it is a month's first, and what begins its month."""
    found = []
    for index in range(days_in(year)):
        day = dt.date(year, 1, 1) + dt.timedelta(days=index)
        end = "</div>" if index else ""
        month = f'{end}<div class="m"><b>{_MONTHS[day.month - 1]}</b>' if day.day == 1 else ""
        column = f" d{day.isoweekday()}" if day.day == 1 and day.isoweekday() > 1 else ""
        found.append((str(day), f"{day:%a} {day}", column, month))
    return tuple(found)
