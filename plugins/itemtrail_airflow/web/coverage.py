"""Coverage: a calendar of a year, a row for each account and Region; a day of all of them; one unit with its receipts.

The calendar and the day show what a task found (``itemtrail.flows.coverage_pages``), and say when. The unit reads its receipts
now: where they say something else than the calendar, they are right, and the page says that too.
"""

import datetime as dt
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from itemtrail.core import layout
from itemtrail.core.coverage_calendar import LATE, Row, State, is_stale, worst_first
from itemtrail.flows import coverage_pages, coverage_unit
from itemtrail.model import Unit
from itemtrail.settings import Settings
from itemtrail_airflow.web.archive import settings_and_store
from itemtrail_airflow.web.blocking import in_thread
from itemtrail_airflow.web.cells import cells
from itemtrail_airflow.web.page import query, render, root
from itemtrail_airflow.web.runs import may_see_runs, runs_of

ROWS = 20  # of a page: with the year they bound its size
MOST_SHOWN = 4  # late units named above the calendar
FILTERS = (State.FINDINGS, State.MISSING, State.PENDING, State.QUARANTINED, State.UNSEEN)
Account = Annotated[str, Path(pattern=r"^\d{12}$")]
Region = Annotated[str, Path(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
FIRST_YEAR, LAST_YEAR = 2013, 9998  # CloudTrail began in 2013
_WITHIN = {"ge": dt.date(FIRST_YEAR, 1, 1), "le": dt.date(LAST_YEAR, 12, 31)}
Day = Annotated[dt.date, Path(**_WITHIN)]
AskedDay = Annotated[dt.date, Query(**_WITHIN)]
Where = Annotated[str, Query(pattern=r"^(\d{12}/[a-z0-9-]+)?$")]
router = APIRouter(prefix="/coverage")


@router.get("")
async def calendar(
    year: Annotated[str, Query(pattern=r"^(\d{4})?$")] = "",
    account: Annotated[str, Query(pattern=r"^(\d{12})?$")] = "",
    region: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,32}$")] = "",
    state: Annotated[str, Query(pattern=r"^[a-z-]{0,20}$")] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """The calendar of a year."""
    return await in_thread(_calendar, year, account, region, state, page)


@router.get("/day")
async def go(day: AskedDay, where: Where = "") -> Response:
    """What the form "go to a day" asks for: a unit, or a day of all."""
    return RedirectResponse(f"{root()}/coverage/{where or 'day'}/{day}", 303)


@router.get("/day/{day}")
async def of_day(day: Day) -> HTMLResponse:
    """Every account and Region on one day."""
    return await in_thread(_of_day, day)


@router.get("/{account}/{region}/{day}")
async def unit(account: Account, region: Region, day: Day, user: GetUserDep) -> HTMLResponse:
    """One unit: what its receipts say now."""
    return await in_thread(_unit, Unit(account, region, day), user)


@router.get("/{account}/{region}/{day}/{number}")
async def receipt(account: Account, region: Region, day: Day, number: Annotated[int, Path(ge=0, le=10**6)]) -> Response:
    """One receipt's bytes, as they lie in the archive, to keep."""
    of = Unit(account, region, day)
    body = await in_thread(_receipt, of, number)
    name = f"{account}_{region}_{day}_{number:03d}.receipt.json"
    return Response(body, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _calendar(asked: str, account: str, region: str, state: str, page: int) -> HTMLResponse:
    settings, store = settings_and_store()
    now = dt.datetime.now(dt.UTC)
    year = int(asked) if asked else now.year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise HTTPException(422, f"{year} is no year of CloudTrail")
    every = _places(settings)
    places = [one for one in every if account in ("", one[0]) and region in ("", one[1])]
    wanted = State(state) if state in set(FILTERS) else None
    shown = places if wanted else places[(page - 1) * ROWS : page * ROWS]
    found = coverage_pages.year(store, year, shown, now=now, expiry_days=settings.trail.expiry_days)
    rows = [row for row in found.rows if not wanted or row.counts[wanted]]
    count = len(rows) if wanted else len(places)
    if wanted:
        rows = rows[(page - 1) * ROWS : page * ROWS]
    asked_for: dict[str, Any] = {"account": account, "region": region, "state": state}
    return render(
        "coverage.html",
        year=year,
        years=found.years,
        rows=rows,
        places=every,
        filters=FILTERS,
        asked=asked_for,
        totals={one: sum(row.counts[one] for row in rows) for one in State},
        due=sum(row.due for row in rows),
        late=worst_first(rows, MOST_SHOWN),
        late_count=sum(row.counts[one] for row in rows for one in LATE),
        cells=cells,
        rests=_rests(rows, found, now),
        kept=settings.archive.tag_proven,
        page=page,
        pages_count=max(1, -(-count // ROWS)),
        count=count,
        turn=lambda **changed: query(**{"year": year, **asked_for, "page": page, **changed}),
        now=now,
    )


def _rests(rows: list[Row], found: coverage_pages.Year, now: dt.datetime) -> dict[str, Any]:
    """What the page rests on: when it was made, by what, what is wrong with it."""
    made = [row.made for row in rows if row.made]
    return {
        "made": min(made, default=None),
        "age": age(now - min(made)) if made else "",
        "stale": any(is_stale(row, now) for row in rows),
        "basis": sorted({row.basis for row in rows if row.basis}),
        "news": found.news,
        "troubles": [*found.troubles, *dict.fromkeys(f"{row.account}: {row.trouble}" for row in rows if row.trouble)],
    }


def _of_day(day: dt.date) -> HTMLResponse:
    settings, store = settings_and_store()
    now = dt.datetime.now(dt.UTC)
    found = coverage_pages.year(store, day.year, _places(settings), now=now, expiry_days=settings.trail.expiry_days)
    units = [(row, row.on(day)) for row in found.rows]
    rests = _rests(list(found.rows), found, now)
    return render("coverage_day.html", day=day, units=units, rests=rests, kept=settings.archive.tag_proven)


def _unit(of: Unit, user: Any) -> HTMLResponse:
    settings, store = settings_and_store()
    now = dt.datetime.now(dt.UTC)
    found = coverage_unit.look(store, of, now=now)
    claimed = coverage_pages.year(store, of.day.year, [(of.account, of.region)], now=now, expiry_days=settings.trail.expiry_days)
    claim = claimed.rows[0].on(of.day)
    allowed = may_see_runs(user)
    return render(
        "unit.html",
        unit=of,
        found=found,
        claim=claim,
        disagrees=coverage_unit.disagrees(found, claim),
        configured=(of.account, of.region) in _places(settings),
        runs=runs_of(of.day) if allowed else None,
        kept=settings.archive.tag_proven,
        where=f"{store.name}/{layout.receipts_folder(of)}",
        before=of.day - dt.timedelta(days=1),
        after=of.day + dt.timedelta(days=1),
        now=now,
    )


def _receipt(of: Unit, number: int) -> bytes:
    _, store = settings_and_store()
    return store.read(layout.receipt_key(of, number)).body


def _places(settings: Settings) -> list[tuple[str, str]]:
    """Accounts and Regions that the configuration expects."""
    accounts, regions = sorted({*settings.archive.accounts}), sorted({*settings.archive.regions})
    return [(account, region) for account in accounts for region in regions]


def age(span: dt.timedelta) -> str:
    """As people say it: 5 minutes, 11 hours, 3 days."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 2:
        return "a minute"
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"
