"""What speaks for and against a record being of a call: the attribute names, the application's reference.

Decides: when the names contradict a record: a put writes exactly the attributes it names, an update changes none that its
expression does not name. Refuses to conclude from what is not there: without names nothing is contradicted, and a redacted
attribute, or one that replication adds, is left out of the comparison.
Source: DynamoDB developer guide, "Logging DynamoDB operations by using CloudTrail" (read 2026-11-24); docs/adr/0080.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from itemtrail.core import dynamodb
from itemtrail.core.join_claims import OPERATIONS, Claim, Verb

Ints = npt.NDArray[np.int64]
_REMOVE = OPERATIONS.index("REMOVE")
REPLICATION = "aws:rep:"
"""How attributes begin that a global table of version 2017 adds to every write."""
REFERENCE = "_request"
"""The item attribute that holds an application's reference to the call that wrote it."""
_REFERENCE = r"[A-Za-z0-9_]{16,64}"
_OF_AGENT = re.compile(rf"(?:^|[ \[(])request/({_REFERENCE})(?![A-Za-z0-9_])")
_PLACEHOLDER = re.compile(rf"#({_REFERENCE})")
_image = msgspec.json.Decoder(dict[str, Raw]).decode


def contradicted(
    claim: Claim, operation: int, image: str | None, changed: Sequence[str], redacted: Sequence[str], key: Any
) -> bool:
    """Whether the record cannot be of the call.

    Args:
        claim: what the call says.
        operation: index in ``OPERATIONS``.
        image: new image, DynamoDB JSON.
        changed: top-level attributes that differ.
        redacted: attribute paths dropped or hashed before they were written.
        key: names of the table's key attributes.
    """
    if claim.names is None or operation == _REMOVE or claim.verb not in (Verb.PUT, Verb.UPDATE):
        return False
    hidden = key.union(path.split(".")[0] for path in redacted) if redacted else key
    if claim.verb is Verb.PUT:
        return image is not None and _told(names_of(image), hidden) != _told(claim.names, hidden)
    return not claim.names.issuperset(changed) and not claim.names >= _told(changed, hidden)


def _told(names: Iterable[str], hidden: frozenset[str]) -> frozenset[str]:
    """What a call must name: not the key, nothing redacted, nothing that replication adds by itself."""
    return frozenset(name for name in names if name not in hidden and not name.startswith(REPLICATION))


def shapes_written(records: pa.Table) -> Ints:
    """A number by record: equal where new images have the same attribute names and the same is redacted."""
    known: dict[frozenset[str], int] = {}
    names = (names_of(image) if image else frozenset[str]() for image in records["new_image"].to_pylist())
    codes = np.fromiter((known.setdefault(each, len(known)) for each in names), np.int64, records.num_rows)
    numbers: Ints = codes * (records.num_rows + 1) + _lists(records["redacted"])
    return numbers


def shapes_changed(records: pa.Table) -> Ints:
    """A number by record: equal where the same attributes differ and the same is redacted."""
    numbers: Ints = _lists(records["changed"]) * (records.num_rows + 1) + _lists(records["redacted"])
    return numbers


def _lists(column: pa.ChunkedArray) -> Ints:
    """A number for each list of names."""
    encoded = pc.binary_join(column, "\0").combine_chunks().dictionary_encode()
    numbers: Ints = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def names_of(image: str) -> frozenset[str]:
    """Top-level attribute names of an image."""
    return frozenset(_image(image))


def reference_in_image(image: str) -> str | None:
    """The application's reference in a new image."""
    value = _image(image).get(REFERENCE)
    typed = msgspec.json.decode(value) if value is not None else None
    text = typed.get("S") if isinstance(typed, dict) else None
    return text if isinstance(text, str) and re.fullmatch(_REFERENCE, text) else None


def references_in_event(agent: str | None, parameters: str | None) -> frozenset[str]:
    """References that a call carries: ``request/REF`` in its user agent, or placeholders ``#REF`` that stand for ``_request``."""
    found = set(_OF_AGENT.findall(agent or ""))
    if parameters and f'"{REFERENCE}"' in parameters:
        found.update(_placeholders(dynamodb.read(Raw(parameters.encode()))))
    return frozenset(found)


def _placeholders(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _placeholders(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            match = _PLACEHOLDER.fullmatch(name) if value == REFERENCE else None
            if match:
                yield match[1]
            elif not isinstance(value, str):
                yield from _placeholders(value)
