"""A restore's plan and state for people and for programs.

Decides the table's form only. Every cold object is named up to a number; JSON names all of them.
"""

from decimal import Decimal
from typing import Any

from itemtrail.core.restore import Option, RestorePlan, Standing, State, money, standing
from itemtrail.core.visible import visible
from itemtrail.model import Archived

_MOST_NAMED = 20
_MOST_LACKING = 5


def plan_text(plan: RestorePlan) -> str:
    """The plan for people: how the objects stand, each cold one, what each tier takes, the hash."""
    lines = [state_text(plan.state, f"{plan.bucket}: {plan.question}")]
    if plan.requested:
        lines += ["", f"to restore, copies kept for {plan.days} days:", *_named(plan.cold)] if plan.cold else []
        lines += ["", f"copies to keep for {plan.days} days from now:", *_named(plan.extended)] if plan.extended else []
        lines += ["", f"  {'tier':<10}  {'readable after':<16}  {'retrieval':>11}  {'copies':>11}  {'together':>11}"]
        lines += [_option(plan, option) for option in plan.options]
        lines += ["", f"{plan.prices}; GET requests and transfer out of AWS come on top", f"plan {plan.hash}"]
    elif plan.state.of(Standing.RESTORING):
        lines += ["", "nothing more to request: what is being restored will be readable; --status says when it is."]
    elif plan.state.objects:
        lines += ["", "nothing is cold: nothing to restore, nothing to pay."]
    return "\n".join(lines)


def state_text(state: State, title: str) -> str:
    """How the objects stand, for people."""
    if not state.objects:
        return f"{title}\n  no objects: nothing of it is archived (`itemtrail receipts` shows what is)."
    lines = [title]
    for words, storage_class, number, size in state.counts():
        lines.append(f"  {words:<16}  {storage_class:<19}  {number:>7} objects  {size / 2**30:>10.3f} GB{_note(state, words)}")
    if state.lacking:
        first = ", ".join(str(unit) for unit in state.lacking[:_MOST_LACKING])
        more = " ..." if len(state.lacking) > _MOST_LACKING else ""
        lines.append(f"  nothing lies there of {len(state.lacking)} units: {first}{more} (`itemtrail receipts` shows why)")
    if state.of(Standing.UNSURE):
        lines.append(
            "  a listing does not tell whether these lie in an archive tier: ask `aws s3api head-object` for ArchiveStatus."
        )
    return "\n".join(lines)


def plan_json(plan: RestorePlan) -> dict[str, Any]:
    """The plan as JSON values; amounts are decimal texts in ``currency``, null where no price is known."""
    return {
        "hash": plan.hash,
        "bucket": plan.bucket,
        "question": plan.question,
        "tier": plan.tier,
        "days": plan.days,
        "extended": [one.key for one in plan.extended],
        "prices": plan.prices,
        "currency": plan.currency,
        "options": [
            {
                "tier": option.tier,
                "refused": option.refused,
                "time": option.time,
                "longest_seconds": int(option.longest.total_seconds()),
                "retrieval": _amount(option.retrieval),
                "copies": _amount(option.copy),
                "together": _amount(option.together),
            }
            for option in plan.options
        ],
        **state_json(plan.state),
    }


def state_json(state: State) -> dict[str, Any]:
    """How the objects stand, as JSON values."""
    return {
        "readable": state.readable,
        "readable_until": state.until.isoformat() if state.until else None,
        "lacking": [str(unit) for unit in state.lacking],
        "objects": [
            {
                "key": one.key,
                "size": one.size,
                "class": one.storage_class,
                "standing": standing(one, state.now).name,
                "until": one.readable_until.isoformat() if one.readable_until else None,
            }
            for one in state.objects
        ],
    }


def _note(state: State, words: str) -> str:
    if words == Standing.RESTORED and state.until:
        return f"  until {state.until:%Y-%m-%d %H:%M} UTC (the first); costs nothing more"
    return "  paid for already" if words == Standing.RESTORING else ""


def _named(cold: tuple[Archived, ...]) -> list[str]:
    lines = [f"  {one.storage_class:<12}  {one.size:>15,} bytes  {visible(one.key)}" for one in cold[:_MOST_NAMED]]
    more = len(cold) - _MOST_NAMED
    return [*lines, f"  ... and {more} more (--json names all)"] if more > 0 else lines


def _option(plan: RestorePlan, option: Option) -> str:
    mark = "*" if option.tier is plan.tier else " "
    if option.refused:
        return f"{mark} {option.tier:<10}  not offered: {option.refused}"
    amounts = (money(amount, plan.currency) for amount in (option.retrieval, option.copy, option.together))
    return f"{mark} {option.tier:<10}  {option.time:<16}  " + "  ".join(f"{amount:>11}" for amount in amounts)


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
