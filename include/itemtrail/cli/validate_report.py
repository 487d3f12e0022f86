"""A validation as one JSON document, and as a page for a person at three in the morning.

Decides: form only. The page groups what is not proven by reason, says once what the reason means and what to do next, and
collapses runs. Keys are printed with control characters escaped: whoever can write into the bucket chooses them.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from itemtrail.core.reasons import COULD_NOT_LOOK, NOTED, RECOVERED, Reason
from itemtrail.model import ObjectVerdict, SlotVerdict, Validation, Verdict

_MOST_LINES = 20


def exit_code(results: Sequence[Validation]) -> int:
    """The exit code of ``itemtrail validate``.

    0: all PROVEN, and nothing deleted or overwritten; 3: nothing worse than "could not look" or not yet due; 1: everything
    else, also nothing to prove.
    """
    slots = [(one.verdict, one.reason) for result in results for one in result.slots]
    judged = slots + [(one.verdict, one.reason) for result in results for one in result.objects]
    if any(reason in RECOVERED for _, reason in judged):
        return 1
    if results and all(result.verdict is Verdict.PROVEN for result in results):
        return 0
    excused = (Verdict.PROVEN, Verdict.INCOMPLETE)
    return 3 if judged and all(verdict in excused or reason in COULD_NOT_LOOK for verdict, reason in judged) else 1


def document(result: Validation) -> str:
    """The JSON document of docs/cli.md."""
    return json.dumps(members(result), indent=1)


def members(result: Validation) -> dict[str, object]:
    """A validation as JSON members."""
    slots = [
        {"start": _z(s.start), "end": _z(s.end), "verdict": s.verdict, "reason": s.reason, "object": s.object} | _told(s)
        for s in result.slots
    ]
    objects = [{"key": o.key, "verdict": o.verdict, "reason": o.reason} | _told(o) for o in result.objects]
    counts = {"slots": _counts(result.slots), "objects": _counts(result.objects)}
    return {"verdict": result.verdict, "counts": counts, "slots": slots, "objects": objects}


def table(result: Validation, heading: str, start: dt.datetime, end: dt.datetime) -> str:
    """The page: runs of slots, what is not proven by reason, totals, and the verdict as its last line."""
    lines = [printable(heading), f"{_z(start)} to {_z(end)}", ""]
    lines += list(_runs(result))
    for reason, items in _by_reason(result):
        lines += ["", f"{reason.verdict} {reason}: {reason.meaning}"]
        lines += [f"  next: {reason.action}"] if reason.action else []
        lines += [f"  {line}" for line in items[:_MOST_LINES]]
        lines += [f"  … and {len(items) - _MOST_LINES} more; --json lists all"] if len(items) > _MOST_LINES else []
    return "\n".join([*lines, "", _total("slots", result.slots), _total("objects", result.objects), _last(result)])


def printable(text: str) -> str:
    """``text`` without anything a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _runs(result: Validation) -> Iterator[str]:
    """A line for slots in a row with the same verdict (and reason, unless PROVEN)."""
    for _, group in groupby(result.slots, key=lambda s: (s.verdict, "" if s.verdict is Verdict.PROVEN else s.reason)):
        run = list(group)
        reason = "" if run[0].verdict is Verdict.PROVEN else f" {run[0].reason}"
        yield f"  {_z(run[0].start)}  {_z(run[-1].end)}  {len(run):4} × {run[0].verdict}{reason}"


def _by_reason(result: Validation) -> list[tuple[Reason, list[str]]]:
    found: dict[Reason, list[str]] = {}
    for slot in result.slots:
        if _is_told(slot):
            where = f"{_z(slot.start)} – {_z(slot.end)}  {slot.object or ''} {_detail(slot.detail)}"
            found.setdefault(Reason(slot.reason), []).append(printable(where).rstrip())
    for item in result.objects:
        if _is_told(item):
            found.setdefault(Reason(item.reason), []).append(printable(f"{item.key} {_detail(item.detail)}").rstrip())
    worst_first = (Verdict.DISPROVEN, Verdict.UNPROVABLE, Verdict.INCOMPLETE, Verdict.PROVEN)
    return sorted(found.items(), key=lambda pair: (worst_first.index(pair[0].verdict), pair[0]))


def _told(item: SlotVerdict | ObjectVerdict) -> dict[str, Any]:
    return {"detail": item.detail} if item.detail else {}


def _is_told(item: SlotVerdict | ObjectVerdict) -> bool:
    return item.verdict is not Verdict.PROVEN or item.reason in NOTED


def _detail(text: str) -> str:
    return f"({text})" if text else ""


def _total(name: str, items: Sequence[SlotVerdict | ObjectVerdict]) -> str:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in _counts(items).items() if count)
    return f"{len(items)} {name}{': ' + counts if counts else ''}"


def _last(result: Validation) -> str:
    if not result.slots and not result.objects:
        return f"{result.verdict}: no slot was due and no log exists in this range, so there is nothing to prove."
    bad = [[i for i in items if i.verdict is not Verdict.PROVEN] for items in (result.slots, result.objects)]
    recovered = sum(item.reason in RECOVERED for items in (result.slots, result.objects) for item in items)
    if not bad[0] and not bad[1]:
        told = f" {recovered} of them by older versions: somebody deleted or overwrote what was there." if recovered else ""
        return f"{result.verdict}: every slot and every object.{told}"
    slots, objects = f"{len(bad[0])} of {len(result.slots)} slots", f"{len(bad[1])} of {len(result.objects)} objects"
    return f"{result.verdict}: {slots} and {objects} are not proven."


def _counts(items: Iterable[SlotVerdict | ObjectVerdict]) -> dict[str, int]:
    counted = Counter(item.verdict for item in items)
    return {str(verdict): counted[verdict] for verdict in Verdict}


def _z(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
