"""Every check there is, collected from its own file; asked of a snapshot.

Decides: the order (by id, so that two runs say the same in the same order). Refuses a file without its ``CHECK``, or one whose id
is not the file's name: a check that is silently missing is the worst answer of all.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from functools import lru_cache

import itemtrail.checks
from itemtrail.core.check import Check, Result, Wanted, ask
from itemtrail.core.posture import Posture


@lru_cache(maxsize=1)
def all_checks() -> tuple[Check, ...]:
    """Every check, by id.

    Raises:
        ValueError: a file in ``itemtrail.checks`` holds no check of its own name.
    """
    found = []
    for module in sorted(pkgutil.iter_modules(itemtrail.checks.__path__), key=lambda one: one.name):
        check = getattr(importlib.import_module(f"itemtrail.checks.{module.name}"), "CHECK", None)
        if not isinstance(check, Check) or check.id != module.name:
            raise ValueError(f"itemtrail/checks/{module.name}.py holds no check of that id.")
        found.append(check)
    return tuple(found)


def run(posture: Posture, wanted: Wanted, checks: Sequence[Check] = ()) -> tuple[Result, ...]:
    """The answers of ``checks`` (all there are, where none is named), in their order."""
    return tuple(result for check in checks or all_checks() for result in ask(check, posture, wanted))
