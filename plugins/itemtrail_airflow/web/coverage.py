"""Coverage: which days of which account and Region are archived and proven."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from itemtrail_airflow.web.page import render

router = APIRouter()


@router.get("/coverage")
async def coverage() -> HTMLResponse:
    """The calendar."""
    return render("coverage.html")
