"""Which engine reads records: the compiled one where it was compiled, else the default one. Both write the same bytes."""

from itemtrail.core.columns import StructEngine
from itemtrail.core.native_engine import NativeEngine
from itemtrail.core.records import Limits
from itemtrail.core.rows import Engine
from itemtrail.native import NATIVE


def fastest(limits: Limits) -> Engine:
    """The fastest there is."""
    return StructEngine(limits) if NATIVE is None else NativeEngine(limits)
