"""The derived columns of a batch of records: who, which table and keys, what kind, whether it succeeded, what it hides.

Decides nothing by itself: ``identity`` and ``calls`` do, once per distinct value where that saves work.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import calls
from itemtrail.core.identity import Identity, identity
from itemtrail.core.schema import TIME

_identity = lru_cache(maxsize=4096)(identity)


def derive(
    times: Sequence[int | None], columns: dict[str, Any], outcomes: Mapping[int, bool | None], singles: calls.Singles
) -> dict[str, Any]:
    """Arrow arrays by name. ``columns`` are the source columns (all but ``schema.PLAIN`` as dictionaries), JSON null as null.

    ``outcomes`` is the success of rows whose text columns do not show it; None where nobody knows.
    """
    people = [_identity(document) for document in columns["userIdentity"].dictionary.to_pylist()]
    found = calls.events(columns, singles)
    return {
        "event_ts": pa.array(times, TIME),
        **{name: _of_people(columns["userIdentity"], people, name) for name in _IDENTITY},
        "table_arn": found.tables,
        "item_keys": found.item_keys,
        "operation_kind": found.kinds,
        "succeeded": _succeeded(columns, outcomes),
        "params_omitted": pa.array(found.omitted),
        "evidence_alarm": pa.array(found.alarms),
    }


_IDENTITY = ("actor", "actor_source", "session_issuer", "source_identity")


def _of_people(documents: Any, people: Sequence[Identity], name: str) -> Any:
    """One attribute of the identities, for each row, as a dictionary of its own."""
    few = pa.array([getattr(person, name) for person in people], pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(few.indices.take(documents.indices), few.dictionary)


def _succeeded(columns: dict[str, Any], outcomes: Mapping[int, bool | None]) -> Any:
    """No errorCode and no errorMessage: a failed console sign-in has the message alone."""
    good = pc.and_(columns["errorCode"].is_null(), columns["errorMessage"].is_null())
    if not outcomes:
        return good
    flags = good.to_pylist()
    for row, outcome in outcomes.items():
        flags[row] = outcome
    return pa.array(flags, pa.bool_())
