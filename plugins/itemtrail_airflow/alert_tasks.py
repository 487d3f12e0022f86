"""The task of `send_test_alert`: every channel asked for gets one alert; one that fails fails the run, after all were tried.

Decides: routes are not followed, because a channel is tested, and are told, because somebody may expect it. Refuses to call
a configuration without a channel a success: nobody would hear anything.
"""

import logging

from airflow.sdk import get_current_context, task

from itemtrail.core.alert import Kind
from itemtrail.core.check import Severity
from itemtrail_airflow.alerting import made, route_of
from itemtrail_airflow.failures import translated

log = logging.getLogger(__name__)


@task
@translated
def send() -> dict[str, str]:
    """Channel to ``delivered``; what failed is the task's failure."""
    from itemtrail.errors import ConfigurationError
    from itemtrail_airflow.channels import deliver
    from itemtrail_airflow.hook import Roles

    context, settings = get_current_context(), Roles.open().settings
    severity, channel = Severity(context["params"]["severity"]), context["params"]["channel"]
    names = settings.alerts.channels if channel == "all" else (channel,)
    if not names or not {*names} <= {*settings.alerts.channels}:
        said = "No channel is configured" if channel == "all" else f"The channel {channel} is not configured"
        raise ConfigurationError(f"{said}.", advice="set sns_topic_arn, slack_conn or mail_conn under [alerts].")
    outcomes = deliver(made(context, Kind.TEST, "test alert", severity), names, settings)
    carried = route_of(settings, Kind.TEST, severity)
    for one in outcomes:
        routed = "its routes carry" if one.channel in carried else "its routes would not carry"
        log.info("%s: %s; %s a %s of kind test", one.channel, one.problem or "delivered", routed, severity)
    if failed := [f"{one.channel}: {one.problem}" for one in outcomes if one.problem]:
        raise ConfigurationError(f"{len(failed)} of {len(outcomes)} channels failed. {' '.join(failed)}")
    return {one.channel: "delivered" for one in outcomes}
