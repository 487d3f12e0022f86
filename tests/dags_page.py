"""`make docs`: docs/dags.md, written from the DAG objects themselves; tests/dags holds the file equal.

Decides what a page of a DAG says: its own docstring, when it runs, parameters, tasks in order with what they wait for, and the
connections that their code opens. Everything is read from Airflow's objects and the tasks' source: no word of it is kept here
but the headings.
"""

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "dags.md"
ROLES = {
    "reader": ("trail_reader_conn",),
    "writer": ("archive_writer_conn",),
    "ends": ("trail_reader_conn", "archive_writer_conn"),
    "streams": ("stream_reader_conn",),
    "setup": ("setup_conn",),
    "restorer": ("restorer_conn",),
    "evidence": ("evidence_conn",),
    "posture": ("posture_conn",),
    "event_history": ("event_history_conn",),
}
"""What each method of ``itemtrail_airflow.hook.Roles`` opens, as a key of ``[airflow]``."""
HEAD = """# The DAGs

<!-- written by `make docs` from the DAG objects; edit dags/*_dag.py and the tasks' docstrings instead -->

What a red task means and what to do stands in [airflow.md](airflow.md), by DAG, and in the [runbook](runbook.md), by alert. A
connection is named by its key in `[airflow]` ([configuration.md](configuration.md)). All times are UTC.

"""
_RULES = {"all_success": "", "all_done": "; whatever happened to them", "none_failed_min_one_success": "; none failed, one ran"}


def page(dags: Mapping[str, Any]) -> str:
    """The whole document; ``dags`` by id."""
    ordered = [dags[name] for name in sorted(dags)]
    rows = [f"| [{dag.dag_id}](#{dag.dag_id}) | {_schedule(dag)} | {_first(dag.doc_md)} |" for dag in ordered]
    index = "\n".join(["| DAG | runs | |", "|---|---|---|", *rows])
    return HEAD + index + "\n\n" + "\n\n".join(_section(dag) for dag in ordered) + "\n"


def _section(dag: Any) -> str:
    facts = [
        f"**Runs** {_schedule(dag)}; {_at_once(dag)}. Tags: {', '.join(sorted(dag.tags))}.",
        f"**Red**: [airflow.md](airflow.md#{dag.dag_id}).",
    ]
    parts = [f"## {dag.dag_id}", " ".join(facts), dag.doc_md.strip(), _params(dag), _tasks(dag)]
    return "\n\n".join(part for part in parts if part)


def _schedule(dag: Any) -> str:
    table = dag.timetable
    if expression := getattr(table, "expression", None):
        offset = getattr(table, "run_offset", 0)
        about = ", about the day before" if offset else ""
        return f"`{expression}`{about}"
    if condition := getattr(table, "asset_condition", None):
        names = " or ".join(f"`{name}`" for name in sorted(asset.name for asset in condition.objects))
        return f"when {names} of a day is there"
    return "when triggered"


def _at_once(dag: Any) -> str:
    runs = f"{dag.max_active_runs} run{'s' if dag.max_active_runs != 1 else ''} at a time"
    configured = "catchup=SETTINGS.catchup" in Path(dag.fileloc).read_text(
        encoding="utf-8"
    )  # the page is for every configuration
    return f"{runs}, with `airflow.catchup` every missed day since `airflow.start_date`" if configured else runs


def _params(dag: Any) -> str:
    if not dag.params:
        return ""
    rows = [_param(name, dag.params.get_param(name)) for name in dag.params]
    return "\n".join(["| parameter | type | default | |", "|---|---|---|---|", *rows])


def _param(name: str, param: Any) -> str:
    value = param.serialize()["value"]
    default = "none" if value is None else f"`{_cell(value)}`"
    rest = "".join(f", {key} `{_cell(found)}`" for key, found in param.schema.items() if key not in ("type", "title"))
    allowed = " or ".join(_types(param.schema)) or "anything"
    return f"| `{name}` | {allowed}{rest} | {default} | {_cell(param.description or '')} |"


def _types(schema: Mapping[str, Any]) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _tasks(dag: Any) -> str:
    head = ["| task | after | does | tried | at most | pool | connections | tells, if it fails | gives |", "|" + "---|" * 9]
    return "\n".join([*head, *(_task(task) for task in dag.topological_sort() if hasattr(task, "retries"))])


def _task(task: Any) -> str:
    rule = str(getattr(task.trigger_rule, "value", task.trigger_rule))
    after = ", ".join(f"`{name}`" for name in sorted(task.upstream_task_ids)) + _RULES.get(rule, f"; {rule}")
    limit = _duration(task.execution_timeout.total_seconds()) if task.execution_timeout else "–"
    pool = "–" if task.pool == "default_pool" else f"`{task.pool}`"
    opened = ", ".join(f"`{name}`" for name in _connections(task)) or "–"
    told = ", ".join(f"`{call.kind.value}`" for call in task.on_failure_callback or () if hasattr(call, "kind")) or "–"
    gives = ", ".join(f"`{asset.name}`" for asset in task.outlets) or "–"
    tried = f"{task.retries + 1}×" if task.retries else "once"
    return (
        f"| `{task.task_id}` | {after or '–'} | {_first(_doc(task))} | {tried} | {limit} | {pool} | {opened} | {told} | {gives} |"
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _doc(task: Any) -> str:
    function = getattr(task, "python_callable", None)
    return inspect.getdoc(function or getattr(task, "operator_class", type(task))) or ""


def _first(text: str) -> str:
    """The first sentence, as a table's cell."""
    return _cell(re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0])


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _connections(task: Any) -> list[str]:
    """The ``[airflow]`` keys of the connections that the task's code opens, following what it calls within itemtrail_airflow."""
    called = set(_opened(getattr(task, "python_callable", None) or type(task), set()))
    return sorted({name for method in called for name in ROLES[method]})


def _opened(code: Callable[..., Any] | type, seen: set[str]) -> Iterator[str]:
    code = inspect.unwrap(code) if not isinstance(code, type) else code
    module = inspect.getmodule(code)
    name = f"{getattr(module, '__name__', '')}.{code.__qualname__}"
    if not _ours(module) or name in seen:
        return
    seen.add(name)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(code)))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ROLES
            and _of_roles(node.func)
        ):
            yield node.func.attr
        elif isinstance(node, ast.Name):
            yield from _inside(getattr(module, node.id, None), seen)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("itemtrail_airflow."):
            inner = importlib.import_module(node.module)
            for alias in node.names:
                yield from _inside(getattr(inner, alias.name, None), seen)


def _inside(found: Any, seen: set[str]) -> Iterable[str]:
    return _opened(found, seen) if inspect.isfunction(found) or inspect.isclass(found) else ()


def _ours(module: Any) -> bool:
    name = getattr(module, "__name__", "")
    quiet = ("itemtrail_airflow.hook", "itemtrail_airflow.alerting", "itemtrail_airflow.notifier")
    return name.startswith("itemtrail_airflow.") and name not in quiet


def _of_roles(call: ast.Attribute) -> bool:
    """``roles.reader()``, ``Roles.open().reader()``: not a method of the same name of something else."""
    of = call.value
    return (isinstance(of, ast.Name) and of.id == "roles") or (isinstance(of, ast.Call) and "Roles" in ast.dump(of))


def main(*arguments: str) -> None:
    """Write the page; with ``--to FILE`` there."""
    from tests import airflow_home

    from itemtrail_airflow import local_run

    assert airflow_home.HOME.is_dir()
    (Path(arguments[1]) if arguments else PAGE).write_text(page(local_run.bag().dags), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
