"""Timeline: who changed an item, what it was before, how sure that is; the item at a time; what a principal changed; proofs.

Decides who may ask: whoever may see Airflow's plugins *and* the runs of `build_history`, which make what is shown. A search is a
POST, so that an item's key stands in no access log; it is answered by a redirect to a link that holds the question encrypted:
it can be loaded again and sent to a colleague (docs/adr/0105). A search that another site sends is refused. Every question runs
in a short process with limits (``short_process``), two at a time, away from the other pages' threads. The log says who looked,
at which table, which times and how many versions; never a key, a principal or a value.
"""

import base64
import dataclasses
import functools
import json
import logging
import re
import shlex
import time
import urllib.parse
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from itemtrail.core.visible import visible
from itemtrail.errors import ConfigurationError
from itemtrail_airflow.web.archive import settings_and_store
from itemtrail_airflow.web.blocking import Busy, Threads, in_thread
from itemtrail_airflow.web.page import render, root
from itemtrail_airflow.web.short_process import Broken, Limits, TooBig, ask
from itemtrail_airflow.web.timeline_question import PER_PAGE, Question, Refused, draft, of_form, reordered, sealed, unsealed

log = logging.getLogger(__name__)
CHILD = "itemtrail_airflow.web.timeline_child"
LIMITS = Limits()
PROOF_LIMITS = Limits(seconds=40.0, output=128 << 20)
MOST_FORM = 64 << 10  # bytes
KEPT_SECONDS = 60  # that a table's key attributes are remembered
_TABLE = re.compile(r"[A-Za-z0-9_.:/-]{1,400}")
_EVENT_ID = r"^[A-Za-z0-9-]{1,80}$"
router = APIRouter(prefix="/timeline", dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN, "build_history"))])


@router.get("")
async def timeline(
    user: GetUserDep,
    table: Annotated[str, Query(max_length=400)] = "",
    q: Annotated[str, Query(max_length=40_000)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The form, and the answer to the question in ``q``."""
    if not q:
        return await _form(Question("item", table=table))
    try:
        question = unsealed(q, _secret())
    except Refused as error:
        return await _form(Question("item"), status=400, problems=error.problems)
    try:
        found = await _threads().run(_asked, {"question": dataclasses.asdict(question), "page": page}, LIMITS)
    except (TooBig, Broken, Busy) as error:
        return await _no_answer(user, question, error)
    _looked(user, question, found)
    if "rows" not in found and "state" not in found:
        return await _form(question, status=_status(found), **_problem(found))
    turn = {"page": page, "pages": -(-found["count"] // PER_PAGE), "other": sealed(reordered(question), _secret()), "q": q}
    return await _form(question, found=found, turn=turn)


@router.post("/search")
async def search(request: Request) -> Response:
    """What the form asks: a link to its answer."""
    refuse_other_sites(request)
    form = await _fields(request)
    try:
        question = of_form(form)
    except Refused as error:
        return await _form(draft(form), status=422, problems=error.problems)
    return RedirectResponse(f"{root()}/timeline?q={sealed(question, _secret())}", 303)


@router.get("/proof")
async def proof(
    user: GetUserDep,
    event_id: Annotated[str, Query(pattern=_EVENT_ID)],
    date: Annotated[str, Query(pattern=r"^\d{4}-\d\d-\d\d$")],
    account: Annotated[str, Query(pattern=r"^\d{12}$")],
    region: Annotated[str, Query(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")],
) -> Response:
    """The proof of an event with its checkers, to keep: a ZIP."""
    wanted = {"event_id": event_id, "date": date, "account": account, "region": region}
    log.info("timeline: %s asks for the proof of event %s of %s in %s/%s", _name(user), event_id, date, account, region)
    command = shlex.join(["itemtrail", "prove", "--event-id", event_id, "--day", date, "--checkers", "--out", "proof.json"])
    try:
        found = await _proofs().run(_asked, {"proof": wanted}, PROOF_LIMITS)
    except (TooBig, Broken, Busy) as error:
        return render("timeline_no_proof.html", here="timeline", status=503, says=_says(error), advice="", command=command)
    if "zip" not in found:
        told = _problem(found)
        says, advice = told["problems"][0], told["advice"]
        return render("timeline_no_proof.html", here="timeline", status=_status(found), says=says, advice=advice, command=command)
    name = f"proof-{event_id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(base64.b64decode(found["zip"]), media_type="application/zip", headers=headers)


def refuse_other_sites(request: Request) -> None:
    """Refuse a POST that a page of another site sends with the user's cookie.

    Browsers say where a request comes from in ``Sec-Fetch-Site`` (over HTTPS and on loopback), else in ``Origin``. A client
    that says neither must bring its token itself. Source: Fetch Metadata Request Headers, W3C; read 2026-11-24.

    Raises:
        HTTPException: 403.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        good = site in ("same-origin", "none")
    elif origin is not None:
        good = urllib.parse.urlsplit(origin).netloc == request.headers.get("host")
    else:
        good = "authorization" in request.headers
    if not good:
        raise HTTPException(403, "This search was sent by another site. Ask on the Timeline page itself.")


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM:
            raise HTTPException(413, "The form is larger than any item's key.")
    try:
        pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise HTTPException(422, "The form is not understood.") from error
    return dict(pairs)


async def _form(
    asked: Question,
    *,
    status: int = 200,
    problems: tuple[str, ...] = (),
    advice: str = "",
    found: dict[str, Any] | None = None,
    turn: dict[str, Any] | None = None,
    too_big: str = "",
) -> Response:
    """The page: the form filled with ``asked``, and what there is to say."""
    settings, _ = await in_thread(settings_and_store)
    described: dict[str, Any] = {}
    if asked.table and _TABLE.fullmatch(asked.table) and not too_big:
        try:
            described = await _threads().run(_described, asked.table, int(time.monotonic() // KEPT_SECONDS))
        except (TooBig, Broken, Busy):
            described = {"problem": {"message": "The table's key attributes could not be read now.", "advice": "Use JSON."}}
    unknown = described.get("problem")
    if unknown and not problems and found is None:
        problems, advice = (unknown["message"],), unknown["advice"]
    return render(
        "timeline.html",
        status=status,
        here="timeline",
        asked=asked,
        tables=settings.streams.tables,
        types=described.get("types", {}),
        problems=[visible(problem) for problem in problems],
        advice=visible(advice),
        by=visible(asked.by),
        found=found,
        turn=turn,
        too_big=too_big,
        command=shlex.join(asked.command()),
    )


async def _no_answer(user: Any, question: Question, error: Exception) -> Response:
    log.warning("timeline: %s: no answer: %s", _name(user), _says(error))
    return await _form(question, status=503, too_big=_says(error))


def _says(error: Exception) -> str:
    match error:
        case TooBig():
            return f"The answer would take {error}, which is more than a page may."
        case Busy():
            return "Other questions are being answered: two at a time."
        case _:
            return f"The process that answers ended: {error}."


def _asked(question: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The answer of the short process, with the auditor's credentials in its environment. Blocks."""
    return ask(CHILD, json.dumps(question).encode(), _credentials(), limits)


@functools.lru_cache(maxsize=64)
def _described(table: str, _: int) -> dict[str, Any]:
    return _asked({"table": table}, LIMITS)


def _credentials() -> dict[str, str]:
    """AWS's variables for ``airflow.auditor_conn``, which can read the archive and nothing else.

    Raises:
        ConfigurationError: no such connection, or no credentials.
    """
    from itemtrail_airflow.hook import Roles

    connection = Roles.open().auditor()
    found = connection.session.get_credentials()
    if found is None:
        raise ConfigurationError(
            "no AWS credentials were found.", advice="give `airflow.auditor_conn` a connection that has some."
        )
    keys = found.get_frozen_credentials()
    made = {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
        "AWS_DEFAULT_REGION": connection.region,
        "AWS_ENDPOINT_URL": connection.endpoint_url,
    }
    return {name: value for name, value in made.items() if value}


def _looked(user: Any, question: Question, found: dict[str, Any]) -> None:
    """Who looked, at what, how much: no key, no principal, no value."""
    span = question.at or f"{question.first or 'the beginning'} to {question.last or 'the end'}"
    table = found.get("table_arn") or ("all tables" if question.kind == "principal" and not question.table else "no known table")
    log.info("timeline: %s asks for %s of %s, %s: %d versions", _name(user), question.kind, table, span, found.get("count", 0))


def _problem(found: dict[str, Any]) -> dict[str, Any]:
    if "problem" in found:
        return {"problems": (found["problem"]["message"],), "advice": found["problem"]["advice"]}
    log.error("timeline: %s", found.get("fault"))
    return {"problems": ("This is a fault of itemtrail: the api-server's log says where.",), "advice": ""}


def _status(found: dict[str, Any]) -> int:
    kind = found.get("problem", {}).get("kind", "")
    return {"ConfigurationError": 422, "NotFound": 404, "EvidenceError": 500, "": 500}.get(kind, 503)


def _name(user: Any) -> str:
    return repr(user.get_name())


def _secret() -> str:
    from airflow.api_fastapi.auth.tokens import get_signing_key

    return str(get_signing_key("api", "secret_key"))


@functools.cache
def _threads() -> Threads:
    return Threads(threads=2, queue=8, seconds=LIMITS.seconds + 10)


@functools.cache
def _proofs() -> Threads:
    return Threads(threads=1, queue=3, seconds=PROOF_LIMITS.seconds + 20)
