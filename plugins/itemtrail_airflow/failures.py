"""What an itemtrail error means to Airflow. The only place that maps one to the other.

Decides: ``SourceUnavailable`` leaves the task as it is, so that Airflow retries it as often as the task allows; every other
error, ours or not, fails the task at once, because a second try would meet the same evidence, settings or defect, or the same
object in a Glacier class (a restore takes hours). Refuses to hide: the message, with its advice, is the exception's text.
Airflow's own control exceptions pass.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from itemtrail.errors import ColdStorage, ItemtrailError, SourceUnavailable

P = ParamSpec("P")
R = TypeVar("R")


def translated(work: Callable[P, R]) -> Callable[P, R]:
    """``work`` with its errors mapped: the decorator under every ``@task`` and ``execute`` here.

    Raises:
        AirflowFailException: anything a retry cannot mend.
        SourceUnavailable: unchanged, to be retried.
    """

    @functools.wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        try:
            return work(*args, **kwargs)
        except ColdStorage as error:
            raise AirflowFailException(str(error)) from error
        except (SourceUnavailable, AirflowException):
            raise
        except ItemtrailError as error:
            raise AirflowFailException(str(error)) from error
        except Exception as error:
            raise AirflowFailException(f"{type(error).__name__}: {error} (a defect, not retried)") from error

    return call
