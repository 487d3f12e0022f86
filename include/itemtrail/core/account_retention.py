"""Whether an account-level retention policy of CloudWatch Logs applies to a log group.

Decides: a policy applies to every log group of the Region but those that its selection criteria leave out by name; other criteria
are taken to apply. Source: CloudWatch Logs API reference, PutAccountPolicy, read 2026-11-24.
"""

import re

from itemtrail.core.posture import LogGroupPosture

_LEFT_OUT = re.compile(r"\s*LogGroupName\s+NOT\s+IN\s*\[(.*)\]\s*", re.IGNORECASE | re.DOTALL)


def overriding(group: LogGroupPosture) -> str:
    """The name of a policy that sets the group's retention, "" where none does."""
    applying = (one for one in group.account_policies if group.name not in _left_out(str(one.get("selectionCriteria") or "")))
    return next((str(one.get("policyName") or "(no name)") for one in applying), "")


def _left_out(criteria: str) -> set[str]:
    found = _LEFT_OUT.fullmatch(criteria)
    return set(re.findall(r"[\"']([^\"']+)[\"']", found[1])) if found else set()
