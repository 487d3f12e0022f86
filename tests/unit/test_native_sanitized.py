"""The compiled engine under sanitizers, fed with hostile bytes; more of them: `python -m tests.native_fuzz`."""

import subprocess
from pathlib import Path

import pytest
from tests import native_fuzz


def test_hostile_bytes_touch_nothing_outside_their_buffers(tmp_path: Path) -> None:
    try:
        module = native_fuzz.build(tmp_path)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C compiler with AddressSanitizer here")
    assert native_fuzz.under_sanitizers(module, cases=3000, seed=7) == 0
