"""What the demo shows: tables and paragraphs as plain text. Pure; no colours, so that it reads the same in a file.

Decides layout only. Lines stay within ``WIDTH`` columns wherever the content allows; a path or a command is never cut.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from itemtrail.core.receipt import Counts
from itemtrail.model import Conversion, Unit, Verdict

WIDTH = 110


@dataclass(frozen=True, slots=True)
class UnitLine:
    """What the receipts of one unit say; ``verdict`` and ``conversion`` are None without a receipt."""

    unit: Unit
    counts: Counts
    verdict: Verdict | None
    conversion: Conversion | None

    @property
    def good(self) -> bool:
        """Proven, wholly converted, and not by having nothing to look at."""
        return self.verdict is Verdict.PROVEN and self.conversion is Conversion.COMPLETE and self.counts.slots > 0


UNIT_HEADS = (
    *("day", "Region", "slots", "objects", "records", "rows", "dupl.", "quar."),
    *("JSON", "stored", "Parquet", "ratio", "verdict", "conv."),
)


def units(lines: Sequence[UnitLine]) -> str:
    """The table of days and units, with a line of totals. JSON: inflated; stored: gzip as delivered; ratio: JSON to Parquet."""
    rows = [_unit(line) for line in lines]
    summed = Counts(**{name: sum(getattr(line.counts, name) for line in lines) for name in Counts.__slots__})
    proven = sum(line.good for line in lines)
    rows.append(("total", "", *_numbers(summed), f"{proven} of {len(lines)}", ""))
    return table(UNIT_HEADS, rows, right=range(2, 12))


def _unit(line: UnitLine) -> tuple[str, ...]:
    verdict = line.verdict.value if line.verdict else "no receipt"
    conversion = line.conversion.value if line.conversion else ""
    return (line.unit.day.isoformat(), line.unit.region, *_numbers(line.counts), verdict, conversion)


def _numbers(counts: Counts) -> tuple[str, ...]:
    plain = (counts.slots, counts.objects, counts.records_in, counts.rows, counts.duplicates)
    quarantined = counts.quarantined + counts.quarantined_objects
    sizes = (counts.bytes_in, counts.bytes_stored, counts.bytes_out)
    return (*(f"{n:,}" for n in (*plain, quarantined)), *(size(n) for n in sizes), f"{counts.ratio:.1f}")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] | range = ()) -> str:
    """Columns as wide as their content; numbers to the right."""
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = (c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True)))
        return " ".join(padded).rstrip()

    return "\n".join([line(heads), " ".join("-" * width for width in widths), *map(line, rows)])


def size(count: int) -> str:
    """Bytes for people: ``0 B``, ``812 B``, ``34.1 kB``, ``341 kB``, ``2.3 MB`` (powers of 1,000)."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{count} B" if unit == "B" else f"{value:.{0 if value >= 100 else 1}f} {unit}"
        value /= 1000
    raise AssertionError


def paragraph(text: str, *, indent: str = "  ", width: int = WIDTH) -> str:
    """Text wrapped at words, never inside one."""
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def heading(text: str) -> str:
    """A section's head."""
    return f"\n{text}\n{'=' * len(text)}"


def exports(environment: Mapping[str, str]) -> str:
    """Lines for a POSIX shell. Values that need quotes get them."""
    return "\n".join(f"export {name}={_quoted(value)}" for name, value in environment.items())


def _quoted(value: str) -> str:
    if value and all(c.isalnum() or c in "-_./:@%+=," for c in value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"


def hanging(head: str, text: str) -> str:
    """Text wrapped beside ``head``."""
    return textwrap.fill(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False, break_on_hyphens=False
    )


def folded(text: str) -> str:
    """Another program's output: what is too long is wrapped below itself; commands and single words are left alone."""
    return "\n".join(line if len(line) <= WIDTH or line.lstrip().startswith("$ ") else _below(line) for line in text.splitlines())


def _below(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    options = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(line.strip(), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}        ", **options)  # type: ignore[arg-type]


def command(words: Sequence[str]) -> str:
    """A command as one types it, broken before options where it is too long for a line."""
    options: list[str] = []
    for word in map(_quoted, words):
        if word.startswith("--") or not options:
            options.append(word)
        else:
            options[-1] += f" {word}"
    lines = [options[0]]
    for option in options[1:]:
        if len(lines[-1]) + len(option) > WIDTH - 3:
            lines.append("   ")
        lines[-1] += f" {option}"
    return " \\\n".join(lines)
