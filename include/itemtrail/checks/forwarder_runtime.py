"""Whether the function runs on the Python that this version was tested with, or a newer one.

Source: Lambda developer guide, "Lambda runtimes"; core/forwarder_config.py, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.forwarder_config import RUNTIME
from itemtrail.core.posture import ForwarderPosture, Posture
from itemtrail.core.readers import python_version


def decide(forwarder: ForwarderPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one forwarder."""
    if forwarder.state.function is None:
        return not_applicable("there is no function.")
    runtime = forwarder.state.function.runtime
    version, least = python_version(runtime), python_version(RUNTIME)
    return told(version is not None and least is not None and version >= least, f"{runtime}.", f"{runtime}; {RUNTIME} is put.")


CHECK = Check(
    id="forwarder_runtime",
    title="The forwarder's runtime is supported",
    severity=Severity.MEDIUM,
    subject=Subject.FORWARDER,
    why="Lambda stops updating, and at last running, a function whose runtime is at its end.",
    remediation="itemtrail setup --apply",
    needs=("lambda:GetFunctionConfiguration",),
    decide=decide,
)
