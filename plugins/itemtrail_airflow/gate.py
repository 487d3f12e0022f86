"""What a run looks at, and what it must have proven. Pure: units and states in, units and lines out.

Decides: a run answers for every unit that the configuration expects on its day, and for each earlier unit that it re-opened
if that has a new receipt, or if archiving it did not finish. An earlier unit that is as unproven as it was has had its alert:
it is looked at again, and does not keep this day from success. Refuses to take the plan's word: an expected unit that was not
planned is a finding, and so is a plan that never finished, whatever the receipts of earlier runs say. Airflow's states are
not looked at: only receipts prove.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from itemtrail.flows.receipts import Lack, UnitState
from itemtrail.model import Unit
from itemtrail.settings import ArchiveSettings


def expected(archive: ArchiveSettings, day: dt.date) -> tuple[Unit, ...]:
    """The units that the configuration expects on ``day``, in order."""
    return tuple(Unit(account, region, day) for account in sorted({*archive.accounts}) for region in sorted({*archive.regions}))


def planned(due: Sequence[Unit], reopened: Mapping[Unit, bool], *, most: int) -> tuple[tuple[Unit, ...], int]:
    """The units that a run looks at, and how many re-opened ones must wait for the next run because more than ``most`` would run.

    Args:
        due: units expected on the run's day; all of them are looked at.
        reopened: earlier units with something new to whether a commit of them was ever begun. One that was not belongs to its own
            day's run: a backfill of many days must not archive each of them many times.
        most: how many units one run can hold.
    """
    later = sorted((unit for unit, begun in reopened.items() if begun), key=lambda unit: (unit.day, unit))
    room = max(0, most - len(due))
    return (*due, *later[:room]), max(0, len(later) - room)


def quarantined(state: UnitState) -> bool:
    """Proven, with records or objects in quarantine: to be told, not a reason to fail (docs/adr/0060)."""
    return state.reason is Lack.PARTIAL_CONVERSION


def findings(
    due: Sequence[Unit],
    looked_at: Collection[Unit] | None,
    archived: Collection[Unit],
    news: Collection[Unit],
    lacking: Sequence[UnitState],
) -> tuple[str, ...]:
    """One line for each thing that keeps the run from success; none means that everything it answers for is proven.

    Args:
        due: units expected from the configuration.
        looked_at: units that this run planned; None when its plan did not finish.
        archived: planned units whose archiving finished in this run.
        news: re-opened units with more receipts than when they were planned.
        lacking: states of the units due and re-opened that are not proven, from their receipts.
    """
    answer = {*due, *news}
    lines = {state.unit: state.line for state in lacking if state.unit in answer and not quarantined(state)}
    if looked_at is not None:
        for unit in {*looked_at} - {*archived} - lines.keys():
            lines[unit] = f"{unit}: archiving it did not finish (see the log of its archive task)"
        for unit in {*due} - {*looked_at} - lines.keys():
            lines[unit] = f"{unit}: expected, but this run did not look at it"
    general = [] if due else ["nothing is expected: the configuration names no account or no Region"]
    if looked_at is None:
        general.append("the plan did not finish: this run looked at nothing (see the log of discover)")
    return (*general, *(lines[unit] for unit in sorted(lines)))
