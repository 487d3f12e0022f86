"""Templates, and what a page may do where it is shown.

Airflow 3.3.2 shows every external view in an iframe with ``sandbox="allow-scripts allow-same-origin allow-forms
allow-downloads"`` (read in its UI bundle, 2026-11-24; seen in Chromium). So:

* links, forms (GET) and downloads (``Content-Disposition: attachment``) work, and the session cookie goes with them;
* ``target="_blank"`` and ``target="_top"`` do nothing: no ``allow-popups``, no ``allow-top-navigation``. A link to one of
  Airflow's own pages is written ``<a data-shell href="{{ airflow }}dags/…">``: ``shell.js`` follows it in the shell. Without the
  script it opens inside the frame, which is ugly and works;
* ``prefers-color-scheme`` is the machine's, not the one chosen in Airflow: ``shell.js`` takes over the shell's choice.

Values reach a template escaped (autoescape), and a name that is missing fails (StrictUndefined). No inline style or script works
(CSP). Write links as ``{{ root }}/coverage``: ``root`` has the prefix under which Airflow mounts the pages, also behind a proxy.
"""

import gzip
import hashlib
import urllib.parse
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse

FOLDER = Path(__file__).parent
PREFIX = "/itemtrail"
_LARGE = 50_000  # bytes
_root: ContextVar[str] = ContextVar("root", default=PREFIX)
_gzip: ContextVar[bool] = ContextVar("gzip", default=False)


def render(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of ``template`` below ``templates/``, filled with ``values``.

    A large one is compressed here: Airflow would do it in its event loop, and every API request would wait for it.
    """
    here = root()
    shell = here.removesuffix(PREFIX) + "/"
    body = environment().get_template(template).render(root=here, airflow=shell, **values).encode()
    if len(body) < _LARGE or not _gzip.get():
        return HTMLResponse(body, status)
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return HTMLResponse(gzip.compress(body, compresslevel=2, mtime=0), status, headers)


def asked_by(root: str, *, accepts: str) -> None:
    """Where the pages are mounted (ASGI's ``root_path``) and which encodings are accepted, for the request being answered."""
    _root.set(root)
    _gzip.set("gzip" in accepts)


def root() -> str:
    """Where the pages are mounted, for the request that is being answered: ``/itemtrail`` unless Airflow has a prefix."""
    return _root.get()


def query(**values: str | int | None) -> str:
    """``?a=1&b=2`` of the values that are given, encoded; empty for none."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return f"?{urllib.parse.urlencode(given)}" if given else ""


def version(name: str) -> str:
    """Eight hex digits of a static file: a changed file has another address."""
    return _digest(name)


@cache
def environment() -> jinja2.Environment:
    """The jinja2 environment of all pages."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(version=version, query=query)
    made.filters.update(count=_count)
    return made


def add_globals(values: Mapping[str, Any]) -> None:
    """Names that every template knows."""
    environment().globals.update(values)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:8]


def _count(number: int) -> str:
    """``1,234``."""
    return f"{number:,}"
