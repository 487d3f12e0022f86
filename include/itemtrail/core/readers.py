"""Which readers of a table's stream are the forwarder's, and which Python a Lambda runtime is.

Decides: a mapping to the configured function's name, any version or alias of it, is ours.
"""

import re

from itemtrail.core.check import Wanted
from itemtrail.core.posture import TablePosture
from itemtrail.snapshot import MappingState


def ours(table: TablePosture, wanted: Wanted) -> tuple[MappingState, ...]:
    """The forwarder's mappings on the table's stream."""
    if not wanted.forwarder:
        return ()
    return tuple(one for one in table.readers if wanted.forwarder in one.function_arn.split(":")[6:7])


def python_version(runtime: str) -> tuple[int, int] | None:
    """(3, 13) of ``python3.13``; None of another language's."""
    found = re.fullmatch(r"python(\d+)\.(\d+)", runtime)
    return (int(found[1]), int(found[2])) if found else None
