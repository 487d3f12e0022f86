"""Set up: read, plan, and apply exactly what was approved.

Decides nothing itself (``core`` does); reads the account through ``Control``, makes the plan's calls in order, reads back.
Refuses to apply a plan whose hash is not the approved one.
"""

from collections.abc import Callable

from itemtrail.core.setup_plan import Applied, SetupPlan
from itemtrail.ports.control import Control
from itemtrail.settings import Settings


def plan(control: Control, settings: Settings) -> SetupPlan:
    """What would be done now.

    Raises:
        ConfigurationError: the caller's account is not ``trail.account``; AccessDenied names a missing permission.
        SourceUnavailable: could not look.
    """
    raise NotImplementedError


def apply(
    control: Control, settings: Settings, approved_hash: str, progress: Callable[[str], None] = lambda line: None
) -> Applied:
    """Plan again, make its calls if its hash is ``approved_hash``, and plan once more to see what took effect.

    Raises:
        PlanChanged: the account or the settings changed since the approval; nothing was done.
    """
    raise NotImplementedError
