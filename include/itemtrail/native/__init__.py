"""The compiled part of the fast engine: cuts records, finds their members, gathers columns. C, no dependency but Python.

Decides nothing: ``core.native_engine`` says what is asked of it, and what it does not take is left to the default engine.
Refuses to be needed: where it was not compiled (no C compiler at installation) or is switched off, ``NATIVE`` is None and the
default engine does the same work. It reads hostile bytes: every access is bounded by the buffer's end; tests run it under
AddressSanitizer.
"""

import os
from typing import Any

SWITCH = "ITEMTRAIL_NATIVE"
"""Environment variable; ``off`` leaves all work to the default engine."""


def _load() -> Any:
    if os.environ.get(SWITCH, "on") == "off":
        return None
    try:
        from itemtrail.native import _native  # type: ignore[attr-defined] # compiled, or not there
    except ImportError:  # not compiled, or for another Python
        return None
    return _native


NATIVE = _load()
