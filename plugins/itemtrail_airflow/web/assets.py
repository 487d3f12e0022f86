"""Style sheets and scripts of the pages: the files that lie in ``static/``, by name, behind the same guard as the pages."""

from functools import cache

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from itemtrail_airflow.web.page import FOLDER

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
router = APIRouter()


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """One file. Its address holds a digest of it (``page.version``), so a browser may keep it."""
    found = files().get(name)
    if found is None:
        raise HTTPException(404, "there is no such file")
    body, media_type = found
    return Response(body, media_type=media_type, headers={"Cache-Control": "private, max-age=86400"})


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """(bytes, media type) by name: read once."""
    paths = (path for path in (FOLDER / "static").iterdir() if path.suffix in TYPES)
    return {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in paths}
