"""What a run must have proven, and what it lacks. Pure: units and states in, lines out.

Decides: a run answers for every unit that the configuration expects on its day and for every unit that it re-opened. Refuses to
take the plan's word: an expected unit that was not planned is a finding, and so is a plan that never finished, whatever the
receipts of earlier runs say. Airflow's states are not looked at: only receipts prove.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from itemtrail.flows.receipts import Lack, UnitState
from itemtrail.model import Unit
from itemtrail.settings import ArchiveSettings


def quarantined(state: UnitState) -> bool:
    """Proven, with records or objects in quarantine: to be told, not a reason to fail (docs/adr/0060)."""
    return state.reason is Lack.PARTIAL_CONVERSION


def expected(archive: ArchiveSettings, day: dt.date) -> tuple[Unit, ...]:
    """The units that the configuration expects on ``day``, in order."""
    return tuple(Unit(account, region, day) for account in sorted(archive.accounts) for region in sorted(archive.regions))


def answerable(due: Iterable[Unit], planned: Iterable[Unit] | None) -> tuple[Unit, ...]:
    """The units whose receipts decide: those due and those planned, each once, in order."""
    return tuple(sorted({*due, *(planned or ())}))


def findings(due: Sequence[Unit], planned: Sequence[Unit] | None, lacking: Sequence[UnitState]) -> tuple[str, ...]:
    """One line for each thing that keeps the run from success; none means that everything is proven.

    Args:
        due: units expected from the configuration.
        planned: units that this run looked at; None when the plan did not finish.
        lacking: states of the answerable units that are not proven, from their receipts.
    """
    unproven = [state for state in lacking if not quarantined(state)]
    lines = [state.line for state in unproven]
    named = {state.unit for state in unproven}
    if not due:
        lines.append("nothing is expected: the configuration names no account or no Region")
    if planned is None:
        lines.append("the plan did not finish: this run looked at nothing (see the log of discover)")
    elif missed := sorted(set(due) - set(planned) - named):
        lines += [f"{unit}: expected, but this run did not look at it" for unit in missed]
    return tuple(lines)
