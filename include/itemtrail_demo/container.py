"""The demo in a container: a local AWS for the Airflow of docker-compose.yaml, an HRMS at work in it, Airflow's connections set.

Decides what is found by whoever runs `docker compose --profile sandbox up`: `setup_trail` as run, yesterday archived by the
schedule, the two days before it left for the backfill button. Refuses nothing by itself: who reaches the sandbox's port (this
container's network alone) needs a key of one of its identities, and the hand on its clock stays in this container.
"""

import datetime as dt
import json
import os
import time
from collections.abc import Mapping
from typing import Any

from itemtrail_airflow.local_run import connection
from itemtrail_airflow.rest import NoAnswerError, Rest, SignedIn
from itemtrail_demo import stage as stages
from itemtrail_demo import ui
from itemtrail_demo.config import ROOT
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder
from itemtrail_demo.interrupt import leave_on_signals

PATIENCE = 5
"""How often a question is asked in all where Airflow does not answer in a minute: on a busy machine it is slow, not gone."""
PORT = 4566
ADDRESS = f"http://sandbox:{PORT}"
SEED = 20


class Patient(SignedIn):
    """Asks again where there was no answer; only what changes nothing."""

    __slots__ = ()

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """As ``Rest.api``."""
        for _ in range(PATIENCE if method == "GET" else 1):
            try:
                return super().api(method, path, body)
            except NoAnswerError as error:
                last = error
        raise last


def main() -> int:
    """Until the container is stopped, or 1 if the sandbox ended."""
    asked = {name: os.environ[name] for name in ("DEMO_AIRFLOW", "DEMO_PASSWORD", "DEMO_CALLS", "DEMO_QUIET_DAYS")}
    folder = Folder(ROOT / "demo")
    folder.renew()
    stages.isolate()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    console = Console(folder.log)
    leave_on_signals(console.descriptor)
    console.stage("starting the local AWS (sandbox)")
    lead = stages.LEAD + dt.timedelta(days=int(asked["DEMO_QUIET_DAYS"]))
    calls = int(asked["DEMO_CALLS"])
    with stages.open_stage(folder, console, calls=calls, seed=SEED, lead=lead, host="0.0.0.0", port=PORT) as stage:  # noqa: S104 - its own network
        airflow = Patient.with_password(asked["DEMO_AIRFLOW"], "admin", asked["DEMO_PASSWORD"])
        preset(airflow, stage.prepare())
        ui.prepare_days(airflow, stage, console)
        console.say(f"Ready. Days: {', '.join(str(day) for day in stage.days)}; yesterday is archived by the schedule.")
        while stage.sandbox.process.poll() is None:
            time.sleep(ui.POLL)
    return 1


def preset(airflow: Rest, connections: dict[str, dict[str, str]]) -> None:
    """Keep a connection for each role in Airflow, with the sandbox's address among containers; an older one is replaced."""
    known = {one["connection_id"] for one in airflow.api("GET", "/connections?limit=1000")["connections"]}
    for name, aws in connections.items():
        values = json.loads(connection(aws | {"AWS_ENDPOINT_URL": ADDRESS}))
        body = {"connection_id": name, **values, "extra": json.dumps(values["extra"])}
        if name in known:
            airflow.api("PATCH", f"/connections/{name}", body)
        else:
            airflow.api("POST", "/connections", body)


if __name__ == "__main__":
    raise SystemExit(main())
