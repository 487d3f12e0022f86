"""Posture: the latest review, what is new in it, its history; the lifecycle of both buckets as a picture; the whole report.

Decides: what each address answers; a review that is old, missing, unreadable or that could not look everywhere is said before
anything else. Refuses to serve the ``report.html`` that lies in the archive: that is somebody's HTML under Airflow's own origin.
The whole report is made again from ``report.json`` and the snapshot (the same bytes, where nobody changed it), and is served
under a policy of its own: sandboxed, no script, no request, and only the one style sheet whose digest the header names.
Source: CSP Level 3, "sandbox" and hashes in ``style-src``, read 2026-11-24.
"""

import base64
import datetime as dt
import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from itemtrail.core.review_read import ReadReport
from itemtrail.core.visible import visible
from itemtrail.errors import EvidenceError, ItemtrailError, NotFound
from itemtrail_airflow.web import archive, page
from itemtrail_airflow.web.blocking import in_thread

router = APIRouter()
Text = Annotated[str, Query(max_length=200)]
Id = Annotated[str, Query(max_length=20, pattern=r"^(\d{8}T\d{6}Z)?$")]
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@router.get("/posture")
async def posture(
    review: Id = "",
    severity: Text = "",
    state: Text = "",
    control: Text = "",
    q: Text = "",
    number: Annotated[int, Query(ge=1, le=100_000, alias="page")] = 1,
    opened: Annotated[str, Query(max_length=32, alias="open")] = "",
) -> HTMLResponse:
    """The findings of a review, the latest where none is named."""
    from itemtrail.core.review_view import Filter

    return await in_thread(_findings, review, Filter(severity, state, control, q, number, opened), dt.datetime.now(dt.UTC))


@router.get("/posture/lifecycle")
async def lifecycle(review: Id = "") -> HTMLResponse:
    """What the rules in a review's snapshot do to objects, by age."""
    return await in_thread(_lifecycle, review, dt.datetime.now(dt.UTC))


@router.get("/posture/report")
async def report(review: Id = "", download: bool = False) -> Response:
    """The whole report of a review, to read or to keep."""
    return await in_thread(_report, review, dt.datetime.now(dt.UTC), download)


def _findings(review: str, wanted: Any, now: dt.datetime) -> HTMLResponse:
    from itemtrail.core.review_trend import trend
    from itemtrail.core.review_view import GROUPS, STALE, age, exceptions, severities, view
    from itemtrail.flows import review_pages

    _, store = archive.settings_and_store()
    found = review_pages.saved(store, now=now)
    shown, broken = _chosen(store, found, review)
    values: dict[str, Any] = {
        **_common(store, shown, found, review),
        "broken": broken,
        "wanted": wanted,
        "trend": trend(review_pages.history(store, found)),
        "groups": GROUPS,
        "severities": severities(),
    }
    if shown is None:
        return _answer("posture.html", **values)
    return _answer(
        "posture.html",
        **values,
        view=view(shown, wanted),
        age=age(shown, now),
        stale=shown.id == values["latest"] and now - shown.review.taken_at > STALE,
        exceptions=exceptions(shown, now),
        opened=_by_severity(shown),
    )


def _lifecycle(review: str, now: dt.datetime) -> HTMLResponse:
    from itemtrail.core.lifecycle_drawing import SHORT, sizes, who, words
    from itemtrail.flows import lifecycle_pictures, review_pages

    settings, store = archive.settings_and_store()
    found = review_pages.saved(store, now=now)
    shown, broken = _chosen(store, found, review)
    pictures: tuple[lifecycle_pictures.BucketPicture, ...] = ()
    if shown:
        try:
            pictures = lifecycle_pictures.pictures(review_pages.snapshot(store, shown), settings)
        except (EvidenceError, NotFound) as error:
            broken = error
    values = _common(store, shown, found, review)
    says = {"segment": words, "sizes": sizes, "who": who}
    return _answer("posture_lifecycle.html", **values, broken=broken, pictures=pictures, legend=tuple(SHORT), says=says)


def _report(review: str, now: dt.datetime, download: bool) -> Response:
    from itemtrail.core.review_html import html
    from itemtrail.flows import review_pages

    _, store = archive.settings_and_store()
    shown = review_pages.chosen(store, review_pages.saved(store, now=now), review)
    if shown is None:
        raise NotFound("there is no review.", advice="run the DAG review_posture.")
    body = html(shown.report(review_pages.snapshot(store, shown)))
    answer = HTMLResponse(body.encode("utf-8", "backslashreplace"))
    answer.headers["Content-Security-Policy"] = _policy(body)
    if download:
        answer.headers["Content-Disposition"] = f'attachment; filename="itemtrail-review-{shown.id}.html"'
    return answer


def _policy(body: str) -> str:
    """No script, no request, no form, nobody's style but the template's own."""
    style = _STYLE.search(body)
    digest = base64.b64encode(hashlib.sha256(style[1].encode() if style else b"").digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    )


def _chosen(store: Any, found: Any, review: str) -> tuple[ReadReport | None, ItemtrailError | None]:
    """The review, or why it cannot be shown; a page says the latter and shows what else there is."""
    from itemtrail.flows import review_pages

    try:
        return review_pages.chosen(store, found, review), None
    except (EvidenceError, NotFound) as error:
        return None, error


def _by_severity(shown: ReadReport) -> dict[str, int]:
    """How much is open, worst first."""
    from itemtrail.core.review import SEVERITIES, Standing

    opened = [line.result.severity for line in shown.review.standing(Standing.OPEN)]
    return {str(severity): opened.count(severity) for severity in SEVERITIES}


def _common(store: Any, shown: ReadReport | None, found: Any, review: str) -> dict[str, Any]:
    """What every posture page says: which review, what it rests on, what else there is."""
    return {
        "report": shown,
        "latest": next(iter(found.reports), ""),
        "asked": review,
        "saved": tuple(found.reports),
        "notes": found.notes,
        "archive_name": store.name,
    }


def _answer(template: str, **values: Any) -> HTMLResponse:
    return page.render(template, seen=_seen, utc=_utc, day=_day, **values)


def _seen(value: object) -> str:
    """Somebody's text with its control characters, and those that turn its direction, as what they are."""
    text = str(value)
    return text if text.isprintable() else "\n".join(visible(line) for line in text.split("\n"))


def _utc(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _day(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d}"
