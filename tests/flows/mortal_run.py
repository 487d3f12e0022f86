"""A process that archives one unit and kills itself with SIGKILL at a given point: `python -m tests.flows.mortal_run SPEC`.

SPEC is JSON: ``prefix`` (archive root), ``spool``, and ``die``: ``{"at": "put" | "read", "key": part of the key, "after": bool}``
or null.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.archive_world import DAY, LATER, SIGNER, a_chain, settings
from tests.chain_world import public_key
from tests.memory import MemoryKeys

from itemtrail.aws.connection import Connection
from itemtrail.flows.archive import archive_unit
from itemtrail.model import TrailRef, Unit


class Mortal:
    """The archive store, with one deadly access."""

    def __init__(self, inner: Any, die: dict[str, Any] | None) -> None:
        self._inner, self._die = inner, die

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put_new(self, key: str, *rest: Any, **named: Any) -> Any:
        return self._guard("put", key, lambda: self._inner.put_new(key, *rest, **named))

    def download(self, key: str, *rest: Any, **named: Any) -> Any:
        return self._guard("read", key, lambda: self._inner.download(key, *rest, **named))

    def _guard(self, at: str, key: str, action: Callable[[], Any]) -> Any:
        deadly = self._die is not None and self._die["at"] == at and self._die["key"] in key
        if deadly and not self._die["after"]:  # type: ignore[index]
            os.kill(os.getpid(), signal.SIGKILL)
        result = action()
        if deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def archive(connection: Connection, prefix: str, spool: Path, die: dict[str, Any] | None = None) -> Any:
    """Archive the world's day from the bucket ``trail-bucket`` into ``archive/prefix``."""
    chosen = settings()
    wanted = chosen.archive.model_copy(update={"prefix": prefix})
    chain = a_chain(hours=0)

    return archive_unit(
        Unit(chain.account, chain.region, DAY),
        trail=TrailRef(chain.arn, chain.bucket, chain.prefix),
        status=None,
        source=connection.store(chain.bucket),
        archive=Mortal(connection.archive(wanted), die),
        public_keys=MemoryKeys([public_key(SIGNER)]),
        tagger=connection.tagger(chain.bucket),
        settings=chosen.model_copy(update={"archive": wanted}),
        now=LATER,
        spool=spool,
    )


def main() -> None:
    """Run as the specification says."""
    spec = json.loads(sys.argv[1])
    receipt = archive(Connection(), spec["prefix"], Path(spec["spool"]), spec["die"])
    print(json.dumps({"number": receipt.number, "verdict": receipt.verdict}))


if __name__ == "__main__":
    main()
