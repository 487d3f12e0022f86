"""The function's zip: the same bytes on every machine, so that its hash in a plan means something.

Decides: stored, not deflated (compressors differ between machines), fixed times and modes, sorted names, only the modules that
the handler imports. boto3 is Lambda's own. docs/adr/0035.
"""

import base64
import functools
import hashlib
import io
import zipfile
from pathlib import Path

HANDLER = "itemtrail.forwarder.handler.handle"
MODULES = (
    "__init__",
    "core/__init__",
    "core/item_key",
    "core/redaction",
    "errors",
    "forwarder/__init__",
    "forwarder/core",
    "forwarder/handler",
    "forwarder/send",
)
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


@functools.cache
def package() -> bytes:
    """The zip."""
    root, held = Path(__file__).resolve().parents[1], io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for module in MODULES:
            entry = zipfile.ZipInfo(f"itemtrail/{module}.py", _TIME)
            entry.external_attr, entry.create_system = _MODE, 3
            archive.writestr(entry, (root / f"{module}.py").read_bytes())
    return held.getvalue()


def code_sha256() -> str:
    """The zip's hash as Lambda tells it (``CodeSha256``): base64."""
    return base64.b64encode(hashlib.sha256(package()).digest()).decode()
