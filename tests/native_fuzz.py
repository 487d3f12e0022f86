"""Hostile bytes through the compiled engine under AddressSanitizer and UndefinedBehaviorSanitizer: `python -m tests.native_fuzz`.

Builds it into a temporary folder and runs itself there under the sanitizers' library: any access outside a buffer, overflow or
misuse ends it with a report. ``--cases`` mutated documents (seeded, so that a failure can be seen again), then misuse of each
function by wrong arguments.
"""

import argparse
import importlib.machinery
import importlib.util
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "include/itemtrail/native"
FLAGS = (
    "-O1",
    "-g",
    "-std=c11",
    "-D_GNU_SOURCE",
    "-fPIC",
    "-shared",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)
SEEDS = (
    (
        b'[{"eventVersion":"1.11","userIdentity":{"type":"Root","a":[1,2.5e-3,true,null,"\\u00e9\\n"]},"eventTime":"2026-11-20T00:00:00Z",'
        b'"requestParameters":{"tableName":"Payroll","key":{"EmployeeId":"E-1","EffectiveFrom":"2026-01-01"}},"responseElements":null},'
        b' {"eventName":"x","odd":{},"eventName":"y"} ,{}]'
    ),
    b"[]",
    b"[" + b"[" * 600 + b"]" * 600 + b"]",
    b'[{"requestParameters":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}]",
)
INTERESTING = (
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\u",
    b"\\ud800",
    b"null",
    b"-",
    b"1e",
    b"\0",
    b"\xff",
    b" " * 20,
)


def main() -> int:
    """0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.module:
        fuzz(load(arguments.module), random.Random(arguments.seed), arguments.cases)
        print(f"{arguments.cases} documents, seed {arguments.seed}: nothing found")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return under_sanitizers(build(Path(folder)), arguments.cases, arguments.seed)


def build(folder: Path) -> Path:
    """The module with sanitizers.

    Raises:
        CalledProcessError: the compiler or the sanitizers' libraries are not there.
    """
    out = folder / "_native.abi3.so"
    include = sysconfig.get_paths()["include"]
    subprocess.run(["cc", *FLAGS, f"-I{include}", *map(str, sorted(SOURCES.glob("*.c"))), "-o", str(out)], check=True)
    return out


def under_sanitizers(module: Path, cases: int, seed: int) -> int:
    """Run this file's fuzzing in a process that the sanitizers watch."""
    libraries = [subprocess.run(["cc", f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()
                 for name in ("libasan.so", "libubsan.so")]  # fmt: skip
    watched = {"LD_PRELOAD": ":".join(libraries), "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1"}
    command = [sys.executable, "-m", "tests.native_fuzz", "--module", str(module), "--cases", str(cases), "--seed", str(seed)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **watched}, check=False).returncode


def load(path: Path) -> Any:
    """The module at ``path``, whatever else is installed."""
    spec = importlib.util.spec_from_loader("_native", importlib.machinery.ExtensionFileLoader("_native", str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fuzz(native: Any, chance: random.Random, cases: int) -> None:
    """Every function with mutated documents; every answer used as the next one's input, as the engine does."""
    names = (b"eventVersion", b"userIdentity", b"eventTime", b"eventName", b"requestParameters", b"responseElements")
    for case in range(cases):
        data = mutated(chance, chance.choice(SEEDS))
        if case % 1000 == 0:
            scanner = native.Scanner(names, 0b1101, chance.choice((1, 5, 512, 1000)), chance.choice((30, 1 << 20)), 50)
        start = data.find(b"[")
        found = scanner.scan(data, start, len(data)) if start >= 0 else None
        if found is None:
            continue
        starts, _, orders, spans = found
        for order in set(memoryview(orders).cast("i").tolist()) - {-1}:
            scanner.order(order)
        columns(native, chance, data, spans, len(starts) // 4, len(names))
    misuse(native, chance)


def columns(native: Any, chance: random.Random, data: bytes, spans: bytes, rows: int, width: int) -> None:
    """Columns of what was found, then keys from the column of request parameters."""
    builder = native.Builder(bytes((3, 3, 1, 1, 2, 3)), chance.getrandbits(64))
    builder.extend(data, spans, None)
    some = [chance.randrange(rows) for _ in range(3)] if rows else []
    builder.extend(data, spans, memoryview(b"".join(row.to_bytes(4, "little") for row in some)))
    made = [builder.column(number) for number in range(width)]
    wanted = b"".join(row.to_bytes(4, "little") for row in range(rows + len(some)))
    native.single_keys(made[4][3], made[4][4], wanted)


def mutated(chance: random.Random, seed: bytes) -> bytes:
    """A copy with some bytes changed, cut, doubled or put in."""
    data = bytearray(seed)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if at < len(data):
                data[at] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice(INTERESTING)
            case 2:
                del data[at : at + chance.randrange(9)]
            case _:
                data[at:at] = data[at : at + chance.randrange(40)]
    return bytes(data)


def misuse(native: Any, chance: random.Random) -> None:
    """Arguments that the engine never gives: each must be an exception."""
    scanner, builder = native.Scanner((b"a",), 1, 5, 100, 10), native.Builder(b"\1", 1)
    junk = chance.randbytes(16)
    wrong = (
        lambda: scanner.scan(b"[]", -1, 2), lambda: scanner.scan(b"[]", 0, 3), lambda: scanner.scan(b"{}", 0, 2),
        lambda: scanner.order(0), lambda: native.Scanner((), 0, 5, 5, 5), lambda: native.Scanner((b"",), 0, 5, 5, 5),
        lambda: native.Scanner((b"a",), 0, 5000, 5, 5), lambda: builder.extend(b"ab", b"\0" * 7, None),
        lambda: builder.extend(b"ab", (1).to_bytes(4, "little") + (2).to_bytes(4, "little"), None),
        lambda: builder.extend(b"ab", b"\0" * 8, (1).to_bytes(4, "little")),
        lambda: builder.column(1), lambda: builder.column(-1),
        lambda: native.Builder(b"", 1), lambda: native.single_keys(b"\0" * 8, b"", (7).to_bytes(4, "little")),
        lambda: native.single_keys((5).to_bytes(4, "little") * 2, b"", bytes(4)),
        lambda: native.probe(bytearray(16), 1, 0, junk * 4, 0), lambda: native.probe(bytearray(64), 7, -1, junk * 4, -1),
    )  # fmt: skip
    for number, call in enumerate(wrong):
        try:
            call()
        except (ValueError, IndexError, TypeError, MemoryError, OSError):
            continue
        raise AssertionError(f"misuse {number} was accepted")


if __name__ == "__main__":
    sys.exit(main())
