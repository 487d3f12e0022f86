"""A checkpoint that was kept elsewhere, as it is named on the command line: typed, a file, or the message that was published."""

import json
import re
from pathlib import Path

from itemtrail.core.plan import canonical, sha256
from itemtrail.errors import ConfigurationError


def sha256_of(text: str) -> str:
    """The SHA-256 that an option means: typed, of a checkpoint's file, or named in a published message."""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        return text.lower()
    body = read(Path(text))
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ConfigurationError(f"{text} is neither a SHA-256 nor a checkpoint.", advice="give one of them.") from error
    said = document.get("sha256") if isinstance(document, dict) else None
    if isinstance(said, str) and re.fullmatch(r"[0-9a-f]{64}", said) and "files" not in document:
        return said
    return sha256(canonical(document))  # white space that a mail added is no difference


def read(path: Path) -> bytes:
    """The bytes of a file that was named.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}.", advice="give an existing file.") from error
