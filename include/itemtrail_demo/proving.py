"""The demo's proof: the intruder's raise, proven by a stranger's checker that knows neither itemtrail nor AWS nor a network.

Decides which event (the only successful update of an employee by the stolen key) and what is shown: the ledger's checkpoint, the
checker's seven steps, and the same with one character of the record changed.
"""

import json
import subprocess
import sys
from pathlib import Path

from itemtrail_demo import report
from itemtrail_demo.console import Console
from itemtrail_demo.stage import Stage

_EVENT = """
SELECT eventID, CAST(event_ts AS DATE) FROM events_distinct
WHERE actor LIKE '%user/svc-reporting' AND table_arn LIKE '%/Employees' AND eventName = 'UpdateItem' AND succeeded
ORDER BY event_ts LIMIT 1"""


def show(stage: Stage, console: Console) -> list[str]:
    """Append to the ledger, prove, check; what was not as expected."""
    console.stage("itemtrail ledger append: a Merkle root over every receipt")
    appended = stage.itemtrail("ledger", "append", "--json")
    asked = stage.itemtrail("query", "--csv", _EVENT)
    rows = asked.stdout.splitlines()[1:]
    if not appended.stdout.startswith("{") or not rows:
        return [f"proof: {(appended.stderr + asked.stderr).strip() or 'the event is not in the archive'}"]
    checkpoint = json.loads(appended.stdout)["checkpoint"]["sha256"]
    event, day = rows[0].split(",")
    to = stage.folder.proof / "proof.json"
    made = stage.itemtrail("prove", "--event-id", event, "--day", day[:10], "--checkers", "--out", str(to))
    if made.returncode:
        return [f"proof: itemtrail prove ended with {made.returncode}: {made.stderr.strip()}"]
    console.say(report.heading("Prove it to somebody who trusts nobody: the raise by svc-reporting"))
    console.say(f"itemtrail prove --event-id {event} --day {day[:10]} --checkers --out {to}")
    console.say(f"python check_proof.py proof.json --checkpoint {checkpoint}\n")
    good, words = _check(to, checkpoint)
    console.say(words)
    forged = to.with_name("forged.json")
    forged.write_text(to.read_text(encoding="utf-8").replace("UpdateItem", "UpdateItfm", 1), encoding="utf-8")
    caught, bad_words = _check(forged, checkpoint)
    console.say(f"\nthe same with one character changed: {bad_words.splitlines()[-1]}")
    console.say(f"In a browser, without any connection: {to.with_name('proof.html')}")
    problems = [] if good == 0 else ["proof: the checker refuses a true proof"]
    return problems if caught == 1 else [*problems, "proof: the checker accepts a forged proof"]


def _check(proof: Path, checkpoint: str) -> tuple[int, str]:
    """The checker in a folder of its own, in Python's isolated mode: no import of this project can succeed."""
    command = [sys.executable, "-I", "check_proof.py", proof.name, "--checkpoint", checkpoint]
    done = subprocess.run(command, cwd=proof.parent, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.rstrip() or done.stderr.rstrip()
