"""A cost preview for people and as JSON values. Refuses to show a sum without what it leaves out."""

from decimal import Decimal
from typing import Any

from itemtrail.core.cost import Amount, Preview

_WIDTH = 14
_SHOWN = 6  # lines of the short table; the others are one


def short(preview: Preview) -> str:
    """The sum, what most of it is, and what it leaves out: a table of some ten lines."""
    known = sorted(((one.amount, one.what) for one in preview.lines if one.amount), key=lambda pair: -pair[0].total)
    rest = sum((amount for amount, _ in known[_SHOWN:]), Amount(Decimal(0), Decimal(0), Decimal(0)))
    lines = [*_head(preview), *(f"{_row(amount)}  {what}" for amount, what in known[:_SHOWN])]
    lines += [f"{_row(rest)}  {len(known) - _SHOWN} smaller ones together"] if len(known) > _SHOWN else []
    return "\n".join([*lines, _sum(preview), *_left_out(preview)])


def text(preview: Preview) -> str:
    """The whole preview: a number and, below it, its formula; then every assumption."""
    lines = _head(preview)
    for line in preview.lines:
        lines += [f"{_row(line.amount)}  {line.what}", f"{'':>{_WIDTH}}= {line.formula}"]
    return "\n".join([*lines, _sum(preview), *_left_out(preview), *(f"  assumed: {one}" for one in preview.assumptions)])


def _head(preview: Preview) -> list[str]:
    head = f"what it will cost, {preview.currency}, at list prices of {preview.as_of}:"
    return [head, "  ".join(name.rjust(_WIDTH) for name in ("a month now", "a month full", f"{preview.keep_days} days"))]


def _sum(preview: Preview) -> str:
    return f"{_row(preview.total)}  SUM{' OF WHAT IS KNOWN' if preview.missing else ''}"


def _left_out(preview: Preview) -> list[str]:
    """What the sum leaves out; of a line that is shown above as unknown, only its name."""
    unknown = [line.what for line in preview.lines if line.amount is None]
    others = [one for one in preview.missing if not one.startswith(tuple(f"{what}:" for what in unknown))]
    named = [f"  not in the sum: {'; '.join(unknown)}"] if unknown else []
    return [*named, *(f"  not in the sum: {one}" for one in others)]


def document(preview: Preview) -> dict[str, Any]:
    """The preview as JSON values; amounts are decimal strings, null where they are not known."""
    return {
        "as_of": preview.as_of,
        "currency": preview.currency,
        "keep_days": preview.keep_days,
        "lines": [{"what": one.what, "formula": one.formula, **_amounts(one.amount)} for one in preview.lines],
        "sum_of_known": _amounts(preview.total),
        "missing": list(preview.missing),
        "assumptions": list(preview.assumptions),
    }


def _row(amount: Amount | None) -> str:
    if amount is None:
        return "  ".join("unknown".rjust(_WIDTH) for _ in range(3))
    return "  ".join(_cents(value).rjust(_WIDTH) for value in (amount.month, amount.full_month, amount.total))


def _cents(value: Decimal) -> str:
    return f"{value:,.2f}" if value >= Decimal("0.005") or value == 0 else "< 0.01"


def _amounts(amount: Amount | None) -> dict[str, str | None]:
    if amount is None:
        return {"month": None, "full_month": None, "total": None}
    return {"month": f"{amount.month:.6f}", "full_month": f"{amount.full_month:.6f}", "total": f"{amount.total:.6f}"}
