"""Whether the function's role has the policy that setting up puts, without a wildcard for a whole service.

Source: Lambda developer guide, "Defining Lambda function permissions with an execution role", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import ForwarderPosture, Posture
from itemtrail.core.role_policy import wide


def decide(forwarder: ForwarderPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one forwarder."""
    if forwarder.state.function is None:
        return not_applicable("there is no function.")
    if forwarder.role_policy is None:
        return failed("its role has no policy of the name that setting up puts.")
    found = wide({"its policy": forwarder.role_policy})
    return failed(f"{'; '.join(found)}.") if found else passed("its policy names actions and resources.")


CHECK = Check(
    id="forwarder_role",
    title="The forwarder may do no more than it needs",
    severity=Severity.HIGH,
    subject=Subject.FORWARDER,
    why="The function reads every image; whoever changes its code gets all that its role may do.",
    remediation="itemtrail setup --apply # puts the policy that reads these streams and writes these log groups",
    needs=("lambda:GetFunctionConfiguration", "iam:GetRolePolicy"),
    decide=decide,
)
