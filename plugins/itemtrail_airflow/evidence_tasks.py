"""The tasks of `export_evidence`: make a pack, say that it is exported, store it; fail where something in it lacks.

Decides: the notification goes out before the pack is stored, so that no pack lies there of which nobody was told. Refuses to
replace a pack: its key is its manifest's hash, and what is there already must be the same bytes. Heavy imports happen inside.
"""

import datetime as dt
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from itemtrail.core.alert import Kind
from itemtrail.core.check import Severity
from itemtrail_airflow.alerting import made, must_tell
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

if TYPE_CHECKING:
    from itemtrail.core.evidence import Question

log = logging.getLogger(__name__)
MOST_SHOWN = 200


@task(on_failure_callback=[AlertNotifier()])
@translated
def export() -> dict[str, Any]:
    """The stored pack: key, manifest's SHA-256, checkpoint, and what it lacks (a line each, at most ``MOST_SHOWN``)."""
    from itemtrail.core.evidence_text import lacks, text
    from itemtrail.flows.evidence import Limits, make
    from itemtrail.flows.evidence_store import key_of, store
    from itemtrail_airflow.hook import Roles

    context, roles = get_current_context(), Roles.open()
    params, settings = context["params"], roles.settings
    archive = roles.evidence().archive(settings.archive)
    with tempfile.TemporaryDirectory(prefix="itemtrail-evidence-") as room:
        limits = Limits(changes=params["limit"], original_bytes=settings.conversion.max_inflated_bytes)
        accounts = settings.archive.accounts
        pack = make(archive, accounts, _question(params), room=Path(room), limits=limits, progress=log.info)
        where = f"{archive.name}/{key_of(params['case'], pack)}"
        said = text(pack.index, pack.manifest, pack.size, where)
        log.info("%s", said)
        must_tell(made(context, Kind.EXPORT, "evidence is exported", summary=_notice(params["case"], where, pack)))
        key = store(archive, pack, params["case"], room=Path(room))
    return {
        "key": key,
        "manifest": pack.manifest,
        "checkpoint": pack.index.checkpoint,
        "lacks": list(lacks(pack.index))[:MOST_SHOWN],
    }


@task(retries=0, on_failure_callback=[AlertNotifier(Kind.EXPORT)])
@translated
def verdict(exported: dict[str, Any]) -> None:
    """Fail with what the stored pack lacks: whoever hands it over must know."""
    if exported["lacks"]:
        log.error("%s is stored and is not whole:\n%s", exported["key"], "\n".join(exported["lacks"]))
        lines = [exported["key"], f"it lacks {len(exported['lacks'])} things: see the log of verdict"]
        raise Found("an evidence pack is stored and is not whole", lines, severity=Severity.MEDIUM)


def _notice(case: str, where: str, pack: Any) -> tuple[str, ...]:
    """What is told of an export: never the question, which names an item or a person."""
    return (
        f"an evidence pack is being stored for case {case}: {where}",
        f"{pack.index.changes:,} changes, {pack.size:,} bytes",
        f"SHA-256 of manifest.json: {pack.manifest}",
        f"ledger checkpoint: {pack.index.checkpoint or 'none'}",
    )


def _question(params: Mapping[str, Any]) -> "Question":
    from itemtrail.core.evidence import Question

    first, last = (
        dt.datetime.fromisoformat(params[name]).replace(tzinfo=dt.UTC) if params[name] else None for name in ("from", "to")
    )
    end = last + dt.timedelta(days=1, microseconds=-1) if last else None
    return Question(params["table"], tuple(params["key"]), params["by"], first, end)
