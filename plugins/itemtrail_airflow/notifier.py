"""The callbacks: from what Airflow knows of a failed task, a failed run or a waiting plan to an alert (``alerting`` tells it).

Decides: what is told of an exception (``Found``: its own lines; an error of ours: its plain words; any other: its class), and
whether a failed run still has to be told (``RunNotifier``). Where a task's process died, Airflow's DAG processor calls the same
callbacks, without the exception. Sources: Airflow docs, "Callbacks" and "Creating a notifier", read 2026-11-24.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException

from itemtrail.core.alert import Kind, Line
from itemtrail.core.alert_words import CUT, words
from itemtrail.core.check import Severity
from itemtrail.errors import ItemtrailError
from itemtrail_airflow.alerting import made, tell

log = logging.getLogger("itemtrail.alert")
NO_WORDS = "the task ended without a message (killed, or out of memory?): see its log"


class Found(AirflowFailException):
    """A task's answer is findings: they fail it, and are its alert. ``lines`` are written from receipts, reviews and counts.

    A ``Line`` with a mark is told until an alert that holds it arrived; text alone once a day.
    """

    def __init__(
        self, headline: str, lines: Iterable[str | Line], *, severity: Severity | None = None, verdict: str = ""
    ) -> None:
        self.headline = headline
        self.lines = tuple(line if isinstance(line, Line) else Line(line) for line in lines)
        self.severity = severity
        self.verdict = verdict
        super().__init__("\n".join([headline, *(line.text for line in self.lines)]))


class _Notifier(BaseNotifier):
    """Nothing of ours is a template: what a value holds is never read as one."""

    def render_template_fields(self, *_: Any, **__: Any) -> None:
        """Nothing to render."""


class AlertNotifier(_Notifier):
    """``on_failure_callback`` of a task that speaks for a run, or whose failure nothing else tells."""

    def __init__(self, kind: Kind = Kind.TASK_FAILED) -> None:
        super().__init__()
        self.kind = kind

    def notify(self, context: Any) -> None:
        """Tell the failure of a task."""
        error = context.get("exception")
        if isinstance(error, Found):
            tell(made(context, self.kind, error.headline, error.severity, lines=error.lines, verdict=error.verdict))
        else:
            kind = Kind.CANARY if self.kind is Kind.CANARY else Kind.TASK_FAILED
            name = context["ti"].task_id
            tell(made(context, kind, f"{name} failed", summary=(said_of(error),)))


class RunNotifier(_Notifier):
    """``on_failure_callback`` of a DAG: tells the failed tasks that nobody tells.

    ``told_by``: task to the tasks that tell its failure; the last one of them tells by ending well, too.
    """

    def __init__(self, **told_by: Sequence[str]) -> None:
        super().__init__()
        self.told_by = {task.replace("__", "."): tuple(tellers) for task, tellers in told_by.items()}

    def notify(self, context: Any) -> None:
        """Tell the failed tasks of a run; nothing where each was told."""
        states = _states(context)
        failed = sorted(name for name, all_of_it in states.items() if "failed" in all_of_it)
        quiet = [name for name in failed if self._is_told(name, states, context)]
        left = [name for name in failed if name not in quiet]
        if failed and not left:
            log.info("every failed task was told by itself or by another: %s", ", ".join(quiet))
            return
        reason = words(str(context.get("reason") or ""))
        head = f"{', '.join(left)} failed" if left else "run failed"
        summary = (f"Airflow says: {reason}",) if reason else ()
        tell(made(context, Kind.TASK_FAILED, head, summary=summary))

    def _is_told(self, name: str, states: Mapping[str, set[str]], context: Any) -> bool:
        task = context["dag"].get_task(name)
        if getattr(task, "on_failure_callback", None) or getattr(task, "has_on_failure_callback", False):
            return True
        tellers = self.told_by.get(name, ())
        return any("failed" in states.get(one, ()) for one in tellers) or (
            bool(tellers) and states.get(tellers[-1]) == {"success"}
        )


class ApprovalNotifier(_Notifier):
    """``notifiers`` of an approval: a plan waits for a person."""

    def notify(self, context: Any) -> None:
        """Tell that the run waits, with the link to where it is answered."""
        waiting = made(context, Kind.APPROVAL, "a plan waits for approval")
        link = context["task"].generate_link_to_ui_from_context(context=context) if waiting.origin.url else ""
        tell(replace(waiting, url=link))


def said_of(error: BaseException | None) -> str:
    """What may be told of an exception; never a text that is not ours."""
    if error is None:
        return NO_WORDS
    chain = _chain(error)
    foreign = [text for other in chain[1:] if not isinstance(other, ItemtrailError) for text in _texts(other)]
    ours = next((one for one in chain if isinstance(one, ItemtrailError)), None)
    if ours is not None:
        return f"{type(ours).__name__}: {words(str(ours), foreign)}"
    if type(error) is AirflowFailException and error.__cause__ is None:
        return words(str(error))
    return f"{type(chain[-1]).__name__} {CUT} its text stays in the task's log"


def _states(context: Any) -> dict[str, set[str]]:
    """Task to the states of its instances in the run; only the last failed task where Airflow cannot be asked."""
    instance, run_id = context.get("ti"), context.get("run_id") or getattr(context.get("ti"), "run_id", "")
    try:
        found = task_states(context["dag"].dag_id, run_id)
    except Exception as error:  # noqa: BLE001 - without its answer the last failed task alone is told
        log.info("the states of the run's tasks could not be asked: %s", type(error).__name__)
        return {instance.task_id: {"failed"}} if instance is not None else {}
    states: dict[str, set[str]] = {}
    for task in context["dag"].task_ids:
        mine = {str(getattr(s, "value", s)) for name, s in found.items() if name == task or _is_mapped(name, task)}
        if mine:
            states[task] = mine
    return states


def task_states(dag_id: str, run_id: str) -> Mapping[str, Any]:
    """Task, or ``<task>_<index>``, to its state, as Airflow's supervisor answers (``local_run`` has none, and asks elsewhere)."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states: Mapping[str, Any] = RuntimeTaskInstance.get_task_states(dag_id, run_ids=[run_id])[run_id]
    return states


def _is_mapped(name: str, task: str) -> bool:
    """Airflow names mapped instances ``<task>_<index>``."""
    return name.startswith(f"{task}_") and name[len(task) + 1 :].isdigit()


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__
    return found


def _texts(error: BaseException) -> list[str]:
    """The ways in which another's text gets into a message of ours."""
    said = str(error)
    return [said, repr(error), *said.splitlines()[:1], *(said.splitlines() or [""])[0][:300].splitlines()]
