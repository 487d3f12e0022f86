"""Airflow's REST API, as far as the demos and tests need it. Standard library only.

Decides how it is called and what an error says. Source: Airflow's public API v2, read
2026-11-24.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class NoAnswerError(RuntimeError):
    """No connection, or no answer in time: nothing is known of what was asked."""


class Rest:
    """An Airflow that answers at ``url``."""

    __slots__ = ()
    url: str

    def credentials(self) -> Mapping[str, str]:
        """Headers that say who asks; none where everybody is an administrator."""
        return {}

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call the REST API: ``path`` below ``/api/v2``; returns the parsed answer.

        Raises:
            RuntimeError: it answered with an error; the message holds the answer. NoAnswerError: it did not answer in a minute.
        """
        request = urllib.request.Request(  # noqa: S310 - the address of an Airflow of ours
            f"{self.url}/api/v2{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self.credentials()},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path} answered {error.code}: {error.read()!r}") from error
        except OSError as error:
            raise NoAnswerError(f"{method} {path}: {error}") from error
        return json.loads(content) if content else None

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str]:
        """States of a run's tasks, as ``local_run.LocalRun.tasks`` tells them."""
        answer = self.api("GET", f"/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}/taskInstances?limit=1000")
        return {
            one["task_id"] if one["map_index"] < 0 else f"{one['task_id']}[{one['map_index']}]": one["state"]
            for one in answer["task_instances"]
        }


@dataclass(frozen=True, slots=True)
class SignedIn(Rest):
    """An Airflow that answers at ``url``, as the user of a token."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def with_password(cls, url: str, user: str, password: str) -> "SignedIn":
        """Sign in by name and password.

        Raises:
            RuntimeError: they are wrong, or this Airflow's auth manager knows no passwords.
        """
        body = json.dumps({"username": user, "password": password}).encode()
        request = urllib.request.Request(  # noqa: S310 - the address of an Airflow of ours
            f"{url}/auth/token", method="POST", data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return cls(url, json.load(answer)["access_token"])
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{url}/auth/token answered {error.code}: {error.read()!r}") from error

    def credentials(self) -> Mapping[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {self.token}"}
