"""The pages as one FastAPI app: which there are, who may see them, what an error looks like.

Decides: every route has the same guard, given once and to the whole app, so that none can be forgotten: whoever may see Airflow's
plugins (a viewer may; nobody without signing in). Errors are pages: what happened and what to do next, never a traceback. There
is no schema and no documentation page: those would be routes without a guard.
Source: Airflow docs, "Plugins", ``fastapi_apps`` (read 2026-11-24): "plugin endpoints are open unless they ask for a user".
"""

import logging
from functools import cache

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from itemtrail.errors import ConfigurationError, EvidenceError, ItemtrailError, NotFound, SourceUnavailable
from itemtrail_airflow.web import assets, coverage, page, places, posture, timeline
from itemtrail_airflow.web.blocking import Busy
from itemtrail_airflow.web.headers import App, Receive, Scope, SecurityHeaders, Send

log = logging.getLogger(__name__)
PAGES: dict[str, tuple[str, APIRouter]] = {
    "coverage": ("Coverage", coverage.router),
    "timeline": ("Timeline", timeline.router),
    "posture": ("Posture", posture.router),
}
"""Pages by the first part of their path: what the navigation calls them, and their routes."""
_HEADINGS = {401: "Sign in to Airflow first", 403: "Not for you", 404: "There is no such page", 405: "There is no such page"}
_KINDS = {
    EvidenceError: (500, "The archive contradicts itself"),
    NotFound: (404, "It is not in the archive"),
    ConfigurationError: (503, "Could not look"),
    SourceUnavailable: (503, "Could not look"),
}


def build() -> App:
    """The app, with security headers on every answer. ASGI."""
    app = FastAPI(
        title="itemtrail",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
    )
    app.add_api_route("/", _first, methods=["GET"])
    app.include_router(assets.router)
    app.include_router(places.router)
    for _, router in PAGES.values():
        app.include_router(router)
    page.add_globals({"pages": {name: title for name, (title, _) in PAGES.items()}})
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(ItemtrailError, _failed)
    app.add_exception_handler(Busy, _busy)
    app.add_exception_handler(Exception, _broken)
    return SecurityHeaders(_Mounted(app))


class _Mounted:
    """Tells the templates where Airflow mounted the app. ``fastapi`` is what is asked for the list of routes."""

    def __init__(self, app: FastAPI) -> None:
        self.fastapi = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepts = dict(scope.get("headers", ())).get(b"accept-encoding", b"").decode("latin-1")
        page.asked_by(scope.get("root_path", ""), accepts=accepts)
        await self.fastapi(scope, receive, send)


@cache
def app() -> App:
    """The one app of this process."""
    return build()


async def _first(request: Request) -> RedirectResponse:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/{next(iter(PAGES))}", 303)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    heading = _HEADINGS.get(error.status_code, "This did not work")
    answer = page.render("error.html", status=error.status_code, heading=heading, says=str(error.detail), advice="")
    answer.headers.update(error.headers or {})
    return answer


async def _misread(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    says = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()[:5])
    return page.render("error.html", status=422, heading="This address is not understood", says=says, advice="")


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, ItemtrailError)
    status, heading = next((said for kind, said in _KINDS.items() if isinstance(error, kind)), (500, "This did not work"))
    log.warning("%s: %s", request.url.path, error)
    return page.render("error.html", status=status, heading=heading, says=error.message, advice=error.advice)


async def _busy(_: Request, error: Exception) -> Response:
    advice = "Wait a little and load the page again. Airflow itself is not affected: pages have four threads of their own."
    return page.render("error.html", status=503, heading="Busy", says=str(error), advice=advice)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("%s failed", request.url.path, exc_info=error)
    advice = "The api-server's log has the details."
    return page.render("error.html", status=500, heading="This is a fault of itemtrail", says="", advice=advice)
